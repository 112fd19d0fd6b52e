"""What Weights & Biases is told of an experiment, read back from its own files."""

import csv
import json
import sys
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from sklearn.metrics import auc, confusion_matrix

from tests.support.runs import TINY, composed
from tests.support.wandb_log import OfflineRun, read_runs
from xai_sleep.experiment.run import run
from xai_sleep.metrics.windows import SCORES
from xai_sleep.tracking import names
from xai_sleep.tracking.runs import TRACKED

EPOCHS = {"train/loss", "val/loss", "val/average_precision", "val/f1"}
TRACK = ("baselines.names=[trivial]", "logger=wandb", "logger.project=study")


@dataclass(frozen=True)
class Tracked:
    """Three folds, tracked offline."""

    path: Path
    results: dict[str, Any]
    folds: dict[str, OfflineRun]
    summary: OfflineRun
    said: str


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Tracked:
    path = tmp_path_factory.mktemp("tracked") / "run"
    console = Console(record=True, file=StringIO(), width=60)
    results = run(composed(*TINY, *TRACK, "data.root=/private", output=path), console)
    runs = read_runs(path)
    (summary,) = (each for each in runs if each.job_type == "summary")
    folds = {each.name: each for each in runs if each.job_type == "fold"}
    return Tracked(path, results, folds, summary, console.export_text())


def test_every_fold_and_the_summary_are_runs_of_one_group(tracked: Tracked) -> None:
    assert sorted(tracked.folds) == ["synthetic1", "synthetic2", "synthetic3"]
    runs = [*tracked.folds.values(), tracked.summary]
    told = json.loads((tracked.path / TRACKED).read_text())
    assert {each.group for each in runs} == {told["group"]}
    assert {each.project for each in runs} == {"study"} == {told["project"]}
    assert {each.exit_code for each in runs} == {0}
    for each in runs:
        assert sorted(each.tags) == ["loso", "spindle", "synthetic"]
        assert each.config["experiment"] == "spindle-CNN1d-loso"
        for group in ("task", "model", "cv", "trainer", "balance", "seed"):
            assert each.config[group] == tracked.results["config"][group]


def test_nothing_is_said_of_the_machine(tracked: Tracked) -> None:
    """Only a table's own copy is named by its path, for its upload."""
    for each in [*tracked.folds.values(), tracked.summary]:
        kinds = {record.WhichOneof("record_type") for record in each.records}
        assert "environment" not in kinds
        own = [record.run for record in each.records if record.WhichOneof("record_type") == "run"]
        assert {record.host for record in own} == {""}
        assert not any(record.git.remote_url or record.git.commit for record in own)
        said = "".join(str(r) for r in each.records if not r.HasField("artifact"))
        for place in (tracked.path, Path.cwd(), Path.home(), sys.executable, "/private"):
            assert f"{place}" not in said
        assert not list((each.path.parent / "files").glob("wandb-metadata.json"))
        assert not list((each.path.parent / "files").glob("code"))
        versions = (each.path.parent / "files/requirements.txt").exists()
        assert versions == (each is tracked.summary)


def test_every_epoch_is_told(tracked: Tracked) -> None:
    for result in tracked.results["folds"]:
        fold = tracked.folds[result["name"]]
        for key in EPOCHS:
            assert [entry["epoch"] for entry in fold.history if key in entry] == [0, 1]
        losses = [entry["train/loss"] for entry in fold.history if "train/loss" in entry]
        assert losses == pytest.approx(result["history"]["train_loss"])


def test_scores_of_a_fold_are_those_of_its_results(tracked: Tracked) -> None:
    for result in tracked.results["folds"]:
        fold = tracked.folds[result["name"]]
        for part, prefix in (("windows", "test"), ("events", "events")):
            for name in set(result[part]) & {*SCORES, "precision", "recall", "f1"}:
                value, key = result[part][name], f"{prefix}/{name}"
                if value is None:
                    assert key not in fold.keys
                    assert fold.summary["undefined"][key] == result[part]["undefined"][name]
                else:
                    assert fold.summary[key] == value
        assert fold.summary["test/threshold"] == result["threshold"]
        positives = result["maps"]["positives"]  # networks so small may leave them all blank
        counted = fold.summary["maps/positives/counts/windows"]
        assert counted == positives["counts"]["windows"] > 0
        assert fold.summary.get("maps/positives/mass") == positives["mass"]


def test_predictions_of_a_fold_are_those_of_the_file(tracked: Tracked) -> None:
    with (tracked.path / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    for name, fold in tracked.folds.items():
        columns, found = fold.table(names.PREDICTIONS)
        assert columns == ["record", "start", "end", "label", "probability", "detected"]
        expected = [row for row in rows if row["fold"] == name]
        assert len(found) == len(expected)
        for values, row in zip(found, expected, strict=True):
            told = dict(zip(columns, values, strict=True))
            assert told["record"] == row["record"]
            for column in columns[1:]:
                assert float(told[column]) == pytest.approx(float(row[column]))


def test_charts_are_those_of_the_predictions(tracked: Tracked) -> None:
    for result in tracked.results["folds"]:
        fold = tracked.folds[result["name"]]
        columns, found = fold.table(names.PREDICTIONS)
        label, detected = (
            np.array([row[columns.index(c)] for row in found]) for c in columns[3::2]
        )
        _, cells = fold.table(f"{names.CONFUSION}_table")
        assert [cell[2] for cell in cells] == confusion_matrix(label, detected).ravel().tolist()
        columns, points = fold.table(f"{names.ROC}_table")
        assert columns == ["class", "false alarm rate", "sensitivity"]
        area = auc([point[1] for point in points], [point[2] for point in points])
        assert area == pytest.approx(result["windows"]["auroc"])


def test_examples_of_maps_are_the_figures_of_the_fold(tracked: Tracked) -> None:
    for name, fold in tracked.folds.items():
        ((caption, file),) = fold.images(names.EXAMPLES)
        assert caption == f"examples-{name}"
        assert file.read_bytes() == (tracked.path / f"figures/{caption}.png").read_bytes()


def test_the_summary_holds_scores_over_folds_and_baselines(tracked: Tracked) -> None:
    told, found = tracked.summary.summary, tracked.results["summary"]
    for name in ("f1", "auroc"):
        score = found["windows"][name]
        assert told[f"test/{name}/mean"] == score["mean"]
        assert told[f"test/{name}/pooled"] == score["pooled"]
        assert [told[f"test/{name}/{end}"] for end in ("low", "high")] == score["ci95"]
    always = tracked.results["baselines"]["always"]["windows"]
    assert told["baselines/always/test/f1/mean"] == always["f1"]["mean"]


def test_the_tables_of_the_summary_hold_every_score_and_fold(tracked: Tracked) -> None:
    columns, rows = tracked.summary.table(names.SCORES)
    assert columns[:2] == ["score", "mean"]
    means = {row[0]: row[1] for row in rows}
    assert len(means) == len(rows)
    summary = tracked.results["summary"]
    assert means["test/f1"] == summary["windows"]["f1"]["mean"]
    assert means["events/f1"] == summary["events"]["f1"]["mean"]
    pointing = summary["maps"]["true_positives"]["pointing"]["mean"]
    assert means["maps/true_positives/pointing"] == pointing
    assert "baselines/coin/test/f1" in means
    columns, rows = tracked.summary.table(names.FOLDS)
    scores = {row[0]: row[columns.index("test/brier")] for row in rows}
    folds = {fold["name"]: fold["windows"]["brier"] for fold in tracked.results["folds"]}
    assert scores == folds


def test_the_summary_shows_every_figure_of_the_run(tracked: Tracked) -> None:
    keys = {k.removesuffix("/filenames") for k in tracked.summary.keys if "filenames" in k}
    shown = {caption for key in keys for caption, _ in tracked.summary.images(key)}
    drawn = {path.stem for path in (tracked.path / "figures").glob("*.png")}
    assert shown == {name for name in drawn if not name.startswith("examples-")}
    assert len(tracked.summary.images("figures/timeline")) == 3


def test_the_run_ends_with_the_command_that_uploads_it(tracked: Tracked) -> None:
    command = f"wandb sync {tracked.path}/wandb/offline-run-*\n"
    assert tracked.said.count(command) == 1  # in one line, however narrow the terminal


def test_every_key_of_a_dashboard_is_logged(tracked: Tracked) -> None:
    pytest.importorskip("wandb_workspaces")
    from tests.support.dashboards import keys_of
    from xai_sleep.dashboard.panels import DRAWN, sections

    for section in sections():
        runs = [tracked.summary] if section.job_type == "summary" else tracked.folds.values()
        logged = {key for each in runs for key in (*each.keys, *each.summary["undefined"])}
        for key in keys_of(section.panels):
            if key.removeprefix("figures/") in DRAWN:
                continue
            assert {key, f"{key}/path", f"{key}/filenames"} & logged, f"{section.name}: {key}"
