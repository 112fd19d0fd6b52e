"""Side-by-side timing, and the table that holds it.

Whatever is compared takes turns, so that everything else the machine does falls on both; a figure
is the median of the turns after a warm-up.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Row:
    """One comparison.

    Parameters
    ----------
    what : str
        What is measured, with its unit.
    ours : float
        The figure of xai_sleep.
    alternative : str
        What it is compared with.
    theirs : float or None
        The alternative's figure in the same unit; None if it was not measured.
    """

    what: str
    ours: float
    alternative: str
    theirs: float | None

    def __str__(self) -> str:
        """Row of a Markdown table."""
        theirs = ratio = NOT_MEASURED
        if self.theirs is not None:
            theirs, ratio = f"{self.theirs:.3g}", f"{self.theirs / self.ours:.3g}"
        return f"| {self.what} | {self.ours:.3g} | {self.alternative} | {theirs} | {ratio} |"


def table(rows: Iterable[Row]) -> str:
    """Markdown table; a ratio above 1 says that the alternative takes more."""
    head = "| what | xai_sleep | alternative | its figure | ratio |\n|---|---|---|---|---|"
    return "\n".join([head, *map(str, rows)])


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock time of one piece of work."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def high_water() -> float:
    """Peak memory of this process so far, in GiB (Linux)."""
    # Not ru_maxrss: a process starts with that of the one that started it.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 2**20


def take_turns(works: Sequence[Callable[[], float]], turns: int, warm_up: int = 2) -> list[float]:
    """Median of what each piece of work returns over the turns, those to warm up left out."""
    figures = [[work() for work in works] for _ in range(warm_up + turns)]
    return [median(column) for column in zip(*figures[warm_up:], strict=True)]
