"""What was understood of recordings: on the terminal before anything is trained, and on pages."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as TerminalTable
from rich.text import Text

from xai_sleep.report.tables import Table
from xai_sleep.results.finished import Observer
from xai_sleep.results.run import RaterSummary, RecordSummary

FEW = 20  # records that are listed one by one on a terminal, and that are named as odd
HEAD = ("record", "rater", "scored (h)", "events", "rows read", "stages (min)", "channels")
TAKEN = "taken"
WIDE, BOUND = 18, "\xa0"  # letters in a cell; a space where no line is broken
NUMBERS = ("scored (h)", "events")


class OnTerminal(Observer):
    """Shows what was understood."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def understood(self, records: Sequence[RecordSummary]) -> None:
        """Print it."""
        self.console.print(terminal_table(records))
        for line in oddities(records):
            self.console.print(line, style="yellow", markup=False, highlight=False)


def terminal_table(records: Sequence[RecordSummary]) -> TerminalTable:
    """One row a record, of more than :data:`FEW` their sums; 80 columns suffice."""
    table = TerminalTable(title="what was understood", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.show_edge = table.pad_edge = False
    if any(len(each.raters) > 1 for each in records):
        table.caption = f"{TAKEN}: what data.expert makes of several raters; it counts"
    for name in HEAD:
        number = name in NUMBERS
        table.add_column(name, justify="right" if number else "left", no_wrap=number)
        table.columns[-1].overflow = "fold"
    for row in map(_cells, records) if len(records) <= FEW else [_sums(records)]:
        table.add_row(*map(Text, row))  # a name may look like markup
    return table


def oddities(records: Sequence[RecordSummary]) -> list[str]:
    """Say of each record what a user should look at; of many records the first ones."""
    odd = [f"{each.record}: {'; '.join(each.odd)}" for each in records if each.odd]
    left = len(odd) - FEW
    return odd[:FEW] + [f"and {left} more odd records (results.json names them)"] * (left > 0)


def record_table(records: Sequence[RecordSummary]) -> Table:
    """List what was worked on; of events only those in scored time count."""
    rows = []
    for each in records:
        who = [each.record, each.subject, f"{each.seconds:g}", f"{each.scored_events}"]
        rows.append([*who, *_cells(each)[1:], "; ".join(each.odd), "; ".join(each.notes)])
    head = [HEAD[0], "subject", "length (s)", "events in scored time", *HEAD[1:]]
    return Table("Records", [*head, "odd", "notes"], [[*map(_on_a_page, row)] for row in rows])


def _on_a_page(cell: str) -> str:
    return cell.replace(",\n", ", ").replace("\n", "; ")


def _cells(one: RecordSummary) -> list[str]:
    of = f"{one.record}\nof {one.subject}" if one.subject != one.record else one.record
    raters = one.raters or [RaterSummary("", one.scored_seconds, one.events)]
    if len(raters) > 1:  # what they come to together
        raters = [*raters, RaterSummary(TAKEN, one.scored_seconds, one.events)]
    channels = [*one.channels, f"{one.sfreq:g} Hz"]
    return [of, *_raters(raters), _counts(one.kinds), _counts(one.stages), "\n".join(channels)]


def _raters(raters: Iterable[RaterSummary]) -> Iterator[str]:
    each = list(raters)
    yield "\n".join(one.name for one in each)
    yield "\n".join(f"{one.scored_seconds / 3600:.2f}" for one in each)
    yield "\n".join(f"{one.events}" for one in each)


def _counts(counts: dict[str, int] | dict[str, float]) -> str:
    rounded = {name or "n/a": round(number, 1) for name, number in counts.items()}
    each = (f"{name} {number}".replace(" ", BOUND) for name, number in rounded.items())
    return "\n".join(textwrap.wrap(", ".join(each), WIDE)).replace(BOUND, " ") or "–"


def _sums(records: Sequence[RecordSummary]) -> list[str]:
    """One row for all records."""
    scored, marked = Counter[str](), Counter[str]()
    kinds, stages, channels = Counter[str](), Counter[str](), Counter[str]()
    for one in records:
        for rater in one.raters:
            scored[rater.name] += round(rater.scored_seconds)
            marked[rater.name] += rater.events
        kinds.update(one.kinds)
        stages.update({name: round(minutes) for name, minutes in one.stages.items()})
        channels["\n".join([*one.channels, f"{one.sfreq:g} Hz"])] += 1
    raters = [RaterSummary(name, seconds, marked[name]) for name, seconds in scored.items()]
    seconds, events = (sum(getattr(r, n) for r in records) for n in ("scored_seconds", "events"))
    raters.append(RaterSummary(TAKEN, seconds, events))
    people = f"{len(records)} records\n{len({one.subject for one in records})} subjects"
    called = "\n".join(f"{name}: {number}" for name, number in channels.most_common(5))
    return [people, *_raters(raters), _counts(kinds), _counts(stages), called]
