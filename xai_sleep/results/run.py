"""The record of a run, ``results.json``, and of each of its folds: settings, provenance, scores.

Nobody else opens these files. All that depends on the clock stands under ``timing``.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import PlainSerializer, TypeAdapter, ValidationError

from xai_sleep.errors import InputError
from xai_sleep.metrics.metric import Metric
from xai_sleep.results.files import write_text
from xai_sleep.results.scores import Score, Scores
from xai_sleep.results.stamp import Leak, Stamp
from xai_sleep.schema import Config

SCHEMA = 2
FILE = "results.json"

Numbers = list[float | None]


def _said(score: Score) -> dict[str, str | float | int]:
    """Leave out what a score does not say: that would be most of the file."""
    return {name: value for name, value in asdict(score).items() if value not in (None, "")}


Row = Annotated[Score, PlainSerializer(_said)]
T = TypeVar("T")


@dataclass(frozen=True)
class Count:
    """Windows of a part of a fold, and how many hold an event."""

    windows: int
    positive: int


@dataclass(frozen=True)
class History:
    """One value an epoch; None where undefined."""

    train_loss: Numbers
    val_loss: Numbers
    val_average_precision: Numbers


@dataclass(frozen=True)
class ChosenDetector:
    """How a fold makes events of an activation, and what that was chosen by.

    Parameters
    ----------
    activation : str
        What it looks at.
    smooth, high, low_ratio, min_duration, max_duration, merge_gap : float
        See :class:`xai_sleep.detect.detector.Detector`.
    chosen_on : str
        The time that was looked at.
    f1 : float or None
        Of events there; None where there were none to choose by.
    events : int
        How many there were.
    """

    activation: str
    smooth: float
    high: float
    low_ratio: float
    min_duration: float
    max_duration: float
    merge_gap: float
    chosen_on: str
    f1: float | None
    events: int


@dataclass(frozen=True)
class FoldRecord:
    """How a network was trained on a fold, ``metrics.json``: a fold that has one is finished.

    Parameters
    ----------
    name : str
        Of the fold.
    threshold : float
        Probability from which a window is called positive.
    train, val, test : Count
        Windows of each part.
    first_loss : float or None
        Of the very first batch: near ln 2 where weights are fresh.
    epochs : int
        Trained.
    val_average_precision : float or None
        Of the weights kept; None where validation windows are of one class.
    history : History
        Every epoch.
    detector : ChosenDetector
        Of events.
    leaks : list of str
        Mistakes made on purpose.
    scores : list of Score
        Further figures that only this fold can have.
    seconds : float
        It took.
    """

    name: str
    threshold: float
    train: Count
    val: Count
    test: Count
    first_loss: float | None
    epochs: int
    val_average_precision: float | None
    history: History
    detector: ChosenDetector
    leaks: list[str] = field(default_factory=list)
    scores: list[Row] = field(default_factory=list)
    seconds: float = 0.0

    def save(self, path: Path) -> None:
        """Write the file by rename."""
        _save(self, path)

    @classmethod
    def load(cls, path: Path) -> "FoldRecord":
        """Read what :meth:`save` wrote; InputError if the file is damaged or missing."""
        return _load(cls, path)


@dataclass(frozen=True)
class RecordSummary:
    """A recording that was worked on; no signal and nothing personal.

    Parameters
    ----------
    record, subject : str
        Names.
    seconds, scored_seconds : float
        Length, and how much of it was scored.
    events, scored_events : int
        Marked in all, and those whose midpoint lies in scored time: only they count.
    notes : list of str
        What the reader dropped, cut or merged.
    """

    record: str
    subject: str
    seconds: float
    scored_seconds: float
    events: int
    scored_events: int
    notes: list[str]


@dataclass(frozen=True)
class BaselineRecord:
    """A baseline of a run.

    Parameters
    ----------
    name : str
        In tables.
    description : str
        What it is, in a sentence.
    skipped : str
        Why it was left out; empty where it was not.
    parameters : dict of str to dict
        By fold what was chosen in training.
    """

    name: str
    description: str
    skipped: str = ""
    parameters: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class RunRecord:
    """All that a run says of itself.

    Parameters
    ----------
    schema, version : int, str
        Of this file and of the package.
    data : str
        Source of the recordings: ``dreams``, ``files``, ``synthetic`` or a user's own.
    source : str
        What the source says of itself, in a sentence.
    leaks : list of Leak
        Mistakes made on purpose.
    config : Config
        Settings that results depend on.
    records : list of RecordSummary
        What was worked on.
    folds : list of FoldRecord
        One a fold.
    baselines : list of BaselineRecord
        Compared with, or left out.
    metrics : list of Metric
        What the names of scores mean.
    scores : list of Score
        Every figure: see :attr:`table`.
    command, commit : str or None
        How the run was called, and by which state of the code.
    versions : dict of str to str
        Of Python and packages.
    timing : dict of str to float
        Seconds of each fold.
    """

    schema: int
    version: str
    data: str
    source: str
    leaks: list[Leak]
    config: Config
    records: list[RecordSummary]
    folds: list[FoldRecord]
    baselines: list[BaselineRecord]
    metrics: list[Metric]
    scores: list[Row]
    command: str | None
    commit: str | None
    versions: dict[str, str]
    timing: dict[str, float]

    @property
    def table(self) -> Scores:
        """The scores, to be asked."""
        return Scores(self.scores)

    @property
    def stamp(self) -> Stamp:
        """What output of this run must say of itself."""
        return Stamp(self.data, tuple(self.leaks))

    @property
    def model(self) -> str:
        """Class of the network."""
        return str(self.config.model["_target_"]).rpartition(".")[2]

    def metric(self, name: str) -> Metric:
        """Look up what a score is called; one that is not declared is called by its name."""
        declared = {metric.name: metric for metric in self.metrics}
        return declared.get(name, Metric(name, name.replace("_", " ")))

    def save(self, run: Path) -> None:
        """Write the record of a run directory by rename."""
        _save(self, run / FILE)

    @classmethod
    def load(cls, run: Path) -> "RunRecord":
        """Read the record of a run directory.

        Raises
        ------
        InputError
            If there is none, it is damaged, or another version of the schema wrote it.
        """
        return _load(cls, run / FILE)


def _save(record: FoldRecord | RunRecord, path: Path) -> None:
    text = TypeAdapter(type(record)).dump_json(record, indent=1)
    write_text(path, text.decode("utf-8") + "\n")


def _load(kind: type[T], path: Path) -> T:
    try:
        return TypeAdapter(kind).validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            f"{path.parent} holds no {path.name}; name the directory of a finished run"
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(
            f"{path} is damaged or was written by another version of xai_sleep "
            f"({' '.join(filter(None, [where, first['msg']]))}); copy it again or repeat the run"
        ) from None
