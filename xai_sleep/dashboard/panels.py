"""What a dashboard shows, as objects that serialise without a network.

Every key is one of :mod:`xai_sleep.tracking.names`. Scores over folds are in the runs of summaries
alone, so that their bars compare experiments; curves of training and test windows are in folds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import wandb_workspaces.reports.v2 as wr
import wandb_workspaces.workspaces as ws

from xai_sleep.dashboard.groups import Groups
from xai_sleep.tracking.charts import AREA, MATRIX
from xai_sleep.tracking.names import (
    CONFUSION,
    EXAMPLES,
    FIGURES,
    FOLDS,
    PRECISION_RECALL,
    PREDICTIONS,
    ROC,
    SCORES,
)

BARS = {
    "F1 of windows": ("test/f1/mean", "test/f1/pooled"),
    "AUROC of windows": ("test/auroc/mean", "test/auroc/pooled"),
    "F1 of events": ("events/f1/mean", "events/f1/pooled"),
    "Grad-CAM peak inside an event, beside chance": (
        "maps/true_positives/pointing/mean",
        "maps/true_positives/pointing_uniform/mean",
    ),
}
"""Panels that compare experiments, and the keys they show."""

CURVES = {
    "loss": ("train/loss", "val/loss"),
    "average precision on validation windows": ("val/average_precision",),
    "F1 at 0.5 on validation windows": ("val/f1",),
}
"""Panels of training, by epoch."""

DRAWN = (
    *("roc", "confusion", "scores", "calibration", "training"),
    *("localisation", "alignment", "faithfulness", "timeline"),
)
EXPERIMENT = wr.Config("experiment")


@dataclass(frozen=True)
class Section:
    """Panels under one heading; ``job_type`` says which runs hold what they show."""

    name: str
    job_type: str
    panels: Sequence[wr.interface.Panel]


def sections() -> list[Section]:
    """Everything that is shown, in order."""
    return [
        Section("Scores per model", "summary", [_bars(*item) for item in BARS.items()]),
        Section("Training", "fold", [_lines(*item) for item in CURVES.items()]),
        Section("Curves of test windows", "fold", _curves()),
        Section("Where the network looks", "fold", [_images("hits, misses, false alarms")]),
        Section("Figures", "summary", [_figures()]),
        Section("Tables of scores", "summary", [_table(SCORES), _table(FOLDS)]),
        Section("Predictions", "fold", [_table(PREDICTIONS)]),
    ]


def build_workspace(groups: Groups) -> ws.Workspace:
    """Build the workspace of some groups; ``groups.entity`` must be known."""
    return ws.Workspace(
        entity=str(groups.entity),
        project=groups.project,
        name=_title(groups),
        sections=[ws.Section(name=s.name, panels=list(s.panels), is_open=True) for s in sections()],
        runset_settings=ws.RunsetSettings(filters=_filter(groups)),
        settings=ws.WorkspaceSettings(max_runs=100),
    )


def build_report(groups: Groups, *, online: bool = True) -> wr.Report:
    """Build the report of some groups.

    Parameters
    ----------
    groups : Groups
        What it shows; ``groups.entity`` must be known.
    online : bool
        Whether its panels name the project, which is then looked up when they serialise.
    """
    place = {"entity": str(groups.entity), "project": groups.project} if online else {}
    blocks: list[wr.interface.Block] = [
        wr.P(
            "Cross-validated scores of small networks on sleep recordings, and of their maps. "
            "Runs tagged synthetic rest on simulated recordings and are no evidence for real ones."
        )
    ]
    for section in sections():
        runs = wr.Runset(
            name=section.name,
            filters=f'{_filter(groups)} and Metric("JobType") == {section.job_type!r}',
            **place,
        )
        blocks += [wr.H1(section.name), wr.PanelGrid(runsets=[runs], panels=list(section.panels))]
    return wr.Report(
        entity=str(groups.entity),
        project=groups.project,
        title=_title(groups),
        blocks=blocks,
        width="fluid",
    )


def _filter(groups: Groups) -> str:
    """Folds that failed, or were interrupted and done again, are left out."""
    return f'Metric("Group") in {list(groups.names)!r} and Metric("State") == "finished"'


def _title(groups: Groups) -> str:
    first, *others = groups.names
    return f"{first[:80]} and {len(others)} more" if others else first[:100]


def _bars(title: str, keys: Sequence[str]) -> wr.BarPlot:
    return wr.BarPlot(
        title=title, metrics=list(keys), groupby=EXPERIMENT, groupby_aggfunc="mean", range_x=(0, 1)
    )


def _lines(title: str, keys: Sequence[str]) -> wr.LinePlot:
    return wr.LinePlot(
        title=title,
        x="epoch",
        y=list(keys),
        groupby=EXPERIMENT,
        groupby_aggfunc="mean",
        groupby_rangefunc="stddev",
        max_runs_to_show=100,
    )


def _curves() -> list[wr.CustomChart]:
    roc = {"x": "false alarm rate", "y": "sensitivity", "class": "class"}
    precision_recall = {"x": "recall", "y": "precision", "class": "class"}
    columns = ("Actual", "Predicted", "nPredictions")
    return [
        _chart(ROC, AREA, roc, "ROC"),
        _chart(PRECISION_RECALL, AREA, precision_recall, "precision and recall"),
        _chart(CONFUSION, MATRIX, {column: column for column in columns}, "test windows"),
    ]


def _chart(key: str, name: str, fields: dict[str, str], title: str) -> wr.CustomChart:
    return wr.CustomChart(
        query={"summaryTable": {"tableKey": f"{key}_table"}},
        chart_name=name,
        chart_fields=fields,
        chart_strings={"title": title},
    )


def _images(title: str) -> wr.MediaBrowser:
    return wr.MediaBrowser(title=title, media_keys=[EXAMPLES], num_columns=1, layout=_wide(16))


def _figures() -> wr.MediaBrowser:
    keys = [f"{FIGURES}/{name}" for name in DRAWN]
    return wr.MediaBrowser(media_keys=keys, num_columns=2, layout=_wide(20))


def _table(key: str) -> wr.WeavePanelSummaryTable:
    return wr.WeavePanelSummaryTable(table_name=key, layout=_wide(12))


def _wide(height: int) -> wr.Layout:
    return wr.Layout(w=24, h=height)
