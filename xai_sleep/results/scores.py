"""Every figure of a run in one tidy table: ``scores.csv``.

A row is one figure: of what (``part``), of whom (``who``), over which windows, events or records
(``over``), by which ``metric``, and of which ``fold``. The fold is a name, or

- ``pooled``: all folds together, with the interval from ``low`` to ``high`` over subjects;
- ``mean``: mean over the ``n`` folds in which the score is defined, with its ``sd``.

A figure that is undefined has no ``value`` and a ``reason``; a reason beside a value says why its
interval or sd is missing. Tables, cards and comparisons are queries on these rows.

=====================  ==================================  ========================================
part                   who                                 over
=====================  ==================================  ========================================
``windows``            ``model`` or a baseline             ``all``
``windows_at_half``    ``model``                           ``all``
``events``             ``model`` or a baseline             ``all``, ``n2n3``, ``record <name>``
``event_curve``        ``model``                           ``iou 0.1`` … ``iou 0.9``
``calibration``        ``model``                           ``bin 1`` … ``bin 10``
``maps``               an explainer                        ``true_positives``, ``positives``,
                                                           ``stage <name>``, ``rater <name>``,
                                                           ``subject <name>``
``faithfulness``       an explainer                        ``true_positives``, ``positives``
``deletion``,          an explainer                        ``share 0.00`` … ``share 1.00``
``insertion``
``sanity``             an explainer                        ``random_weights``, ``shuffled_labels``,
                                                           ``random_weights <layer>``
``sanity_maps``        an explainer                        ``random_weights``, ``shuffled_labels``
=====================  ==================================  ========================================
"""

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from functools import cached_property
from pathlib import Path

import pandas as pd

from xai_sleep.errors import InputError
from xai_sleep.results.stamp import Stamp
from xai_sleep.results.tables import read_table, write_table

MODEL, POOLED, MEAN = "model", "pooled", "mean"


def require_names(folds: Iterable[str]) -> None:
    """Refuse folds, and so subjects, that are called like what is said of all folds together."""
    for name in {POOLED, MEAN}.intersection(folds):
        raise InputError(
            f"a fold is called {name}, as is what tables say of all folds; rename the subject or "
            "record of that name, or use cv=kfold"
        )


@dataclass(frozen=True)
class Score:
    """One row; what is not known is None, or an empty text."""

    part: str
    who: str
    over: str
    metric: str
    fold: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    sd: float | None = None
    n: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Summary:
    """One score over the folds: the two rows that say it, and None where undefined."""

    metric: str
    pooled: float | None = None
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    sd: float | None = None
    folds: int = 0
    reason: str = ""
    mean_reason: str = ""

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval over subjects, if there is one."""
        return None if self.low is None or self.high is None else (self.low, self.high)


class Scores:
    """The table, in the order in which it was made.

    Parameters
    ----------
    rows : iterable of Score
        Each key (part, who, over, metric, fold) once.

    Raises
    ------
    ValueError
        If a figure is there twice.
    """

    def __init__(self, rows: Iterable[Score]) -> None:
        self.rows = tuple(rows)
        self._at = {self._key(row): row for row in self.rows}
        if len(self._at) < len(self.rows):
            seen = [self._key(row) for row in self.rows]
            twice = next(key for key in seen if seen.count(key) > 1)
            raise ValueError(f"the figure {' '.join(twice)} is there twice")

    @staticmethod
    def _key(row: Score) -> tuple[str, str, str, str, str]:
        return row.part, row.who, row.over, row.metric, row.fold

    def __iter__(self) -> Iterator[Score]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scores) and self.rows == other.rows

    __hash__ = None  # type: ignore[assignment]

    def one(
        self, part: str, metric: str, *, who: str = MODEL, over: str = "all", fold: str = POOLED
    ) -> Score:
        """Look up a figure; one that is not there is a row without a value."""
        key = (part, who, over, metric, fold)
        return self._at.get(key, Score(*key))

    def summary(self, part: str, metric: str, *, who: str = MODEL, over: str = "all") -> Summary:
        """Look up a score over the folds."""
        pooled = self.one(part, metric, who=who, over=over)
        mean = self.one(part, metric, who=who, over=over, fold=MEAN)
        return Summary(
            metric,
            pooled=pooled.value,
            low=pooled.low,
            high=pooled.high,
            mean=mean.value,
            sd=mean.sd,
            folds=mean.n or 0,
            reason=pooled.reason,
            mean_reason=mean.reason,
        )

    def select(self, **wanted: str) -> "Scores":
        """Keep the rows whose columns have the values given, as ``select(part="maps")``."""
        return Scores(r for r in self.rows if all(getattr(r, k) == v for k, v in wanted.items()))

    def distinct(self, column: str) -> list[str]:
        """List the values of a column, each once, in order."""
        return list(dict.fromkeys(getattr(row, column) for row in self.rows))

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The same as a data frame; undefined numbers are NaN."""
        columns = [each.name for each in fields(Score)]
        frame = pd.DataFrame([astuple(row) for row in self.rows], columns=columns)
        numbers = ["value", "low", "high", "sd"]
        return frame.astype(dict.fromkeys(numbers, "float64") | {"n": "Int64"})

    def write(self, path: Path, stamp: Stamp) -> None:
        """Write the table."""
        write_table(path, self.frame, stamp)

    @classmethod
    def read(cls, path: Path) -> "Scores":
        """Read what :meth:`write` wrote; InputError if the file is no such table."""
        texts = ("part", "who", "over", "metric", "fold", "reason")
        names = [each.name for each in fields(Score)]
        frame = read_table(path, {n: "str" if n in texts else "float64" for n in names})
        frame["n"] = frame["n"].astype("Int64")
        known = frame.astype(object).where(frame.notna(), None)
        return cls(Score(**dict(zip(names, row, strict=True))) for row in known.to_numpy())
