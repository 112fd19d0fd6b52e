"""How the output of a run with leaks is marked: LEAKY, wherever it is read.

Scores of such a run measure a mistake (:mod:`xai_sleep.leaks.names`) and nothing else.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xai_sleep.leaks.names import LEAKS
from xai_sleep.results.files import write_arrays, write_text

MARK = "LEAKY"
COLUMN = "leaks"  # of a CSV; the same name in JSON and among arrays
SOME = "some of these runs make mistakes on purpose: they stand in a table of their own."


def leaks_of(found: Mapping[str, Any]) -> list[str]:
    """Leaks named in a ``results.json``; none in that of a clean run."""
    return list(found.get(COLUMN, []))


def marking(leaks: Sequence[str]) -> dict[str, list[str]]:
    """Entry of a ``results.json`` that names the leaks; none for a clean run."""
    return {COLUMN: list(leaks)} if leaks else {}


def marked(text: str, leaks: Sequence[str]) -> str:
    """Put the mark before a title; a clean one stays as it is."""
    return f"{MARK} {text}" if leaks else text


def account(leaks: Sequence[str]) -> str:
    """Say in a sentence what is wrong with a run; empty for a clean one."""
    if not leaks:
        return ""
    wrong = "; ".join(f"{name} ({LEAKS[name].about})" for name in leaks)
    return f"scores that mean nothing but the size of mistakes made on purpose: {wrong}."


def tags(leaks: Sequence[str]) -> list[str]:
    """Tags of a tracked run: the mark and the leaks; none for a clean run."""
    return [MARK, *leaks] if leaks else []


def mark_files(run: Path, leaks: Sequence[str]) -> None:
    """Name the leaks in every CSV (a last column) and ``.npz`` (one more array) of a run.

    Parameters
    ----------
    run : Path
        Directory of the run.
    leaks : sequence of str
        Without any, nothing is touched.
    """
    if not leaks:
        return
    for table in sorted(run.glob("*.csv")):
        with table.open(encoding="utf-8", newline="") as file:
            head, *rows = csv.reader(file)
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([*head, COLUMN])
        writer.writerows([*row, " ".join(tags(leaks))] for row in rows)
        write_text(table, out.getvalue())
    for path in sorted(run.glob("*.npz")):
        with np.load(path) as stored:
            arrays = dict(stored)
        write_arrays(path, arrays | {COLUMN: np.array(tags(leaks))})
