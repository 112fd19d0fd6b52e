"""The results table: ``python -m xai_sleep.report DIR [DIR …]``."""

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from xai_sleep.errors import leave, say
from xai_sleep.evaluate import compare
from xai_sleep.experiment.provenance import commit
from xai_sleep.report import comparison, style
from xai_sleep.results.files import write_text
from xai_sleep.results.run import FILE
from xai_sleep.results.scores import Pair, Row


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of all runs found and write it as CSV, Markdown, figure and page."""
    asked = _parser().parse_args(arguments)
    directories: list[Path] = asked.directories
    rows, left_out = compare.rows(directories)
    pairs, not_compared = compare.pairs(rows)
    left_out = [*left_out, *(not_compared if len(rows) > 1 else ())]
    for line in left_out:
        say(f"left out: {line}")
    if not rows:
        named = ", ".join(map(str, directories))
        advice = "name directories of runs or sweeps that hold results.json, such as outputs"
        leave(f"no finished run in {named}; {advice} or multirun")
    console = Console()
    for table in comparison.terminal_tables(rows, pairs):
        console.print(table)
    for i, row in enumerate(rows, 1):
        if not row.is_baseline:
            console.print(f"{i} {row.run}", markup=False, highlight=False, soft_wrap=True)
    out: Path = asked.out or next(directory for directory in directories if directory.is_dir())
    command = ["python", "-m", "xai_sleep.report", *map(str, directories), "--out", str(out)]
    try:
        names = _write(out, rows, pairs)
        if not (out / FILE).exists():  # else a run's own page stands there
            made_with = (shlex.join(command), commit())
            page = comparison.comparison_page(rows, pairs, left_out, out, made_with)
            write_text(out / "report.html", page)
            names.append("report.html")
    except OSError as error:
        leave(f"cannot write to {out} ({error.strerror}); choose another directory with --out")
    console.print(f"{', '.join(names)} in {out}", highlight=False, soft_wrap=True)


def _write(out: Path, rows: Sequence[Row], pairs: Sequence[Pair]) -> list[str]:
    """Write all files and name them."""
    out.mkdir(parents=True, exist_ok=True)
    markdown = comparison.markdown(rows, pairs)
    files = {"table.csv": comparison.comparison_csv(rows), "table.md": markdown}
    if pairs:
        files["pairs.csv"] = comparison.pairs_csv(pairs, rows)
    for name, text in files.items():
        write_text(out / name, text)
    style.save(comparison.comparison_figure(rows), out / "table.png")
    return [*files, "table.png"]


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
    read = "directory of a run or of a sweep; all results.json in it and below are read"
    parser.add_argument("directories", metavar="DIR", type=Path, nargs="+", help=read)
    out = (
        "where table.csv, table.md, table.png and report.html are written (default: the first "
        "DIR; in the directory of a single run report.html is the run's own and stays)"
    )
    parser.add_argument("--out", metavar="DIR", type=Path, help=out)
    return parser


if __name__ == "__main__":
    main()
