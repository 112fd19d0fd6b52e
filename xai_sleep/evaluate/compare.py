"""Two runs on the same test windows and events: whether one is really better than the other.

Both were tested on the same people, so people are what is resampled and exchanged: the interval of
a difference comes from resampling subjects, its p-value from exchanging the runs within subjects
(:mod:`xai_sleep.metrics.statistics`). The difference is that of the pooled scores; the test asks
about the mean difference of the subjects' own scores, of those for whom both are defined.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_sleep.metrics.statistics import bootstrap_ci, paired_permutation
from xai_sleep.report.comparison import Row

PREDICTIONS = "predictions.csv"
SCORES = {"f1": "F1", "auroc": "AUROC", "event_f1": "event F1"}

Counts = NDArray[np.float64]
Index = NDArray[np.intp]
Window = tuple[str, str, str, str]


@dataclass(frozen=True, eq=False)
class Counted:
    """What a run's scores are made of, by subject.

    Parameters
    ----------
    windows : tuple of (record, start, end, label)
        Test windows, sorted: equal for runs that can be compared.
    subjects : tuple of str
        In the order of all that follows.
    decided : array of shape (subject, 3)
        Windows that are positive and detected, detected, positive.
    wins : array of shape (subject, subject)
        How many pairs of a positive window of one subject (row) and a negative one of another the
        probabilities put in order; a tie counts half.
    classes : array of shape (subject, 2)
        Windows that are positive, and negative.
    found : array of shape (subject, 3)
        Events that were found, detections, events; zero where the run counted none.
    """

    windows: tuple[Window, ...]
    subjects: tuple[str, ...]
    decided: Counts
    wins: Counts
    classes: Counts
    found: Counts

    def scores(self, index: Index) -> dict[str, float | None]:
        """Pooled :data:`SCORES` of subjects, each as often as the index names it."""
        times = np.bincount(index, minlength=len(self.subjects)).astype(np.float64)
        positive, negative = (times @ self.classes).tolist()
        return {
            "f1": _f1(times @ self.decided),
            "auroc": _ratio(float(times @ self.wins @ times), positive * negative),
            "event_f1": _f1(times @ self.found),
        }


@dataclass(frozen=True)
class Difference:
    """One score of two runs, the first less the second.

    Parameters
    ----------
    score : str
        One of :data:`SCORES`.
    first, second : float
        Pooled over subjects.
    low, high : float or None
        Ends of the 95 % interval of the difference over subjects.
    p : float or None
        Of the permutation test.
    subjects : int
        That the test could use.
    """

    score: str
    first: float
    second: float
    low: float | None
    high: float | None
    p: float | None
    subjects: int


@dataclass(frozen=True)
class Pair:
    """Two runs by their numbers in the list, and their differences."""

    first: int
    second: int
    differences: tuple[Difference, ...]


def pairs(rows: Sequence[Row]) -> tuple[list[Pair], list[str]]:
    """Compare all pairs of runs that were tested on the same windows of the same records.

    Parameters
    ----------
    rows : sequence of Row
        As listed.

    Returns
    -------
    pairs : list of Pair
        By the runs' numbers; baselines, runs with leaks and runs without predictions are not
        compared.
    skipped : list of str
        One line for each run whose predictions cannot be used, and why.
    """
    runs: dict[int, Counted] = {}
    skipped = []
    for i, row in enumerate(rows, 1):
        if row.is_baseline or row.leaks or not (Path(row.run) / PREDICTIONS).exists():
            continue
        try:
            runs[i] = _read(Path(row.run))
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
            skipped.append(f"{row.run} cannot be compared in pairs, see {PREDICTIONS} ({reason})")
    found = []
    for (i, first), (j, second) in combinations(runs.items(), 2):
        a, b = rows[i - 1], rows[j - 1]
        alike = (a.data, a.task, a.cv) == (b.data, b.task, b.cv)
        if alike and first.windows == second.windows:
            found.append(Pair(i, j, tuple(differences(first, second))))
    return found, skipped


def differences(first: Counted, second: Counted) -> Iterator[Difference]:
    """Compare the scores that both runs have."""

    def less(index: Index) -> dict[str, float | None]:
        a, b = first.scores(index), second.scores(index)
        return {name: _less(a[name], b[name]) for name in SCORES}

    everyone = np.arange(len(first.subjects))
    intervals = bootstrap_ci(less, everyone).ci95
    alone = [less(np.array([subject])) for subject in everyone]
    all_of = (first.scores(everyone), second.scores(everyone))
    for name in SCORES:
        a, b = (scores[name] for scores in all_of)
        if a is None or b is None:
            continue
        low, high = intervals[name] or (None, None)
        defined = [value for one in alone if (value := one[name]) is not None]
        p = paired_permutation(defined) if defined else None
        yield Difference(name, a, b, low, high, p, len(defined))


def count(
    predictions: Sequence[dict[str, str]], event_records: Sequence[dict[str, Any]] = ()
) -> Counted:
    """Count by subject.

    Parameters
    ----------
    predictions : sequence of mappings
        Rows of ``predictions.csv``.
    event_records : sequence of mappings
        ``event_records`` of the summary in ``results.json``.
    """
    subjects = tuple(sorted({row["subject"] for row in predictions}))
    owner = np.array([subjects.index(row["subject"]) for row in predictions])
    label, detected = (
        np.array([int(row[k]) for row in predictions]) for k in ("label", "detected")
    )
    probability = np.array([float(row["probability"]) for row in predictions])
    columns = [label * detected, detected, label, 1 - label]
    counts = np.array([np.bincount(owner, column, len(subjects)) for column in columns]).T
    positives = [probability[(owner == s) & (label == 1)] for s in range(len(subjects))]
    negatives = [np.sort(probability[(owner == s) & (label == 0)]) for s in range(len(subjects))]
    found = np.zeros((len(subjects), 3))
    for row in event_records:
        found[subjects.index(row["subject"])] += [
            row[name] for name in ("matched", "detections", "events")
        ]
    return Counted(
        tuple(sorted((r["record"], r["start"], r["end"], r["label"]) for r in predictions)),
        subjects,
        counts[:, :3],
        np.array([[_wins(p, n) for n in negatives] for p in positives]),
        counts[:, 2:],
        found,
    )


def _read(run: Path) -> Counted:
    with (run / PREDICTIONS).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = json.loads((run / "results.json").read_text(encoding="utf-8"))
    return count(rows, found["summary"].get("event_records", ()))


def _wins(positives: Counts, negatives: Counts) -> float:
    below = np.searchsorted(negatives, positives, side="left").sum()
    not_above = np.searchsorted(negatives, positives, side="right").sum()
    return float(below + not_above) / 2


def _f1(counts: Counts) -> float | None:
    right, detected, true = counts.tolist()
    return _ratio(2 * right, detected + true)


def _ratio(top: float, bottom: float) -> float | None:
    return top / bottom if bottom else None


def _less(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b
