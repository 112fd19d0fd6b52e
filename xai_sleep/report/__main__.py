"""The results table: ``python -m xai_sleep.report DIR [DIR …]``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from xai_sleep.errors import leave, say
from xai_sleep.evaluate.compare import Pair, pairs
from xai_sleep.report import style
from xai_sleep.report.comparison import Row, load
from xai_sleep.report.comparison_figure import comparison_figure
from xai_sleep.report.comparison_page import comparison_page
from xai_sleep.report.comparison_tables import comparison_csv, markdown, terminal_tables
from xai_sleep.report.paired_tables import pairs_csv, pairs_markdown, pairs_table
from xai_sleep.results.directory import write_text


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of all runs found and write it as CSV, Markdown, figure and page."""
    asked = _parser().parse_args(arguments)
    directories: list[Path] = asked.directories
    rows, skipped = load(directories)
    for line in skipped:
        say(f"left out: {line}")
    if not rows:
        leave(
            f"no finished run in {', '.join(map(str, directories))}; name directories of runs "
            "or sweeps that hold results.json, such as outputs or multirun"
        )
    compared, not_compared = pairs(rows)
    for line in not_compared if len(rows) > 1 else ():
        say(f"left out: {line}")
    _show(rows, compared)
    out: Path = asked.out or next(directory for directory in directories if directory.is_dir())
    try:
        names = _write(out, rows, compared)
        if not (out / "results.json").exists():  # else a run's own page stands there
            left_out = [*skipped, *(not_compared if len(rows) > 1 else ())]
            page = comparison_page(rows, compared, left_out, out=out, directories=directories)
            write_text(out / "report.html", page)
            names += ", report.html"
    except OSError as error:
        leave(f"cannot write to {out} ({error.strerror}); choose another directory with --out")
    Console().print(f"{names} in {out}", highlight=False, soft_wrap=True)


def _show(rows: Sequence[Row], compared: Sequence[Pair]) -> None:
    console = Console()
    for table in terminal_tables(rows):
        console.print(table)
    if compared:
        console.print(pairs_table(compared))
    for i, row in enumerate(rows, 1):
        if not row.is_baseline:
            console.print(f"{i} {row.run}", markup=False, highlight=False, soft_wrap=True)


def _write(out: Path, rows: Sequence[Row], compared: Sequence[Pair]) -> str:
    """Write all files and name them."""
    out.mkdir(parents=True, exist_ok=True)
    text = markdown(rows)
    if compared:
        text += "\n" + pairs_markdown(compared)
        write_text(out / "pairs.csv", pairs_csv(compared, [row.run for row in rows]))
    write_text(out / "table.csv", comparison_csv(rows))
    write_text(out / "table.md", text)
    style.save(comparison_figure(rows), out / "table.png")
    return f"table.csv, {'pairs.csv, ' if compared else ''}table.md, table.png"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m xai_sleep.report",
        description="Put any number of runs in one table: scores as mean ± sd over folds and "
        "pooled with 95 % intervals, F1 of events, and the pointing game of the maps beside "
        "its chance. Runs on simulated and on real recordings stand in separate tables. Runs on "
        "the same test windows are compared in pairs: differences, their intervals over subjects "
        "and p-values.",
        epilog="example: python -m xai_sleep.report multirun/2026-01-31_12-00-00 outputs/dreams "
        "--out table",
    )
    parser.add_argument(
        "directories",
        metavar="DIR",
        type=Path,
        nargs="+",
        help="directory of a run or of a sweep; all results.json in it and below are read",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="where table.csv, table.md, table.png and report.html are written (default: the first "
        "DIR; in the directory of a single run report.html is the run's own and stays)",
    )
    return parser


if __name__ == "__main__":
    main()
