"""The Morlet transform of short windows, where and as densely as an image needs it.

The wavelet is Torrence and Compo's (ω0 = 6), frequencies are log-spaced and listed from the
highest to the lowest, times are seconds from the start of the window. At scale ``s`` the spectrum
of the wavelet is a Gaussian of width ``1/s`` around ``6/s``; outside a few widths it is zero for
the precision at hand. So each :class:`Band`, a quarter octave of scales, reads one short slice of
the window's spectrum and inverts it on a short grid of times. Moving the slice to frequency zero
drops a carrier, which neither a power nor the product of two channels can see.

References
----------
Torrence and Compo, A practical guide to wavelet analysis. Bull. Am. Meteorol. Soc. 79 (1998).
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import next_fast_len
from scipy.special import diric
from torch import Tensor

from xai_sleep.errors import InputError

Array = NDArray[np.float64]

OMEGA0 = 6.0
WAVELENGTH = 4 * np.pi / (OMEGA0 + np.sqrt(2 + OMEGA0**2))  # Fourier period of scale 1

# Half the width of a band in units of 1/s: exp(-width²/2) is what it leaves out.
_HALF_WIDTH = {torch.float32: 5.2, torch.float64: 8.7}
LOW = {}
_BANDS_PER_OCTAVE = 4


@dataclass(frozen=True)
class Grid:
    """The frequencies and times of an image, and the windows it is made of.

    Parameters
    ----------
    n_times : int
        Samples in a window.
    sfreq : float
        Sampling frequency in Hz.
    fmin, fmax : float
        Lowest and highest frequency in Hz.
    n_freqs, n_out : int
        Rows and columns of the image.

    Raises
    ------
    InputError
        If the windows cannot hold these frequencies or times.
    """

    n_times: int
    sfreq: float
    fmin: float
    fmax: float
    n_freqs: int
    n_out: int

    def __post_init__(self) -> None:
        if not 0 < self.fmin < self.fmax:
            raise InputError(
                f"frequencies from {self.fmin:g} to {self.fmax:g} Hz; expected 0 < fmin < fmax "
                "(task.image.fmin, task.image.fmax)"
            )
        if self.fmax > self.sfreq / 2:
            raise InputError(
                f"frequencies up to {self.fmax:g} Hz asked of signals at {self.sfreq:g} Hz, which "
                f"hold nothing above {self.sfreq / 2:g} Hz; lower task.image.fmax or leave out "
                "records of this rate (data.records)"
            )
        duration = self.n_times / self.sfreq
        if self.fmin * duration < 1:
            raise InputError(
                f"a window of {duration:g} s is shorter than one period of {self.fmin:g} Hz; "
                f"raise task.image.fmin to {1 / duration:.3g} Hz or more, or take longer windows"
            )
        if self.n_freqs < 2:
            raise InputError(f"{self.n_freqs} frequencies; expected 2 or more (task.image.n_freqs)")
        if not 1 <= self.n_out <= self.n_times:
            raise InputError(
                f"{self.n_out} times asked of windows of {self.n_times} samples; choose "
                f"task.image.n_out from 1 to {self.n_times}"
            )

    @property
    def dj(self) -> float:
        """Spacing of the scales in octaves."""
        return float(np.log2(self.fmax / self.fmin) / (self.n_freqs - 1))

    @property
    def scales(self) -> Array:
        """Scales in s, ascending."""
        octaves = np.arange(self.n_freqs) * self.dj
        return np.asarray(2**octaves / (WAVELENGTH * self.fmax))

    @property
    def freqs(self) -> Array:
        """Fourier frequencies of the scales in Hz, descending."""
        return 1 / (WAVELENGTH * self.scales)

    @property
    def samples(self) -> NDArray[np.int64]:
        """Sample shown in each column: the middle one of ``n_out`` equal parts of the window."""
        return (2 * np.arange(self.n_out) + 1) * self.n_times // (2 * self.n_out)

    @property
    def coi_mask(self) -> NDArray[np.bool_]:
        """Cells free of edge effects: their period fits the cone of influence at their time."""
        to_edge = self.n_times / 2 - np.abs(self.samples - (self.n_times - 1) / 2)
        longest = WAVELENGTH / np.sqrt(2) * to_edge / self.sfreq
        return 1 / self.freqs[:, None] <= longest


@dataclass(frozen=True, eq=False)
class Band:
    """Neighbouring scales that share a slice of the spectrum and a short grid of times.

    Parameters
    ----------
    scales : slice
        Rows of the image.
    bins : slice
        Bins of the spectrum, counted from the lowest (negative) frequency.
    weights : tensor of shape (scale, 1, 1, bin)
        Fourier transform of the wavelet at these bins, 1 at its peak.
    at_times : tensor of shape (time, n_out)
        Interpolation from the short grid to the times of the image.
    """

    scales: slice
    bins: slice
    weights: Tensor
    at_times: Tensor

    def transform(self, spectra: Tensor) -> Tensor:
        """Wavelet transform on the short grid, less the carrier.

        Takes spectra of shape ``(channel, window, bin)`` and returns ``(scale, channel, window,
        time)``.
        """
        return torch.fft.ifft(spectra[..., self.bins] * self.weights, n=len(self.at_times))


def bands(grid: Grid, n_fft: int, dtype: torch.dtype) -> list[Band]:
    """Divide the scales of a grid into bands for spectra of ``n_fft`` bins, on the CPU."""
    half_width = _HALF_WIDTH[dtype]
    scales, centre = grid.scales, n_fft // 2
    angular = 2 * np.pi * grid.sfreq * (np.arange(n_fft) - centre) / n_fft
    octave = np.log2(scales / scales[0])
    found = []
    for index in np.unique(np.floor(_BANDS_PER_OCTAVE * octave + 1e-9)):
        rows = np.flatnonzero(np.floor(_BANDS_PER_OCTAVE * octave + 1e-9) == index)
        slow, fast = scales[rows[-1]], scales[rows[0]]
        inside = np.flatnonzero(
            (angular >= (OMEGA0 - LOW.get(dtype, half_width)) / slow)
            & (angular <= (OMEGA0 + half_width) / fast)
        )
        # a product of two bands is sqrt(2) times as wide as each
        lags = int(
            np.ceil(globals().get("LAG", np.sqrt(2)) * half_width / fast / angular[centre + 1])
        )
        n_grid = min(n_fft, next_fast_len(max(len(inside), 2 * lags + 1)))
        bins = slice(int(inside[0]), int(inside[-1]) + 1)
        gauss = np.exp(-0.5 * (scales[rows, None] * angular[bins] - OMEGA0) ** 2)
        found.append(
            Band(
                slice(int(rows[0]), int(rows[-1]) + 1),
                bins,
                torch.tensor(gauss[:, None, None] * n_grid / n_fft, dtype=dtype),
                torch.tensor(interpolation(n_grid, n_fft, grid.samples), dtype=dtype),
            )
        )
    return found


def interpolation(n_grid: int, n_fft: int, samples: NDArray[np.int64]) -> Array:
    """Exact interpolation of a band-limited periodic signal.

    From ``n_grid`` equidistant values over a period of ``n_fft`` samples to some of these samples.
    """
    phase = 2 * np.pi * (samples / n_fft - np.arange(n_grid)[:, None] / n_grid)
    kernel = diric(phase, n_grid)
    return np.asarray(kernel if n_grid % 2 else kernel * np.cos(phase / 2))


def spectra(windows: Tensor, n_fft: int) -> Tensor:
    """Spectra of zero-padded windows, in float64 and then in the precision of the windows.

    Steep spectra need it: rounding errors of the strong low frequencies would drown the weak high
    ones.
    """
    return torch.fft.fftshift(torch.fft.fft(windows.double(), n=n_fft), dim=-1)
