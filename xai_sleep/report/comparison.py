"""Many runs side by side: what each scored over its folds, pooled, and where its maps pointed.

A row is a run. Runs on different data sources stand in tables of their own, titled with the source,
so that simulated figures are never read as real ones. Scores are those of test windows at the
thresholds chosen on validation windows; intervals are over subjects.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from xai_sleep.evaluate.windows import SCHEMA
from xai_sleep.results.leaky import leaks_of, marked

SHOWN = {
    "accuracy": "accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "precision": "precision",
    "f1": "F1",
    "auroc": "AUROC",
}
POINTING = "pointing game"
EVENT_F1 = "event F1"
TITLES = {
    "synthetic": "synthetic data: SIMULATED recordings",
    "dreams": "dreams data: recordings of the DREAMS databases",
}

OWN = ": recordings of the user's own"


@dataclass(frozen=True)
class Score:
    """One score of a run; None where it is undefined.

    Parameters
    ----------
    mean, sd : float or None
        Over the folds.
    pooled : float or None
        Of the test windows of all folds together.
    low, high : float or None
        Ends of the 95 % interval of ``pooled``.
    """

    mean: float | None = None
    sd: float | None = None
    pooled: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Row:
    """One run.

    Parameters
    ----------
    run : str
        Its directory.
    data : str
        Source of its recordings; of the user's own with the folder they are in.
    task, cv, model : str
        What was looked for, how folds were made, the network's class.
    folds : int
        Number of folds.
    windows : mapping of str to Score
        Under the names of :data:`SHOWN`.
    event_f1 : Score
        Of events; undefined where the run or baseline found none.
    pointing, chance : Score
        Pointing game of true positives, and of a map that is the same everywhere; undefined
        where the run made no maps.
    is_baseline : bool
        Whether it is no network; ``run`` is then empty.
    leaks : tuple of str
        Mistakes made on purpose.
    """

    run: str
    data: str
    task: str
    cv: str
    model: str
    folds: int
    windows: Mapping[str, Score]
    event_f1: Score
    pointing: Score
    chance: Score
    is_baseline: bool = False
    leaks: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Task, model and cross-validation, marked where there are leaks."""
        leaks = self.leaks if len(self.leaks) < 2 else [f"{len(self.leaks)} leaks"]
        return marked(" ".join([self.task, self.model, self.cv, *leaks]), self.leaks)


def load(directories: Sequence[Path]) -> tuple[list[Row], list[str]]:
    """Read every run in the directories and below.

    Parameters
    ----------
    directories : sequence of Path
        Of runs or of sweeps; a run that is found twice counts once.

    Returns
    -------
    rows : list of Row
        By data source, task, cross-validation, model and directory; baselines come after the
        runs they belong to, and once for all runs that test on the same windows.
    skipped : list of str
        One line for each run that cannot be used, and why.
    """
    rows: list[Row] = []
    baselines: dict[str, Row] = {}
    skipped: list[str] = []
    for directory in directories:
        if not directory.is_dir():
            skipped.append(f"{directory} is no directory")
    found = {path.resolve(): path for directory in directories for path in _runs(directory)}
    for path in sorted(found.values()):
        try:
            row, of_run = read(path)
            rows.append(row)
            baselines = of_run | baselines  # of runs alike the first one counts
        except FileNotFoundError:
            skipped.append(f"{path} holds no results.json; its run is not finished")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = next(iter(str(error).splitlines()), "")
            skipped.append(f"{path}/results.json cannot be used ({type(error).__name__}: {reason})")
    rows += baselines.values()
    return sorted(
        rows,
        key=lambda r: (r.data, bool(r.leaks), r.task, r.cv, r.is_baseline, r.model, r.leaks, r.run),
    ), skipped


def read(run: Path) -> tuple[Row, dict[str, Row]]:
    """Read one run; whatever is missing in its ``results.json`` raises Python's own error.

    Returns
    -------
    row : Row
        Of the network.
    baselines : dict of str to Row
        Those that could be had, under keys that are equal where they were tested alike.

    Raises
    ------
    ValueError
        If it was written in another schema, or is no JSON.
    """
    found = json.loads((run / "results.json").read_text(encoding="utf-8"))
    if found["schema"] != SCHEMA:
        raise ValueError(f"schema {found['schema']}, expected {SCHEMA}")
    config, summary = found["config"], found["summary"]
    maps = summary.get("maps", {}).get("true_positives", {})
    row = Row(
        run=str(run),
        data=_source(found),
        task=str(config["task"]["name"]),
        cv=str(config["cv"]["scheme"]),
        model=config["model"]["_target_"].rpartition(".")[2],
        folds=len(found["folds"]),
        windows={name: _score(summary["windows"][name]) for name in SHOWN},
        event_f1=_score(summary.get("events", {}).get("f1")),
        pointing=_score(maps.get("pointing")),
        chance=_score(maps.get("pointing_uniform")),
        leaks=tuple(leaks_of(found)),
    )
    return row, _baselines(row, found)


def _source(found: Mapping[str, Any]) -> str:
    source = str(found["data"])
    folder = Path(found["config"]["data"]["root"]).name if source == "files" else ""
    return f"{source} {folder}".strip()


def _baselines(row: Row, found: Mapping[str, Any]) -> dict[str, Row]:
    config = found["config"]
    names = {"data": ("expert", "records"), "task": ("window", "min_overlap"), "detector": ("iou",)}
    tested = [config.get(part, {}).get(name) for part, each in names.items() for name in each]
    tested += [(each["record"], each["scored_seconds"]) for each in found.get("records", ())]
    return {
        f"{row.data} {row.leaks} {row.task} {row.cv} {tested} {name}": replace(
            row,
            run="",
            model=f"baseline {name}",
            folds=len(baseline["folds"]),
            windows={score: _score(baseline["windows"][score]) for score in SHOWN},
            event_f1=_score(baseline.get("events", {}).get("f1")),
            pointing=Score(),
            chance=Score(),
            is_baseline=True,
        )
        for name, baseline in found.get("baselines", {}).items()
        if "windows" in baseline
    }


def by_source(rows: Sequence[Row]) -> Iterator[tuple[str, list[tuple[int, Row]]]]:
    """Title of each data source with its rows, numbered from 1 through all; leaky ones apart."""
    for (data, leaks), group in groupby(
        enumerate(rows, 1), key=lambda item: (item[1].data, bool(item[1].leaks))
    ):
        yield marked(TITLES.get(data, f"{data} data{OWN}"), ["any"] * leaks), list(group)


def _runs(directory: Path) -> set[Path]:
    """Directories that a run has claimed or finished."""
    return {
        path.parent
        for pattern in ("results.json", "run.lock")
        for path in sorted(directory.rglob(pattern))
    }


def _score(found: Mapping[str, Any] | None) -> Score:
    if found is None:
        return Score()
    low, high = found["ci95"] or (None, None)
    values = (found["mean"], found["std"], found["pooled"], low, high)
    return Score(*(None if value is None else float(value) for value in values))
