"""One experiment from recordings to scores: the page to read first.

::

    recordings ─▶ folds ─▶ for each fold: fit ─▶ test ─▶ explain ─▶ score ─▶ tables and record
"""

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar, cast

import torch
from rich.console import Console
from threadpoolctl import threadpool_limits

from xai_sleep import __version__
from xai_sleep.baselines.baseline import Baseline, Measured, Trial, measure
from xai_sleep.components import Component, build, made, target
from xai_sleep.config import settled
from xai_sleep.evaluate import alignment, events, maps, score, windows
from xai_sleep.evaluate.declared import declared
from xai_sleep.evaluate.judged import Judged, Judging
from xai_sleep.evaluate.understood import compared
from xai_sleep.experiment.fold import Experiment, run_fold
from xai_sleep.experiment.prepared import prepared
from xai_sleep.experiment.provenance import command, commit, versions
from xai_sleep.experiment.reading import described, source_of
from xai_sleep.experiment.training import Plan, build_classifier, build_input
from xai_sleep.explain.attribution import make_explainer, make_explainers
from xai_sleep.metrics.windows import WindowMetric
from xai_sleep.progress import Progress
from xai_sleep.recordings.cache import Cache
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.sources import DataSource
from xai_sleep.results.directory import RunDirectory
from xai_sleep.results.files import Stamp, write_arrays
from xai_sleep.results.finished import Finished, Observer
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.run import FILE, SCHEMA, RecordSummary, RunRecord
from xai_sleep.results.scores import require_names
from xai_sleep.results.test_windows import TestWindows
from xai_sleep.schema import Config
from xai_sleep.windows.folds import Fold
from xai_sleep.windows.practice import Practice, chosen, leaks, together

log = logging.getLogger(__name__)
T = TypeVar("T")

MakeObserver = Callable[[Config, Stamp, Path], Observer]  # the path is the directory of the run


def run(
    config: Config, observers: Sequence[MakeObserver] = (), console: Console | None = None
) -> RunRecord:
    """Run one experiment, or what is left of it, and write its files to ``config.output_dir``.

    ``config`` is checked by :func:`xai_sleep.config.validate`. InputError if a component, a setting
    or a file cannot be used; components are tried out before any recording is read.
    """
    _settle_down(config)
    practices = chosen(_each(Practice, "leak", config.leak).values(), config)
    practice, seen = together(practices), build_input(config)
    _try_out(config)
    further, methods = _each(WindowMetric, "metrics", config.metrics), tuple(config.explain.methods)
    declared(further.values())  # refuses a name that is taken
    rules = (config.detector.iou, config.explain.tolerance)
    judging = Judging(*rules, methods, tuple(further.values()))
    baselines = _each(Baseline, "baselines", config.baselines)
    task, (source, wanted) = config.task, source_of(config, seen)
    stamp = Stamp(source.name, leaks(practices))
    directory = RunDirectory(Path(config.output_dir), stamp)
    told = [make(config, stamp, directory.path) for make in observers]
    bars = Progress(console or Console(stderr=True))
    with directory.claimed(asdict(settled(config))), bars as progress:
        if (directory.path / FILE).exists():  # it is written last
            record = RunRecord.load(directory.path)
            if record.version == __version__:
                return record
        understood: list[RecordSummary] = []
        stream = progress.each("records", source.read(wanted), lambda: source.expected)
        raw = practice.recordings(described(stream, config, understood))
        cache = Cache(Path(config.cache.folder).expanduser(), config.cache.size)
        ready = prepared(raw, task, seen, cache, config.cache.signals)
        directory.require_same(ready.prints)
        understood = compared(understood)
        for observer in told:
            observer.understood(understood)
        store = seen.store(ready.inputs, cache, config.cache.images)
        shown = (ready.recordings, understood)
        plan = Plan(config, store, practice)
        experiment = Experiment(plan, *shown, judging, stamp, directory, progress, told)
        return _work(experiment, baselines, source)


def _work(
    experiment: Experiment, baselines: Mapping[str, Baseline], source: DataSource
) -> RunRecord:
    """Run the folds that are not finished, and write the files of the whole run."""
    config, recordings = experiment.plan.config, experiment.recordings
    for observer in experiment.observers:
        observer.begun(recordings, experiment.images)
    folds = experiment.plan.practice.folds(divide(config, recordings), recordings, config)
    own = (config.task.window, config.task.min_overlap, config.seed, experiment.judging)
    measured = measure(baselines, Trial(recordings, folds, *own))
    for each in measured.records:
        if each.skipped:
            log.info("baseline %s left out: %s", each.name, each.skipped)
    if not all(experiment.directory.finished(fold.name) for fold in folds):
        # Images that folds share are computed of all folds, so a resumed run sees the same ones.
        seen = build_input(config)
        data = (experiment.plan.data(fold, seen) for fold in folds)
        experiment.plan.store.remember(part for d in data for part in (d.train, d.val))
    numbers = experiment.progress.each("folds", range(len(folds)), len(folds))
    outcomes = [run_fold(experiment, folds, number) for number in numbers]
    finished = _collect(experiment, outcomes, measured, source)
    for observer in experiment.observers:
        observer.run_finished(finished)
    finished.record.save(experiment.directory.path)
    return finished.record


def divide(config: Config, recordings: Sequence[Recording]) -> list[Fold]:
    """Divide the scored time into folds."""
    divided = cast("Callable[..., list[Fold]]", made("cv.divide", config.cv.divide, _partial_=True))
    folds = divided(recordings, window=config.task.window, seed=config.seed)
    require_names(fold.name for fold in folds)
    return folds


def _settle_down(config: Config) -> None:
    """Silence what says nothing to a user, and use as many threads as the settings say."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    # Both at every epoch of every fold; with validation windows of one class the loss is watched.
    warnings.filterwarnings("ignore", ".*isinstance.treespec, LeafSpec", module="pytorch_lightning")
    warnings.filterwarnings("ignore", "No (posi|nega)tive samples", module="torchmetrics")
    torch.set_num_threads(config.threads)
    threadpool_limits(config.threads)  # of NumPy and SciPy, as jobs may share a machine


def _each(kind: type[T], group: str, components: Mapping[str, Component]) -> dict[str, T]:
    return {name: build(kind, f"{group}.{name}", each) for name, each in components.items()}


def _try_out(config: Config) -> None:
    """Make what each fold makes anew, so that a mistake in it is told before any work is done."""
    target("cv.divide", config.cv.divide)
    build_classifier(config)
    make_explainers(config.explain.methods)
    make_explainer("detector.map", config.detector.map)
    if config.balance.sampler is not None:
        made("balance.sampler", config.balance.sampler, random_state=config.seed)


def _collect(
    experiment: Experiment, outcomes: Sequence[FoldOutcome], measured: Measured, source: DataSource
) -> Finished:
    """Put together what the run came to, and write its tables and arrays."""
    recordings, judging = experiment.recordings, experiment.judging
    judged = Judged(recordings, outcomes, judging)
    folds = [outcome.record for outcome in outcomes if outcome.record]
    record = RunRecord(
        schema=SCHEMA,
        version=__version__,
        data=source.name,
        source=source.describe(),
        leaks=list(experiment.stamp.leaks),
        config=settled(experiment.plan.config),
        records=list(experiment.records),
        folds=folds,
        baselines=measured.records,
        metrics=declared(judging.further),
        scores=[*score.score_run(judged), *measured.scores],
        command=command(),
        commit=commit(),
        versions=versions(),
        timing={fold.name: fold.seconds for fold in folds},
    )
    tables = (TestWindows.of(recordings, outcomes), events.listed(judged), windows.curves(outcomes))
    aligned = alignment.align(recordings, outcomes)
    finished = Finished(record, recordings, outcomes, *tables, aligned, experiment.images)
    path, stamp = experiment.directory.path, experiment.stamp
    finished.windows.write(path / "predictions.csv", stamp)
    finished.events.write(path / "events.csv", stamp)
    finished.scores.write(path / "scores.csv", stamp)
    write_arrays(path / "activation.npz", finished.activation_arrays, stamp)
    if finished.explained:
        write_arrays(path / "maps.npz", maps.map_arrays(judged), stamp)
    return finished
