"""The result of a run as a table on the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

SHOWN = ("accuracy", "sensitivity", "specificity", "precision", "f1", "kappa", "auroc")


def run_table(title: str, folds: Sequence[Mapping[str, Any]], summary: Mapping[str, Any]) -> Table:
    """One row a fold, then mean and sd over folds, and pooled with its 95 % interval.

    It fits a terminal of 80 columns: where space is short names of folds give way, never a number.

    Parameters
    ----------
    title : str
        Names task, model, cross-validation and data source.
    folds : sequence of mappings
        Each with ``name`` and ``windows``.
    summary : mapping
        ``windows`` of :func:`xai_sleep.report.results.summary`.
    """
    caption = "windows; thresholds chosen on validation data"
    table = Table(
        title=title,
        caption=caption,
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("fold")
    for name in SHOWN:
        table.add_column(name, justify="right", no_wrap=True)
    for fold in folds:
        table.add_row(fold["name"], *(number(fold["windows"][name]) for name in SHOWN))
    table.add_section()
    scores = summary["windows"]
    for label, key in (("mean", "mean"), ("sd", "std")):
        table.add_row(label, *(number(scores[name][key]) for name in SHOWN))
    table.add_section()
    table.add_row("pooled", *(number(scores[name]["pooled"]) for name in SHOWN), style="bold")
    intervals = [scores[name]["ci95"] or (None, None) for name in SHOWN]
    table.add_row("95 % from", *(number(low) for low, _ in intervals))
    table.add_row("to", *(number(high) for _, high in intervals))
    return table


def number(value: float | None) -> str:
    """Three decimals without the zero before them; a dash for an undefined score."""
    return "–" if value is None else f"{value:.3f}".replace("0.", ".", 1)
