"""Many runs as tables: on the terminal, in Markdown and in CSV."""

import csv
import io
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from xai_sleep.report.comparison import EVENT_F1, POINTING, SHOWN, Row, Score, by_source
from xai_sleep.report.tables import number
from xai_sleep.results.leaky import COLUMN, marked

LINES = "mean ± sd over folds; pooled; its 95 % interval over subjects"
HEADS = (  # broken where a terminal is short of columns
    *("accu-\nracy", "sensi-\ntivity", "speci-\nficity", "preci-\nsion", "F1", "AUROC"),
    *("event\nF1", "pointing\ngame"),
)
BASELINES = (
    "Baselines are scored on the windows of the runs beside them; `experts` is the second expert "
    "against the first, where both scored"
)
MAPS = "Pointing game: share of true positives whose map peaks in an event; chance: of a flat map"


def terminal_tables(rows: Sequence[Row]) -> list[Table]:
    """One table per data source, for a terminal of 80 columns; runs have the numbers of a list."""
    tables = []
    for title, numbered in by_source(rows):
        table = Table(
            title=title,
            caption="windows and, at last but one, events; thresholds chosen on validation data",
            box=SIMPLE_HEAD,
            show_edge=False,
            pad_edge=False,
            padding=(0, 1, 0, 0),
        )
        table.add_column("run", overflow="fold")
        table.add_column("", no_wrap=True)
        for head in HEADS:
            table.add_column(head, justify="right", no_wrap=True)
        for i, row in numbered:
            chance = number(row.chance.pooled) if row.pointing.pooled is not None else ""
            table.add_row(
                "\n".join([f"{i} {row.task}", row.model, row.cv, row.data, *row.leaks]),
                "mean\nsd\npooled\n95 % from\nto" + ("\nchance" if chance else ""),
                *(_lines(row.windows[name]) for name in SHOWN),
                _lines(row.event_f1) if row.event_f1.pooled is not None else "–",
                f"{_lines(row.pointing)}\n{chance}" if chance else "–",
                end_section=True,
            )
        tables.append(table)
    return tables


def markdown(rows: Sequence[Row]) -> str:
    """One titled table per data source, a row a run."""
    leaky = any(row.leaks for row in rows)
    about = ["", "run", "data", "task", "CV", "model", "folds", *[COLUMN] * leaky]
    head = [*about, *SHOWN.values(), EVENT_F1, POINTING, "chance"]
    parts = []
    for title, numbered in by_source(rows):
        lines = [f"## {title}", "", _piped(head), _piped(["---"] * len(head))]
        for i, row in numbered:
            scores = [_cell(score) for score in _scores(row)]
            about = [str(i), row.run, row.data, row.task, row.cv, row.model, str(row.folds)]
            about += [_leaks(row)] * leaky
            lines.append(_piped([*about, *scores]))
        parts.append("\n".join(lines))
    if any(row.is_baseline for row in rows):
        parts.append(f"{BASELINES}.")
    parts.append(f"Scores of test windows, and F1 of events: {LINES}. {MAPS}.")
    return "\n\n".join(parts) + "\n"


def comparison_csv(rows: Sequence[Row]) -> str:
    """One row a run, in full precision; an undefined score is empty."""
    table = io.StringIO()
    out = csv.writer(table, lineterminator="\n")
    parts = ("mean", "sd", "pooled", "low", "high")
    scores = (*SHOWN, "event_f1", "pointing", "pointing_chance")
    columns = [f"{score}_{part}" for score in scores for part in parts]
    columns += [COLUMN] * (leaky := any(row.leaks for row in rows))
    out.writerow(["run", "data", "task", "cv", "model", "folds", *columns])
    for row in rows:
        values = [getattr(score, part) for score in _scores(row) for part in parts]
        values += [_leaks(row)] * leaky
        out.writerow([row.run, row.data, row.task, row.cv, row.model, row.folds, *values])
    return table.getvalue()


def _leaks(row: Row) -> str:
    return marked(" ".join(row.leaks), row.leaks)


def _scores(row: Row) -> list[Score]:
    return [*row.windows.values(), row.event_f1, row.pointing, row.chance]


def _lines(score: Score) -> str:
    return "\n".join(
        number(value) for value in (score.mean, score.sd, score.pooled, score.low, score.high)
    )


def _cell(score: Score) -> str:
    mean, sd, pooled, low, high = _lines(score).split("\n")
    over_folds = mean if score.sd is None else f"{mean} ± {sd}"
    interval = "" if score.low is None else f" [{low}–{high}]"
    return over_folds if score.pooled is None else f"{over_folds}<br>{pooled}{interval}"


def _piped(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
