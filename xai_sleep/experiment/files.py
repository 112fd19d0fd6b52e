"""What a run leaves behind: tables, maps, figures, pages, and ``results.json`` last."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from xai_sleep import __version__
from xai_sleep.baselines.scores import baselines_csv
from xai_sleep.evaluate.events import (
    activation_arrays,
    events_csv,
    summarise_events,
)
from xai_sleep.evaluate.explainers import explainer_summary
from xai_sleep.evaluate.maps import all_maps
from xai_sleep.evaluate.windows import (
    SCHEMA,
    FoldResult,
    describe,
    predictions_csv,
    results_csv,
    summary,
)
from xai_sleep.experiment.fold import Experiment
from xai_sleep.report.run_report import write_report
from xai_sleep.results.directory import write_arrays, write_json, write_text
from xai_sleep.results.leaky import mark_files, marking
from xai_sleep.schema import Config
from xai_sleep.tracking.content import track_summary
from xai_sleep.tracking.runs import tracked_run


def collect(experiment: Experiment, results: Sequence[FoldResult]) -> dict[str, Any]:
    """Content of ``results.json``; all that depends on the clock stands under ``timing``."""
    explain = experiment.config.explain
    return {
        "schema": SCHEMA,
        "version": __version__,
        "data": experiment.source,
        **marking(experiment.config.leak.names),
        "config": settings_of(experiment.config, experiment.source),
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


def settings_of(config: Config, source: str) -> dict[str, Any]:
    """Select what the results depend on: not where files are written, nor who watches."""
    settings = asdict(config)
    settings["data"]["name"] = source
    settings["data"].pop("sources", None)
    if not config.leak.names:
        del settings["leak"]
    del settings["output_dir"], settings["logger"]
    return settings
