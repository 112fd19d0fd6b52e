"""The linear part of coherence, as matrices: smoothing in time and over scales.

Smoothing in time, cropping to the window and sampling the columns of an image do not depend on the
data, so they make one small matrix a scale, from the short grid of its band to the columns.
Torrence and Webster, J. Clim. 12 (1999); Grinsted, Moore and Jevrejeva, Application of the cross
wavelet transform to geophysical time series. Nonlin. Processes Geophys. 11 (2004).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.linalg import convolution_matrix

from xai_sleep.coherence.grid import Array, Grid

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
    """What implementations of coherence disagree on."""

    # before the transform windows are padded with zeros to so many times the next power of two
    # (Grinsted's own code: the power above the nearest one, half as much for 300 or 600 samples)
    padding: int
    # weights over scales from their spacing in octaves; their sum cancels in R²
    boxcar: Callable[[float], Array]


SEMANTICS: Mapping[str, Semantics] = {
    "pycwt": Semantics(1, _pycwt_boxcar),
    "grinsted": Semantics(2, _grinsted_boxcar),
}


def in_time(grid: Grid) -> Array:
    """Divide by the scale, crop to the window, smooth in time, sample: ``(scale, n_out, time)``."""
    scales = grid.scales[:, None]
    angular = 2 * np.pi * grid.sfreq * np.fft.rfftfreq(grid.n_padded)
    gauss = np.fft.irfft(np.exp(-0.5 * (scales * angular) ** 2)) / scales
    return gauss[:, (grid.samples[:, None] - np.arange(grid.n_times)) % grid.n_padded]


def on_grid(functionals: Array, n_fft: int, n_grid: int) -> Array:
    """Carry functionals ``(..., sample)`` of a signal over to a short grid, ``(..., grid)``.

    The grid covers ``n_fft`` samples. Exact for signals whose frequencies it can hold.
    """
    spectra = np.fft.rfft(functionals, n=n_fft)[..., : n_grid // 2 + 1]
    return np.ascontiguousarray(np.fft.irfft(spectra, n=n_grid))


def over_scales(boxcar: Array, n_rows: int) -> Array:
    """Smooth a block of rows over scales: from ``n_rows + taps - 1`` rows to ``n_rows``.

    Half of the taps, rounded down, are above the first row, as in the middle part of a convolution
    in SciPy and Matlab.
    """
    return np.ascontiguousarray(convolution_matrix(boxcar[::-1], n_rows).T)
