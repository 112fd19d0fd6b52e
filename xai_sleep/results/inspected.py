"""Recordings looked at without training: what their marks meet in the signal."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xai_sleep.results.run import RecordSummary

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Response:
    """Power in a band at the marks, and at the same marks moved by lags."""

    band: tuple[float, float]  # in Hz, of those looked at the one in which marks stand out most
    lags: Values  # (lag,) in s, positive: later
    power: Values  # (lag,) dB, mean over marks and channels; 0 is the median over lags
    shift: float | None = None  # s that marks look late (negative: early); None: they do not


@dataclass(frozen=True, eq=False)
class Spectra:
    """Mean spectra of one second inside marks and of one outside."""

    freqs: Values  # (freq,) in Hz
    inside: Values  # (freq,) inside, outside: µV²/Hz, mean over channels; NaN where no second is
    outside: Values


@dataclass(frozen=True, eq=False)
class Inspected:
    """What is shown of a record, without its signals."""

    summary: RecordSummary
    offered: tuple[str, ...]  # every channel of its file, in words
    deviation: dict[str, float]  # standard deviation of each channel taken, in µV
    spectra: Spectra
    response: Response | None  # None where too few marks lie far enough from the ends
