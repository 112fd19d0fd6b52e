"""Many runs side by side: a row each, and pairs of those that were tested on the same windows."""

from dataclasses import dataclass, field

from xai_sleep.results.scores import MODEL, Scores, Summary
from xai_sleep.results.stamp import Stamp


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
