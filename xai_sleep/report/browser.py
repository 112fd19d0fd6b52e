"""Test windows as data of a page: small, since every byte travels with the page.

Signals become 16-bit steps of their window's peak, relevance bytes from 0 to 255, both in base64,
little end first. Where windows are too many for :data:`BUDGET`, all with an event and all detected
are kept, and of the others a seeded sample; if even the former are too many, they are sampled.
"""

from dataclasses import dataclass

import numpy as np
from matplotlib.colors import Colormap, to_hex
from numpy.typing import NDArray

from xai_sleep.recordings.cache import SignalsOf
from xai_sleep.recordings.intervals import Intervals, union
from xai_sleep.recordings.recording import Recording
from xai_sleep.report import style
from xai_sleep.report.template import base64_of
from xai_sleep.results.finished import Finished
from xai_sleep.results.test_windows import OUTCOMES
from xai_sleep.windows.windows import Windows, cut_signals

BUDGET = 7_000_000  # bytes, a third more in base64
STEPS = 32_000  # of a signal on either side of zero
MAP_ROWS, MAP_COLUMNS = 32, 64  # at most, of a map over frequency and time


@dataclass(frozen=True)
class Browser:
    """What the browser of windows shows."""

    # as the page's script reads it; columns have one entry a window, by record and time
    data: dict[str, object]
    shown: int  # shown, total: windows on the page and in the run
    total: int
    complete: bool  # whether all windows with an event and all detected ones are on the page


def browser(finished: Finished, budget: int = BUDGET) -> Browser:
    """Choose test windows and pack them; ``budget`` is in bytes before base64."""
    tested, recordings = finished.windows, finished.recordings
    windows = tested.windows(recordings)
    wanted = (tested.label == 1) | tested.detected
    kept = choose(wanted, max(budget // _bytes_per_window(finished), 1))
    kept = kept[np.lexsort((windows.start[kept], windows.record[kept]))]
    shown = windows.take(kept)
    folds = [outcome.name for outcome in finished.outcomes]
    data = {
        "length": windows.length,
        "sfreq": windows.sfreq,
        "steps": STEPS,
        "outcomes": list(style.COLOURS.items()),
        "records": [
            _describe(one, finished.events.of(one.record), shown.take(shown.record == i))
            for i, one in enumerate(recordings)
        ],
        "folds": [{"name": o.name, "threshold": o.threshold} for o in finished.outcomes],
        "record": windows.record[kept].tolist(),
        "fold": [folds.index(name) for name in tested.fold[kept]],
        "start": windows.start_time[kept].tolist(),
        "outcome": [OUTCOMES.index(name) for name in tested.outcome[kept]],
        "probability": tested.probability[kept].round(4).tolist(),
        "event": style.EVENT,
        "octaves": style.OCTAVES,
        "ramps": {"light": _hues(style.RELEVANCE), "dark": _hues(style.RELEVANCE_ON_DARK)},
        **_packed_signals(cut_signals(SignalsOf(recordings), windows, kept)),
        **_packed_maps(finished, kept),
    }
    return Browser(data, len(kept), len(windows), bool(np.isin(np.flatnonzero(wanted), kept).all()))


def choose(wanted: NDArray[np.bool_], limit: int) -> NDArray[np.intp]:
    """Numbers of up to ``limit`` windows, in order: those wanted before all others."""
    if len(wanted) <= limit:
        return np.arange(len(wanted))
    shuffled = np.random.default_rng(0).permutation(len(wanted))
    return np.sort(shuffled[np.argsort(~wanted[shuffled], kind="stable")][:limit])


def coarse(maps: NDArray[np.floating], rows: int, columns: int) -> NDArray[np.float64]:
    """Average maps of shape (window, freq, time) over blocks, down to ``rows`` × ``columns``."""
    found = maps.astype(np.float64)
    for axis, size in ((1, rows), (2, columns)):
        edges = np.linspace(0, found.shape[axis], min(size, found.shape[axis]) + 1).astype(np.intp)
        lengths = np.expand_dims(np.diff(edges), (0, 3 - axis))
        found = np.add.reduceat(found, edges[:-1], axis=axis) / lengths
    return found


def _bytes_per_window(finished: Finished) -> int:
    windows, maps = finished.outcomes[0].windows, finished.outcomes[0].maps
    relevance = windows.length if finished.explained else 0
    image = MAP_ROWS * MAP_COLUMNS if maps.ndim == 3 else 0
    return 2 * len(finished.recordings[0].channels) * windows.length + relevance + image


def _describe(recording: Recording, detections: Intervals, shown: Windows) -> dict[str, object]:
    """Describe a record, with the events and detections that are in its windows on the page."""
    names = {name: getattr(recording, name) for name in ("record", "subject", "channels")}
    windows = union([np.column_stack([shown.start_time, shown.end_time])])
    spans = {"events": recording.events, "detections": detections}
    seen = {name: each[_touching(each, windows)] for name, each in spans.items()}
    return names | {name: each.round(4).tolist() for name, each in seen.items()}


def _touching(spans: Intervals, others: Intervals) -> NDArray[np.bool_]:
    """Which spans share time with any of the others, which are disjoint."""
    first = np.searchsorted(others[:, 1], spans[:, 0], side="right")
    return np.searchsorted(others[:, 0], spans[:, 1], side="left") > first


def _packed_signals(signals: NDArray[np.float32]) -> dict[str, object]:
    peak = np.maximum(np.abs(signals).max(axis=(1, 2)), 1e-3)
    steps = np.round(signals / peak[:, np.newaxis, np.newaxis] * STEPS).astype("<i2").tobytes()
    half = float(peak[peak <= 2 * np.median(peak)].max())
    return {"peak": peak.astype(float).round(4).tolist(), "half": half, "signals": base64_of(steps)}


def _packed_maps(finished: Finished, kept: NDArray[np.intp]) -> dict[str, object]:
    if not finished.explained:
        return {"profiles": None, "maps": None}
    profiles = _bytes(finished.profiles(kept))
    if finished.outcomes[0].maps.ndim != 3 or finished.images is None:
        return {"profiles": profiles, "maps": None}
    freqs = finished.images.transform.freqs.double().numpy()
    small = coarse(finished.maps(kept), MAP_ROWS, MAP_COLUMNS)
    shape = {"rows": small.shape[1], "columns": small.shape[2]}
    band = {"low": float(freqs.min()), "high": float(freqs.max())}
    return {"profiles": profiles, "maps": {**shape, **band, "values": _bytes(small)}}


def _hues(colours: Colormap) -> list[str]:
    return [to_hex(colours(share)) for share in np.linspace(0, 1, 64)]


def _bytes(relevance: NDArray[np.floating]) -> str:
    return base64_of(np.round(255 * relevance).astype(np.uint8).tobytes())
