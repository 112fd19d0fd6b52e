"""What each leak adds to a score: runs with leaks beside the clean run of the same settings.

Both were tested on the same people, so people are what is resampled: a draw of subjects scores both
runs, and the interval of the inflation is that of the differences. Unscored time counted as
negative adds test windows; then the two are scored on different windows of the same people.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.metrics.statistics import bootstrap_ci
from xai_sleep.metrics.windows import window_scores
from xai_sleep.results.run import FILE, RunRecord
from xai_sleep.results.test_windows import TestWindows

SCORES = {"accuracy": "accuracy", "f1": "F1", "auroc": "AUROC"}
FREE = ("leak", "output_dir", "logger")
"""Settings in which runs of a ledger may differ."""


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run: its record, and what its scores are made of."""

    path: Path
    record: RunRecord
    windows: TestWindows

    @property
    def leaks(self) -> tuple[str, ...]:
        """Leaks it was made with."""
        return tuple(leak.name for leak in self.record.leaks)

    @property
    def scheme(self) -> str:
        """Its cross-validation."""
        return self.record.config.cv.scheme

    @cached_property
    def subjects(self) -> dict[str, NDArray[np.intp]]:
        """Which windows are whose."""
        owner = self.windows.subject
        return {str(name): np.flatnonzero(owner == name) for name in np.unique(owner)}

    @property
    def places(self) -> list[tuple[str, float, float, int]]:
        """Record, start, end and label of each test window, sorted."""
        windows = self.windows
        return sorted(zip(windows.record, windows.start, windows.end, windows.label, strict=True))

    def scores(self, drawn: NDArray[np.intp]) -> dict[str, float | None]:
        """Pooled :data:`SCORES` of subjects in percent, each as often as it was drawn."""
        members, windows = list(self.subjects.values()), self.windows
        i = np.concatenate([members[subject] for subject in drawn])
        found = window_scores(windows.label[i], windows.probability[i], windows.detected[i])
        return {n: None if (score := found[n]) is None else 100 * score for n in SCORES}


@dataclass(frozen=True)
class Inflated:
    """One score with its 95 % interval, and how far above the clean one it is; both in points.

    ``over`` is None for the clean run.
    """

    score: float
    ci95: list[float] | None
    over: float | None = None
    over_ci95: list[float] | None = None


@dataclass(frozen=True)
class Entry:
    """One run of the ledger.

    Parameters
    ----------
    name : str
        Its leak, ``all``, or ``none``.
    scheme : str
        Cross-validation.
    leaks : tuple of str
        All its leaks.
    windows : int
        Test windows.
    same_windows : bool
        Whether they are those of the clean run.
    scores : dict of str to Inflated
        Under the names of :data:`SCORES`.
    oversampled : dict of str to float
        The same, mean over folds, with the synthetic windows among the tested ones; empty where
        there are none.
    """

    name: str
    scheme: str
    leaks: tuple[str, ...]
    windows: int
    same_windows: bool
    scores: dict[str, Inflated]
    oversampled: dict[str, float]


def load(directory: Path) -> list[Run]:
    """Read all runs below a directory.

    Raises
    ------
    InputError
        If there is none.
    """
    runs = []
    for file in sorted(directory.rglob(FILE)):
        windows = TestWindows.read(file.with_name("predictions.csv"))
        runs.append(Run(file.parent, RunRecord.load(file.parent), windows))
    if not runs:
        raise InputError(f"no finished run in {directory}; make leakage runs them")
    return runs


def entries(runs: Sequence[Run]) -> list[Entry]:
    """Compare every run with the clean one of its scheme: clean, each leak, then all of them.

    Raises
    ------
    InputError
        If a scheme has not exactly one clean run, or settings differ in more than leaks.
    """
    found = []
    for scheme in sorted({run.scheme for run in runs}):
        mine = [run for run in runs if run.scheme == scheme]
        clean = [run for run in mine if not run.leaks]
        if len(clean) != 1:
            raise InputError(
                f"found {len(clean)} runs without leaks for cv={scheme}, but the others are "
                "compared with one; add it (leak=none) or name a directory with one alone"
            )
        for run in mine:
            _require_alike(run, clean[0])
        found += [_entry(run, clean[0]) for run in sorted(mine, key=_place)]
    return found


def _place(run: Run) -> tuple[bool, tuple[str, ...]]:
    return (len(run.leaks) > 1, run.leaks)


def _require_alike(run: Run, clean: Run) -> None:
    mine, other = (
        {key: value for key, value in asdict(each.record.config).items() if key not in FREE}
        for each in (run, clean)
    )
    changed = [key for key, value in mine.items() if value != other[key]]
    if run.subjects.keys() != clean.subjects.keys():
        changed.append("subjects")
    if changed:
        raise InputError(
            f"{run.path} differs from {clean.path} in more than its leaks ({', '.join(changed)}); "
            "runs of a ledger need the same settings"
        )


def _entry(run: Run, clean: Run) -> Entry:
    return Entry(
        {0: "none", 1: "".join(run.leaks)}.get(len(run.leaks), "all"),
        run.scheme,
        run.leaks,
        len(run.windows),
        run.places == clean.places,
        dict(_inflated(run, clean)),
        dict(_oversampled(run)),
    )


def _oversampled(run: Run) -> Iterator[tuple[str, float]]:
    found = run.record.table.select(part="windows_oversampled")
    for name in SCORES:
        values = [row.value for row in found.select(metric=name) if row.value is not None]
        if values:
            yield name, 100 * float(np.mean(values))


def _inflated(run: Run, clean: Run) -> Iterator[tuple[str, Inflated]]:
    everyone = np.arange(len(clean.subjects))
    alone = bootstrap_ci(run.scores, everyone).ci95
    beside = bootstrap_ci(
        lambda drawn: _less(run.scores(drawn), clean.scores(drawn)), everyone
    ).ci95
    mine = run.scores(everyone)
    over = _less(mine, clean.scores(everyone)) if run.leaks else {}
    for name, score in mine.items():
        if score is None:
            raise InputError(f"{run.path}: {name} is undefined; there is nothing to compare")
        yield name, Inflated(score, alone[name], over.get(name), beside[name] if over else None)


def _less(a: dict[str, float | None], b: dict[str, float | None]) -> dict[str, float | None]:
    pairs = {name: (a[name], b[name]) for name in a}
    return {n: None if x is None or y is None else x - y for n, (x, y) in pairs.items()}
