"""A workspace and a report say the same of the same runs, and survive the way to JSON and back."""

import json
from typing import Any

import pytest

from tests.support.dashboards import keys_of
from xai_sleep.tracking.runs import Groups

pytest.importorskip("wandb_workspaces")

import wandb_workspaces.reports.v2 as wr
import wandb_workspaces.workspaces as ws

from xai_sleep.dashboard.panels import build_report, build_workspace, sections

GROUPS = Groups("study", "me", ("rem-CNN1d-loso (synthetic data) it's", "b"))


def sent(thing: Any) -> dict[str, Any]:
    """Read what the server is sent."""
    found: dict[str, Any] = json.loads(thing._to_model().spec.model_dump_json(by_alias=True))
    return found


def test_the_panels_show_what_is_asked_of_a_run() -> None:
    shown = {section.name: keys_of(section.panels) for section in sections()}
    every = set().union(*shown.values())
    assert {"test/f1/mean", "test/auroc/mean", "events/f1/mean"} <= every
    assert "maps/true_positives/pointing/mean" in every
    assert {"train/loss", "val/loss", "val/average_precision"} <= shown["Training"]
    assert {"maps/examples", "test/predictions", "test/roc_table", "tables/scores"} <= every


def test_a_workspace_holds_all_sections_and_these_groups_alone() -> None:
    workspace = build_workspace(GROUPS)
    spec = sent(workspace)["section"]
    found = {s["name"]: s["panels"] for s in spec["panelBankConfig"]["sections"]}
    assert {name: len(p) for name, p in found.items()} == {
        section.name: len(section.panels) for section in sections()
    }
    group, state = spec["runSets"][0]["filters"]["filters"]
    assert group["key"] == {"section": "run", "name": "group"}
    assert (group["op"], group["value"]) == ("IN", list(GROUPS.names))
    assert (state["key"]["name"], state["op"], state["value"]) == ("state", "=", "finished")
    again = ws.Workspace._from_model(workspace._to_model())
    assert [section.name for section in again.sections] == list(found)


def test_a_report_shows_scores_of_summaries_and_training_of_folds() -> None:
    report = build_report(GROUPS, online=False)
    grids = [b for b in sent(report)["blocks"] if b["type"] == "panel-grid"]
    assert len(grids) == len(sections())
    for grid, section in zip(grids, sections(), strict=True):
        (runs,) = grid["metadata"]["runSets"]
        group, _, job = runs["filters"]["filters"]
        assert group["value"] == list(GROUPS.names)
        assert (job["key"]["name"], job["value"]) == ("jobType", section.job_type)
        assert len(grid["metadata"]["panelBankSectionConfig"]["panels"]) == len(section.panels)
    again = wr.Report._from_model(report._to_model())
    assert again.title == report.title


def test_bars_compare_experiments() -> None:
    (scores, *_) = sections()
    for panel in scores.panels:
        config = panel._to_model().model_dump(mode="json", by_alias=True)["config"]
        assert config["groupBy"] == "experiment.value"


def test_simulated_runs_are_told_apart_in_a_report() -> None:
    assert "no evidence for real ones" in json.dumps(sent(build_report(GROUPS, online=False)))


def test_a_title_is_never_too_long() -> None:
    many = Groups("study", "me", tuple("x" * 127 + str(i) for i in range(3)))
    title = build_report(many, online=False).title
    assert title.endswith(" and 2 more")
    assert len(title) <= 128
