"""Scores that tables of runs show, one a column."""

from dataclasses import dataclass

from xai_sleep.results.comparison import Row
from xai_sleep.results.scores import Summary


@dataclass(frozen=True)
class Column:
    """A score."""

    key: str  # in files
    part: str  # part, metric: see :mod:`xai_sleep.results.scores`
    metric: str
    head: str  # its label, broken where a terminal is short of columns

    @property
    def label(self) -> str:
        """On pages and axes, as ``precision`` and ``event F1``."""
        return self.head.replace("-\n", "").replace("\n", " ")

    def of(self, row: Row) -> Summary:
        """Look up the score of a run."""
        maps = self.part == "maps"
        return row.of_maps(self.metric) if maps else row.score(self.part, self.metric)


DECIDED = (
    Column("accuracy", "windows", "accuracy", "accu-\nracy"),
    Column("sensitivity", "windows", "sensitivity", "sensi-\ntivity"),
    Column("specificity", "windows", "specificity", "speci-\nficity"),
    Column("precision", "windows", "precision", "preci-\nsion"),
    Column("f1", "windows", "f1", "F1"),
)
KAPPA = Column("kappa", "windows", "kappa", "kappa")
AUROC = Column("auroc", "windows", "auroc", "AUROC")
EVENTS = Column("event_f1", "events", "f1", "event\nF1")
POINTING = Column("pointing", "maps", "pointing", "pointing\ngame")
CHANCE = Column("pointing_chance", "maps", "pointing_uniform", "chance")
OF_RUN = (*DECIDED, KAPPA, AUROC, EVENTS)
COMPARED = (*DECIDED, AUROC, EVENTS, POINTING)
