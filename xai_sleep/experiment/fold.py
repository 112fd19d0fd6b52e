"""One fold of an experiment: train, test, find events, explain, score.

A finished fold is read back instead, so that a run goes on where it stopped.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import WandbLogger

from xai_sleep.detect.search import find_events
from xai_sleep.evaluate.events import FoundEvents
from xai_sleep.evaluate.maps import fold_maps
from xai_sleep.evaluate.windows import FoldResult
from xai_sleep.experiment.training import (
    build_classifier,
    build_trainer,
    fit_and_test,
    fold_data,
    practice_of,
    score_held_out,
    train_on_shuffled_labels,
)
from xai_sleep.explain.assessment import explain_fold
from xai_sleep.explain.callback import GradCamCallback
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.progress import Progress
from xai_sleep.recordings.recording import Recording
from xai_sleep.report.figures import draw_examples
from xai_sleep.report.style import stamp
from xai_sleep.results.directory import RunDirectory
from xai_sleep.results.leaky import marking
from xai_sleep.schema import Config
from xai_sleep.tracking.content import track_fold
from xai_sleep.tracking.runs import tracked_run
from xai_sleep.windows.datamodule import FoldDataModule
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
    inputs : sequence of Recording
        The same as the network sees them: every channel once per band.
    images : Images or None
        For a network that sees images.
    """

    config: Config
    source: str
    directory: RunDirectory
    progress: Progress
    recordings: Sequence[Recording]
    inputs: Sequence[Recording]
    images: Images | None


def run_fold(experiment: Experiment, fold: Fold, number: int, before: str | None) -> FoldResult:
    """Train, test, explain and score one fold, unless that was done before."""
    config, directory = experiment.config, experiment.directory
    started = time.perf_counter()
    data = fold_data(config, experiment.inputs, fold, experiment.images)
    if directory.finished(fold.name):
        arrays, metrics = directory.read_fold(fold.name)
        found = FoundEvents.stored(arrays)
        kept = (arrays["probability"], arrays["maps"], metrics, found, arrays)
        return FoldResult(fold.name, data.test, *kept)
    # Each fold draws from a stream of its own, so a resumed run draws what an unbroken one does.
    seed = int(np.random.SeedSequence([config.seed, number]).generate_state(1)[0])
    pl.seed_everything(seed, verbose=False)
    data.setup()
    classifier = build_classifier(config, experiment.inputs, experiment.images)
    weights = None if before is None else directory.fold(before) / "model.ckpt"
    if start := practice_of(config).start(weights):
        classifier.load_state_dict(torch.load(start, weights_only=True)["state_dict"])
    explainer = GradCamCallback(config.explain.methods)
    epochs = experiment.progress.epochs(fold.name, config.trainer.max_epochs)
    with tracked_run(config, experiment.source, directory.path, fold.name) as tracked:
        trainer = build_trainer(
            config,
            data,
            directory.fresh_fold(fold.name),
            logger=WandbLogger(experiment=tracked),
            callbacks=[epochs, explainer],
        )
        probability, metrics = fit_and_test(trainer, classifier, data)
        found, scores = find_events(config, data, classifier)
        metrics |= marking(list(config.leak)) | scores
        metrics |= score_held_out(classifier, data, probability, metrics["threshold"])
        maps = np.asarray(explainer.maps) if explainer.methods else NO_MAPS
        result = FoldResult(fold.name, data.test, probability, maps, metrics, found)
        if maps.size:
            metrics["maps"] = fold_maps(experiment.recordings, result, config.explain.tolerance)
            result = judge(experiment, data, classifier, explainer, result, seed)
        if maps.size and config.explain.figures:
            figures = directory.path / "figures"
            shown = (experiment.recordings, result, config.explain.figures)
            mark = stamp(experiment.source, list(config.leak))
            draw_examples(*shown, figures, images=experiment.images, mark=mark)
        track_fold(tracked, experiment.recordings, result, directory.path / "figures")
    metrics["seconds"] = time.perf_counter() - started
    arrays = {"probability": probability, "maps": maps, **result.explained}
    arrays |= {**found.arrays(), **data.learnt}
    directory.write_fold(fold.name, arrays, metrics)
    return result


def judge(
    experiment: Experiment,
    data: FoldDataModule,
    classifier: EventClassifier,
    explainer: GradCamCallback,
    result: FoldResult,
    seed: int,
) -> FoldResult:
    """Add to a result what the maps of its fold are worth."""
    config, fold = experiment.config, data.fold
    own = (config, experiment.inputs, fold, experiment.images)
    path = experiment.directory.fold(fold.name) / "shuffled"
    shuffled = partial(train_on_shuffled_labels, *own, path, seed)
    detected = result.probability >= result.threshold
    known = (classifier, data, explainer.found, detected, seed)
    return replace(result, explained=explain_fold(config.explain, *known, shuffled))
