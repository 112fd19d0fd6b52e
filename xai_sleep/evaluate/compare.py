"""Many runs side by side, and two on the same test windows: whether one is really better.

The interval of a difference of pooled scores comes from resampling subjects; its p-value, for the
mean difference of the subjects' own scores, from exchanging the runs within subjects.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import chain, combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.metrics.statistics import paired_permutation, percentiles, resamples
from xai_sleep.metrics.windows import window_scores
from xai_sleep.results.run import FILE, RunRecord
from xai_sleep.results.scores import MEAN, POOLED, Difference, Pair, Row, Scores
from xai_sleep.results.test_windows import TestWindows

PREDICTIONS = "predictions.csv"
# scores that are compared in pairs, each with its part and metric
PAIRED = {"f1": ("windows", "f1"), "auroc": ("windows", "auroc"), "event_f1": ("events", "f1")}
COUNTS = ("matched", "detections", "events")


def rows(directories: Sequence[Path]) -> tuple[list[Row], list[str]]:
    """Read every run in directories, of runs or of sweeps, and below; each counts once.

    Baselines come once for all runs on the same windows. With the rows why runs cannot be used.
    """
    found, baselines = list[Row](), dict[str, Row]()
    skipped = [f"{each} is no directory" for each in directories if not each.is_dir()]
    claimed = (each.rglob(name) for each in directories for name in (FILE, "run.lock"))
    runs = {path.parent.resolve(): path.parent for path in chain(*claimed)}
    for path in sorted(runs.values()):
        if not (path / FILE).exists():
            skipped.append(f"{path} holds no {FILE}; its run is not finished")
            continue
        try:
            record = RunRecord.load(path)
        except (InputError, OSError) as error:
            skipped.append(str(error))
            continue
        row = _row(path, record)
        found.append(row)
        baselines = _baselines(row, record) | baselines  # of runs alike the first one counts
    return sorted([*found, *baselines.values()], key=_place), skipped


def pairs(listed: Sequence[Row]) -> tuple[list[Pair], list[str]]:
    """Compare all pairs of listed runs that were tested on the same windows of the same records.

    Runs go by numbers from 1; baselines, leaks and what has no predictions are left out. With the
    pairs come why predictions of runs cannot be used.
    """
    read, tested, skipped = dict[int, TestWindows](), dict[int, tuple[object, ...]](), list[str]()
    for i, row in enumerate(listed, 1):
        path = Path(row.run) / PREDICTIONS
        if row.is_baseline or row.stamp.leaks or not path.exists():
            continue
        try:
            read[i] = windows = TestWindows.read(path)
        except InputError as error:
            skipped.append(f"{row.run} cannot be compared in pairs: {error}")
            continue
        each = zip(windows.record, windows.start, windows.end, windows.label, strict=True)
        tested[i] = (row.data, row.task, row.cv, sorted(each))
    alike = [(i, j) for i, j in combinations(read, 2) if tested[i] == tested[j]]
    runs = {i: resample(read[i], listed[i - 1].scores) for i in sorted({*chain(*alike)})}
    return [Pair(i, j, tuple(differences(runs[i], runs[j]))) for i, j in alike], skipped


Paired = dict[str, float | None]  # the :data:`PAIRED` scores of some subjects together


class Resampled(NamedTuple):
    """Scores of all subjects together, of each alone, and of subjects drawn with replacement."""

    together: Paired
    alone: list[Paired]
    drawn: list[Paired]


def resample(windows: TestWindows, scores: Scores) -> Resampled:
    """Score the test windows of a run and, by its table, the events of its records."""
    subjects, owner = np.unique(windows.subject, return_inverse=True)
    members = [np.flatnonzero(owner == subject) for subject in range(len(subjects))]
    events = np.zeros((len(subjects), 3))
    for record, subject in dict(zip(windows.record, owner, strict=True)).items():
        counts = (scores.one("events", name, over=f"record {record}") for name in COUNTS)
        events[subject] += [each.value or 0 for each in counts]

    def score(drawn: NDArray[np.intp]) -> Paired:
        i = np.concatenate([members[subject] for subject in drawn])
        found = window_scores(windows.label[i], windows.probability[i], windows.detected[i])
        matched, detections, truth = events[drawn].sum(axis=0).tolist()
        f1 = 2 * matched / (detections + truth) if detections + truth else None
        return {"f1": found["f1"], "auroc": found["auroc"], "event_f1": f1}

    everyone = np.arange(len(subjects))
    alone = [score(np.array([subject])) for subject in everyone]
    return Resampled(score(everyone), alone, [score(drawn) for drawn in resamples(everyone)])


def differences(first: Resampled, second: Resampled) -> Iterator[Difference]:
    """Compare the scores that both runs, tested on the same subjects, have."""
    for name, (part, metric) in PAIRED.items():
        a, b = first.together[name], second.together[name]
        if a is None or b is None:
            continue
        low, high = percentiles(_less(first.drawn, second.drawn, name)) or (None, None)
        alone = [value for value in _less(first.alone, second.alone, name) if value is not None]
        p = paired_permutation(alone) if alone else None
        yield Difference(part, metric, a, b, low, high, p, len(alone))


def _less(first: list[Paired], second: list[Paired], name: str) -> list[float | None]:
    pairs = ((a[name], b[name]) for a, b in zip(first, second, strict=True))
    return [None if a is None or b is None else a - b for a, b in pairs]


def _row(run: Path, record: RunRecord) -> Row:
    scores = record.table
    explainer = next(iter(scores.select(part="maps").distinct("who")), "")
    root = asdict(record.config)["data"].get("root", "") if record.data == "files" else ""
    data, config = f"{record.data} {Path(root).name}".strip(), record.config
    what = (data, config.task.name, config.cv.scheme, record.model, len(record.folds))
    return Row(str(run), *what, scores, record.stamp, explainer=explainer)


def _baselines(row: Row, record: RunRecord) -> dict[str, Row]:
    """Baselines that could be had, under keys that are equal where they were tested alike."""
    settings = asdict(record.config)
    names = {"data": ("expert", "records"), "task": ("window", "min_overlap"), "detector": ("iou",)}
    tested = [settings[part].get(name) for part, each in names.items() for name in each]
    tested += [(each.record, each.scored_seconds) for each in record.records]
    found = {}
    for name in (each.name for each in record.baselines if not each.skipped):
        folds = {*row.scores.select(part="windows", who=name).distinct("fold")} - {POOLED, MEAN}
        model, n = f"baseline {name}", len(folds)
        key = f"{row.data} {row.stamp} {row.task} {row.cv} {tested} {name}"
        found[key] = replace(row, run="", model=model, folds=n, who=name, explainer="")
    return found


def _place(row: Row) -> tuple[object, ...]:
    leaks = [leak.name for leak in row.stamp.leaks]
    return row.data, bool(leaks), row.task, row.cv, row.is_baseline, row.model, leaks, row.run
