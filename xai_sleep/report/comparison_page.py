"""Many runs on one page, beside their table: ``report.html`` of a sweep."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from xai_sleep.evaluate.compare import Pair
from xai_sleep.experiment.provenance import commit
from xai_sleep.report.comparison import EVENT_F1, POINTING, SHOWN, Row, Score, by_source
from xai_sleep.report.comparison_tables import MAPS
from xai_sleep.report.page_tables import interval, number
from xai_sleep.report.paired_tables import ABOUT, HEADS, pairs_rows
from xai_sleep.report.template import picture, render
from xai_sleep.results.leaky import SOME


def comparison_page(
    rows: Sequence[Row],
    compared: Sequence[Pair],
    skipped: Sequence[str],
    *,
    out: Path,
    directories: Sequence[Path],
) -> str:
    """HTML of the page.

    Parameters
    ----------
    rows : sequence of Row
        At least one.
    compared : sequence of Pair
        Runs on the same windows.
    skipped : sequence of str
        A line for each run that could not be used.
    out : Path
        Directory of the page, with ``table.png``; links to the pages of runs start there.
    directories : sequence of Path
        What the table was asked of.
    """
    command = ["python", "-m", "xai_sleep.report", *map(str, directories), "--out", str(out)]
    context = {
        "title": "Runs side by side",
        "runs": sum(not row.is_baseline for row in rows),
        "pairs": {"head": HEADS, "rows": pairs_rows(compared), "about": ABOUT},
        "about_maps": MAPS,
        "images": {"table": picture(out / "table.png")},
        "tables": [_table(title, numbered) for title, numbered in by_source(rows)],
        "listed": [_listed(i, row, out) for i, row in enumerate(rows, 1) if not row.is_baseline],
        "skipped": skipped,
        "command": shlex.join(command),
        "commit": commit(),
    }
    leaky = SOME if any(row.leaks for row in rows) else ""
    return render("comparison.html", {row.data for row in rows}, context, leaky=leaky)


def _table(title: str, numbered: Sequence[tuple[int, Row]]) -> dict[str, Any]:
    head = ["run", *SHOWN.values(), EVENT_F1, POINTING, "chance"]
    rows = [
        [
            f"{i} {row.name}",
            *map(_cell, row.windows.values()),
            _cell(row.event_f1),
            _cell(row.pointing),
            number(row.chance.pooled),
        ]
        for i, row in numbered
    ]
    return {"title": title, "head": head, "rows": rows}


def _cell(score: Score) -> str:
    if score.pooled is None:
        return "–"
    bounds = None if score.low is None or score.high is None else (score.low, score.high)
    over_folds = number(score.mean) + ("" if score.sd is None else f" ± {number(score.sd)}")
    return f"{number(score.pooled)}{f' [{interval(bounds)}]' if bounds else ''}; {over_folds}"


def _listed(place: int, row: Row, out: Path) -> dict[str, Any]:
    page = Path(row.run) / "report.html"
    link = quote(os.path.relpath(page, out)) if page.exists() else ""
    about = {"name": row.name, "data": row.data, "folds": row.folds, "path": row.run}
    return {**about, "place": place, "page": link}
