"""Every figure of a run in one tidy table: ``scores.csv``.

A row is one figure: of what (``part``), of whom (``who``), over which windows, events or records
(``over``), by which ``metric``, and of which ``fold``: a name, ``pooled`` (all folds together, with
the interval from ``low`` to ``high`` over subjects) or ``mean`` (over the ``n`` folds in which the
score is defined, with its ``sd``). What is undefined has no ``value`` and a ``reason``; a reason
beside a value says why its interval or sd is missing.

===========================  =======================  ==============================================
part                         who                      over
===========================  =======================  ==============================================
``windows``                  ``model`` or a baseline  ``all``
``windows_at_half``          ``model``                ``all``
``events``                   ``model`` or a baseline  ``all``, ``n2n3``, ``record <name>``
``event_curve``              ``model``                ``iou 0.1`` … ``iou 0.9``, ``n2n3 iou 0.1`` …
``calibration``              ``model``                ``bin 1`` … ``bin 10``
``maps``                     an explainer             ``true_positives``, ``positives``; ``stage``,
                                                      ``rater``, ``subject`` with a name
``faithfulness``             an explainer             ``true_positives``, ``positives``
``deletion``, ``insertion``  an explainer             ``share 0.00`` … ``share 1.00``
``sanity``                   an explainer             ``random_weights``, ``shuffled_labels``,
                                                      ``random_weights <layer>``
``sanity_maps``              an explainer             ``random_weights``, ``shuffled_labels``
===========================  =======================  ==============================================
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Self

import pandas as pd

from xai_sleep.errors import InputError
from xai_sleep.results.files import Stamp, read_table, write_table

MODEL, POOLED, MEAN = "model", "pooled", "mean"


def require_names(folds: Iterable[str]) -> None:
    """Refuse folds, and so subjects, that are called like what is said of all folds together."""
    for name in {POOLED, MEAN}.intersection(folds):
        said = f"a fold is called {name}, as is what tables say of all folds"
        raise InputError(f"{said}; rename the subject or record of that name, or use cv=kfold")


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

    @property
    def key(self) -> tuple[str, ...]:
        """What it is a figure of."""
        return self.part, self.who, self.over, self.metric, self.fold


TEXTS = ("part", "who", "over", "metric", "fold", "reason")
TYPES = {each.name: str if each.name in TEXTS else float for each in fields(Score)}


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


class Scores(tuple[Score, ...]):
    """The table, in the order in which it was made; ValueError if a figure is there twice."""

    def __new__(cls, rows: Iterable[Score]) -> Self:
        """Check that no figure is there twice."""
        made = super().__new__(cls, rows)
        if len(made._at) < len(made):
            ((twice, _),) = Counter(row.key for row in made).most_common(1)
            raise ValueError(f"the figure {' '.join(twice)} is there twice")
        return made

    @cached_property
    def _at(self) -> dict[tuple[str, ...], Score]:
        return {row.key: row for row in self}

    def one(
        self, part: str, metric: str, *, who: str = MODEL, over: str = "all", fold: str = POOLED
    ) -> Score:
        """Look up a figure; one that is not there is a row without a value."""
        key = (part, who, over, metric, fold)
        return self._at.get(key, Score(*key))

    def summary(self, part: str, metric: str, *, who: str = MODEL, over: str = "all") -> Summary:
        """Look up a score over the folds."""
        p, m = (self.one(part, metric, who=who, over=over, fold=fold) for fold in (POOLED, MEAN))
        ends = (p.value, p.low, p.high, m.value, m.sd)
        return Summary(metric, *ends, m.n or 0, p.reason, m.reason)

    def select(self, **wanted: str) -> "Scores":
        """Keep the rows whose columns have the values given, as ``select(part="maps")``."""
        return Scores(r for r in self if all(getattr(r, k) == v for k, v in wanted.items()))

    def distinct(self, column: str) -> list[str]:
        """List the values of a column, each once, in order."""
        return list(dict.fromkeys(getattr(row, column) for row in self))

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The same as a data frame; undefined numbers are NaN."""
        frame = pd.DataFrame([astuple(row) for row in self], columns=list(TYPES))
        numbers = {name: kind for name, kind in TYPES.items() if kind is float}
        return frame.astype(numbers | {"n": "Int64"})

    def write(self, path: Path, stamp: Stamp) -> None:
        """Write the table."""
        write_table(path, self.frame, stamp)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what :meth:`write` wrote; InputError if the file is no such table."""
        frame = read_table(path, TYPES).astype({"n": "Int64"})
        known = frame.astype(object).where(frame.notna(), None)
        return cls(Score(*row) for row in known.to_numpy())


@dataclass(frozen=True, eq=False)
class Row:
    """A run, or a baseline of one."""

    run: str  # its directory; empty for a baseline
    data: str  # source of its recordings; of the user's own with the folder they are in
    task: str
    cv: str
    model: str  # class of the network, or the baseline's name
    folds: int  # number of folds
    scores: Scores  # of its run
    stamp: Stamp = field(default_factory=Stamp)  # what must be said of it
    who: str = MODEL  # whose scores count, ``model`` or a baseline
    explainer: str = ""  # whose maps count; empty where nothing was explained

    @property
    def is_baseline(self) -> bool:
        """Whether it is no network."""
        return self.who != MODEL

    @property
    def name(self) -> str:
        """Task, model and cross-validation, marked where there are leaks."""
        leaks = [leak.name for leak in self.stamp.leaks]
        said = leaks if len(leaks) < 2 else [f"{len(leaks)} leaks"]
        return self.stamp.marked(" ".join([self.task, self.model, self.cv, *said]))

    def score(self, part: str, metric: str, over: str = "all") -> Summary:
        """Look up a score of windows or events."""
        return self.scores.summary(part, metric, who=self.who, over=over)

    def of_maps(self, metric: str, over: str = "true_positives") -> Summary:
        """Look up a score of maps; a baseline has none."""
        who = "" if self.is_baseline else self.explainer
        return self.scores.summary("maps", metric, who=who, over=over)


@dataclass(frozen=True)
class Difference:
    """One score of two runs, the first less the second."""

    part: str  # ``windows`` or ``events``
    metric: str
    first: float  # first, second: pooled over subjects
    second: float
    low: float | None  # low, high: ends of the 95 % interval of the difference over subjects
    high: float | None
    p: float | None  # of the permutation test
    subjects: int  # that the test could use

    @property
    def difference(self) -> float:
        """The first less the second."""
        return self.first - self.second


@dataclass(frozen=True)
class Pair:
    """Two runs by their numbers in the list, and their differences."""

    first: int
    second: int
    differences: tuple[Difference, ...]
