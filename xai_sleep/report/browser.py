"""Test windows as data of a page: small, since every byte travels with the page.

Signals become 16-bit steps of their window's peak, relevance bytes from 0 to 255, both in base64,
little end first. Where windows are too many for :data:`BUDGET`, all with an event and all detected
are kept, and of the others a seeded sample; if even the former are too many, they are sampled.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_sleep.evaluate.windows import FoldResult
from xai_sleep.metrics.maps import time_profiles
from xai_sleep.recordings.intervals import Intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.report import style
from xai_sleep.report.detections import LeftBehind
from xai_sleep.report.examples import outcomes
from xai_sleep.windows.images import Images
from xai_sleep.windows.windows import Windows, cut_signals

BUDGET = 7_000_000  # bytes, a third more in base64
STEPS = 32_000  # of a signal on either side of zero
MAP_ROWS, MAP_COLUMNS = 32, 64  # at most, of a map over frequency and time


@dataclass(frozen=True)
class Browser:
    """What the browser of windows shows.

    Parameters
    ----------
    data : dict
        As the page's script reads it; columns have one entry a window, by record and time.
    shown, total : int
        Windows on the page and in the run.
    complete : bool
        Whether all windows with an event and all detected ones are on the page.
    """

    data: dict[str, Any]
    shown: int
    total: int
    complete: bool


def browser(
    recordings: Sequence[Recording],
    results: Sequence[FoldResult],
    left: LeftBehind,
    images: Images | None = None,
    budget: int = BUDGET,
) -> Browser:
    """Choose test windows and pack them.

    Parameters
    ----------
    recordings : sequence of Recording
        Those the windows were cut from.
    results : sequence of FoldResult
        With or without maps.
    left : LeftBehind
        Detected events, where there are any.
    images : Images, optional
        What the network saw, if its maps are over frequency and time.
    budget : int
        Bytes of signals and maps before base64.
    """
    windows = _together([result.windows for result in results])
    fold = np.repeat(np.arange(len(results)), [len(result.windows) for result in results])
    probability = np.concatenate([result.probability for result in results]).astype(np.float64)
    detected = probability >= np.array([result.threshold for result in results])[fold]
    wanted = (windows.label == 1) | detected
    each = _bytes_per_window(recordings[0], results[0])
    kept = choose(wanted, max(budget // each, 1))
    kept = kept[np.lexsort((windows.start[kept], windows.record[kept]))]
    calls = np.argmax(list(outcomes(windows.label, detected).values()), axis=0)
    signals = cut_signals([r.signals for r in recordings], windows, kept)
    data = {
        "length": windows.length,
        "sfreq": windows.sfreq,
        "steps": STEPS,
        "outcomes": list(style.OUTCOMES.items()),
        "records": [_describe(r, left.events_of(r.record)) for r in recordings],
        "folds": [{"name": r.name, "threshold": r.threshold} for r in results],
        "record": windows.record[kept].tolist(),
        "fold": fold[kept].tolist(),
        "start": windows.start_time[kept].tolist(),
        "outcome": calls[kept].tolist(),
        "probability": probability[kept].round(4).tolist(),
        **_packed_signals(signals),
        **_packed_maps(results, kept, images),
    }
    return Browser(data, len(kept), len(windows), bool(np.isin(np.flatnonzero(wanted), kept).all()))


def choose(wanted: NDArray[np.bool_], limit: int, seed: int = 0) -> NDArray[np.intp]:
    """Numbers of the windows that are kept, in order: those wanted first.

    Examples
    --------
    >>> choose(np.array([True, False, False, True]), 2)
    array([0, 3])
    """
    if len(wanted) <= limit:
        return np.arange(len(wanted))
    shuffled = np.random.default_rng(seed).permutation(len(wanted))
    first = np.argsort(~wanted[shuffled], kind="stable")
    return np.sort(shuffled[first][:limit])


def coarse(maps: NDArray[np.floating], rows: int, columns: int) -> NDArray[np.float64]:
    """Average maps of shape (window, freq, time) over blocks, down to ``rows`` × ``columns``.

    Examples
    --------
    >>> coarse(np.array([[[0.0, 1.0, 0.5, 0.5]]]), 1, 2)
    array([[[0.5, 0.5]]])
    """
    found = maps.astype(np.float64)
    for axis, size in ((1, rows), (2, columns)):
        edges = np.linspace(0, found.shape[axis], min(size, found.shape[axis]) + 1).astype(np.intp)
        shape = [1, 1, 1]
        shape[axis] = -1
        found = np.add.reduceat(found, edges[:-1], axis=axis) / np.diff(edges).reshape(shape)
    return found


def _together(parts: Sequence[Windows]) -> Windows:
    return replace(
        parts[0],
        record=np.concatenate([part.record for part in parts]),
        start=np.concatenate([part.start for part in parts]),
        label=np.concatenate([part.label for part in parts]),
    )


def _bytes_per_window(recording: Recording, result: FoldResult) -> int:
    relevance = result.windows.length if result.maps.size else 0
    image = MAP_ROWS * MAP_COLUMNS if result.maps.ndim == 3 else 0
    return 2 * len(recording.channels) * result.windows.length + relevance + image


def _describe(recording: Recording, detections: Intervals | None) -> dict[str, Any]:
    return {
        "record": recording.record,
        "subject": recording.subject,
        "channels": recording.channels,
        "events": recording.events.round(4).tolist(),
        "detections": None if detections is None else detections.round(4).tolist(),
    }


def _packed_signals(signals: NDArray[np.float32]) -> dict[str, Any]:
    peak = np.maximum(np.abs(signals).max(axis=(1, 2)), 1e-3)
    usual = peak[peak <= 2 * np.median(peak)]
    steps = np.round(signals / peak[:, np.newaxis, np.newaxis] * STEPS).astype("<i2")
    return {
        "peak": peak.astype(float).round(4).tolist(),
        "half": float(usual.max()),
        "signals": _base64(steps),
    }


def _packed_maps(
    results: Sequence[FoldResult], kept: NDArray[np.intp], images: Images | None
) -> dict[str, Any]:
    if not all(result.maps.size for result in results):
        return {"profiles": None, "maps": None}
    maps = np.concatenate([result.maps for result in results])[kept]
    profiles = {"profiles": _base64(_bytes(time_profiles(maps, results[0].windows.length)))}
    if maps.ndim != 3 or images is None:
        return {**profiles, "maps": None}
    freqs = images.transform.freqs.double().numpy()
    small = coarse(maps, MAP_ROWS, MAP_COLUMNS)
    shape = {"rows": small.shape[1], "columns": small.shape[2]}
    band = {"low": float(freqs.min()), "high": float(freqs.max())}
    return {**profiles, "maps": {**shape, **band, "values": _base64(_bytes(small))}}


def _bytes(relevance: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.round(255 * relevance).astype(np.uint8)


def _base64(values: NDArray[np.generic]) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")
