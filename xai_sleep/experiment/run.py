"""One experiment from recordings to scores: the page to read first.

::

    recordings ─▶ folds ─▶ for each fold: fit ─▶ test ─▶ explain ─▶ score ─▶ summary
"""

import json
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from threadpoolctl import threadpool_limits

from xai_sleep import __version__
from xai_sleep.baselines.catalogue import measure
from xai_sleep.baselines.trial import Trial
from xai_sleep.evaluate.windows import SCHEMA
from xai_sleep.experiment.files import collect, settings_of, write
from xai_sleep.experiment.fold import Experiment, run_fold
from xai_sleep.experiment.training import (
    bands_seen,
    build_images,
    channels_wanted,
    fold_data,
    prepared,
    sees_images,
)
from xai_sleep.leaks.practices import lead_astray, leaky
from xai_sleep.progress import Progress
from xai_sleep.recordings.filtering import require_fast_enough, require_long_enough
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.sources import Wanted, data_source, simulator
from xai_sleep.report.tables import run_table
from xai_sleep.results.directory import RunDirectory
from xai_sleep.schema import Config
from xai_sleep.tracking.runs import experiment_name, require_login, sync_command
from xai_sleep.windows.folds import Fold, k_fold, leave_one_subject_out
from xai_sleep.windows.images import warn_of_empty_rows

log = logging.getLogger(__name__)


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
    asked = data_source(config.data)
    chosen = asked.chosen(wanted(config))
    if chosen is not asked:
        log.warning("these are %s, %s", chosen.describe(), asked.describe())
    source = chosen.name
    directory = RunDirectory(Path(config.output_dir))
    with directory.claimed(settings_of(config, source)), Progress(console) as progress:
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
    recordings, inputs = read(config, progress)
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


def wanted(config: Config) -> Wanted:
    """Say what is asked of the source of recordings."""
    task = config.task
    channels, setting = channels_wanted(config)
    made = simulator(task.simulator)
    return Wanted(task.event, channels, setting, task.sfreq, config.seed, made)


def read(config: Config, progress: Progress) -> tuple[list[Recording], list[Recording]]:
    """Load the recordings and resample them: broad-band, and in the bands the network sees."""
    task = config.task
    raw = data_source(config.data).read(wanted(config))
    bands = bands_seen(config)
    for one in raw:
        place = f"record {one.record}"
        require_long_enough(one, place, bands=bands, window=task.window)
        if not sees_images(config):
            require_fast_enough(one, place, bands=bands)
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


def _title(config: Config, source: str) -> str:
    return f"{experiment_name(config)} ({source} data)"
