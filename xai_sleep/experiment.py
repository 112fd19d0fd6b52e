"""One experiment from recordings to scores: the page to read first.

::

    recordings ─▶ folds ─▶ for each fold: fit ─▶ test ─▶ explain ─▶ score ─▶ summary
"""

import json
import logging
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import WandbLogger
from rich.console import Console
from threadpoolctl import threadpool_limits

from xai_sleep import __version__
from xai_sleep.baselines.catalogue import measure
from xai_sleep.baselines.scores import baselines_csv
from xai_sleep.baselines.trial import Trial
from xai_sleep.config import Config
from xai_sleep.data.datamodule import FoldDataModule
from xai_sleep.data.filtering import require_enough
from xai_sleep.data.folds import Fold, k_fold, leave_one_subject_out
from xai_sleep.data.images import Images, warn_of_empty_rows
from xai_sleep.data.load import data_source, load
from xai_sleep.data.recording import Recording
from xai_sleep.explain.callback import GradCamCallback
from xai_sleep.explaining import explain_fold
from xai_sleep.fold_events import find_events
from xai_sleep.leaks import carry_weights, lead_astray, leaky, score_oversampled
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.progress import Progress
from xai_sleep.report.drawing import stamp
from xai_sleep.report.event_results import (
    FoundEvents,
    activation_arrays,
    events_csv,
    summarise_events,
)
from xai_sleep.report.explanations import explainer_summary
from xai_sleep.report.figures import draw_examples
from xai_sleep.report.leaky import mark_files, marking
from xai_sleep.report.map_groups import all_maps, fold_maps
from xai_sleep.report.results import (
    SCHEMA,
    FoldResult,
    describe,
    predictions_csv,
    results_csv,
    summary,
)
from xai_sleep.report.run_report import write_report
from xai_sleep.report.tables import run_table
from xai_sleep.run_directory import RunDirectory, write_arrays, write_json, write_text
from xai_sleep.tracking.content import track_fold, track_summary
from xai_sleep.tracking.runs import experiment_name, require_login, sync_command, tracked_run
from xai_sleep.training import (
    bands_seen,
    build_classifier,
    build_images,
    build_trainer,
    channels_wanted,
    fit_and_test,
    fold_data,
    prepared,
    sees_images,
    train_on_shuffled_labels,
)

log = logging.getLogger(__name__)

NO_MAPS = np.empty((0, 0), dtype=np.float16)

SOURCE_CHOSEN = {
    "synthetic": "no DREAMS records in %s: these are SIMULATED recordings (data.root or "
    "XAI_SLEEP_DREAMS names the folder of the real ones; data=synthetic says you mean it)",
    "dreams": "DREAMS records found in %s",
}


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


def run(config: Config, console: Console | None = None) -> dict[str, Any]:
    """Run one experiment, or what is left of it, and write its files to ``config.output_dir``.

    Parameters
    ----------
    config : Config
        As returned by :func:`xai_sleep.config.validate`.
    console : Console, optional
        Where progress and the table are shown.

    Returns
    -------
    dict
        The content of ``results.json``.

    Raises
    ------
    InputError
        If a setting or a file cannot be used.
    """
    console = console or Console(stderr=True)
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    # Lightning warns about its own use of torch, torchmetrics about validation windows of one class
    # (training then watches the loss), and both do so at every epoch of every fold.
    warnings.filterwarnings(
        "ignore", message=".*isinstance.treespec, LeafSpec", module="pytorch_lightning"
    )
    warnings.filterwarnings("ignore", message="No (posi|nega)tive samples", module="torchmetrics")
    torch.set_num_threads(config.threads)
    threadpool_limits(config.threads)  # of NumPy and SciPy, as jobs may share a machine
    require_login(config.logger)
    source = data_source(config.data.name, config.data.root, config.task.event)
    if source != config.data.name:
        log.warning(SOURCE_CHOSEN[source], config.data.root)
    directory = RunDirectory(Path(config.output_dir))
    with directory.claimed(_settings(config, source)), Progress(console) as progress:
        found = finished_before(directory) or work(config, source, directory, progress)
    title = "\n".join([_title(config, source), *config.leak.names])
    table = run_table(title, found["folds"], found["summary"], found.get("baselines", {}))
    console.print(table)
    console.print(f"results in {directory.path}")
    if command := sync_command(directory.path):
        words = f"to show this run on Weights & Biases: {command}"
        console.print(words, markup=False, highlight=False, soft_wrap=True)
    return found


def finished_before(directory: RunDirectory) -> dict[str, Any] | None:
    """Content of ``results.json``, which is written last, if this version wrote it."""
    file = directory.path / "results.json"
    if not file.exists():
        return None
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found if (found["schema"], found["version"]) == (SCHEMA, __version__) else None


def work(
    config: Config, source: str, directory: RunDirectory, progress: Progress
) -> dict[str, Any]:
    """Run the folds that are not finished and write the files of the whole run."""
    recordings, inputs = read(config, source, progress)
    images = build_images(config, recordings) if sees_images(config) else None
    experiment = Experiment(config, source, directory, progress, recordings, inputs, images)
    folds = leaky(divide(config, recordings), config, recordings)
    baselines = compare(config, recordings, folds)
    remember_images(experiment, folds)
    results = [
        run_fold(experiment, fold, number)
        for number, fold in progress.each("folds", enumerate(folds), len(folds))
    ]
    found = collect(experiment, results)
    if baselines:
        found["baselines"] = baselines
    write(experiment, results, found)
    return found


def read(
    config: Config, source: str, progress: Progress
) -> tuple[list[Recording], list[Recording]]:
    """Load the recordings and resample them: broad-band, and in the bands the network sees."""
    task, data = config.task, config.data
    channels, setting = channels_wanted(config)
    raw = load(
        source,
        root=data.root,
        event=task.event,
        channels=channels,
        expert=data.expert,
        records=data.records,
        subjects=data.subjects,
        minutes=data.minutes,
        sfreq=task.sfreq,
        seed=config.seed,
        scored=data.scored,
        event_names=data.event_names,
        setting=setting,
    )
    for one in raw:
        require_enough(one, f"record {one.record}", bands=bands_seen(config), window=task.window)
    if sees_images(config):
        warn_of_empty_rows(raw, min(task.image_band[1], task.sfreq / 2))
    raw = lead_astray(raw, config.leak.names)
    both = [prepared(config, one) for one in progress.each("records", raw, len(raw))]
    return [broad for broad, _ in both], [inputs for _, inputs in both]


def divide(config: Config, recordings: Sequence[Recording]) -> list[Fold]:
    """Divide the scored time into folds."""
    cv, window = config.cv, config.task.window
    if cv.scheme == "loso":
        return leave_one_subject_out(
            recordings, val_blocks=cv.val_blocks, window=window, guard=cv.guard, seed=config.seed
        )
    return k_fold(recordings, k=cv.folds, window=window, guard=cv.guard, seed=config.seed)


def compare(
    config: Config, recordings: Sequence[Recording], folds: Sequence[Fold]
) -> dict[str, Any]:
    """Score the baselines on the test windows; they do not depend on the network."""
    task = config.task
    trial = Trial(
        recordings,
        folds,
        task.event,
        task.window,
        task.min_overlap,
        config.seed,
        config.detector.iou,
    )
    found = measure(trial, config.baselines.names)
    for name, baseline in found.items():
        if "skipped" in baseline:
            log.info("baseline %s left out: %s", name, baseline["skipped"])
    return found


def remember_images(experiment: Experiment, folds: Sequence[Fold]) -> None:
    """Compute the images that folds share: of all folds, so a resumed run sees the same ones."""
    finished = all(experiment.directory.finished(fold.name) for fold in folds)
    if experiment.images and not finished:
        data = [fold_data(experiment.config, experiment.inputs, fold) for fold in folds]
        experiment.images.remember([part for d in data for part in (d.train, d.val)])


def run_fold(experiment: Experiment, fold: Fold, number: int) -> FoldResult:
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
    carry_weights(classifier, fold, directory.path / "folds")
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
        metrics |= marking(config.leak.names) | scores
        metrics |= score_oversampled(classifier, data, probability, metrics["threshold"])
        maps = np.asarray(explainer.maps) if explainer.methods else NO_MAPS
        result = FoldResult(fold.name, data.test, probability, maps, metrics, found)
        if maps.size:
            metrics["maps"] = fold_maps(experiment.recordings, result, config.explain.tolerance)
            result = judge(experiment, data, classifier, explainer, result, seed)
        if maps.size and config.explain.figures:
            figures = directory.path / "figures"
            shown = (experiment.recordings, result, config.explain.figures)
            mark = stamp(experiment.source, config.leak.names)
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


def collect(experiment: Experiment, results: Sequence[FoldResult]) -> dict[str, Any]:
    """Content of ``results.json``; all that depends on the clock stands under ``timing``."""
    explain = experiment.config.explain
    return {
        "schema": SCHEMA,
        "version": __version__,
        "data": experiment.source,
        **marking(experiment.config.leak.names),
        "config": _settings(experiment.config, experiment.source),
        "records": describe(experiment.recordings),
        "folds": [
            {key: value for key, value in result.metrics.items() if key != "seconds"}
            for result in results
        ],
        "summary": {
            **summary(experiment.recordings, results, explain.tolerance),
            **summarise_events(
                experiment.recordings,
                [result.found for result in results],
                [result.metrics for result in results],
                experiment.config.detector.iou,
            ),
            **explainer_summary(experiment.recordings, results, explain.methods, explain.tolerance),
        },
        "timing": {result.name: result.metrics["seconds"] for result in results},
    }


def write(experiment: Experiment, results: Sequence[FoldResult], found: dict[str, Any]) -> None:
    """Write tables, maps and figures of the whole run, and ``results.json`` last."""
    path, recordings = experiment.directory.path, experiment.recordings
    write_text(path / "predictions.csv", predictions_csv(recordings, results))
    write_text(path / "results.csv", results_csv(results))
    if "baselines" in found:
        write_text(path / "baselines.csv", baselines_csv(found["baselines"]))
    found_events = {result.name: result.found for result in results}
    iou = experiment.config.detector.iou
    write_text(path / "events.csv", events_csv(recordings, found_events, iou))
    write_arrays(
        path / "activation.npz", activation_arrays(recordings, list(found_events.values()))
    )
    if all(result.maps.size for result in results):
        write_arrays(path / "maps.npz", all_maps(recordings, results))
    mark_files(path, experiment.config.leak.names)
    write_report(path, found, recordings, results, experiment.images)
    with tracked_run(experiment.config, experiment.source, path) as tracked:
        track_summary(tracked, found, results, path / "figures")
    write_json(path / "results.json", found)


def _settings(config: Config, source: str) -> dict[str, Any]:
    """Select what the results depend on: not where files are written, nor who watches."""
    settings = asdict(config)
    settings["data"]["name"] = source
    if not config.leak.names:
        del settings["leak"]
    if source != "files":
        del settings["data"]["scored"], settings["data"]["event_names"]
    del settings["output_dir"], settings["logger"], settings["data"]["image_cache"]
    return settings


def _title(config: Config, source: str) -> str:
    return f"{experiment_name(config)} ({source} data)"
