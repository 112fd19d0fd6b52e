"""The settings of an experiment: their names and types.

YAML under ``conf/`` holds the values; :mod:`xai_sleep.config` checks them.
"""

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING


@dataclass
class TaskConfig:
    """What is looked for, in which channels, and how windows are cut."""

    name: str = MISSING
    event: str = MISSING
    channels: list[list[str]] = MISSING
    sfreq: float = MISSING
    band: list[float] = MISSING
    # Each of [low, high]; not list[list[float]], for which OmegaConf refuses whole numbers.
    input_bands: list[Any] | None = None
    window: float = MISSING
    step: float = MISSING
    min_overlap: float = 0.0
    scale: str = "record"
    image: str = MISSING
    image_channels: dict[str, list[list[str]]] = MISSING
    image_band: list[float] = MISSING
    image_size: int = 128
    image_semantics: str = "pycwt"
    simulator: dict[str, Any] | None = None
    rule: dict[str, Any] | None = None


@dataclass
class CvConfig:
    """How subjects and time are divided into folds."""

    scheme: str = MISSING
    val_blocks: int = 8
    folds: int = 10
    guard: float = 5.0


@dataclass
class BalanceConfig:
    """How the classes of the training windows are evened out."""

    sampler: dict[str, Any] | None = None
    noise: float = 0.0


@dataclass
class ExplainConfig:
    """How test windows are explained."""

    methods: list[str] = MISSING
    figures: int = 3
    tolerance: float = 0.0
    faithfulness: bool = True
    sanity: bool = True
    shuffled_labels: bool = False


@dataclass
class BaselinesConfig:
    """What the network is compared with: names of :data:`xai_sleep.config.BASELINES`."""

    names: list[str] = field(default_factory=list)


@dataclass
class LeakConfig:
    """Mistakes made on purpose, to measure them: names of :mod:`xai_sleep.leaks.names`."""

    names: list[str] = field(default_factory=list)


@dataclass
class DetectorConfig:
    """How events are found with a sliding window."""

    activation: str = MISSING
    map: str = "gradcam"
    step: float = MISSING
    iou: float = MISSING
    min_events: int = MISSING


@dataclass
class TrainerConfig:
    """How a network is trained."""

    max_epochs: int = MISSING
    patience: int = MISSING
    keep: str = "best"
    batch_size: int = MISSING
    learning_rate: float = MISSING
    weight_decay: float = 0.0
    shift: bool = True
    marks: float = 0.0
    accelerator: str = "cpu"


@dataclass
class LoggerConfig:
    """Where a run is shown; ``mode`` is offline, online or disabled."""

    mode: str = "offline"
    project: str = "xai_sleep"
    entity: str | None = None
    group: str | None = None


@dataclass
class Config:
    """One experiment."""

    task: TaskConfig = field(default_factory=TaskConfig)
    model: dict[str, Any] = MISSING
    cv: CvConfig = field(default_factory=CvConfig)
    data: dict[str, Any] = MISSING
    balance: BalanceConfig = field(default_factory=BalanceConfig)
    explain: ExplainConfig = field(default_factory=ExplainConfig)
    baselines: BaselinesConfig = field(default_factory=BaselinesConfig)
    detector: DetectorConfig = field(default_factory=DetectorConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    leak: LeakConfig = field(default_factory=LeakConfig)
    logger: LoggerConfig = field(default_factory=LoggerConfig)
    seed: int = 0
    threads: int = 1
    output_dir: str = MISSING
