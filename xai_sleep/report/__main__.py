"""The results table: ``python -m xai_sleep.report DIR [DIR …]``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from xai_sleep.errors import leave, say
from xai_sleep.report import drawing
from xai_sleep.report.comparison import load
from xai_sleep.report.comparison_figure import comparison_figure
from xai_sleep.report.comparison_tables import comparison_csv, markdown, terminal_tables
from xai_sleep.run_directory import write_text


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of all runs found and write it as CSV, Markdown and figure."""
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
    console = Console()
    for table in terminal_tables(rows):
        console.print(table)
    for i, row in enumerate(rows, 1):
        if row.is_baseline:
            continue
        console.print(f"{i} {row.run}", markup=False, highlight=False, soft_wrap=True)
    out: Path = asked.out or next(directory for directory in directories if directory.is_dir())
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "table.csv", comparison_csv(rows))
        write_text(out / "table.md", markdown(rows))
        drawing.save(comparison_figure(rows), out / "table.png")
    except OSError as error:
        leave(f"cannot write to {out} ({error.strerror}); choose another directory with --out")
    console.print(f"table.csv, table.md and table.png in {out}", highlight=False, soft_wrap=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m xai_sleep.report",
        description="Put any number of runs in one table: scores as mean ± sd over folds and "
        "pooled with 95 % intervals, and the pointing game of the maps beside its chance. Runs on "
        "simulated and on real recordings stand in separate tables.",
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
        help="where table.csv, table.md and table.png are written (default: the first DIR)",
    )
    return parser


if __name__ == "__main__":
    main()
