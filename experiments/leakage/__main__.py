"""The leakage ledger: ``python -m experiments.leakage DIR``, on the runs of ``make leakage``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from experiments.leakage.figure import inflation_figure
from experiments.leakage.ledger import SCORES, Entry, Inflated, entries, load
from xai_sleep.errors import InputError, leave
from xai_sleep.report import style
from xai_sleep.results.files import write_text

HERE = Path(__file__).parent


def table(ledger: Sequence[Entry]) -> str:
    """One row a run in Markdown: scores in percent, inflation in points, both with intervals."""
    head = ["leak", "CV", "test windows"]
    head += [f"{label}{more}" for label in SCORES.values() for more in ("", ", more than clean")]
    lines = [_row(head), _row(["---"] * len(head))]
    for entry in ledger:
        windows = f"{entry.windows}{'' if entry.same_windows else ' (others than clean)'}"
        name = f"LEAKY `{entry.name}`" if entry.leaks else "clean"
        cells = [cell for name in SCORES for cell in _cells(entry.scores[name])]
        lines.append(_row([name, entry.scheme, windows, *cells]))
    for entry in ledger:
        if entry.oversampled:
            name = f"LEAKY `{entry.name}`, synthetic windows tested as well"
            cells = [c for n in SCORES for c in (f"{entry.oversampled[n]:.1f} (mean of folds)", "")]
            lines.append(_row([name, entry.scheme, "", *cells]))
    return "\n".join(lines) + "\n"


def _cells(found: Inflated) -> tuple[str, str]:
    over = "" if found.over is None else f"{found.over:+.1f}{_interval(found.over_ci95, '+.1f')}"
    return f"{found.score:.1f}{_interval(found.ci95, '.1f')}", over


def _interval(ci95: Sequence[float] | None, form: str) -> str:
    return "" if ci95 is None else f" [{ci95[0]:{form}}, {ci95[1]:{form}}]"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of all runs found, and write it and its figure."""
    parser = argparse.ArgumentParser(prog="python -m experiments.leakage", description=__doc__)
    parser.add_argument("directory", metavar="DIR", type=Path, help="all runs below are read")
    parser.add_argument(
        "--out", metavar="DIR", type=Path, default=HERE, help="for table and figure"
    )
    asked = parser.parse_args(arguments)
    try:
        ledger = entries(load(asked.directory))
    except InputError as error:
        leave(str(error))
    asked.out.mkdir(parents=True, exist_ok=True)
    write_text(asked.out / "table.md", table(ledger))
    style.save(inflation_figure(ledger), asked.out / "inflation.png")
    sys.stdout.write(table(ledger))


if __name__ == "__main__":
    main()
