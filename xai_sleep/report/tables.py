"""Tables of text for pages, terminals and Markdown: scores as rows, and why some are missing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.table import Table as TerminalTable

from xai_sleep.results.run import RunRecord
from xai_sleep.results.scores import MEAN, MODEL, POOLED, Scores, Summary

Rows = Sequence[Sequence[str]]
HEAD = ("score", "pooled", "95 % interval", "mean ± sd over folds", "folds")
ONE_BY_ONE = ("subject ", "record ")  # what figures show and tables leave out


@dataclass(frozen=True)
class Table:
    """Text in rows under a title."""

    title: str  # what it is of
    head: Sequence[str]  # of each column; the first names the rows
    rows: Rows  # as long as the head
    notes: Sequence[str] = ()  # sentences below, without their full stops

    @property
    def markdown(self) -> str:
        """The same in Markdown."""
        lines = [_piped(self.head), _piped(["---"] * len(self.head)), *map(_piped, self.rows)]
        return "\n\n".join([f"## {self.title}", "\n".join(lines), *(f"{n}." for n in self.notes)])


def on_terminal(
    title: str, head: Sequence[str], sections: Iterable[Rows], notes: Sequence[str], names: int = 1
) -> TerminalTable:
    """Make a table for a terminal: ``names`` columns of words, then numbers; lines part them."""
    table = TerminalTable(title=title, caption="\n".join(notes), box=SIMPLE_HEAD)
    table.show_edge, table.pad_edge, table.padding = False, False, (0, 1, 0, 0)
    table.add_column(head[0], overflow="fold")  # where space is short this gives way, no number
    for place, name in enumerate(head[1:], 1):
        table.add_column(name, justify="left" if place < names else "right", no_wrap=True)
    for rows in sections:
        for row in rows:
            table.add_row(*row, style="bold" if row[0] == POOLED else None)
        table.add_section()
    return table


def number(value: float | None, digits: int = 3) -> str:
    """Round a number; a dash for an undefined one."""
    return "–" if value is None else f"{value:.{digits}f}"


def short(value: float | None) -> str:
    """Three decimals without the zero before them, for a terminal, as ``.250``."""
    return number(value).replace("0.", ".", 1)


def interval(bounds: tuple[float, float] | None) -> str:
    """Both ends; a dash where there is no interval."""
    return "–" if bounds is None else f"{number(bounds[0])} to {number(bounds[1])}"


def spread(score: Summary) -> str:
    """Mean ± sd over folds."""
    return number(score.mean) + ("" if score.sd is None else f" ± {number(score.sd)}")


def certain(score: Summary) -> str:
    """Pooled score with its interval, as ``0.500 [0.250 to 0.750]``."""
    bounds = score.interval
    return number(score.pooled) + (f" [{interval(bounds)}]" if bounds else "")


def score_table(
    title: str, record: RunRecord, scores: Scores, part: str, who: str, overs: Sequence[str]
) -> Table:
    """Make a table of scores over the folds; of several ``overs`` each row says its own."""
    rows: list[list[str]] = []
    reasons: dict[tuple[str, str], list[str]] = {}
    for over in overs:
        shown = scores.select(part=part, who=who, over=over)
        metrics = Scores(row for row in shown if row.fold in (POOLED, MEAN)).distinct("metric")
        for name in metrics:
            score, titled = shown.summary(part, name, who=who, over=over), record.metric(name).title
            titled = f"{words(over)}: {titled}" if len(overs) > 1 else titled
            whole = float(score.pooled or 0).is_integer() and score.mean is None
            pooled = number(score.pooled, 0 if whole else 3)  # counts and verdicts
            ends = [pooled, interval(score.interval), spread(score), str(score.folds or "")]
            rows.append([titled, *ends])
            for reason in _missing(score):
                reasons.setdefault(reason, []).append(titled)
    notes = [
        f"{what} ({'all scores' if len(names) == len(rows) else ', '.join(names)}): {why}"
        for (what, why), names in reasons.items()
    ]
    return Table(title, HEAD, rows, notes)


def score_tables(
    title: str, record: RunRecord, scores: Scores, part: str, who: str = MODEL
) -> Iterator[Table]:
    """Make a table of everything that a part was scored over, titled by that."""
    for over in scores.select(part=part, who=who).distinct("over"):
        if not over.startswith(ONE_BY_ONE):
            of = title if over == "all" else f"{title}: {words(over)}"
            yield score_table(of, record, scores, part, who, [over])


def words(over: str) -> str:
    """Say in words what a score is over."""
    return "stages N2 and N3" if over == "n2n3" else over.replace("_", " ")


def _missing(score: Summary) -> Iterator[tuple[str, str]]:
    if score.reason:
        yield "Not pooled" if score.pooled is None else "No 95 % interval", score.reason
    if score.mean_reason:
        yield "No mean" if score.mean is None else "No sd", score.mean_reason


def _piped(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
