"""One experiment from recordings to scores: the page to read first.

::

    recordings ─▶ folds ─▶ for each fold: fit ─▶ test ─▶ explain ─▶ score ─▶ tables and record
"""

import logging
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from rich.console import Console
from threadpoolctl import threadpool_limits

from xai_sleep import __version__
from xai_sleep.baselines.baseline import Baseline
from xai_sleep.baselines.measure import Measured, measure
from xai_sleep.baselines.trial import Trial
from xai_sleep.components import build, made
from xai_sleep.config import settled
from xai_sleep.evaluate.alignment import align
from xai_sleep.evaluate.curves import curves
from xai_sleep.evaluate.declared import declared
from xai_sleep.evaluate.events import listed
from xai_sleep.evaluate.judged import Judged, Judging
from xai_sleep.evaluate.maps import map_arrays
from xai_sleep.evaluate.records import describe
from xai_sleep.evaluate.score import score_run
from xai_sleep.experiment.fold import Experiment, run_fold
from xai_sleep.experiment.provenance import command, commit, versions
from xai_sleep.experiment.training import Plan, build_input
from xai_sleep.metrics.windows import WindowMetric
from xai_sleep.progress import Progress
from xai_sleep.recordings.filtering import prepare, require_long_enough
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.sources import DataSource, Wanted, simulator_of
from xai_sleep.results.directory import RunDirectory
from xai_sleep.results.files import write_arrays
from xai_sleep.results.finished import Finished
from xai_sleep.results.observer import Observer
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.run import FILE, SCHEMA, RunRecord
from xai_sleep.results.scores import require_names
from xai_sleep.results.stamp import Stamp
from xai_sleep.results.test_windows import TestWindows
from xai_sleep.schema import Config
from xai_sleep.windows.chosen import chosen, leaks, together
from xai_sleep.windows.folds import Fold
from xai_sleep.windows.inputs import Input
from xai_sleep.windows.practice import Practice

log = logging.getLogger(__name__)

MakeObserver = Callable[[Config, Stamp, Path], Observer]
"""From the settings, what results must say of themselves, and the directory of the run."""


def run(
    config: Config, observers: Sequence[MakeObserver] = (), console: Console | None = None
) -> RunRecord:
    """Run one experiment, or what is left of it, and write its files to ``config.output_dir``.

    Parameters
    ----------
    config : Config
        As returned by :func:`xai_sleep.config.validate`.
    observers : sequence of callables
        Make those who are told as it goes on: pages, tracking.
    console : Console, optional
        Where progress is shown.

    Returns
    -------
    RunRecord
        What is in ``results.json``.

    Raises
    ------
    InputError
        If a setting, a component or a file cannot be used.
    """
    _settle_down(config)
    practices = [build(Practice, f"leak.{name}", each) for name, each in config.leak.items()]
    practices = chosen(practices, config)
    seen = build_input(config)
    source = _source(config, seen)
    stamp = Stamp(source.name, leaks(practices))
    directory = RunDirectory(Path(config.output_dir), stamp)
    told = [make(config, stamp, directory.path) for make in observers]
    with (
        directory.claimed(asdict(settled(config))),
        Progress(console or Console(stderr=True)) as progress,
    ):
        if record := _finished_before(directory):
            return record
        raw = together(practices).recordings(source.read(_wanted(config, seen)))
        _check(config, seen, raw)
        directory.require_same(raw)
        recordings, inputs = _prepared(config, seen, raw, progress)
        plan = Plan(config, seen.store(inputs), together(practices))
        shared = (_judging(config), stamp, directory, progress, told)
        return _work(Experiment(plan, recordings, *shared), source)


def _work(experiment: Experiment, source: DataSource) -> RunRecord:
    """Run the folds that are not finished, and write the files of the whole run."""
    config, recordings = experiment.plan.config, experiment.recordings
    for observer in experiment.observers:
        observer.begun(recordings, experiment.images)
    folds = experiment.plan.practice.folds(divide(config, recordings), recordings, config)
    baselines = _compare(experiment, folds)
    _remember_images(experiment, folds)
    numbers = experiment.progress.each("folds", range(len(folds)), len(folds))
    outcomes = [run_fold(experiment, folds, number) for number in numbers]
    finished = _collect(experiment, outcomes, baselines, source)
    _write(experiment, finished)
    for observer in experiment.observers:
        observer.run_finished(finished)
    finished.record.save(experiment.directory.path)
    return finished.record


def divide(config: Config, recordings: Sequence[Recording]) -> list[Fold]:
    """Divide the scored time into folds."""
    divided = made("cv.divide", {**config.cv.divide, "_partial_": True})
    assert callable(divided)
    folds: list[Fold] = divided(recordings, window=config.task.window, seed=config.seed)
    require_names(fold.name for fold in folds)
    return folds


def _settle_down(config: Config) -> None:
    """Silence what says nothing to a user, and use as many threads as the settings say."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    # Lightning warns about its own use of torch, torchmetrics about validation windows of one class
    # (training then watches the loss), and both do so at every epoch of every fold.
    warnings.filterwarnings(
        "ignore", message=".*isinstance.treespec, LeafSpec", module="pytorch_lightning"
    )
    warnings.filterwarnings("ignore", message="No (posi|nega)tive samples", module="torchmetrics")
    torch.set_num_threads(config.threads)
    threadpool_limits(config.threads)  # of NumPy and SciPy, as jobs may share a machine


def _wanted(config: Config, seen: Input) -> Wanted:
    task = config.task
    return Wanted(
        event=task.event,
        channels=seen.channels,
        setting=seen.setting,
        sfreq=task.sfreq,
        seed=config.seed,
        simulator=simulator_of(task.simulator),
    )


def _source(config: Config, seen: Input) -> DataSource:
    """Choose where recordings come from, and say so where the settings leave a choice."""
    asked = build(DataSource, "data", config.data)
    source = asked.chosen(_wanted(config, seen))
    if source is not asked:
        log.warning("these are %s (%s)", source.describe(), asked.describe())
    return source


def _check(config: Config, seen: Input, raw: Sequence[Recording]) -> None:
    """Refuse recordings that the filters, a window or the network cannot do with."""
    for one in raw:
        place = f"record {one.record}"
        require_long_enough(one, place, bands=seen.bands, window=config.task.window)
    seen.check(raw)


def _prepared(
    config: Config, seen: Input, raw: Sequence[Recording], progress: Progress
) -> tuple[list[Recording], list[Recording]]:
    """Resample recordings: broad-band, as figures show them, and as the network sees them."""
    band = (config.task.band[0], config.task.band[1])
    both = [
        (prepare(one, sfreq=config.task.sfreq, bands=[band]), seen.prepare(one))
        for one in progress.each("records", raw, len(raw))
    ]
    return [broad for broad, _ in both], [inputs for _, inputs in both]


def _judging(config: Config) -> Judging:
    return Judging(
        iou=config.detector.iou,
        tolerance=config.explain.tolerance,
        methods=tuple(config.explain.methods),
        further=tuple(
            build(WindowMetric, f"metrics.{name}", each) for name, each in config.metrics.items()
        ),
    )


def _finished_before(directory: RunDirectory) -> RunRecord | None:
    """Record of the run, which is written last, if this version wrote it."""
    if not (directory.path / FILE).exists():
        return None
    record = RunRecord.load(directory.path)
    return record if record.version == __version__ else None


def _compare(experiment: Experiment, folds: Sequence[Fold]) -> Measured:
    """Score the baselines on the test windows; they do not depend on the network."""
    config, task = experiment.plan.config, experiment.plan.config.task
    baselines = {
        name: build(Baseline, f"baselines.{name}", each) for name, each in config.baselines.items()
    }
    own = (task.window, task.min_overlap, config.seed, experiment.judging)
    measured = measure(baselines, Trial(experiment.recordings, folds, *own))
    for baseline in measured.records:
        if baseline.skipped:
            log.info("baseline %s left out: %s", baseline.name, baseline.skipped)
    return measured


def _remember_images(experiment: Experiment, folds: Sequence[Fold]) -> None:
    """Compute the images that folds share: of all folds, so a resumed run sees the same ones."""
    if not all(experiment.directory.finished(fold.name) for fold in folds):
        seen = build_input(experiment.plan.config)
        data = [experiment.plan.data(fold, seen) for fold in folds]
        experiment.plan.store.remember([part for d in data for part in (d.train, d.val)])


def _collect(
    experiment: Experiment,
    outcomes: Sequence[FoldOutcome],
    baselines: Measured,
    source: DataSource,
) -> Finished:
    """Put together what the run found."""
    config, recordings, judging = experiment.plan.config, experiment.recordings, experiment.judging
    judged = Judged(recordings, outcomes, judging)
    folds = [outcome.record for outcome in outcomes if outcome.record is not None]
    record = RunRecord(
        schema=SCHEMA,
        version=__version__,
        data=source.name,
        source=source.describe(),
        leaks=list(experiment.stamp.leaks),
        config=settled(config),
        records=describe(recordings),
        folds=folds,
        baselines=baselines.records,
        metrics=declared(judging.further),
        scores=[*score_run(judged), *baselines.scores],
        command=command(),
        commit=commit(),
        versions=versions(),
        timing={fold.name: fold.seconds for fold in folds},
    )
    return Finished(
        record=record,
        recordings=recordings,
        outcomes=outcomes,
        windows=TestWindows.of(recordings, outcomes),
        events=listed(judged),
        curves=curves(outcomes),
        aligned=align(recordings, outcomes),
        images=experiment.images,
    )


def _write(experiment: Experiment, finished: Finished) -> None:
    """Write the tables and arrays of the whole run."""
    path, stamp = experiment.directory.path, experiment.stamp
    finished.windows.write(path / "predictions.csv", stamp)
    finished.events.write(path / "events.csv", stamp)
    finished.scores.write(path / "scores.csv", stamp)
    write_arrays(path / "activation.npz", finished.activation_arrays, stamp)
    if finished.explained:
        judged = Judged(finished.recordings, finished.outcomes, experiment.judging)
        write_arrays(path / "maps.npz", map_arrays(judged), stamp)
