"""What each leak adds to a score: runs with leaks beside the clean run of the same settings.

Both were tested on the same people, so people are what is resampled: a draw of subjects scores both
runs, and the interval of the inflation is that of the differences. Unscored time counted as
negative adds test windows; then the two are scored on different windows of the same people.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xai_sleep.results.leaky import leaks_of

from xai_sleep.errors import InputError
from xai_sleep.evaluate.compare import Counted, count
from xai_sleep.metrics.statistics import bootstrap_ci

SCORES = {"accuracy": "accuracy", "f1": "F1", "auroc": "AUROC"}


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run: its ``results.json``, and what its scores are made of."""

    path: Path
    found: dict[str, Any]
    counted: Counted

    @property
    def leaks(self) -> list[str]:
        """Leaks it was made with."""
        return leaks_of(self.found)

    @property
    def scheme(self) -> str:
        """Its cross-validation."""
        return str(self.found["config"]["cv"]["scheme"])


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
    for path in sorted(directory.rglob("results.json")):
        with path.with_name("predictions.csv").open(encoding="utf-8", newline="") as file:
            counted = count(list(csv.DictReader(file)))
        runs.append(Run(path.parent, json.loads(path.read_text(encoding="utf-8")), counted))
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


def _place(run: Run) -> tuple[bool, list[str]]:
    return (len(run.leaks) > 1, run.leaks)


def _require_alike(run: Run, clean: Run) -> None:
    settings = [{**each.found["config"], "leak": None} for each in (run, clean)]
    if settings[0] != settings[1] or run.counted.subjects != clean.counted.subjects:
        changed = [k for k, v in settings[0].items() if v != settings[1].get(k)] or ["subjects"]
        raise InputError(
            f"{run.path} differs from {clean.path} in more than its leaks ({', '.join(changed)}); "
            "runs of a ledger need the same settings"
        )


def _entry(run: Run, clean: Run) -> Entry:
    oversampled = [
        f["windows_oversampled"] for f in run.found["folds"] if "windows_oversampled" in f
    ]
    return Entry(
        {0: "none", 1: "".join(run.leaks)}.get(len(run.leaks), "all"),
        run.scheme,
        tuple(run.leaks),
        len(run.counted.windows),
        run.counted.windows == clean.counted.windows,
        dict(_inflated(run, clean)),
        {
            name: 100 * float(np.mean([fold[name] for fold in oversampled]))
            for name in SCORES
            if oversampled
        },
    )


def _inflated(run: Run, clean: Run) -> Iterator[tuple[str, Inflated]]:
    everyone = np.arange(len(clean.counted.subjects))
    alone = bootstrap_ci(lambda i: scores(run.counted, i), everyone).ci95
    beside = bootstrap_ci(
        lambda i: _less(scores(run.counted, i), scores(clean.counted, i)), everyone
    ).ci95
    mine = scores(run.counted, everyone)
    over = _less(mine, scores(clean.counted, everyone)) if run.leaks else {}
    for name, score in mine.items():
        if score is None:
            raise InputError(f"{run.path}: {name} is undefined; there is nothing to compare")
        yield name, Inflated(score, alone[name], over.get(name), beside[name] if over else None)


def scores(counted: Counted, index: NDArray[np.intp]) -> dict[str, float | None]:
    """Pooled :data:`SCORES` of subjects in percent, each as often as the index names it."""
    times = np.bincount(index, minlength=len(counted.subjects)).astype(np.float64)
    hits, detected, _ = times @ counted.decided
    positive, negative = times @ counted.classes
    right = hits + negative - (detected - hits)
    rest = counted.scores(index)
    found = {
        "accuracy": float(right / (positive + negative)),
        **{n: rest[n] for n in ("f1", "auroc")},
    }
    return {name: None if value is None else 100 * value for name, value in found.items()}


def _less(a: dict[str, float | None], b: dict[str, float | None]) -> dict[str, float | None]:
    pairs = {name: (a[name], b[name]) for name in a}
    return {n: None if x is None or y is None else x - y for n, (x, y) in pairs.items()}
