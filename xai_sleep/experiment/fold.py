"""One fold of an experiment: train, test, find events, explain, score."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytorch_lightning as pl
from pytorch_lightning.loggers.logger import DummyLogger

from xai_sleep.detect.slide import input_of
from xai_sleep.evaluate.judged import Judged, Judging, Rows
from xai_sleep.evaluate.score import score_fold
from xai_sleep.evaluate.windows import Called
from xai_sleep.experiment import training
from xai_sleep.explain.assessment import explain_fold
from xai_sleep.explain.attribution import make_explainers
from xai_sleep.explain.callback import GradCamCallback
from xai_sleep.metrics.windows import decide
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.progress import Progress
from xai_sleep.recordings.cache import mapped
from xai_sleep.recordings.recording import Recording
from xai_sleep.results.directory import RunDirectory
from xai_sleep.results.files import Stamp
from xai_sleep.results.finished import Observer
from xai_sleep.results.outcome import MAPS, FoldOutcome
from xai_sleep.results.run import FoldRecord, RecordSummary
from xai_sleep.results.scores import MODEL, Score, Scores
from xai_sleep.windows.datamodule import FoldDataModule
from xai_sleep.windows.folds import Fold
from xai_sleep.windows.images import Images


@dataclass(frozen=True, eq=False)
class Experiment:
    """What the folds of an experiment share."""

    plan: training.Plan  # what training shares: settings, windows, practice
    recordings: Sequence[Recording]  # resampled, broad-band: what figures show
    records: Sequence[RecordSummary]  # what was understood of them
    judging: Judging  # by what outcomes are scored
    stamp: Stamp  # what results must say of themselves
    directory: RunDirectory  # where results go
    progress: Progress  # where progress is shown
    observers: Sequence[Observer]  # who is told

    @property
    def images(self) -> Images | None:
        """What the network sees, if it sees images."""
        return self.plan.store if isinstance(self.plan.store, Images) else None


def run_fold(experiment: Experiment, folds: Sequence[Fold], number: int) -> FoldOutcome:
    """Train, test, explain and score one of the folds, unless that was done before."""
    plan, directory, fold = experiment.plan, experiment.directory, folds[number]
    if directory.finished(fold.name):
        return directory.read_fold(fold.name)
    started = time.perf_counter()
    training.collect_garbage()  # the last fold's trainer and data, which know one another
    # Each fold draws from a stream of its own, so a resumed run draws what an unbroken one does.
    seed = int(np.random.SeedSequence([plan.config.seed, number]).generate_state(1)[0])
    pl.seed_everything(seed, verbose=False)
    classifier = training.build_classifier(plan.config)
    before = directory.fold(folds[number - 1].name) / "model.ckpt" if number else None
    if weights := plan.practice.start(before):
        classifier.start_from(weights)
    data = plan.data(fold, input_of(classifier))
    data.watch = partial(experiment.progress.passing, f"windows of {fold.name}")
    path = directory.fresh_fold(fold.name)
    explainer = GradCamCallback(make_explainers(plan.config.explain.methods), path / MAPS)
    epochs = experiment.progress.epochs(fold.name, plan.config.trainer.max_epochs)
    with ExitStack() as stack:
        loggers = [stack.enter_context(each.fold(fold.name)) for each in experiment.observers]
        logger = next(filter(None, loggers), DummyLogger())
        callbacks = [epochs, explainer]
        trainer = training.build_trainer(
            plan.config, data, path, logger=logger, callbacks=callbacks
        )
        outcome = training.fit_and_test(trainer, classifier, data, plan.config.detector)
        data.forget_training()
        outcome = replace(outcome, record=_noted(experiment, outcome, trainer, classifier, data))
        if explainer.maps.numel():
            maps = mapped(path / MAPS) if explainer.filed else explainer.maps.numpy()
            own = (plan, fold, path / "shuffled", seed)
            shuffled = partial(training.train_on_shuffled_labels, *own)
            seen = (classifier, data, explainer, outcome.detected)
            explained = explain_fold(plan.config.explain, *seen, seed, shuffled)
            outcome = replace(outcome, maps=maps, explained=explained)
            explainer.by_method.clear()  # Lightning's loops would keep them
        scores = Scores(score_fold(Judged(experiment.recordings, [outcome], experiment.judging)))
        for observer in experiment.observers:
            observer.fold_finished(outcome, scores)
    assert outcome.record is not None
    record = replace(outcome.record, seconds=time.perf_counter() - started)
    outcome = replace(outcome, record=record)
    directory.write_fold(outcome)
    return outcome


def _noted(
    experiment: Experiment,
    outcome: FoldOutcome,
    trainer: pl.Trainer,
    classifier: EventClassifier,
    data: FoldDataModule,
) -> FoldRecord:
    """Note leaks in the record, and scores of synthetic windows that a leak lets into the test."""
    record, scores = outcome.record, list[Score]()
    assert record is not None
    if data.held_out is not None:
        synthetic = training.predicted(trainer, classifier, data.held_out_dataloader())
        labels = np.concatenate([outcome.windows.label, data.held_out[1]])
        every = np.concatenate([outcome.probabilities.astype(np.float32), synthetic])
        called = Called(labels, every, decide(every, record.threshold))
        scores = called.rows(Rows("windows_oversampled", MODEL), outcome.name)
    leaks = [leak.name for leak in experiment.stamp.leaks]
    return replace(record, leaks=leaks, scores=scores)
