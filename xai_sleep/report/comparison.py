"""Many runs side by side: what each scored over its folds, pooled, and where its maps pointed.

Runs on different data sources stand in tables of their own, titled with the source, so that
simulated figures are never read as real ones.
"""

import os
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

import pandas as pd
from matplotlib.figure import Figure
from rich.table import Table as TerminalTable

from xai_sleep.report import style
from xai_sleep.report.run_tables import CHANCE, COMPARED, EVENTS, POINTING, Column
from xai_sleep.report.tables import Table, certain, number, on_terminal, short, spread
from xai_sleep.report.template import picture, render
from xai_sleep.results.files import LEAKY
from xai_sleep.results.scores import Difference, Pair, Row

RECORDINGS = {"synthetic": "SIMULATED recordings", "dreams": "recordings of the DREAMS databases"}
OWN = "recordings of the user's own"
HOW = (
    "Scores of test windows, and F1 of events: pooled over the folds [95 % interval over "
    "subjects]; mean ± sd over folds"
)
MAPS = "Pointing game: share of true positives whose map peaks in an event; chance: of a flat map"
BASELINES = (
    "Baselines are scored on the windows of the runs beside them; `experts` is the second expert "
    "against the first, where both scored"
)
PAIRED = "pairs of runs on the same test windows"
PAIRS = (
    f"{PAIRED.capitalize()}: pooled scores, their difference (first less second), "
    "its 95 % interval over subjects, and the p-value of exchanging the two runs within subjects. "
    "With k subjects p cannot fall below 2^(1-k)"
)
PAIR = ("runs", "score", "first", "second", "difference", "95 % interval", "p", "subjects")

ROW, AROUND = 0.42, 1.3  # in, of the figure: a row, and titles and axes of a block


def by_source(rows: Sequence[Row]) -> Iterator[tuple[str, list[tuple[int, Row]]]]:
    """Title of each data source with its rows, numbered from 1 through all; leaky ones apart."""
    alike = groupby(enumerate(rows, 1), lambda item: (item[1].data, bool(item[1].stamp.leaks)))
    for (data, leaky), group in alike:
        title = f"{data} data: {RECORDINGS.get(data, OWN)}"
        yield f"{LEAKY} {title}" if leaky else title, list(group)


def tables(rows: Sequence[Row]) -> list[Table]:
    """One table per data source, a row a run."""
    head = ["run", *(column.label for column in COMPARED), CHANCE.label]
    return [
        Table(title, head, [_texts(f"{i} {row.name}", row) for i, row in numbered])
        for title, numbered in by_source(rows)
    ]


def about(rows: Sequence[Row]) -> list[str]:
    """Say what the tables hold."""
    return [f"{HOW}.", f"{MAPS}.", *[f"{BASELINES}."] * any(row.is_baseline for row in rows)]


def told(row: Row) -> str:
    """Say which run this is, with its leaks and its directory."""
    leaks = f" ({' '.join(row.stamp.tags)})" if row.stamp.tags else ""
    return f"{row.name}, {row.data} data, {row.folds} folds{leaks}: {row.run}"


def pairs_table(pairs: Sequence[Pair]) -> Table:
    """One row a pair and score."""
    rows = [[_runs(pair), *_difference(d)] for pair in pairs for d in pair.differences]
    return Table(PAIRED.capitalize(), PAIR, rows, [PAIRS])


def terminal_tables(rows: Sequence[Row], pairs: Sequence[Pair]) -> Iterator[TerminalTable]:
    """One table per data source and one of pairs, for a terminal of 80 columns."""
    head = ["run", "", *(column.head for column in COMPARED)]
    note = "windows and, at last but one, events; thresholds chosen on validation data"
    for title, numbered in by_source(rows):
        sections = [[_lines(i, row)] for i, row in numbered]
        yield on_terminal(title, head, sections, [note], names=2)
    if pairs:
        apart = [
            [["" if i else _runs(pair), *_difference(d)] for i, d in enumerate(pair.differences)]
            for pair in pairs
        ]
        note = "difference: first less second; interval and p over subjects"
        yield on_terminal(PAIRED, PAIR, apart, [note], names=2)


def markdown(rows: Sequence[Row], pairs: Sequence[Pair]) -> str:
    """All tables, and which run is where."""
    runs = [f"{i}. {told(row)}" for i, row in enumerate(rows, 1) if not row.is_baseline]
    shown = [*tables(rows), *[pairs_table(pairs)] * bool(pairs)]
    parts = [*(table.markdown for table in shown), *about(rows), "\n".join(runs)]
    return "\n\n".join(parts) + "\n"


def comparison_csv(rows: Sequence[Row]) -> str:
    """One row a run, in full precision; an undefined score is empty."""
    leaky = any(row.stamp.leaks for row in rows)
    names = ("run", "data", "task", "cv", "model", "folds")
    ends = ("mean", "sd", "pooled", "low", "high")
    lines = []
    for row in rows:
        line: dict[str, object] = {name: getattr(row, name) for name in names}
        for column in (*COMPARED, CHANCE):
            score = column.of(row)
            line |= {f"{column.key}_{end}": getattr(score, end) for end in ends}
        lines.append(line | ({"leaks": " ".join(row.stamp.tags)} if leaky else {}))
    return pd.DataFrame(lines).to_csv(index=False, lineterminator="\n")


def pairs_csv(pairs: Sequence[Pair], rows: Sequence[Row]) -> str:
    """One row a pair and score, in full precision; what is undefined is empty."""
    scores = ("first", "second", "difference", "low", "high", "p", "subjects")
    lines = [
        [rows[pair.first - 1].run, rows[pair.second - 1].run, _column(d).key]
        + [getattr(d, name) for name in scores]
        for pair in pairs
        for d in pair.differences
    ]
    frame = pd.DataFrame(lines, columns=["first_run", "second_run", "score", *scores])
    return frame.to_csv(index=False, lineterminator="\n")


def comparison_figure(rows: Sequence[Row]) -> Figure:
    """Draw every score of every run: pooled with its interval, mean over folds, and chance."""
    blocks = list(by_source(rows))
    heights = [AROUND + ROW * len(numbered) for _, numbered in blocks]
    figure = style.paper(15, sum(heights) + 0.4)
    parts = figure.subfigures(len(blocks), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, (title, numbered) in zip(parts, blocks, strict=True):
        part.suptitle(title, weight="bold")
        shown = [row for _, row in numbered]
        strips = {c.label: [style.Dots.of(c.of(row)) for row in shown] for c in COMPARED[:-1]}
        maps = [style.Dots.of(POINTING.of(row), CHANCE.of(row)) for row in shown]
        strips[f"{POINTING.label}\nof true positives"] = maps
        for axes in style.draw_strips(part, strips, [f"{i}  {row.name}" for i, row in numbered]):
            axes.set_xlabel("score (0 to 1)", fontsize=8)
    figure.legend(handles=style.keys(), loc="outside lower center", ncols=3, frameon=False)
    return figure


def comparison_page(
    rows: Sequence[Row],
    pairs: Sequence[Pair],
    left_out: Sequence[str],
    out: Path,
    made_with: tuple[str, str | None],
) -> str:
    """HTML of the page beside ``table.png`` in ``out``, made with a command and a commit."""
    listed = [(i, row) for i, row in enumerate(rows, 1) if not row.is_baseline]
    context: dict[str, object] = {
        "title": "Runs side by side",
        "runs": len(listed),
        "pairs": pairs_table(pairs),
        "about": about(rows),
        "images": {"table": picture(out / "table.png")},
        "tables": tables(rows),
        "listed": [(i, told(row), _link(row, out)) for i, row in listed],
        "skipped": left_out,
        "command": made_with[0],
        "commit": made_with[1],
    }
    return render("comparison.html", [row.stamp for row in rows], context)


def _link(row: Row, out: Path) -> str:
    page = Path(row.run) / "report.html"
    return quote(os.path.relpath(page, out)) if page.exists() else ""


def _texts(name: str, row: Row) -> list[str]:
    scores = [column.of(row) for column in COMPARED]
    cells = ["–" if s.pooled is None else f"{certain(s)}; {spread(s)}" for s in scores]
    return [name, *cells, number(CHANCE.of(row).pooled)]


def _lines(place: int, row: Row) -> list[str]:
    """One row of a terminal's table, of several lines."""
    leaks = [leak.name for leak in row.stamp.leaks]
    cells = []
    for column in COMPARED:
        s = column.of(row)
        values = [s.mean, s.sd, s.pooled, s.low, s.high]
        values += [CHANCE.of(row).pooled] * (column is POINTING)
        beyond = column in (EVENTS, POINTING) and s.pooled is None
        cells.append("–" if beyond else "\n".join(map(short, values)))
    name = "\n".join([f"{place} {row.task}", row.model, row.cv, row.data, *leaks])
    chance = "\nchance" if POINTING.of(row).pooled is not None else ""
    return [name, f"mean\nsd\npooled\n95 % from\nto{chance}", *cells]


def _runs(pair: Pair) -> str:
    return f"{pair.first} – {pair.second}"


def _difference(d: Difference) -> list[str]:
    bounds = "–" if d.low is None else f"[{short(d.low)}, {short(d.high)}]"
    scores = [short(value) for value in (d.first, d.second, d.difference)]
    return [_column(d).label, *scores, bounds, short(d.p), str(d.subjects)]


def _column(d: Difference) -> Column:
    return next(c for c in COMPARED if (c.part, c.metric) == (d.part, d.metric))
