"""Many runs on one page, beside their table: ``report.html`` of a sweep."""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from xai_sleep.report import comparison
from xai_sleep.report.template import picture, render
from xai_sleep.results.comparison import Pair, Row


def comparison_page(
    rows: Sequence[Row],
    pairs: Sequence[Pair],
    left_out: Sequence[str],
    out: Path,
    made_with: tuple[str, str | None],
) -> str:
    """HTML of the page.

    Parameters
    ----------
    rows : sequence of Row
        At least one.
    pairs : sequence of Pair
        Runs on the same windows.
    left_out : sequence of str
        A line for each run that could not be used.
    out : Path
        Directory of the page, with ``table.png``; links to the pages of runs start there.
    made_with : tuple of (str, str or None)
        Command and commit.
    """
    context: dict[str, object] = {
        "title": "Runs side by side",
        "runs": sum(not row.is_baseline for row in rows),
        "pairs": comparison.pairs_table(pairs),
        "about": comparison.about(rows),
        "images": {"table": picture(out / "table.png")},
        "tables": comparison.tables(rows),
        "listed": [_listed(i, row, out) for i, row in enumerate(rows, 1) if not row.is_baseline],
        "skipped": left_out,
        "command": made_with[0],
        "commit": made_with[1],
    }
    return render("comparison.html", [row.stamp for row in rows], context)


def _listed(place: int, row: Row, out: Path) -> tuple[int, str, str]:
    """List a run: its number, words and, where it has a page, the link to it."""
    page = Path(row.run) / "report.html"
    link = quote(os.path.relpath(page, out)) if page.exists() else ""
    return place, comparison.told(row), link
