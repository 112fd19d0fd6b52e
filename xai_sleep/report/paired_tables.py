"""Pairs of runs as tables: on the terminal, in Markdown and in CSV."""

import csv
import io
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from xai_sleep.evaluate.compare import SCORES, Difference, Pair
from xai_sleep.report.tables import number

HEADS = ("runs", "score", "first", "second", "difference", "95 % interval", "p", "subjects")
COLUMNS = (
    *("first_run", "second_run", "score", "first", "second"),
    *("difference", "low", "high", "p", "subjects"),
)
ABOUT = (
    "Pairs of runs on the same test windows: pooled scores, their difference (first less second), "
    "its 95 % interval over subjects, and the p-value of exchanging the two runs within subjects. "
    "With k subjects p cannot fall below 2^(1-k)"
)


def pairs_table(found: Sequence[Pair]) -> Table:
    """Three lines a pair, for a terminal of 80 columns."""
    table = Table(
        title="pairs of runs on the same test windows",
        caption="difference: first less second; interval and p over subjects",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for i, head in enumerate(HEADS):
        table.add_column(head, justify="left" if i < 2 else "right", no_wrap=True)
    for pair in found:
        for i, difference in enumerate(pair.differences):
            name = f"{pair.first} – {pair.second}" if i == 0 else ""
            last = i == len(pair.differences) - 1
            table.add_row(name, *_cells(difference), end_section=last)
    return table


def pairs_markdown(found: Sequence[Pair]) -> str:
    """One row a pair and score."""
    lines = ["## pairs of runs", "", f"| {' | '.join(HEADS)} |", f"|{' --- |' * len(HEADS)}"]
    lines += [f"| {' | '.join(cells)} |" for cells in pairs_rows(found)]
    return "\n".join([*lines, "", f"{ABOUT}."]) + "\n"


def pairs_rows(found: Sequence[Pair]) -> list[list[str]]:
    """Text of each pair and score, in the order of :data:`HEADS`."""
    return [
        [f"{pair.first} – {pair.second}", *_cells(difference)]
        for pair in found
        for difference in pair.differences
    ]


def pairs_csv(found: Sequence[Pair], runs: Sequence[str]) -> str:
    """One row a pair and score, in full precision; what is undefined is empty.

    Parameters
    ----------
    found : sequence of Pair
        To be written.
    runs : sequence of str
        Directory of each run, in the order of their numbers.
    """
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(COLUMNS)
    for pair in found:
        names = (runs[pair.first - 1], runs[pair.second - 1])
        for d in pair.differences:
            values = (d.first, d.second, d.first - d.second, d.low, d.high, d.p, d.subjects)
            rows.writerow([*names, d.score, *values])
    return table.getvalue()


def _cells(difference: Difference) -> list[str]:
    low, high = difference.low, difference.high
    interval = "–" if low is None else f"[{number(low)}, {number(high)}]"
    return [
        SCORES[difference.score],
        number(difference.first),
        number(difference.second),
        number(difference.first - difference.second),
        interval,
        number(difference.p),
        str(difference.subjects),
    ]
