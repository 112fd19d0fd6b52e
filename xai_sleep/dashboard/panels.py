"""What a dashboard shows, as objects that serialise without a network.

Every key is one of :mod:`xai_sleep.tracking.names`. Scores over folds are in the runs of summaries
alone, so that their bars compare experiments; curves of training and test windows are in folds.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import wandb_workspaces.reports.v2 as wr
import wandb_workspaces.workspaces as ws

from xai_sleep.tracking import names
from xai_sleep.tracking.runs import Groups

# Panels that compare experiments, and the keys they show.
POINTING = [f"maps/true_positives/{name}/mean" for name in ("pointing", "pointing_uniform")]
BARS = {
    "F1 of windows": ["test/f1/mean", "test/f1/pooled"],
    "AUROC of windows": ["test/auroc/mean", "test/auroc/pooled"],
    "F1 of events": ["events/f1/mean", "events/f1/pooled"],
    "Grad-CAM peak inside an event, beside chance": POINTING,
}
# Panels of training, by epoch.
CURVES = {
    "loss": ["train/loss", "val/loss"],
    "average precision on validation windows": ["val/average_precision"],
    "F1 at 0.5 on validation windows": ["val/f1"],
}
FIRST = ("roc", "confusion", "scores", "calibration", "training")
DRAWN = (*FIRST, "localisation", "alignment", "faithfulness", "timeline")
EXPERIMENT: dict[str, Any] = {"groupby": wr.Config("experiment"), "groupby_aggfunc": "mean"}
RATES = {"x": "false alarm rate", "y": "sensitivity", "class": "class"}
RECALL = {"x": "recall", "y": "precision", "class": "class"}
CHARTS = (
    (names.ROC, "ROC", names.AREA, RATES),
    (names.PRECISION_RECALL, "precision and recall", names.AREA, RECALL),
    (names.CONFUSION, "test windows", names.MATRIX, names.COUNTED),
)
ABOUT = (
    "Cross-validated scores of small networks on sleep recordings, and of their maps. "
    "Runs tagged synthetic rest on simulated recordings and are no evidence for real ones."
)


class Section(NamedTuple):
    """Panels under one heading; ``job_type`` says which runs hold what they show."""

    name: str
    job_type: str
    panels: Sequence[wr.interface.Panel]


def sections() -> list[Section]:
    """Everything that is shown, in order."""
    unit = {**EXPERIMENT, "range_x": (0, 1)}
    bars = [wr.BarPlot(title=title, metrics=keys, **unit) for title, keys in BARS.items()]
    look = {**EXPERIMENT, "groupby_rangefunc": "stddev", "max_runs_to_show": 100}
    lines = [wr.LinePlot(title=t, x="epoch", y=keys, **look) for t, keys in CURVES.items()]
    examples, drawn = [names.EXAMPLES], [f"{names.FIGURES}/{name}" for name in DRAWN]
    title, wide, high = "hits, misses, false alarms", wr.Layout(w=24, h=16), wr.Layout(w=24, h=20)
    looks = wr.MediaBrowser(title=title, media_keys=examples, num_columns=1, layout=wide)
    figures = wr.MediaBrowser(media_keys=drawn, num_columns=2, layout=high)
    return [
        Section("Scores per model", "summary", bars),
        Section("Training", "fold", lines),
        Section("Curves of test windows", "fold", [_chart(*each) for each in CHARTS]),
        Section("Where the network looks", "fold", [looks]),
        Section("Figures", "summary", [figures]),
        Section("Tables of scores", "summary", [_table(names.SCORES), _table(names.FOLDS)]),
        Section("Predictions", "fold", [_table(names.PREDICTIONS)]),
    ]


def build_workspace(groups: Groups) -> ws.Workspace:
    """Build the workspace of some groups; ``groups.entity`` must be known."""
    own = {"entity": str(groups.entity), "project": groups.project, "name": _title(groups)}
    shown = [ws.Section(name=s.name, panels=list(s.panels), is_open=True) for s in sections()]
    runs, most = ws.RunsetSettings(filters=_filter(groups)), ws.WorkspaceSettings(max_runs=100)
    return ws.Workspace(**own, sections=shown, runset_settings=runs, settings=most)


def build_report(groups: Groups, *, online: bool = True) -> wr.Report:
    """Build the report of groups of a known entity; online, serialising it looks up the project."""
    place = {"entity": str(groups.entity), "project": groups.project} if online else {}
    blocks: list[wr.interface.Block] = [wr.P(ABOUT)]
    for s in sections():
        wanted = f'{_filter(groups)} and Metric("JobType") == {s.job_type!r}'
        runs = wr.Runset(name=s.name, filters=wanted, **place)
        blocks += [wr.H1(s.name), wr.PanelGrid(runsets=[runs], panels=list(s.panels))]
    own = {"entity": str(groups.entity), "project": groups.project, "title": _title(groups)}
    return wr.Report(**own, blocks=blocks, width="fluid")


def _filter(groups: Groups) -> str:
    """Folds that failed, or were interrupted and done again, are left out."""
    return f'Metric("Group") in {list(groups.names)!r} and Metric("State") == "finished"'


def _title(groups: Groups) -> str:
    first, *others = groups.names
    return f"{first[:80]} and {len(others)} more" if others else first[:100]


def _chart(key: str, title: str, name: str, fields: dict[str, str]) -> wr.CustomChart:
    query, strings = {"summaryTable": {"tableKey": f"{key}_table"}}, {"title": title}
    return wr.CustomChart(query=query, chart_name=name, chart_fields=fields, chart_strings=strings)


def _table(key: str) -> wr.WeavePanelSummaryTable:
    return wr.WeavePanelSummaryTable(table_name=key, layout=wr.Layout(w=24, h=12))
