"""The grid of a time-frequency image: which frequencies and times it shows, of which windows.

Frequencies are log-spaced and listed from the highest to the lowest, in Hz; times are seconds from
the start of the window. Scales are those of the Morlet wavelet with ω0 = 6 (Torrence and Compo, A
practical guide to wavelet analysis. Bull. Am. Meteorol. Soc. 79, 1998).
"""

from dataclasses import dataclass
from math import ceil, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError

Array = NDArray[np.float64]

OMEGA0 = 6.0
WAVELENGTH = 4 * pi / (OMEGA0 + sqrt(2 + OMEGA0**2))  # Fourier period of scale 1


@dataclass(frozen=True)
class Grid:
    """The frequencies and times of an image, and the windows it is made of.

    Raises InputError if such windows cannot show these frequencies or times.
    """

    n_times: int  # samples in a window
    sfreq: float  # sampling frequency in Hz
    fmin: float  # fmin, fmax: lowest and highest frequency in Hz
    fmax: float
    n_freqs: int  # n_freqs, n_out: rows and columns of the image
    n_out: int

    def __post_init__(self) -> None:
        if not 0 < self.fmin < self.fmax:
            raise InputError(
                f"an image from {self.fmin:g} to {self.fmax:g} Hz; task.image_band is two rising "
                "frequencies above 0"
            )
        if self.fmax > self.sfreq / 2:
            raise InputError(
                f"an image up to {self.fmax:g} Hz of signals at {self.sfreq:g} Hz, which hold "
                f"nothing above {self.sfreq / 2:g} Hz; lower the upper frequency of "
                "task.image_band or raise task.sfreq"
            )
        duration = self.n_times / self.sfreq
        if self.fmin * duration < 1:
            raise InputError(
                f"a window of {duration:g} s is shorter than one period of {self.fmin:g} Hz; raise "
                f"the lower frequency of task.image_band to {ceil(1000 / duration) / 1000:g} Hz or "
                "more, or lengthen task.window"
            )
        if self.n_freqs < 2:
            raise InputError(f"images of {self.n_freqs} rows; task.image_size is 2 or more")
        if not 1 <= self.n_out <= self.n_times:
            raise InputError(
                f"images of {self.n_out} columns from windows of {self.n_times} samples; "
                f"task.image_size is {self.n_times} at most (task.window times task.sfreq)"
            )

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
