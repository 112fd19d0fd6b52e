"""One fold of an experiment: train, test, find events, explain, score.

A finished fold is read back instead, so that a run goes on where it stopped.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pytorch_lightning as pl
from pytorch_lightning.loggers import WandbLogger

from xai_sleep.detect.whole import input_of
from xai_sleep.evaluate.events import FoundEvents, event_metrics
from xai_sleep.evaluate.maps import fold_maps
from xai_sleep.evaluate.windows import FoldResult, score_windows
from xai_sleep.experiment.training import (
    Plan,
    build_classifier,
    build_trainer,
    fit_and_test,
    train_on_shuffled_labels,
)
from xai_sleep.explain.assessment import explain_fold
from xai_sleep.explain.attribution import make_explainers
from xai_sleep.explain.callback import GradCamCallback
from xai_sleep.progress import Progress
from xai_sleep.recordings.recording import Recording
from xai_sleep.report.figures import draw_examples
from xai_sleep.report.style import stamp
from xai_sleep.results.directory import RunDirectory
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.schema import Config
from xai_sleep.tracking.content import track_fold
from xai_sleep.tracking.runs import tracked_run
from xai_sleep.windows.folds import Fold
from xai_sleep.windows.images import Images

NO_MAPS = np.empty((0, 0), dtype=np.float16)


@dataclass(frozen=True, eq=False)
class Experiment:
    """What the folds of an experiment share.

    Parameters
    ----------
    config : Config
        The settings.
    source : str
        Where the recordings come from: ``dreams``, ``files`` or ``synthetic``.
    directory : RunDirectory
        Where results go.
    progress : Progress
        Where progress is shown.
    recordings : sequence of Recording
        Resampled, broad-band: what figures show.
    plan : Plan
        What training shares.
    """

    config: Config
    source: str
    directory: RunDirectory
    progress: Progress
    recordings: Sequence[Recording]
    plan: Plan

    @property
    def images(self) -> Images | None:
        """For a network that sees images."""
        return self.plan.store if isinstance(self.plan.store, Images) else None


def run_fold(experiment: Experiment, fold: Fold, number: int) -> FoldResult:
    """Train, test, explain and score one fold, unless that was done before."""
    config, directory = experiment.config, experiment.directory
    started = time.perf_counter()
    if directory.finished(fold.name):
        arrays, metrics = directory.read_fold(fold.name)
        outcome = FoldOutcome.stored(fold.name, arrays, None)
        return _old(experiment, outcome, metrics, outcome.maps, outcome.explained)
    # Each fold draws from a stream of its own, so a resumed run draws what an unbroken one does.
    seed = int(np.random.SeedSequence([config.seed, number]).generate_state(1)[0])
    pl.seed_everything(seed, verbose=False)
    classifier = build_classifier(config)
    data = experiment.plan.data(fold, input_of(classifier))
    explainer = GradCamCallback(make_explainers(config.explain.methods))
    epochs = experiment.progress.epochs(fold.name, config.trainer.max_epochs)
    with tracked_run(config, experiment.source, directory.path, fold.name) as tracked:
        trainer = build_trainer(
            config,
            data,
            directory.fresh_fold(fold.name),
            logger=WandbLogger(experiment=tracked),
            callbacks=[epochs, explainer],
        )
        outcome = fit_and_test(trainer, classifier, data, config.detector)
        maps = np.asarray(explainer.maps) if explainer.methods else NO_MAPS
        explained = {}
        if maps.size:
            path = directory.fold(fold.name) / "shuffled"
            shuffled = partial(train_on_shuffled_labels, experiment.plan, fold, path, seed)
            known = (classifier, data, explainer, outcome.detected, seed)
            explained = explain_fold(config.explain, *known, shuffled)
        outcome = replace(outcome, maps=maps, explained=explained)
        result = _old(experiment, outcome, _metrics(experiment, outcome), maps, explained)
        if maps.size and config.explain.figures:
            figures = directory.path / "figures"
            shown = (experiment.recordings, result, config.explain.figures)
            mark = stamp(experiment.source, config.leak.names)
            draw_examples(*shown, figures, images=experiment.images, mark=mark)
        track_fold(tracked, experiment.recordings, result, directory.path / "figures")
    metrics = {**result.metrics, "seconds": time.perf_counter() - started}
    directory.write_fold(fold.name, outcome.arrays(), metrics)
    return replace(result, metrics=metrics)


def _old(
    experiment: Experiment, outcome: FoldOutcome, metrics: Any, maps: Any, explained: Any
) -> FoldResult:
    assert outcome.events is not None
    assert outcome.probability is not None
    events = FoundEvents(**vars(outcome.events))
    result = FoldResult(
        outcome.name, outcome.windows, outcome.probability, maps, metrics, events, explained
    )
    if maps.size and "maps" not in metrics:
        own = fold_maps(experiment.recordings, result, experiment.config.explain.tolerance)
        result = replace(result, metrics={**metrics, "maps": own})
    return result


def _metrics(experiment: Experiment, outcome: FoldOutcome) -> dict[str, Any]:
    assert outcome.record is not None
    record, labels = asdict(outcome.record), outcome.windows.label
    assert outcome.events is not None
    assert outcome.probability is not None
    events = FoundEvents(**vars(outcome.events))
    counts = {part: record.pop(part) for part in ("train", "val", "test")}
    del record["leaks"], record["scores"], record["seconds"]
    return {
        **record,
        "windows": score_windows(labels, outcome.probability, record["threshold"]),
        "windows_at_half": score_windows(labels, outcome.probability, 0.5),
        "counts": counts,
        **event_metrics(experiment.plan.store.recordings, events, experiment.config.detector.iou),
    }
