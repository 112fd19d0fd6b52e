"""Marks of the DREAMS databases against one another, counted again from the files themselves."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.support.dreams import read
from tests.support.recordings import make_recording
from tests.support.trials import Seen, loso, scored_by
from xai_sleep.baselines.baseline import Trial
from xai_sleep.baselines.marks import Automatic, Experts
from xai_sleep.windows.folds import leave_one_subject_out

Marks = list[tuple[float, float]]
UNTIL = 1000.0  # s that both experts scored


def marks(path: Path) -> Marks:
    rows = [line.split() for line in path.read_text("latin-1").splitlines()[1:] if line.strip()]
    spans = [(float(onset), float(onset) + float(length)) for onset, length in rows]
    return [(a, b) for a, b in spans if b > a]


def merged(first: Marks, second: Marks) -> Marks:
    together: Marks = []
    for a, b in sorted(first + second):
        if together and a <= together[-1][1]:
            together[-1] = (together[-1][0], max(b, together[-1][1]))
        else:
            together.append((a, b))
    return together


def iou(x: tuple[float, float], y: tuple[float, float]) -> float:
    shared = min(x[1], y[1]) - max(x[0], y[0])
    return max(shared, 0) / (max(x[1], y[1]) - min(x[0], y[0])) if shared > 0 else 0.0


def most_pairs(truth: Marks, found: Marks) -> int:
    """Count the pairs of the assignment with the largest sum of overlaps: every one is tried."""
    near = [[j for j, y in enumerate(found) if iou(x, y) >= 0.2 - 1e-9] for x in truth]

    @cache
    def best(i: int, taken: tuple[int, ...]) -> tuple[float, int]:
        if i == len(truth):
            return 0.0, 0
        ahead = tuple(j for j in taken if any(j in row for row in near[i:]))
        options = [best(i + 1, ahead)]
        for j in near[i]:
            if j not in ahead:
                total, pairs = best(i + 1, (*ahead, j))
                options.append((total + iou(truth[i], found[j]), pairs + 1))
        return max(options)

    return best(0, ())[1]


def event_f1(records: Sequence[tuple[Marks, Marks]]) -> float:
    pairs = total = 0
    for truth, found in records:
        x, y = ([m for m in sorted(rows) if sum(m) / 2 < UNTIL] for rows in (truth, found))
        pairs += most_pairs(x, y)
        total += len(x) + len(y)
    return 2 * pairs / total


def window_f1(records: Sequence[tuple[Marks, Marks]], least: float) -> float:
    both = total = 0
    for truth, found in records:
        for start in range(0, int(UNTIL), 5):
            x, y = (
                any(min(b, start + 5) - max(a, start) > least - 1e-6 for a, b in rows)
                for rows in (truth, found)
            )
            both += x and y
            total += x + y
    return 2 * both / total


def real_trial(root: Path, expert: str, least: float) -> Trial:
    """Take the marks of the real records; nothing here looks at their signals."""
    channels = [["C3-A1", "CZ-A1"]]
    recordings = [
        replace(r, signals=np.zeros((1, round(r.duration * 100)), dtype=np.float32), sfreq=100.0)
        for r in read(root, event="spindle", channels=channels, expert=expert)
    ]
    folds = leave_one_subject_out(recordings, val_blocks=8, window=5.0, guard=5.0, seed=0)
    return Trial(recordings, folds, 5.0, least, 0)


@pytest.mark.data
@pytest.mark.parametrize("expert", ["union", "expert1"])
@pytest.mark.parametrize("least", [0.5, 1e-3])
def test_marks_score_as_counted_by_hand(dreams_root: Path, expert: str, least: float) -> None:
    folder = dreams_root / "DatabaseSpindles"
    trial = real_trial(dreams_root, expert, least)
    files = {
        role: {
            r.record: marks(path)
            for r in trial.recordings
            if (path := folder / f"{role}_{r.record}.txt").exists()
        }
        for role in ("Visual_scoring1", "Visual_scoring2", "Automatic_detection")
    }
    first, second, program = files.values()
    twice = [(first[record], second[record]) for record in second]
    truth = {
        r: merged(first[r], second.get(r, [])) if expert == "union" else first[r] for r in first
    }
    against = [(truth[record], program[record]) for record in program]
    for baseline, records in ((Experts(), twice), (Automatic(), against)):
        found = Seen(baseline, trial)
        assert found.pooled("events") == pytest.approx(event_f1(records), abs=1e-3)
        assert found.pooled("windows") == pytest.approx(window_f1(records, least), abs=1e-3)


@pytest.mark.data
def test_published_figures_of_the_records_at_hand(dreams_root: Path) -> None:
    """Known beforehand, of excerpts 1, 3, 4, 5, 7 and 8."""
    trial = real_trial(dreams_root, "expert1", 0.5)
    if [r.record[-1] for r in trial.recordings] != ["1", "3", "4", "5", "7", "8"]:
        pytest.skip("the figures are those of six records")
    assert Seen(Experts(), trial).pooled("events") == pytest.approx(0.607, abs=1e-3)
    assert Seen(Automatic(), trial).pooled("events") == pytest.approx(0.650, abs=1e-3)


@pytest.mark.data
def test_published_figures_of_rapid_eye_movements(dreams_root: Path) -> None:
    """Known beforehand: accuracy .904, precision .768, recall .786, F1 .777 of nine excerpts."""
    folder = dreams_root / "DatabaseREMs"
    recordings = []
    for path in sorted(folder.glob("Visual_scoring1_excerpt*.txt")):
        program = folder / path.name.replace("Visual_scoring1", "Automatic_detection")
        recording = make_recording(path.stem, seconds=1800, events=marks(path))
        recordings.append(scored_by(recording, automatic=(marks(program), 1800)))
    if len(recordings) != 9:
        pytest.skip("the figures are those of nine records")
    found = Seen(Automatic(), loso(recordings))
    figures = {"accuracy": 0.904, "precision": 0.768, "sensitivity": 0.786, "f1": 0.777}
    for name, figure in figures.items():
        assert found.pooled("windows", name) == pytest.approx(figure, abs=1e-3)
    assert "points" in found.summary("events", "f1").reason
