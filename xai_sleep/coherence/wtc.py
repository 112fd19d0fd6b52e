"""Images of windows: wavelet coherence of a pair of channels, scalogram of one.

Coherence of x and y at scale s and time t (Grinsted et al. 2004, Nonlin. Processes Geophys. 11):

    R² = |S(Wx Wy* / s)|² / (S(|Wx|² / s) · S(|Wy|² / s)),    φ = arg(Wx Wy*)

S smooths in time, by exp(-½ (s/dt)² k²) on the Fourier transform, and over scales, by a boxcar.
"""

from collections.abc import Sequence
from math import log10

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import convolution_matrix
from torch import Tensor

from xai_sleep.coherence.morlet import Array, Grid, Images, MorletImage, centred, morlet_transform
from xai_sleep.errors import InputError

DECORRELATION = 0.6  # octaves over which neighbouring scales tell the same (Torrence and Compo)
POWER_FLOOR = 1e-6  # least power that a scalogram shows, in squared units of the signal

_ONEDNN: bool = torch._C._has_mkldnn
_BLOCK = 12  # scales whose images are made at a time: they fit into the cache
_TINY = torch.finfo(torch.float64).tiny

# What implementations of coherence disagree on: windows are padded with zeros to so many times the
# next power of two; and see :func:`_boxcar`.
SEMANTICS = {"pycwt": 1, "grinsted": 2}


def _boxcar(semantics: str, dj: float) -> Array:
    """Weights over scales ``dj`` octaves apart.

    In ``pycwt`` they are of twice the decorrelation length, half at both ends; in ``grinsted`` of
    that length, the fraction of a scale at both ends.
    """
    half = DECORRELATION / (2 * dj)
    pycwt = semantics == "pycwt"
    taps = np.ones(max(1, round(2 * DECORRELATION / dj)) if pycwt else 2 * int(half + 0.5) + 1)
    taps[[0, -1]] = 0.5 if pycwt else half % 1
    return taps


def in_time(grid: Grid) -> Array:
    """Divide by the scale, crop to the window, smooth in time, sample: ``(scale, n_out, time)``."""
    scales = grid.scales[:, None]
    angular = 2 * np.pi * grid.sfreq * np.fft.rfftfreq(grid.n_padded)
    gauss = np.fft.irfft(np.exp(-0.5 * (scales * angular) ** 2)) / scales
    return gauss[:, (grid.samples[:, None] - np.arange(grid.n_times)) % grid.n_padded]


def on_grid(functionals: Array, n_fft: int, n_grid: int) -> Array:
    """Carry functionals ``(..., sample)`` over ``n_fft`` samples to a short ``(..., grid)``."""
    spectra = np.fft.rfft(functionals, n=n_fft)[..., : n_grid // 2 + 1]
    return np.ascontiguousarray(np.fft.irfft(spectra, n=n_grid))


class WaveletCoherence(MorletImage):
    """Wavelet transform coherence of pairs of channels.

    Called on ``(window, 2, time)`` it returns ``(window, 3, freq, time)``: R², R²·cos φ and
    R²·sin φ, where φ > 0 means that the first channel leads. R² equals
    ``pycwt.wct(x, y, 1 / sfreq, dj, s0, J, sig=False)`` at the columns' samples, to 1e-12 in
    float64 and 2e-6 in float32, a little more where filters left next to nothing. (On a GPU that
    needs the default ``torch.set_float32_matmul_precision("highest")``.) R² of a flat channel is 0.

    Parameters
    ----------
    n_times, sfreq : int, float
        Samples of a window, and their rate in Hz.
    fmin, fmax : float
        Frequency of the lowest and highest row in Hz.
    n_freqs, n_out : int
        Rows and columns of an image.
    semantics : {"pycwt", "grinsted"}
        Whose way of smoothing: of pycwt, or of the toolbox of Grinsted et al. (2004).

    Raises
    ------
    InputError
        If settings cannot be met, or windows have another shape.
    """

    n_channels = 2

    def __init__(
        self,
        n_times: int,
        sfreq: float,
        fmin: float = 0.5,
        fmax: float = 30.0,
        n_freqs: int = 128,
        n_out: int = 128,
        semantics: str = "pycwt",
    ) -> None:
        super().__init__(n_times, sfreq, fmin, fmax, n_freqs, n_out)
        if semantics not in SEMANTICS:
            known = f"task.image_semantics is one of {', '.join(SEMANTICS)}"
            raise InputError(f"unknown coherence semantics {semantics!r}; {known}")
        self.semantics = semantics
        self.parameters_key += (semantics,)

    def rescaled(self, images: Tensor, scale: NDArray[np.float32]) -> Tensor:  # noqa: ARG002
        """Images as if the channels had been divided by ``scale`` before: the same."""
        return images

    def _prepared(self, like: Tensor) -> Images:
        grid, n_fft = self.grid, SEMANTICS[self.semantics] * self.grid.n_padded
        transform = morlet_transform(grid, n_fft, like)
        matrices = []  # by band from its grid to the columns, smoothed and as they are
        smoothing, sampling = in_time(grid), np.eye(grid.n_times)[grid.samples]
        for band in transform.bands:
            n_grid = band.weights.shape[-1]
            smooth = like.new_tensor(on_grid(smoothing[band.scales], n_fft, n_grid))
            sample = like.new_tensor(on_grid(sampling, n_fft, n_grid))
            matrices.append((band, smooth, sample))
        boxcar = _boxcar(self.semantics, grid.dj)
        # from _BLOCK + taps - 1 rows to _BLOCK
        over_scales = np.ascontiguousarray(convolution_matrix(boxcar[::-1], _BLOCK).T)
        above, rows = len(boxcar) // 2, like.new_tensor(over_scales)
        tiny = like.new_tensor(torch.finfo(like.dtype).tiny)

        def images(windows: Tensor) -> Tensor:
            nothing = windows.new_zeros(4 * len(windows), grid.n_out)
            smoothed, cross = [nothing] * above, list[Tensor]()
            around = centred(windows)  # and of unit variance, but 0 where a channel is flat
            variance = around.square().mean(dim=-1, keepdim=True).clamp(min=_TINY)
            spectra = transform.spectra(around * variance.rsqrt())
            for band, smooth, sample in matrices:
                products = _products(torch.fft.ifft(band.weighted(spectra)))
                smoothed += map(_multiplied, products.flatten(1, 2), smooth)
                sampled = _multiplied(products[:, 2:].flatten(0, 2), sample)
                cross += sampled.view(-1, 2, len(windows), grid.n_out)
            size, reach = rows.shape
            smoothed += [nothing] * (reach + size)
            made = windows.new_empty(len(windows), 3, grid.n_freqs, grid.n_out)
            for first in range(0, grid.n_freqs, size):
                within = torch.stack(smoothed[first : first + reach]).flatten(1).mT
                block = _multiplied(rows, within).view(size, 4, len(windows), grid.n_out)
                shown = slice(first, first + size)
                for channel, values in enumerate(_coherence(block, cross[shown], tiny)):
                    made[:, channel, shown] = values.transpose(0, 1)
            return made

        return images


def _products(wavelets: Tensor) -> Tensor:
    """|Wx|², |Wy|² and the real and imaginary part of Wx Wy*, along dimension 1."""
    re, im = torch.view_as_real(wavelets).movedim(-1, 0).contiguous()
    (re_x, re_y), (im_x, im_y) = re.split(1, dim=1), im.split(1, dim=1)
    power = (re * re).addcmul_(im, im)
    in_phase = (re_x * re_y).addcmul_(im_x, im_y)
    quadrature = (im_x * re_y).addcmul_(re_x, im_y, value=-1)
    return torch.cat([power, in_phase, quadrature], dim=1)


def _multiplied(rows: Tensor, matrix: Tensor) -> Tensor:
    """Multiply ``(row, in)`` and ``(out, in)``, transposed: oneDNN is faster than MKL on AMD."""
    differentiable = torch.is_grad_enabled() and (rows.requires_grad or matrix.requires_grad)
    on_cpu = rows.device.type == "cpu" and rows.dtype == torch.float32
    if differentiable or not (on_cpu and _ONEDNN):
        return rows @ matrix.mT
    product: Tensor = torch.ops.mkldnn._linear_pointwise(rows, matrix, None, "none", [], "")
    return product


def _coherence(
    smoothed: Tensor, cross: Sequence[Tensor], tiny: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """R², R²·cos φ, R²·sin φ from ``(freq, 4, window, time)`` and as many ``(2, window, time)``.

    The smallest number added makes 0 of 0/0, and by no more than rounding R² would exceed 1.
    """
    cos, sin = torch.stack(list(cross), dim=1)
    power_x, power_y, re, im = smoothed[: len(cross)].unbind(1)
    squared = torch.addcmul(re * re, im, im)
    squared = squared / torch.addcmul(tiny, power_x, power_y).maximum(squared)
    scaled = squared / torch.addcmul(torch.addcmul(tiny, cos, cos), sin, sin).sqrt()
    return squared, scaled * cos, scaled * sin


class Scalogram(MorletImage):
    """Log power of the Morlet transform of single channels.

    Called on ``(window, 1, time)`` it returns ``(window, 1, freq, time)``: log10 of |W|², of white
    noise its variance at every scale, without the mean. :data:`POWER_FLOOR` is the least power.
    """

    n_channels = 1

    def rescaled(self, images: Tensor, scale: NDArray[np.float32]) -> Tensor:
        """Images as if the windows had been divided by ``scale`` of shape ``(1, 1)`` before."""
        return (images - 2 * log10(scale.item())).clamp(min=log10(POWER_FLOOR))

    def _prepared(self, like: Tensor) -> Images:
        transform = morlet_transform(self.grid, self.grid.n_padded, like)
        turns = self.grid.samples / self.grid.n_padded
        inverse = []  # Fourier transform ``(bin, n_out)`` by band
        for band in transform.bands:
            bins = np.arange(band.weights.shape[-1])[:, None]
            waves = np.exp(2j * np.pi * bins * turns) / len(bins)
            inverse.append((band, torch.from_numpy(waves).to(like.device, like.dtype.to_complex())))

        def images(windows: Tensor) -> Tensor:
            spectra = transform.spectra(centred(windows))
            rows = [
                torch.view_as_real(band.weighted(spectra)[:, 0] @ waves).square().sum(dim=-1)
                for band, waves in inverse
            ]
            return torch.cat(rows).clamp(min=POWER_FLOOR).log10().transpose(0, 1).unsqueeze(1)

        return images
