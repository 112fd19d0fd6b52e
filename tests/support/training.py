"""Folds trained for real on small recordings with bursts, and runs of them as they lie on disk."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
from pytorch_lightning.loggers.logger import DummyLogger

from tests.support.recordings import make_recording
from tests.support.runs import composed
from xai_sleep import __version__
from xai_sleep.detect.slide import input_of
from xai_sleep.experiment.training import (
    Plan,
    build_classifier,
    build_input,
    build_trainer,
    fit_and_test,
)
from xai_sleep.explain.attribution import make_explainers
from xai_sleep.explain.callback import GradCamCallback
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.recordings.recording import Recording
from xai_sleep.results.files import Leak, write_arrays
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.run import SCHEMA, RunRecord
from xai_sleep.schema import Config
from xai_sleep.windows.datamodule import FoldDataModule
from xai_sleep.windows.folds import Fold, leave_one_subject_out

SFREQ = 100.0


def night(name: str, seed: int, *, seconds: float = 180.0) -> Recording:
    """Noise with a burst of 13 Hz, 1 s long, about every 9 s."""
    onsets = np.arange(4.0 + seed, seconds - 2, 9.0)
    made = make_recording(
        name,
        seconds=seconds,
        sfreq=SFREQ,
        channels=("C3-A1",),
        events=[(onset, onset + 1) for onset in onsets],
        seed=seed,
    )
    time = np.arange(made.signals.shape[1]) / SFREQ
    for onset, end in made.events:
        made.signals[0, (time >= onset) & (time < end)] += 25 * np.sin(
            2 * np.pi * 13 * time[(time >= onset) & (time < end)]
        )
    return made


def nights() -> list[Recording]:
    """Three subjects."""
    return [night(name, seed) for seed, name in enumerate("abc")]


@dataclass(frozen=True, eq=False)
class Trained:
    """A fold that was trained and tested."""

    config: Config
    plan: Plan
    data: FoldDataModule
    classifier: EventClassifier
    explainer: GradCamCallback
    outcome: FoldOutcome


def settings(*overrides: str) -> Config:
    """Compose settings that are quick to train by."""
    return composed("trainer.max_epochs=2", *overrides)


def planned(config: Config) -> tuple[Plan, list[Fold]]:
    """Prepare the nights and divide them."""
    seen = build_input(config)
    prepared = [seen.prepare(one) for one in nights()]
    folds = leave_one_subject_out(prepared, val_blocks=4, window=5.0, guard=5.0, seed=0)
    return Plan(config, seen.store(prepared)), folds


def train(plan: Plan, fold: Fold, directory: Path) -> Trained:
    """Train and test on a fold; its files go to a directory."""
    config = plan.config
    pl.seed_everything(1, verbose=False)
    classifier = build_classifier(config)
    data = plan.data(fold, input_of(classifier))
    explainer = GradCamCallback(make_explainers(config.explain.methods))
    trainer = build_trainer(config, data, directory, logger=DummyLogger(), callbacks=[explainer])
    outcome = fit_and_test(trainer, classifier, data, config.detector)
    outcome = replace(outcome, maps=np.asarray(explainer.maps))
    write_arrays(directory / "test.npz", outcome.arrays())
    return Trained(config, plan, data, classifier, explainer, outcome)


def finished(path: Path, *overrides: str, leaks: tuple[Leak, ...] = ()) -> list[Trained]:
    """Train all folds and write what a finished run leaves for prediction."""
    config = settings("explain=none", *overrides)
    plan, folds = planned(config)
    trained = [train(plan, fold, path / "folds" / fold.name) for fold in folds]
    records = [one.outcome.record for one in trained]
    RunRecord(
        schema=SCHEMA,
        version=__version__,
        data="synthetic",
        source="made for tests",
        leaks=list(leaks),
        config=config,
        records=[],
        folds=[record for record in records if record],
        baselines=[],
        metrics=[],
        scores=[],
        command=None,
        commit=None,
        versions={},
        timing={},
    ).save(path)
    return trained
