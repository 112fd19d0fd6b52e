"""The result of a run as a table on the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

SHOWN = ("accuracy", "sensitivity", "specificity", "precision", "f1", "kappa", "auroc")


def run_table(title: str, folds: Sequence[Mapping[str, Any]], summary: Mapping[str, Any]) -> Table:
    """One row a fold, then mean ± sd over folds, and pooled with its 95 % interval.

    Parameters
    ----------
    title : str
        Names task, model, cross-validation and data source.
    folds : sequence of mappings
        Each with ``name`` and ``windows``.
    summary : mapping
        ``windows`` of :func:`xai_sleep.report.results.summary`.
    """
    table = Table(title=title, caption="windows; thresholds chosen on validation data")
    table.add_column("fold")
    for name in SHOWN:
        table.add_column(name, justify="right")
    for fold in folds:
        table.add_row(fold["name"], *(_number(fold["windows"][name]) for name in SHOWN))
    table.add_section()
    scores = summary["windows"]
    table.add_row(
        "mean ± sd",
        *(f"{_number(scores[n]['mean'])} ± {_number(scores[n]['std'])}" for n in SHOWN),
    )
    table.add_row(
        "pooled",
        *(f"{_number(scores[n]['pooled'])}\n{_interval(scores[n]['ci95'])}" for n in SHOWN),
        style="bold",
    )
    return table


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}".replace("0.", ".", 1)


def _interval(ci95: Sequence[float] | None) -> str:
    return "" if ci95 is None else f"[{_number(ci95[0])}, {_number(ci95[1])}]"
