"""What was understood, described, compared and shown on a terminal of 80 columns."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from xai_sleep.evaluate.understood import compared, describe
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.recording import Recording, Scoring
from xai_sleep.report.understood import OnTerminal, record_table
from xai_sleep.results.inspected import Response
from xai_sleep.results.run import RaterSummary, RecordSummary

LATE = Response((11, 16), np.zeros(1), np.zeros(1), shift=3.04)


def recording() -> Recording:
    """Make up an hour with an event outside its scored time, two raters, stages."""
    anna = Scoring(intervals([(10, 11), (20, 21)]), intervals([(0, 1800)]))
    bob = Scoring(intervals([(2000, 2001)]), intervals([(0, 3600)]))
    events = intervals([(10, 11), (20, 21), (2000, 2001)])
    return Recording(
        *("night1", "[red]anna", np.zeros((1, 360_000), np.float32), ("C3-M2",), 100.0),
        *(events, anna.scored, np.repeat(np.array([0, 2], np.int8), 60), 30.0),
        {"Anna": anna, "Bob": bob},
        ("a note",),
        kinds={"spindle": 3, "arousal": 7},
    )


def of(record: str, **changed: object) -> RecordSummary:
    return replace(describe(recording()), record=record, **changed)  # type: ignore[arg-type]


def shown(records: list[RecordSummary], width: int = 80) -> str:
    written = io.StringIO()
    OnTerminal(Console(file=written, width=width)).understood(records)
    assert max(map(len, written.getvalue().splitlines())) <= width
    return written.getvalue()


def test_a_recording_is_described() -> None:
    found = describe(recording(), LATE)
    assert (found.seconds, found.scored_seconds, found.events, found.scored_events) == (
        *(3600, 1800, 3, 2),
    )
    assert found.raters == [RaterSummary("Anna", 1800, 2), RaterSummary("Bob", 3600, 1)]
    assert found.stages == {"W": 30, "N2": 30}
    assert (found.kinds, found.channels) == ({"spindle": 3, "arousal": 7}, ["C3-M2"])
    assert (found.sfreq, found.shift, found.notes) == (100, 3.04, ["a note"])


def test_the_terminal_shows_all_of_it() -> None:
    text = " ".join(shown(compared([describe(recording(), LATE)])).split())
    for said in ("night1 Anna 0.50 2", "Bob 1.00 1", "taken 0.50 3", "of [red]anna", "C3-M2"):
        assert said in text
    for said in ("spindle 3", "arousal 7", "W 30.0", "N2 30.0", "100 Hz", "data.expert"):
        assert said in text
    assert "night1: marks look shifted by +3.0 s" in text


def test_of_many_records_there_are_sums_and_the_odd_ones() -> None:
    """A hundred, of which one has lost its stages and another its events."""
    records = [of(f"n{i}", subject=f"s{i // 2}") for i in range(100)]
    records[7] = replace(records[7], stages={})
    records[8] = replace(records[8], scored_events=0)
    text = shown(compared(records))
    assert len(text.splitlines()) < 20
    for said in ("100 records", "50 subjects", "spindle 300", "100 Hz: 100", "50.00"):
        assert said in text
    assert "n7: no stages, most records have stages" in text
    assert "n8: no event in scored time" in text
    assert "n9:" not in text
    every = compared([replace(each, scored_events=0) for each in records])
    assert "and 80 more odd records" in shown(every)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"channels": ["C4-M1"]}, "channels C4-M1, most records have channels C3-M2"),
        ({"sfreq": 256.0}, "256 Hz, most records have 100 Hz"),
        ({"kinds": {"spindel": 3}}, "rows that no other record has: spindel"),
        ({"scored_events": 20}, "40 events an hour, the median record has 4"),
        ({"events": 5}, "3 of 5 events outside scored time"),
    ],
)
def test_what_is_odd_among_others_is_said(changed: dict[str, object], said: str) -> None:
    found = compared([of("a"), of("b"), of("c", **changed)])
    assert [each.odd for each in found] == [[], [], [said]]


def test_two_records_that_differ_are_not_odd() -> None:
    assert [each.odd for each in compared([of("a"), of("b", sfreq=256.0)])] == [[], []]


def test_names_and_figures_stand_on_the_page_as_well() -> None:
    table = record_table(compared([describe(recording(), LATE)]))
    row = dict(zip(table.head, table.rows[0], strict=True))
    assert (row["record"], row["subject"], row["events in scored time"]) == (
        *("night1", "[red]anna", "2"),
    )
    assert (row["rater"], row["events"]) == ("Anna; Bob; taken", "2; 1; 3")
    assert (row["odd"], row["notes"]) == ("marks look shifted by +3.0 s", "a note")
