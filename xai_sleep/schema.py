"""The settings of an experiment: their names, types and bounds.

YAML under ``conf/`` holds the values; :mod:`xai_sleep.config` checks them against each other.
"""

import math
from dataclasses import dataclass, field
from typing import Any, TypeVar

from omegaconf import MISSING

T = TypeVar("T")
Component = dict[str, Any]


@dataclass(frozen=True)
class Bound:
    """The smallest and the largest number a setting may be; ``above`` is not allowed itself."""

    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None

    def refuses(self, value: float) -> str:
        """Say what the value must be instead; empty if it is right."""
        if self.at_least is not None and not value >= self.at_least:
            return f"at least {self.at_least:g}"
        if self.above is not None and not value > self.above:
            return f"greater than {self.above:g}"
        if self.at_most is not None and not value <= self.at_most:
            return f"at most {self.at_most:.15g}"
        return "" if abs(value) < math.inf else "a finite number"


def _number(default: T, **bound: float) -> T:
    chosen: T = field(default=default, metadata={"bound": Bound(**bound)})
    return chosen


def _one_of(*options: str, default: str = MISSING) -> str:
    chosen: str = field(default=default, metadata={"options": options})
    return chosen


@dataclass
class TaskConfig:
    """What is looked for, in which channels, and how windows are cut."""

    name: str = MISSING
    event: str = MISSING
    channels: list[list[str]] = MISSING
    sfreq: float = _number(MISSING, above=0)
    band: list[float] = MISSING
    input_bands: list[Any] | None = None  # lists of float, but OmegaConf would refuse whole numbers
    window: float = _number(MISSING, above=0)
    step: float = _number(MISSING, above=0)
    min_overlap: float = _number(0.0, at_least=0)
    scale: str = _one_of("record", "train", default="record")
    image: str = _one_of("coherence", "scalogram")
    image_channels: dict[str, list[list[str]] | None] = MISSING
    image_band: list[float] = MISSING
    image_size: int = _number(128, at_least=2)
    image_semantics: str = _one_of("pycwt", "grinsted", default="pycwt")
    simulator: Component | None = None
    rule: Component | None = None


@dataclass
class CvConfig:
    """How subjects and time are divided into folds."""

    scheme: str = MISSING
    divide: Component = MISSING
    val_blocks: int = _number(8, at_least=2)
    folds: int = _number(10, at_least=2)
    guard: float = _number(5.0, at_least=0)


@dataclass
class BalanceConfig:
    """How the classes of the training windows are evened out."""

    sampler: Component | None = None
    noise: float = _number(0.0, at_least=0)
    memory: float = _number(1.0, above=0)


@dataclass
class ExplainConfig:
    """How test windows are explained."""

    methods: dict[str, Component] = field(default_factory=dict)
    figures: int = _number(3, at_least=0)
    tolerance: float = _number(0.0, at_least=0)
    faithfulness: bool = True
    sanity: bool = True
    assessed: int = _number(2000, at_least=1)
    shuffled_labels: bool = False


@dataclass
class DetectorConfig:
    """How events are found with a sliding window."""

    activation: str = _one_of("probability", "relevance", "product", "evidence", "auto")
    map: Component = MISSING
    step: float = _number(MISSING, above=0)
    iou: float = _number(MISSING, above=0, at_most=1)
    min_events: int = _number(MISSING, at_least=0)
    hours: float = _number(24.0, above=0)


@dataclass
class TrainerConfig:
    """How a network is trained."""

    max_epochs: int = _number(MISSING, at_least=1)
    patience: int = _number(MISSING, at_least=1)
    keep: str = _one_of("best", "last", default="best")
    batch_size: int = _number(MISSING, at_least=2)
    learning_rate: float = _number(MISSING, above=0)
    weight_decay: float = _number(0.0, at_least=0)
    shift: bool = True
    marks: float = _number(0.0, at_least=0, at_most=1)
    accelerator: str = _one_of("cpu", "gpu", "auto", default="cpu")


@dataclass
class CacheConfig:
    """Where signals and images go that would take too much memory; in GiB."""

    folder: str = ""
    size: float = _number(100.0, above=0)
    signals: float = _number(0.5, at_least=0)
    images: float = _number(2.0, at_least=0)


@dataclass
class LoggerConfig:
    """Where a run is shown."""

    mode: str = _one_of("offline", "online", "disabled", default="offline")
    project: str = "xai_sleep"
    entity: str | None = None
    group: str | None = None


@dataclass
class Config:
    """One experiment."""

    task: TaskConfig = field(default_factory=TaskConfig)
    model: Component = MISSING
    input: dict[str, Component] = field(default_factory=dict)
    cv: CvConfig = field(default_factory=CvConfig)
    data: Component = MISSING
    marks: dict[str, Component] = field(default_factory=dict)
    balance: BalanceConfig = field(default_factory=BalanceConfig)
    explain: ExplainConfig = field(default_factory=ExplainConfig)
    metrics: dict[str, Component] = field(default_factory=dict)
    baselines: dict[str, Component] = field(default_factory=dict)
    detector: DetectorConfig = field(default_factory=DetectorConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    leak: dict[str, Component] = field(default_factory=dict)
    logger: LoggerConfig = field(default_factory=LoggerConfig)
    cache: CacheConfig = field(default_factory=CacheConfig)
    seed: int = _number(0, at_least=0, at_most=2**32 - 1)
    threads: int = _number(1, at_least=1, at_most=1024)
    output_dir: str = MISSING
