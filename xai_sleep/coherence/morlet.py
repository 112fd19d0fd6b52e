"""The Morlet transform (ω0 = 6) of short windows, where and as densely as an image needs it.

At scale ``s`` the wavelet's spectrum is a Gaussian around ``6/s``, so a :class:`Band` of scales
needs one slice of the window's spectrum. Inverted from frequency zero it lacks a carrier, which no
power or product can see, and fits on as few times as it has bins. Torrence and Compo (1998).
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import astuple, dataclass
from math import ceil, floor, pi, sqrt

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xai_sleep.errors import InputError

Array = NDArray[np.float64]

OMEGA0 = 6.0
WAVELENGTH = 4 * pi / (OMEGA0 + sqrt(2 + OMEGA0**2))  # Fourier period of scale 1


@dataclass(frozen=True)
class Grid:
    """Frequencies and times of an image, and its windows; InputError if these cannot show them."""

    n_times: int  # samples in a window
    sfreq: float  # sampling frequency in Hz
    fmin: float  # fmin, fmax: lowest and highest frequency in Hz
    fmax: float
    n_freqs: int  # n_freqs, n_out: rows and columns of the image
    n_out: int

    def __post_init__(self) -> None:
        if not 0 < self.fmin < self.fmax:
            band = f"an image from {self.fmin:g} to {self.fmax:g} Hz"
            raise InputError(f"{band}; task.image_band is two rising frequencies above 0")
        if self.fmax > self.sfreq / 2:
            high = f"an image up to {self.fmax:g} Hz of signals at {self.sfreq:g} Hz"
            remedy = "lower the upper frequency of task.image_band or raise task.sfreq"
            held = f"which hold nothing above {self.sfreq / 2:g} Hz"
            raise InputError(f"{high}, {held}; {remedy}")
        duration = self.n_times / self.sfreq
        if self.fmin * duration < 1:
            short = f"a window of {duration:g} s is shorter than one period of {self.fmin:g} Hz"
            least = f"the lower frequency of task.image_band to {ceil(1000 / duration) / 1000:g} Hz"
            raise InputError(f"{short}; raise {least} or more, or lengthen task.window")
        if self.n_freqs < 2:
            raise InputError(f"images of {self.n_freqs} rows; task.image_size is 2 or more")
        if not 1 <= self.n_out <= self.n_times:
            most = f"task.image_size is {self.n_times} at most (task.window times task.sfreq)"
            size = f"{self.n_out} columns from windows of {self.n_times} samples"
            raise InputError(f"images of {size}; {most}")

    @property
    def n_padded(self) -> int:
        """The smallest power of two that holds a window."""
        return 1 << (self.n_times - 1).bit_length()

    @property
    def dj(self) -> float:
        """Spacing of the scales in octaves."""
        return float(np.log2(self.fmax / self.fmin) / (self.n_freqs - 1))

    @property
    def scales(self) -> Array:
        """Scales in s, ascending."""
        return np.asarray(2 ** (np.arange(self.n_freqs) * self.dj) / (WAVELENGTH * self.fmax))

    @property
    def freqs(self) -> Array:
        """Frequencies in Hz, descending."""
        return 1 / (WAVELENGTH * self.scales)

    @property
    def samples(self) -> NDArray[np.int64]:
        """Sample shown in each column: the middle one of ``n_out`` equal parts of the window."""
        return np.asarray(np.arange(1, 2 * self.n_out, 2) * self.n_times // (2 * self.n_out))

    @property
    def coi_mask(self) -> NDArray[np.bool_]:
        """True in cells whose period fits the cone of influence: the edges do not reach them."""
        to_edge = self.n_times / 2 - np.abs(self.samples - (self.n_times - 1) / 2)
        longest = WAVELENGTH / np.sqrt(2) * to_edge / self.sfreq
        return np.asarray(1 / self.freqs[:, None] <= longest)


# Where a band starts below its centre, and its width, both in units of 1/s. A product of two
# transforms falls off with its frequency k as exp(-(k s)²/4) and a grid holds it up to half the
# width: to 1e-5 or 1e-16. EEG being strongest at low frequencies, no band starts above zero.
_BELOW = {torch.float32: 6.0, torch.float64: 8.7}
_WIDTH = {torch.float32: 13.4, torch.float64: 24.6}
# Lengths that are fast to transform, three an octave; bands of fewer bins would not pay.
_LENGTHS = np.array([odd << power for power in range(2, 24) for odd in (4, 5, 6)])
_CHUNK = 128  # windows at a time, to bound the memory

Images = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Band:
    """Neighbouring scales that share a slice of the spectrum."""

    scales: slice  # rows of the image
    bins: slice  # bins of :meth:`Transform.spectra`
    weights: Tensor  # (scale, 1, 1, bin) Fourier transform of the wavelet, for the slice alone

    def weighted(self, spectra: Tensor) -> Tensor:
        """From spectra ``(channel, window, bin)`` to ``(scale, channel, window, bin)``."""
        return spectra[..., self.bins] * self.weights


@dataclass(frozen=True, eq=False)
class Transform:
    """The transform to one grid, in one dtype and on one device."""

    n_fft: int  # length to which windows are padded with zeros
    first: int  # lowest bin in use; 0 or negative
    bands: tuple[Band, ...]  # all scales, in order

    def spectra(self, windows: Tensor) -> Tensor:
        """Spectra of ``(window, channel, time)`` as ``(channel, window, bin)``, from ``first`` on.

        In float64: in steep spectra rounding of low frequencies would drown the high ones.
        """
        n_bins = max(band.bins.stop for band in self.bands)
        half = torch.fft.rfft(windows.transpose(0, 1), n=self.n_fft)[..., : self.n_fft // 2]
        both = torch.cat([half[..., 1 : 1 - self.first].flip(-1).conj(), half], dim=-1)
        both = nn.functional.pad(both[..., :n_bins], (0, max(n_bins - both.shape[-1], 0)))
        return both.to(self.bands[0].weights.dtype.to_complex())


def morlet_transform(grid: Grid, n_fft: int, like: Tensor) -> Transform:
    """Prepare the transform to a grid for windows of the dtype and device of ``like``."""
    below, width = _BELOW[like.dtype], _WIDTH[like.dtype]
    step = 2 * np.pi * grid.sfreq / n_fft
    first = max(floor((OMEGA0 - below) / grid.scales[0] / step), 1 - n_fft // 2)
    needed = np.searchsorted(_LENGTHS, width / grid.scales / step + 1)
    lengths = np.minimum(_LENGTHS[needed], n_fft)
    bands = []
    for rows in np.split(np.arange(grid.n_freqs), np.flatnonzero(np.diff(lengths)) + 1):
        scales, n_bins = grid.scales[rows], int(lengths[rows[0]])
        low = max(floor((OMEGA0 - below) / scales[0] / step), first)
        angular = step * np.arange(low, low + n_bins)
        gauss = np.exp(-0.5 * (scales[:, None] * angular - OMEGA0) ** 2) / np.pi**0.25
        gauss *= np.sqrt(2 * np.pi * grid.sfreq * scales[:, None]) * n_bins / n_fft
        bins = slice(low - first, low - first + n_bins)
        shown = slice(int(rows[0]), int(rows[-1]) + 1)
        bands.append(Band(shown, bins, like.new_tensor(gauss[:, None, None])))
    return Transform(n_fft, first, tuple(bands))


def centred(windows: Tensor) -> Tensor:
    """Windows less their mean over time, in float64; exactly 0 where a channel is flat."""
    shifted = windows.double() - windows[..., :1]
    return shifted - shifted.mean(dim=-1, keepdim=True)


class MorletImage(nn.Module):
    """What both images share: attributes, checks, and matrices for each dtype and device."""

    n_channels: int
    freqs: Tensor  # (n_freqs,) in Hz, descending
    times: Tensor  # (n_out,) in s from the start of the window, of the middle sample of each column
    coi_mask: Tensor  # (n_freqs, n_out) where the edges do not reach: the cells to trust

    def __init__(
        self,
        n_times: int,
        sfreq: float,
        fmin: float = 0.5,
        fmax: float = 30.0,
        n_freqs: int = 128,
        n_out: int = 128,
    ) -> None:
        super().__init__()
        self.grid = grid = Grid(n_times, sfreq, fmin, fmax, n_freqs, n_out)
        # what tells this transform from any other, alike in every process
        self.parameters_key: tuple[object, ...] = (type(self).__name__, *astuple(grid))
        times = grid.samples / grid.sfreq
        for name, each in (("freqs", grid.freqs), ("times", times), ("coi_mask", grid.coi_mask)):
            self.register_buffer(name, torch.from_numpy(each), persistent=False)
        self._made: dict[tuple[torch.dtype, torch.device], Images] = {}

    def forward(self, windows: Tensor) -> Tensor:
        """Images ``(window, image, freq, time)`` of windows ``(window, channel, time)``."""
        name, expected = type(self).__name__, (self.n_channels, self.grid.n_times)
        if windows.shape[1:] != expected or len(windows) == 0:
            n, size = expected
            held = f"{n} channel(s) (task.image_channels) of {size} samples each"
            wanted = f"expected (1 or more, {n}, {size}), that is {held}"
            raise InputError(f"{name} got windows of shape {tuple(windows.shape)}; {wanted}")
        if windows.dtype not in (torch.float32, torch.float64):
            raise InputError(f"{name} got {windows.dtype}; convert to float32 or float64")
        key = (windows.dtype, windows.device)
        if key not in self._made:
            with torch.inference_mode(mode=False):  # so that gradients can use the matrices later
                self._made[key] = self._prepared(windows.detach())
        images = [self._made[key](chunk) for chunk in torch.split(windows, _CHUNK)]
        return images[0] if len(images) == 1 else torch.cat(images)

    @abstractmethod
    def _prepared(self, like: Tensor) -> Images:
        """Make the matrices for windows of this dtype and device, and what computes with them."""
