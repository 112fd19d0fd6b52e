"""The result of a run as a table on the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

SHOWN = {  # heads are broken where a terminal is short of columns
    "accuracy": "accuracy",
    "sensitivity": "sensi-\ntivity",
    "specificity": "speci-\nficity",
    "precision": "precision",
    "f1": "F1",
    "kappa": "kappa",
    "auroc": "AUROC",
}


def run_table(
    title: str,
    folds: Sequence[Mapping[str, Any]],
    summary: Mapping[str, Any],
    baselines: Mapping[str, Any] | None = None,
) -> Table:
    """One row a fold, then mean and sd over folds, pooled with its 95 % interval, and baselines.

    It fits a terminal of 80 columns: where space is short names of folds give way, never a number.

    Parameters
    ----------
    title : str
        Names task, model, cross-validation and data source.
    folds : sequence of mappings
        Each with ``name``, ``windows`` and ``events``.
    summary : mapping
        ``windows`` of :func:`xai_sleep.evaluate.windows.summary`, and ``events`` of
        :func:`xai_sleep.evaluate.events.summarise_events`.
    baselines : mapping, optional
        Of :func:`xai_sleep.baselines.catalogue.measure`: a row each, pooled.
    """
    table = Table(
        title=title,
        caption="\n".join(_captions(baselines or {})),
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("fold")
    for head in (*SHOWN.values(), "event\nF1"):
        table.add_column(head, justify="right", no_wrap=True)
    for fold in folds:
        values = [*(fold["windows"][name] for name in SHOWN), fold["events"]["f1"]]
        table.add_row(fold["name"], *map(number, values))
    table.add_section()
    scores = [*(summary["windows"][name] for name in SHOWN), summary["events"]["f1"]]
    for label, key in (("mean", "mean"), ("sd", "std")):
        table.add_row(label, *(number(score[key]) for score in scores))
    table.add_section()
    table.add_row("pooled", *(number(score["pooled"]) for score in scores), style="bold")
    intervals = [score["ci95"] or (None, None) for score in scores]
    table.add_row("95 % from", *(number(low) for low, _ in intervals))
    table.add_row("to", *(number(high) for _, high in intervals))
    _add_baselines(table, baselines or {})
    return table


def number(value: float | None) -> str:
    """Three decimals without the zero before them; a dash for an undefined score."""
    return "–" if value is None else f"{value:.3f}".replace("0.", ".", 1)


def _add_baselines(table: Table, baselines: Mapping[str, Any]) -> None:
    measured = {name: found for name, found in baselines.items() if "windows" in found}
    if measured:
        table.add_section()
        table.add_row("baselines")
    for name, found in measured.items():
        scores = [found["windows"][score]["pooled"] for score in SHOWN]
        of_events = found["events"]["f1"]["pooled"] if "events" in found else None
        table.add_row(name, *map(number, [*scores, of_events]))


def _captions(baselines: Mapping[str, Any]) -> Iterator[str]:
    yield "windows, last column events; thresholds chosen on validation data"
    if any("windows" in found for found in baselines.values()):
        yield "baselines: pooled, on the same windows"
    if "windows" in baselines.get("experts", {}):
        yield "experts: the second against the first, where both scored"
    left_out = [name for name, found in baselines.items() if "skipped" in found]
    if left_out:
        yield f"baselines left out: {', '.join(left_out)} (results.json says why)"
