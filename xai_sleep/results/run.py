"""The record of a run, and of each of its folds: nobody else opens these files."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import PlainSerializer, TypeAdapter, ValidationError

from xai_sleep.detect.detector import Detector
from xai_sleep.errors import InputError
from xai_sleep.metrics.metric import Metric
from xai_sleep.results.files import Leak, Stamp, write_text
from xai_sleep.results.scores import Score, Scores
from xai_sleep.schema import Config

SCHEMA = 2
FILE = "results.json"

Numbers = list[float | None]


def _said(score: Score) -> dict[str, str | float | int]:
    """Leave out what a score does not say: that would be most of the file."""
    return {name: value for name, value in asdict(score).items() if value not in (None, "")}


Row = Annotated[Score, PlainSerializer(_said)]


class Record:
    """What is kept as a file of a directory."""

    file: ClassVar[str]

    def save(self, directory: Path) -> None:
        """Write the file by rename."""
        text = TypeAdapter(type(self)).dump_json(self, indent=1)
        write_text(directory / self.file, text.decode("utf-8") + "\n")

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read what :meth:`save` wrote; InputError if that is missing or damaged."""
        path = directory / cls.file
        try:
            return TypeAdapter(cls).validate_json(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            said = f"{directory} holds no {path.name}; name the directory of a finished run"
            raise InputError(said) from None
        except ValidationError as error:
            first = error.errors()[0]
            said = " ".join(filter(None, [".".join(map(str, first["loc"])), first["msg"]]))
            said = f"damaged or was written by another version of xai_sleep ({said})"
            raise InputError(f"{path} is {said}; copy it again or repeat the run") from None


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


@dataclass(frozen=True, kw_only=True)
class ChosenDetector(Detector):
    """How a fold makes events of an activation, and what that was chosen by."""

    chosen_on: str  # the time that was looked at
    f1: float | None  # of events there; None where there were none to choose by
    events: int  # how many there were


@dataclass(frozen=True)
class FoldRecord(Record):
    """How a network was trained on a fold, ``metrics.json``: a fold that has one is finished."""

    file = "metrics.json"

    name: str  # of the fold
    threshold: float  # probability from which a window is called positive
    train: Count  # train, val, test: windows of each part
    val: Count
    test: Count
    first_loss: float | None  # of the very first batch: near ln 2 where weights are fresh
    epochs: int  # trained
    # of the weights kept; None where validation windows are of one class
    val_average_precision: float | None
    history: History  # every epoch
    detector: ChosenDetector  # of events
    leaks: list[str] = field(default_factory=list)  # mistakes made on purpose
    scores: list[Row] = field(default_factory=list)  # further figures that only this fold can have
    seconds: float = 0.0  # it took
    # training windows there are, where but some of them, chosen at random, trained (balance.memory)
    train_of: int | None = None


@dataclass(frozen=True)
class RaterSummary:
    """What one rater, human or program, did in a recording."""

    name: str
    scored_seconds: float  # looked at
    events: int  # marked


@dataclass(frozen=True)
class RecordSummary:
    """A recording that was worked on; no signal and nothing personal."""

    record: str
    subject: str
    seconds: float  # seconds, scored_seconds: length, and how much of it was scored
    scored_seconds: float
    events: int  # marked in all
    scored_events: int  # those whose midpoint lies in scored time: only they count
    notes: list[str]  # what the reader dropped, cut or merged
    raters: list[RaterSummary] = field(default_factory=list)
    kinds: dict[str, int] = field(default_factory=dict)  # rows of marks by what they are called
    stages: dict[str, float] = field(default_factory=dict)  # minutes of each
    channels: list[str] = field(default_factory=list)  # as the file calls them
    sfreq: float = 0.0  # in Hz, of the file
    shift: float | None = None  # s by which marks look late; None: they do not
    odd: list[str] = field(default_factory=list)  # what a user should look at


@dataclass(frozen=True)
class BaselineRecord:
    """A baseline of a run."""

    name: str  # in tables
    description: str  # what it is, in a sentence
    skipped: str = ""  # why it was left out; empty where it was not
    # by fold what was chosen in training
    parameters: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class RunRecord(Record):
    """All that a run says of itself."""

    file = FILE

    schema: int  # schema, version: of this file and of the package
    version: str
    data: str  # source of the recordings: ``dreams``, ``files``, ``synthetic`` or a user's own
    source: str  # what the source says of itself, in a sentence
    leaks: list[Leak]  # mistakes made on purpose
    config: Config  # settings that results depend on
    records: list[RecordSummary]  # what was worked on
    folds: list[FoldRecord]  # one a fold
    baselines: list[BaselineRecord]  # compared with, or left out
    metrics: list[Metric]  # what the names of scores mean
    scores: list[Row]  # every figure: see :attr:`table`
    command: str | None  # command, commit: how the run was called, and by which state of the code
    commit: str | None
    versions: dict[str, str]  # of Python and packages
    timing: dict[str, float]  # seconds of each fold: nothing else depends on the clock

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
