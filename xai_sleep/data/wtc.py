"""Images of windows: wavelet coherence of a pair of channels, scalogram of one.

Both are differentiable modules over batches. They compute in the dtype and on the device of their
input, float32 or float64; the matrices they need are made once for each. Rows are frequencies,
descending; columns are samples spread evenly over the window.

Coherence of x and y at scale s and time t (Grinsted et al. 2004):

    R² = |S(Wx Wy* / s)|² / (S(|Wx|² / s) · S(|Wy|² / s)),    φ = arg(Wx Wy*)

S smooths in time, by exp(-½ (s/dt)² k²) on the Fourier transform, and then over scales, by a
boxcar. Smoothing in time, cropping to the window and sampling are linear and the same for all
data: one small matrix a scale, from the short grid of its band to the columns.

References
----------
Torrence and Webster, Interdecadal changes in the ENSO-monsoon system. J. Clim. 12 (1999).
Grinsted, Moore and Jevrejeva, Application of the cross wavelet transform and wavelet coherence to
geophysical time series. Nonlin. Processes Geophys. 11 (2004).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import convolution_matrix
from torch import Tensor

from xai_sleep.data.grid import Array, Grid
from xai_sleep.data.morlet import (
    MorletImage,
    Transform,
    centred,
    morlet_transform,
)
from xai_sleep.errors import InputError

DECORRELATION = 0.6  # octaves over which neighbouring scales tell the same (Torrence and Compo)


def _pycwt_boxcar(dj: float) -> Array:
    """Boxcar of twice the decorrelation length, half weight at both ends."""
    taps = np.ones(max(1, round(2 * DECORRELATION / dj)))
    taps[[0, -1]] = 0.5
    return taps


def _grinsted_boxcar(dj: float) -> Array:
    """Boxcar of the decorrelation length, the fraction of a scale at both ends."""
    half = DECORRELATION / (2 * dj)
    taps = np.ones(2 * int(half + 0.5) + 1)
    taps[[0, -1]] = half % 1
    return taps


@dataclass(frozen=True)
class Semantics:
    """What implementations of coherence disagree on.

    Parameters
    ----------
    padding : int
        Windows are padded with zeros to so many times the next power of two.
    boxcar : callable
        Weights over scales from their spacing in octaves; their sum cancels in R².
    """

    padding: int
    boxcar: Callable[[float], Array]


SEMANTICS: Mapping[str, Semantics] = {
    "pycwt": Semantics(1, _pycwt_boxcar),
    "grinsted": Semantics(2, _grinsted_boxcar),
}


@dataclass(frozen=True, eq=False)
class _CoherencePlan:
    """The transform; matrices by band from its grid to the columns; blocks over scales.

    ``in_time`` of shape ``(scale, grid, n_out)`` smooths, ``at_samples`` of shape ``(grid, n_out)``
    only interpolates.
    """

    transform: Transform
    in_time: tuple[Tensor, ...]
    at_samples: tuple[Tensor, ...]
    over_scales: tuple[tuple[slice, Tensor], ...]
    tiny: Tensor


class WaveletCoherence(MorletImage[_CoherencePlan]):
    """Wavelet transform coherence of pairs of channels.

    Called on ``(window, 2, time)`` it returns ``(window, 3, freq, time)``: R², R²·cos φ and
    R²·sin φ, where φ > 0 means that the first channel leads. R² equals
    ``pycwt.wct(x, y, 1 / sfreq, dj, s0, J, sig=False)`` at the columns' samples, to 1e-12 in
    float64 and 1e-6 in float32 (a little more where filters left next to nothing). R² of a flat
    channel is 0, of a channel with itself 1. NaN stays NaN.

    Parameters
    ----------
    n_times, sfreq, fmin, fmax, n_freqs, n_out
        See :class:`xai_sleep.data.morlet.Grid`.
    semantics : str
        ``pycwt`` or ``grinsted``; see :data:`SEMANTICS`.

    Attributes
    ----------
    freqs : tensor of shape (n_freqs,)
        In Hz, descending.
    times : tensor of shape (n_out,)
        In s from the start of the window; each is a whole sample, the middle one of its column.
    coi_mask : bool tensor of shape (n_freqs, n_out)
        True where the edges of the window do not reach: the cells to trust.

    Raises
    ------
    InputError
        If the settings cannot be met, or windows have another shape than announced.
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
        super().__init__(Grid(n_times, sfreq, fmin, fmax, n_freqs, n_out))
        if semantics not in SEMANTICS:
            raise InputError(
                f"unknown coherence semantics {semantics!r}; task.image.semantics is one of "
                + ", ".join(SEMANTICS)
            )
        self.semantics = SEMANTICS[semantics]

    def _prepare(self, like: Tensor) -> _CoherencePlan:
        grid, n_fft = self.grid, self.semantics.padding * self.grid.n_padded
        transform = morlet_transform(grid, n_fft, like)
        smooth, sample = _smoothing(grid), np.eye(grid.n_times)[grid.samples]
        in_time, at_samples = [], []
        for band in transform.bands:
            n_grid = band.weights.shape[-1]
            in_time.append(like.new_tensor(_on_grid(smooth[band.scales], n_fft, n_grid)))
            at_samples.append(like.new_tensor(_on_grid(sample, n_fft, n_grid)))
        blocks = _blocks(self.semantics.boxcar(grid.dj), grid.n_freqs)
        return _CoherencePlan(
            transform,
            tuple(in_time),
            tuple(at_samples),
            tuple((rows, like.new_tensor(block)) for rows, block in blocks),
            like.new_tensor(torch.finfo(like.dtype).tiny),
        )

    def _image(self, windows: Tensor, plan: _CoherencePlan) -> Tensor:
        spectra = plan.transform.spectra(_standardised(windows))
        by_band = zip(plan.transform.bands, plan.in_time, plan.at_samples, strict=True)
        smoothed, crossed = [], []
        for band, in_time, at_samples in by_band:
            products = _products(torch.fft.ifft(band.weighted(spectra)))
            smoothed.append(products.flatten(1, 2) @ in_time)
            crossed.append(products[:, 2:].flatten(0, 2) @ at_samples)
        stacked = torch.cat(smoothed).flatten(1)
        stacked = torch.cat([block @ stacked[rows] for rows, block in plan.over_scales])
        rest = (len(windows), self.grid.n_out)
        return _coherence(
            stacked.view(-1, 4, *rest), torch.cat(crossed).view(-1, 2, *rest), plan.tiny
        )


def _standardised(windows: Tensor) -> Tensor:
    """Zero mean and unit variance over time, in float64; exactly 0 where a channel is flat."""
    zero_mean = centred(windows)
    variance = zero_mean.square().mean(dim=-1, keepdim=True)
    return zero_mean * variance.clamp(min=torch.finfo(torch.float64).tiny).rsqrt()


def _products(wavelets: Tensor) -> Tensor:
    """|Wx|², |Wy|² and the real and imaginary part of Wx Wy*, along dimension 1."""
    re, im = torch.view_as_real(wavelets).movedim(-1, 0).contiguous()
    (re_x, re_y), (im_x, im_y) = re.split(1, dim=1), im.split(1, dim=1)
    power = torch.addcmul(re * re, im, im)
    in_phase = torch.addcmul(re_x * re_y, im_x, im_y)
    quadrature = torch.addcmul(im_x * re_y, re_x, im_y, value=-1)
    return torch.cat([power, in_phase, quadrature], dim=1)


def _coherence(smoothed: Tensor, cross: Tensor, tiny: Tensor) -> Tensor:
    """R², R²·cos φ, R²·sin φ from ``(freq, 4, window, time)`` and ``(freq, 2, window, time)``.

    Adding ``tiny`` makes 0 of 0/0; clamping takes off what rounding exceeds.
    """
    power_x, power_y, re, im = smoothed.unbind(1)
    squared = torch.addcmul(re * re, im, im) / torch.addcmul(tiny, power_x, power_y)
    squared = squared.clamp(0, 1)
    cos, sin = cross.unbind(1)
    scaled = squared * torch.addcmul(torch.addcmul(tiny, cos, cos), sin, sin).rsqrt()
    return torch.stack([squared, scaled * cos, scaled * sin]).permute(2, 0, 1, 3)


def _smoothing(grid: Grid) -> Array:
    """Divide by the scale, crop to the window, smooth in time, sample: ``(scale, n_out, time)``."""
    scales = grid.scales[:, None]
    angular = 2 * np.pi * grid.sfreq * np.fft.rfftfreq(grid.n_padded)
    gauss = np.fft.irfft(np.exp(-0.5 * (scales * angular) ** 2)) / scales
    return gauss[:, (grid.samples[:, None] - np.arange(grid.n_times)) % grid.n_padded]


def _on_grid(functionals: Array, n_fft: int, n_grid: int) -> Array:
    """Carry functionals of a signal's samples over to its values on a short grid.

    From ``(..., functional, sample)`` to ``(..., grid, functional)``; the grid covers a period of
    ``n_fft`` samples. Exact for signals whose frequencies it can hold.
    """
    spectra = np.fft.rfft(functionals, n=n_fft)[..., : n_grid // 2 + 1]
    return np.fft.irfft(spectra, n=n_grid).swapaxes(-1, -2)


def _blocks(boxcar: Array, n_freqs: int, size: int = 16) -> list[tuple[slice, Array]]:
    """Cut the banded matrix that smooths over scales into dense blocks of ``size`` rows."""
    start = (len(boxcar) - 1) // 2
    matrix = convolution_matrix(boxcar, n_freqs)[start : start + n_freqs]
    blocks = []
    for top in range(0, n_freqs, size):
        used = slice(max(0, top - len(boxcar)), top + size + len(boxcar))
        blocks.append((used, matrix[top : top + size, used]))
    return blocks
