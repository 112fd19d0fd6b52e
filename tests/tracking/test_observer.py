"""What Weights & Biases is told of an experiment, read back from its own files."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wandb
from PIL import Image
from pytorch_lightning.loggers import Logger
from sklearn.metrics import auc, confusion_matrix, roc_auc_score

from tests.support.outcomes import finished, outcome, recording, run_record
from tests.support.runs import TINY, composed
from tests.support.wandb_log import OfflineRun, read_runs
from xai_sleep.evaluate.judged import Judged, Judging
from xai_sleep.evaluate.score import score_baseline, score_fold, score_run
from xai_sleep.evaluate.windows import curves
from xai_sleep.results.files import Leak, Stamp
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.run import BaselineRecord
from xai_sleep.results.scores import MEAN, POOLED, Scores
from xai_sleep.tracking import names
from xai_sleep.tracking.observer import Tracking
from xai_sleep.tracking.runs import TRACKED

RECORDINGS = [recording(name) for name in "abc"]
OUTCOMES = [
    outcome("a", [0, 1, 0, 1], [0.2, 0.9, 0.6, 0.4]),
    outcome("b", [0, 1, 1, 0], [0.1, 0.8, 0.7, 0.3], threshold=0.75, record=1),
    outcome("c", [0, 0, 0, 0], [0.1, 0.2, 0.3, 0.4], record=2),
]
JUDGING = Judging(methods=("gradcam", "uniform"))
STAMP = Stamp("synthetic", (Leak("carried_weights", "…"),))
SETTINGS = (*TINY, "logger=wandb", "logger.project=study")
FIGURES = ("roc", "scores", "timeline-1", "timeline-2", "examples-a", "examples-b")


def scores_of(each: FoldOutcome) -> Scores:
    return Scores(score_fold(Judged(RECORDINGS, [each], JUDGING)))


def all_scores() -> Scores:
    coins = [replace(each, probability=None, events=None) for each in OUTCOMES]
    coin = score_baseline(Judged(RECORDINGS, coins, JUDGING, "coin"), "it does not say when")
    return Scores([*score_run(Judged(RECORDINGS, OUTCOMES, JUDGING)), *coin])


@dataclass(frozen=True)
class Tracked:
    """Three folds and their summary, tracked offline."""

    path: Path
    folds: dict[str, OfflineRun]
    summary: OfflineRun
    scores: Scores


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Tracked:
    path = tmp_path_factory.mktemp("tracked") / "run"
    (path / "figures").mkdir(parents=True)
    for shade, name in enumerate(FIGURES):
        Image.new("L", (8, 8), shade).save(path / "figures" / f"{name}.png")
    observer = Tracking(composed(*SETTINGS, f"data.root={path}", output=path), STAMP, path)
    observer.begun(RECORDINGS, None)
    for each in OUTCOMES:
        with observer.fold(each.name) as logger:
            assert isinstance(logger, Logger)
            for epoch, loss in enumerate((0.7, 0.5)):
                logger.log_metrics({"train/loss": loss, "epoch": epoch})
            observer.fold_finished(each, scores_of(each))
    skipped = [BaselineRecord("yasa", "spindles", "yasa is not installed")]
    record = replace(run_record(all_scores()), baselines=skipped)
    whole = replace(finished(record, RECORDINGS, OUTCOMES), curves=curves(OUTCOMES))
    observer.run_finished(whole)
    assert wandb.run is None
    runs = read_runs(path)
    (summary,) = (each for each in runs if each.job_type == "summary")
    folds = {each.name: each for each in runs if each.job_type == "fold"}
    return Tracked(path, folds, summary, all_scores())


def test_every_fold_and_the_summary_are_runs_of_one_group(tracked: Tracked) -> None:
    assert sorted(tracked.folds) == ["a", "b", "c"]
    runs = [*tracked.folds.values(), tracked.summary]
    told = json.loads((tracked.path / TRACKED).read_text())
    assert {each.group for each in runs} == {told["group"]}
    assert {each.project for each in runs} == {"study"} == {told["project"]}
    assert told["data"] == "synthetic"
    assert {each.exit_code for each in runs} == {0}
    for each in runs:
        assert sorted(each.tags) == ["LEAKY", "carried_weights", "loso", "spindle", "synthetic"]
        assert each.config["experiment"] == "LEAKY spindle-CNN1d-loso"
        assert each.config["data"]["name"] == "synthetic"
        assert each.config["trainer"]["max_epochs"] == 2


def test_nothing_is_said_of_the_machine(tracked: Tracked) -> None:
    """Only a table's own copy is named by its path, for its upload."""
    for each in [*tracked.folds.values(), tracked.summary]:
        kinds = {record.WhichOneof("record_type") for record in each.records}
        assert "environment" not in kinds
        own = [record.run for record in each.records if record.WhichOneof("record_type") == "run"]
        assert {record.host for record in own} == {""}
        assert not any(record.git.remote_url or record.git.commit for record in own)
        said = "".join(str(r) for r in each.records if not r.HasField("artifact"))
        for place in (tracked.path, Path.cwd(), Path.home(), sys.executable):
            assert f"{place}" not in said
        assert not list((each.path.parent / "files").glob("wandb-metadata.json"))
        assert not list((each.path.parent / "files").glob("code"))
        versions = (each.path.parent / "files/requirements.txt").exists()
        assert versions == (each is tracked.summary)


def test_lightning_logs_to_the_run_of_the_fold(tracked: Tracked) -> None:
    for fold in tracked.folds.values():
        losses = [(e["epoch"], e["train/loss"]) for e in fold.history if "train/loss" in e]
        assert losses == [(0, 0.7), (1, 0.5)]


def keys_of_fold(scores: Scores, fold: str) -> Iterator[tuple[str, float | None, str]]:
    """Key, value and reason of every figure that a fold must show."""
    shown = {
        "test": {"part": "windows"},
        "test_at_half": {"part": "windows_at_half"},
        "events": {"part": "events", "over": "all"},
        "maps/true_positives": {"part": "maps", "over": "true_positives", "who": "gradcam"},
        "maps/positives": {"part": "maps", "over": "positives", "who": "gradcam"},
    }
    for prefix, wanted in shown.items():
        for row in scores.select(fold=fold, **wanted):
            yield f"{prefix}/{row.metric}", row.value, row.reason


def test_scores_of_a_fold_are_those_of_the_table(tracked: Tracked) -> None:
    for each in OUTCOMES:
        fold = tracked.folds[each.name]
        undefined, values = fold.summary["undefined"], fold.summary
        for key, value, reason in keys_of_fold(scores_of(each), each.name):
            first, _, last = key.rpartition("/")
            told = key if key in values.keys() | undefined.keys() else f"{first}/counts/{last}"
            if value is None:
                assert told not in fold.keys
                assert undefined[told] == reason != ""
            else:
                assert values[told] == value
        assert values["test/threshold"] == each.threshold
    assert tracked.folds["c"].summary["undefined"]["test/auroc"] == "no positive window"
    assert tracked.folds["a"].summary["maps/positives/counts/windows"] == 1
    assert tracked.folds["a"].summary["events/counts/detections"] == 1


def told(run: OfflineRun, key: str) -> list[dict[str, Any]]:
    columns, rows = run.table(key)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def test_predictions_and_detections_of_a_fold_are_its_own(tracked: Tracked) -> None:
    for each in OUTCOMES:
        rows = told(tracked.folds[each.name], names.PREDICTIONS)
        assert {row["record"] for row in rows} == {each.name}
        assert [row["start"] for row in rows] == each.windows.start_time.tolist()
        assert [row["label"] for row in rows] == each.windows.label.tolist()
        assert [row["probability"] for row in rows] == each.probabilities.tolist()
        assert [row["detected"] for row in rows] == each.detected.tolist()
        (event,) = told(tracked.folds[each.name], names.DETECTIONS)
        assert (event["record"], event["onset"], event["duration"]) == (each.name, 2.25, 1.25)
        assert (event["confidence"], event["matched"]) == (0.9, 1)
        for row in (*rows, event):
            assert (row["data"], row["leaks"]) == ("SIMULATED", "LEAKY carried_weights")


def test_charts_are_those_of_the_windows(tracked: Tracked) -> None:
    for each in OUTCOMES:
        fold = tracked.folds[each.name]
        cells = [row["nPredictions"] for row in told(fold, f"{names.CONFUSION}_table")]
        counted = confusion_matrix(each.windows.label, each.detected, labels=[0, 1])
        assert cells == counted.ravel().tolist()
        if each.name == "c":  # windows of one class have no curves
            assert f"{names.ROC}_table/path" not in fold.keys
            continue
        points = told(fold, f"{names.ROC}_table")
        area = auc([p["false alarm rate"] for p in points], [p["sensitivity"] for p in points])
        assert area == pytest.approx(roc_auc_score(each.windows.label, each.probabilities))
    label, detected = (
        np.concatenate(each)
        for each in zip(*((o.windows.label, o.detected) for o in OUTCOMES), strict=True)
    )
    cells = [row["nPredictions"] for row in told(tracked.summary, f"{names.CONFUSION}_table")]
    assert cells == confusion_matrix(label, detected).ravel().tolist()


def test_examples_of_maps_are_the_figures_of_the_fold(tracked: Tracked) -> None:
    for name in "ab":
        ((caption, file),) = tracked.folds[name].images(names.EXAMPLES)
        assert caption == f"examples-{name}"
        assert file.read_bytes() == (tracked.path / f"figures/{caption}.png").read_bytes()
    assert f"{names.EXAMPLES}/filenames" not in tracked.folds["c"].keys


def test_the_summary_holds_scores_over_folds_and_baselines(tracked: Tracked) -> None:
    values = tracked.summary.summary
    for key, part, over, who in (
        ("test/f1", "windows", "all", "model"),
        ("events/f1", "events", "all", "model"),
        ("maps/positives/mass", "maps", "positives", "gradcam"),
        ("baselines/coin/test/f1", "windows", "all", "coin"),
    ):
        found = tracked.scores.summary(part, key.rpartition("/")[2], over=over, who=who)
        ends = (found.mean, found.sd, found.pooled, found.low, found.high)
        for end, value in zip(("mean", "std", "pooled", "low", "high"), ends, strict=True):
            assert values.get(f"{key}/{end}") == value
        assert found.mean is not None
    assert values["undefined"]["baselines/yasa"] == "yasa is not installed"
    assert values["undefined"]["baselines/coin/test/auroc/pooled"] == "marks have no probability"
    assert not any(key.startswith(("baselines/coin/test/kappa", "test/f1/a")) for key in values)
    assert not any("uniform" in key.split("/") or key == "test/f1" for key in values)


def test_the_tables_of_the_summary_hold_every_score(tracked: Tracked) -> None:
    over_folds, of_folds = (told(tracked.summary, key) for key in (names.SCORES, names.FOLDS))
    assert {row["fold"] for row in over_folds} == {MEAN, POOLED}
    assert {row["fold"] for row in of_folds} == {"a", "b", "c"}
    assert len(over_folds) + len(of_folds) == len(tracked.scores)
    for row in (*over_folds, *of_folds):
        found = tracked.scores.one(
            row["part"], row["metric"], who=row["who"], over=row["over"], fold=row["fold"]
        )
        assert [row[end] for end in ("value", "low", "high", "sd", "n", "reason")] == [
            *(found.value, found.low, found.high, found.sd, found.n, found.reason)
        ]
        assert row["leaks"] == "LEAKY carried_weights"


def test_the_summary_shows_every_figure_of_the_run(tracked: Tracked) -> None:
    keys = {k.removesuffix("/filenames") for k in tracked.summary.keys if "filenames" in k}
    shown = {caption for key in keys for caption, _ in tracked.summary.images(key)}
    assert shown == {name for name in FIGURES if not name.startswith("examples-")}
    assert len(tracked.summary.images("figures/timeline")) == 2


def test_every_key_of_a_dashboard_is_logged(tracked: Tracked) -> None:
    pytest.importorskip("wandb_workspaces")
    from tests.support.dashboards import keys_of
    from xai_sleep.dashboard.panels import CURVES, DRAWN, sections

    elsewhere = {f"figures/{name}" for name in DRAWN} | set().union(*CURVES.values())
    for section in sections():
        runs = [tracked.summary] if section.job_type == "summary" else tracked.folds.values()
        logged = {key for each in runs for key in (*each.keys, *each.summary["undefined"])}
        for key in keys_of(section.panels) - elsewhere:
            assert {key, f"{key}/path", f"{key}/filenames"} & logged, f"{section.name}: {key}"


def test_a_fold_that_fails_closes_its_run(tmp_path: Path) -> None:
    observer = Tracking(composed(*SETTINGS), Stamp("dreams"), tmp_path)
    with pytest.raises(FloatingPointError), observer.fold("a"):
        raise FloatingPointError
    assert wandb.run is None
    assert observer.run is None
    (fold,) = read_runs(tmp_path)
    assert (fold.name, fold.exit_code) == ("a", 1)


def test_disabled_leaves_nothing(tmp_path: Path) -> None:
    observer = Tracking(composed(*TINY), STAMP, tmp_path)
    observer.begun(RECORDINGS, None)
    with observer.fold("a") as logger:
        assert logger is None
        observer.fold_finished(OUTCOMES[0], scores_of(OUTCOMES[0]))
    observer.run_finished(finished(run_record(), RECORDINGS, OUTCOMES))
    assert not list(tmp_path.iterdir())
