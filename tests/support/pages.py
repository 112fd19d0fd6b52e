"""A finished run without its training: simulated recordings, made-up probabilities and maps."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tests.support.runs import composed
from xai_sleep.evaluate.windows import SCHEMA, FoldResult, describe, score_windows, summary
from xai_sleep.metrics.maps import event_mask
from xai_sleep.recordings.filtering import prepare
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.simulated import simulate
from xai_sleep.report.run_report import write_report
from xai_sleep.windows.images import Images, image_transform
from xai_sleep.windows.windows import Windows, cut

HISTORY: dict[str, list[float | None]] = {
    "train_loss": [0.7, 0.5, 0.4],
    "val_loss": [0.7, 0.6, 0.5],
    "val_average_precision": [0.3, 0.6, None],
}


@dataclass(frozen=True, eq=False)
class MadeUp:
    """Recordings, results and ``results.json`` of a run that never was."""

    recordings: list[Recording]
    results: list[FoldResult]
    found: dict[str, Any]
    images: Images | None = None

    def write(self, directory: Path) -> Path:
        """Write the page and its figures."""
        return write_report(directory, self.found, self.recordings, self.results, self.images)


def made_up(
    *,
    task: Literal["spindle", "rem"] = "spindle",
    subjects: int = 2,
    names: Sequence[str] = (),
    events: bool = True,
    maps: str = "signal",
    source: str = "synthetic",
) -> MadeUp:
    """Make up a run with a fold for every subject.

    Parameters
    ----------
    task : {"spindle", "rem"}
        What is looked for, in one channel or in two.
    subjects : int
        One recording each.
    names : sequence of str
        Of records and subjects, instead of simulated ones.
    events : bool
        Whether anything is marked.
    maps : {"signal", "image", "none"}
        Over time, over frequency and time, or none.
    source : str
        What the results are said to come from.
    """
    recordings = [
        prepare(recording, sfreq=100, bands=[(0.5, 15)])
        for recording in simulate(task, subjects=subjects, minutes=2)
    ]
    for index, name in enumerate(names):
        recordings[index] = replace(recordings[index], record=name, subject=name)
    if task == "spindle":
        recordings = [
            replace(r, signals=r.signals[:1], channels=r.channels[:1]) for r in recordings
        ]
    if not events:
        recordings = [replace(r, events=np.empty((0, 2))) for r in recordings]
    windows = cut(recordings, [r.scored for r in recordings], length=5, step=5, min_overlap=0.5)
    results = [
        _result(recordings, windows.take(np.flatnonzero(windows.record == index)), maps)
        for index in range(subjects)
    ]
    config = asdict(composed("data=synthetic", f"task={task}"))
    config["explain"]["methods"] = [] if maps == "none" else ["gradcam"]
    found = {
        "schema": SCHEMA,
        "data": source,
        "config": config,
        "records": describe(recordings),
        "folds": [result.metrics for result in results],
        "summary": summary(recordings, results),
    }
    images = None
    if maps == "image":
        images = Images(recordings, _transform(), memory=0.1, directory=Path("unused"))
    return MadeUp(recordings, results, found, images)


def _transform() -> Any:
    return image_transform("scalogram", n_chans=1, n_times=500, sfreq=100, band=(1, 30), size=16)


def _result(recordings: Sequence[Recording], windows: Windows, kind: str) -> FoldResult:
    recording = recordings[windows.record[0]]
    rng = np.random.default_rng(int(windows.record[0]))
    noisy = 0.45 * windows.label + rng.uniform(0, 0.6, len(windows))
    probability = np.clip(noisy, 0, 1).astype(np.float32)
    inside = event_mask(windows.start_time, windows.length, windows.sfreq, recording.events)
    profiles = (0.6 * inside + rng.uniform(0, 0.4, inside.shape)).astype(np.float16)
    maps: NDArray[np.float16] = profiles if kind == "signal" else np.empty((0, 0), np.float16)
    if kind == "image":
        coarse = profiles[:, : 16 * 31].reshape(len(windows), 1, 16, 31).mean(axis=3)
        maps = (coarse * np.linspace(1, 0.2, 16)[:, np.newaxis]).astype(np.float16)
    scores = score_windows(windows.label, probability, 0.5)
    counts = {"windows": len(windows), "positive": int(windows.label.sum())}
    metrics = {
        "name": recording.subject,
        "windows": scores,
        "windows_at_half": scores,
        "threshold": 0.5,
        "history": HISTORY,
        "counts": {"test": counts},
    }
    return FoldResult(recording.subject, windows, probability, maps, metrics)
