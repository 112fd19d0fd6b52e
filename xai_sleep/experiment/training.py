"""One fold at work: fresh weights, early stopping, threshold, test, events.

When to stop, which weights to keep, and the threshold are chosen on validation windows.
"""

import gc
import math
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.utilities.exceptions import MisconfigurationException
from numpy.typing import NDArray
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from pytorch_lightning.loggers import Logger
from pytorch_lightning.loggers.logger import DummyLogger
from torch.utils.data import DataLoader

from xai_sleep.components import Component, made
from xai_sleep.detect.search import find_events
from xai_sleep.detect.slide import input_of
from xai_sleep.errors import InputError
from xai_sleep.metrics.windows import choose_threshold, decide
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.models.contract import TimedNetwork, input_kind
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.run import ChosenDetector, Count, FoldRecord, History, Numbers
from xai_sleep.schema import Config, DetectorConfig
from xai_sleep.windows.datamodule import FoldDataModule
from xai_sleep.windows.folds import Fold
from xai_sleep.windows.images import Store
from xai_sleep.windows.inputs import Input
from xai_sleep.windows.practice import Practice

LOGGED = ("train/loss", "val/loss", "val/average_precision")


@dataclass(frozen=True, eq=False)
class Plan:
    """What the training of all folds shares."""

    config: Config  # the settings
    store: Store  # windows of the recordings, as the input prepares them
    practice: Practice = field(default_factory=Practice)  # how folds are worked on

    def data(self, fold: Fold, seen: Input, shuffled: int | None = None) -> FoldDataModule:
        """Make the loaders of a fold; nothing is computed before their ``setup``.

        With ``shuffled`` experts' marks, which would still tell, are not shown.
        """
        task, trainer, balance = self.config.task, self.config.trainer, self.config.balance
        return FoldDataModule(
            self.store,
            fold,
            seen,
            step=task.step,
            min_overlap=task.min_overlap,
            sampler=balance.sampler,
            noise=balance.noise,
            memory=balance.memory,
            batch_size=trainer.batch_size,
            seed=self.config.seed,
            shift=trainer.shift,
            marks=trainer.marks > 0 and shuffled is None,
            practice=self.practice,
            shuffled=shuffled,
        )


def input_settings(config: Config) -> Component:
    """Choose the input that the network wants, or raise InputError if it is not there."""
    kind = input_kind(config.model)
    if kind not in config.input:
        sees = f"model._target_={config.model['_target_']} sees {kind!r} (its input_kind)"
        remedy = "correct it, or add a YAML of that name to input=[…]"
        raise InputError(f"{sees}, but input has {', '.join(config.input)}; {remedy}")
    return config.input[kind]


def build_input(config: Config) -> Input:
    """Make what the network sees, as in the settings."""
    seen = made("input", settings := input_settings(config))
    if not isinstance(seen, Input):
        here = f"{Input.__module__}.{Input.__name__}"
        raise InputError(f"input: {settings['_target_']} is no Input; derive it from {here}")
    return seen


def build_classifier(config: Config) -> EventClassifier:
    """Fresh network, ready to be trained."""
    seen = dict(input_settings(config))
    names = ("learning_rate", "weight_decay", "marks")
    settings = {name: getattr(config.trainer, name) for name in names}
    classifier = EventClassifier(config.model, seen, **settings)
    network = classifier.network
    if config.detector.activation == "evidence" and not isinstance(network, TimedNetwork):
        lacking = f"{type(network).__name__} gives no evidence over time"
        remedy = "choose another activation or another model"
        raise InputError(f"detector.activation=evidence, but {lacking}; {remedy}")
    return classifier


class Epochs(pl.Callback):
    """Keeps what each epoch logged; a score only if validation windows hold both classes."""

    def __init__(self, *, ranked: bool) -> None:
        self.ranked = ranked
        self.values: dict[str, Numbers] = {key: [] for key in LOGGED}  # one an epoch

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Note the epoch; its validation was before."""
        for key, values in self.values.items():
            value = float(trainer.callback_metrics.get(key, math.nan))
            defined = math.isfinite(value) and (self.ranked or key != "val/average_precision")
            values.append(value if defined else None)


def build_trainer(
    config: Config,
    data: FoldDataModule,
    directory: Path,
    *,
    logger: Logger,
    callbacks: Sequence[pl.Callback] = (),
) -> pl.Trainer:
    """Trainer that stops early and keeps the best or the last weights, by validation alone."""
    # Without both classes in validation there is no ranking to improve, but there is a loss.
    ranked = 0 < data.val.label.sum() < len(data.val)
    monitor, mode = ("val/average_precision", "max") if ranked else ("val/loss", "min")
    stop = EarlyStopping(monitor, mode=mode, patience=config.trainer.patience)
    keep = ModelCheckpoint(
        directory,
        "model",
        monitor=monitor if config.trainer.keep == "best" else None,
        mode=mode,
        save_weights_only=True,
        enable_version_counter=False,
    )
    try:
        return pl.Trainer(
            logger=logger,
            max_epochs=config.trainer.max_epochs,
            accelerator=config.trainer.accelerator,
            devices=1,
            deterministic=True,
            inference_mode=False,
            num_sanity_val_steps=0,
            log_every_n_steps=1,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[*callbacks, Epochs(ranked=ranked), stop, keep],
            # Lightning would take the tasks of a SLURM job for its own.
            plugins=[LightningEnvironment()],
        )
    except MisconfigurationException as error:
        said = f"{config.trainer.accelerator}, but Lightning says: {error}"
        raise InputError(f"trainer.accelerator is {said} Use trainer.accelerator=cpu") from error


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C be an interruption: Lightning makes it exit code 1 and deafens the process."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as error:
        if not isinstance(error.__context__, KeyboardInterrupt):
            raise
        signal.signal(signal.SIGINT, handler)
        raise KeyboardInterrupt from error


def collect_garbage() -> None:
    """Free what refers to itself in circles; Ctrl-C waits, as what is raised meanwhile is lost."""
    asked: list[int] = []
    try:
        handler = signal.signal(signal.SIGINT, lambda number, _: asked.append(number))
    except ValueError:  # another thread than the main one is not interrupted
        gc.collect()
        return
    gc.collect()
    signal.signal(signal.SIGINT, handler)
    if asked:
        signal.raise_signal(signal.SIGINT)


@interruptible()
def fit_and_test(
    trainer: pl.Trainer, classifier: EventClassifier, data: FoldDataModule, detector: DetectorConfig
) -> FoldOutcome:
    """Fit, choose the threshold, test, find events; ``model.ckpt`` then holds it all."""
    trainer.fit(classifier, datamodule=data)
    trainer.test(classifier, datamodule=data, ckpt_path="best", weights_only=True, verbose=False)
    validated = predicted(trainer, classifier, data.val_dataloader())
    threshold = choose_threshold(data.val.label, validated)
    classifier.threshold.fill_(threshold)
    probability = predicted(trainer, classifier, data.test_dataloader())
    events, choice = find_events(detector, data, classifier)
    keep = cast("ModelCheckpoint", trainer.checkpoint_callback)
    callbacks: list[pl.Callback] = trainer.callbacks  # type: ignore[attr-defined]
    epochs = next(each for each in callbacks if isinstance(each, Epochs))
    trainer.save_checkpoint(keep.best_model_path, weights_only=True)
    found = {name: getattr(choice, name) for name in ("chosen_on", "f1", "events")}
    chosen = ChosenDetector(**asdict(choice.detector), **found)
    scores = epochs.values["val/average_precision"]  # of weights kept: the best or the last
    known = (score for score in scores if score is not None)
    train, val, test = (Count(len(part), int(part.label.sum())) for part in data.parts)
    record = FoldRecord(
        *(data.fold.name, threshold, train, val, test),
        first_loss=classifier.first_loss,
        epochs=trainer.current_epoch,
        val_average_precision=scores[-1] if keep.monitor is None else max(known, default=None),
        history=History(*epochs.values.values()),
        detector=chosen,
        train_of=data.training_windows if data.training_windows > len(data.train) else None,
    )
    detected = decide(probability, threshold)
    return FoldOutcome(data.fold.name, data.test, detected, probability, events, record=record)


@interruptible()
def train_on_shuffled_labels(plan: Plan, fold: Fold, directory: Path, seed: int) -> EventClassifier:
    """Train a fresh network on permuted labels, otherwise as :func:`fit_and_test`."""
    pl.seed_everything(seed, verbose=False)
    classifier = build_classifier(plan.config)
    data = plan.data(fold, input_of(classifier), shuffled=seed)
    trainer = build_trainer(plan.config, data, directory, logger=DummyLogger())
    trainer.fit(classifier, datamodule=data)
    best = torch.load(cast("ModelCheckpoint", trainer.checkpoint_callback).best_model_path)
    classifier.load_state_dict(best["state_dict"])
    return classifier


def predicted(
    trainer: pl.Trainer, classifier: EventClassifier, loader: DataLoader[Any]
) -> NDArray[np.float32]:
    """Probability of an event in each window of a loader, shape (window,)."""
    batches = cast("list[torch.Tensor]", trainer.predict(classifier, loader))
    return np.asarray(torch.cat(batches).cpu())
