"""What was marked in a recording, by whom, and where somebody looked."""

from pathlib import Path

import pytest

from tests.support.edf import Channel, annotations, noise, write_edf
from tests.support.own import write_signals, write_table
from xai_sleep.errors import InputError
from xai_sleep.recordings.annotations import (
    ELSEWHERE,
    Kinds,
    event_kinds,
    on_channels,
    rows_of,
)
from xai_sleep.recordings.edf import open_edf
from xai_sleep.recordings.files import TABLES
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.layout import MarksFile, RecordFiles
from xai_sleep.recordings.raters import CHANNELS, as_named, score
from xai_sleep.recordings.recording import Scoring
from xai_sleep.recordings.tables import Row, read_marks

SECONDS = 100.0
HEAD = "onset,duration,trial_type,expert"


def table(folder: Path, head: str, *rows: tuple[object, ...]) -> list[Row]:
    return read_marks(write_table(folder / "night.csv", head, *rows))[0]


def of(*kinds: str) -> Kinds:
    return Kinds(frozenset(kinds))


def known(
    rows: list[Row], *kinds: str, everything: bool = False, seconds: float = SECONDS
) -> tuple[dict[str, Scoring], tuple[str, ...]]:
    own = as_named(on_channels(rows, of(*kinds), None)[0], {})
    return score("night", own, seconds, intervals([(0, seconds)]) if everything else None)


def scored(rows: list[Row], *kinds: str, everything: bool = False) -> dict[str, Scoring]:
    return known(rows, *kinds, everything=everything)[0]


def listed(scorers: dict[str, Scoring]) -> dict[str, tuple[list[list[float]], list[list[float]]]]:
    return {name: (one.events.tolist(), one.scored.tolist()) for name, one in scorers.items()}


def test_rows_that_do_not_say_what_they_are_are_events(tmp_path: Path) -> None:
    rows = table(tmp_path, "onset,duration", (20, 2), (5, 1), (5.5, 1))
    expected = {"expert1": ([[5, 6], [5.5, 6.5], [20, 22]], [[0, 100]])}
    assert listed(scored(rows, everything=True)) == expected


def test_rows_called_scored_say_where_the_expert_looked(tmp_path: Path) -> None:
    rows = table(
        tmp_path,
        "onset,duration,Trial_Type",
        *[(5, 1, "Spindle"), (40, 20, "scored"), (0, 30, "Scored"), (20, 15, "SCORED")],
        *[(7, 1, "arousal"), ("n/a", -3, "lights off")],
    )
    assert listed(scored(rows, "spindle")) == {"expert1": ([[5, 6]], [[0, 35], [40, 60]])}


def test_each_expert_has_marks_and_scored_time_of_their_own(tmp_path: Path) -> None:
    """A row that names nobody holds for all; an expert may have looked and found nothing."""
    rows = table(
        tmp_path,
        HEAD,
        *[(5, 1, "spindle", "1.0"), (6, 1, "spindle", "Expert2"), (0, 10, "scored", "")],
        *[(20, 10, "scored", 2), (30, 10, "scored", "expert3"), (7, 1, "spindle", "Zoë/ A")],
        *[(50, 10, "scored", "ZOË/ A")],
    )
    assert listed(scored(rows, "spindle")) == {
        "expert1": ([[5, 6]], [[0, 10]]),
        "expert2": ([[6, 7]], [[0, 10], [20, 30]]),
        "expert3": ([], [[0, 10], [30, 40]]),
        "Zoë/ A": ([[7, 8]], [[0, 10], [50, 60]]),
    }
    everything = [row for row in rows if row.cells["kind"] != "scored"]
    assert {
        name: s for name, (_, s) in listed(scored(everything, "spindle", everything=True)).items()
    } == {
        "expert1": [[0, 100]],
        "expert2": [[0, 100]],
        "Zoë/ A": [[0, 100]],
    }


def test_unscored_time_is_never_guessed(tmp_path: Path) -> None:
    rows = table(tmp_path, HEAD, (5, 1, "spindle", ""))
    said = r"night: nothing says where the expert looked, and unscored time is unknown.*scored"
    with pytest.raises(InputError, match=said + r".*data\.scored=all"):
        scored(rows, "spindle")
    rows = table(tmp_path, HEAD, (5, 1, "spindle", 1), (5, 1, "spindle", 2), (0, 9, "scored", 2))
    with pytest.raises(InputError, match=r"nothing says where expert1 looked"):
        scored(rows, "spindle")
    with pytest.raises(
        InputError, match=r"data\.scored says so too, but rows of night called scored"
    ):
        scored(rows, "spindle", everything=True)


def test_events_where_nobody_looked_are_noted(tmp_path: Path) -> None:
    rows = table(
        tmp_path, HEAD, (5, 1, "s", ""), (19, 2, "s", ""), (50, 1, "s", ""), (0, 20, "scored", "")
    )
    scorers, notes = known(rows, "s")
    assert len(scorers["expert1"].events) == 3
    assert notes == ("events outside the scored time, which count nowhere: 1 of expert1",)


def test_what_is_said_twice_counts_once_and_is_noted(tmp_path: Path) -> None:
    """By the same expert; what another says as well is that one's own."""
    marks = [(5, 1, "s", 1), (5.0, "1.00", "S", "expert1"), (5, 1, "s", 2), (5, 2, "s", 1)]
    rows = table(tmp_path, HEAD, *marks, (0, 20, "scored", ""), (0, 20, "scored", ""))
    scorers, notes = known(rows, "s")
    assert scorers["expert1"].events.tolist() == [[5, 6], [5, 7]]
    assert scorers["expert2"].events.tolist() == [[5, 6]]
    assert notes == ("rows that say the same as another, which count once: 1 of expert1",)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((-1, 2, "s", 1), "onset is -1 and duration 2; expected s from the start"),
        ((5, 0, "s", 1), "onset is 5 and duration 0; .* a duration above 0"),
        ((90, 1e-15, "s", 1), "onset is 90 and duration 1e-15"),
        ((5, -2, "s", 1), "onset is 5 and duration -2"),
        ((5, "", "s", 1), "duration is ''; expected a number"),
        (("12:30", 1, "s", 1), "onset is '12:30'; expected a number"),
        ((99, 2, "s", 1), "from 99 to 101 s, but the recording lasts 100 s; .* are these samples"),
        ((100, 0.001, "s", 1), "from 100 to 100.001 s"),
        ((0, 200, "scored", ""), "from 0 to 200 s, but the recording lasts 100 s"),
        ((5, 1, "s", ""), "expert is empty; expected a name, as other rows do"),
        ((5, 1, "s", "1.5"), "expert is '1.5'; expected a name or a whole number"),
        ((5, 1, "s", "Union"), "expert is 'Union'; expected a name"),
        ((5, 1, "s", "automatic"), "expert is 'automatic'; expected a name"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(
    tmp_path: Path, row: tuple[object, ...], said: str
) -> None:
    rows = table(tmp_path, HEAD, (5, 1, "s", 1), row)
    with pytest.raises(InputError, match=rf"night\.csv, line 3: {said}"):
        scored(rows, "s", everything="scored" not in row)


def test_a_row_may_end_with_the_recording(tmp_path: Path) -> None:
    """Rounded to 10 ms."""
    rows = table(tmp_path, HEAD, (99, 1.009, "s", ""))
    assert scored(rows, "s", everything=True)["expert1"].events.tolist() == [[99, 100]]


def test_kinds_are_named_or_there_is_one(tmp_path: Path) -> None:
    plain = table(tmp_path, "onset,duration", (1, 1))
    one = table(tmp_path, HEAD, (1, 1, "Spindle", 1), (1, 1, "spindle", 2), (0, 9, "scored", 1))
    two = table(tmp_path, HEAD, (1, 1, "arousal", 1), (2, 1, "", 1))
    assert event_kinds({"a": plain}, None) == of()
    assert event_kinds({"a": one, "b": plain}, None) == of("spindle")
    assert event_kinds({"a": one, "b": two}, ["SPINDLE", "Arousal"]) == of("spindle", "arousal")
    held = r"spindle \(2\), arousal \(1\), n/a \(1\)"
    with pytest.raises(InputError, match=rf"rows of several kinds: {held}; name those"):
        event_kinds({"a": one, "b": two}, None)
    said = rf"data\.event_names: no row is called spindel; the kinds found are {held}"
    with pytest.raises(InputError, match=said):
        event_kinds({"a": one, "b": two}, ["arousal", "spindel"])
    with pytest.raises(InputError, match=r"no row is called spindle; the kinds found are none"):
        event_kinds({"a": plain}, ["spindle"])


def test_annotations_inside_stand_in_for_a_table(tmp_path: Path) -> None:
    said = [(1.0, 2.0, "spindle@@C3-A2"), (5.0, 1.0, "lights off"), (0.0, 9.0, "scored")]
    signal = Channel("C3-A2", noise(1000), 100)
    path = write_edf(tmp_path / "night.edf", [signal, annotations(said, 10)], kind="EDF+C")
    rows, notes = rows_of(RecordFiles(path, "night.csv"), open_edf(path))
    scorers, _ = known(rows, "spindle", seconds=10.0)
    assert listed(scorers) == {"expert1": ([[1, 3]], [[0, 9]])}
    with pytest.raises(InputError, match=r"night\.edf, annotation at 0 s: from 0 to 9 s"):
        known(rows, "lights off", seconds=6.0)
    beside = MarksFile(
        write_table(tmp_path / "night.csv", "onset,duration", (3, 1)), TABLES["table"]
    )
    rows, notes = rows_of(RecordFiles(path, "night.csv", (beside,)), open_edf(path))
    assert notes == ("annotations inside left out, as night.csv is there: 3",)
    assert listed(scored(rows, everything=True)) == {"expert1": ([[3, 4]], [[0, 100]])}


def test_a_recording_without_anything_marked_is_refused(tmp_path: Path) -> None:
    path = write_signals(tmp_path, "night", seconds=10)
    said = r"night\.edf has no marks beside it \(as night\.csv\) and no annotations inside; write"
    with pytest.raises(InputError, match=said):
        rows_of(RecordFiles(path, "night.csv"), open_edf(path))


MARKS = [(5, 1, "Spindle"), (8, 2, "arousal"), (0, 30, "Sleep stage N2"), (20, 1, "spindle")]
COLUMNS = ["trial_type", "Description", "Annotation", "TYPE", "label", "event", "kind", "Name"]


@pytest.mark.parametrize("column", [*COLUMNS, "stage", "Event Type"])
@pytest.mark.parametrize(
    "times", ["Onset,Duration", "start,end", "Begin (s),STOP", "time,duration"]
)
@pytest.mark.parametrize("ending", [".csv", ".tsv"])
def test_kinds_stand_in_any_column(tmp_path: Path, column: str, times: str, ending: str) -> None:
    """And an end says as much as a duration; what is no event becomes none."""
    ends = "duration" not in times.casefold()
    marks = [(onset, onset + length if ends else length, kind) for onset, length, kind in MARKS]
    path = write_table(tmp_path / f"night{ending}", f"{times},{column}", *marks)
    rows, notes = read_marks(path)
    kinds = event_kinds({"night": rows}, ["spindle"])
    assert listed(scored(rows, *kinds.events, everything=True)) == {
        "expert1": ([[5, 6], [20, 21]], [[0, 100]])
    }
    assert kinds.stages == {"sleep stage n2"}
    assert notes == ()
    with pytest.raises(InputError, match=r"several kinds: spindle \(2\), arousal \(1\), sleep"):
        event_kinds({"night": rows}, None)


def test_a_column_that_could_be_the_kind_is_refused_and_others_are_noted(tmp_path: Path) -> None:
    for column in ("what", "record", "is_spindle"):
        said = rf"night\.csv: the column '{column}' is not known and holds text \('yes'\); call it"
        with pytest.raises(InputError, match=said + " trial_type if .* comment if"):
            table(tmp_path, f"onset,duration,type,{column}", (1, 1, "s", ""), (2, 1, "s", "yes"))
    path = write_table(
        tmp_path / "night.csv",
        "onset,start,duration,end,Event,Type,Scorer,Channels,Comment,amplitude,at",
        (5, "22:10:03.5", 1, 6, 1, "spindle", 2, "C3", "nice", "1e-05", "2024-01-02T03:04:05"),
    )
    rows, notes = read_marks(path)
    (cells,) = [row.cells for row in rows]
    assert (cells["kind"], cells["expert"], cells["channel"]) == ("spindle", "2", "C3")
    assert notes == ("columns of night.csv not used: start, end, event, amplitude, at",)


def test_columns_that_disagree_on_what_was_marked_are_refused(tmp_path: Path) -> None:
    """But the stage in which a spindle lies is no kind."""
    rows = table(tmp_path, "onset,duration,type,label,stage", (1, 1, "s", "S", "N2"))
    assert [row.cells["kind"] for row in rows] == ["S"]
    said = r"line 2: type is 'night1' and label is 'arousal'; keep what was marked, and call"
    with pytest.raises(InputError, match=said):
        table(tmp_path, "onset,duration,type,label", (1, 1, "night1", "arousal"))


def test_numbers_beside_text_are_its_codes_or_a_count_or_disagree(tmp_path: Path) -> None:
    for numbers in ((7, 8, 7), (1, 2, 3)):
        marks = [(1, 1, "a", numbers[0]), (2, 1, "b", numbers[1]), (3, 1, "a", numbers[2])]
        rows = table(tmp_path, "onset,duration,name,event", *marks)
        assert [row.cells["kind"] for row in rows] == ["a", "b", "a"]
    marks = [(1, 1, "night1", 1), (2, 1, "night1", 2), (3, 1, "night1", 1)]
    with pytest.raises(InputError, match=r"name is 'night1' and trial_type is '1'; keep"):
        table(tmp_path, "onset,duration,name,trial_type", *marks)


def test_a_number_is_a_kind_as_well(tmp_path: Path) -> None:
    rows = table(tmp_path, "onset,duration,class", (1, 1, 1), (2, 1, 2))
    assert event_kinds({"a": rows}, ["2"]) == of("2")
    with pytest.raises(InputError, match=r"several kinds: 1 \(1\), 2 \(1\)"):
        event_kinds({"a": rows}, None)


def test_rem_alone_is_an_eye_movement_and_beside_stages_is_one(tmp_path: Path) -> None:
    alone = table(tmp_path, HEAD, (1, 1, "REM", 1))
    staged = [*alone, *table(tmp_path, HEAD, (0, 30, "N2", ""), (5, 1, "spindle", 1))]
    assert event_kinds({"a": alone}, None) == of("rem")
    assert event_kinds({"a": staged}, None) == Kinds(of("spindle").events, of("rem", "n2").events)
    assert event_kinds({"a": staged}, ["rem"]) == Kinds(of("rem").events, of("n2").events)


ON = "onset,duration,trial_type,channel"


def test_marks_are_taken_from_the_channels_of_the_task(tmp_path: Path) -> None:
    """Other spellings are the same; what is elsewhere, or nowhere, is counted by its name."""
    own = [(1, 1, "s", "eeg c3-A2"), (3, 1, "s", "C3 - M2"), (5, 1, "s", "C3"), (7, 1, "s", "")]
    both = [(9, 1, "s", "O1-A2; C3-A2")]
    away = [(1, 1, "s", "O1-A2"), (3, 1, "s", "O1-A2"), (5, 1, "s", "C3-A1"), (6, 1, "s", "Q")]
    rows = table(tmp_path, ON, *own, *both, *away, (0, 50, "scored", "C3"), (0, 99, "scored", "Q"))
    kept, notes = on_channels(rows, of("s"), ["C3-A2"])
    assert listed(scored(kept, "s")) == {
        "expert1": ([[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]], [[0, 50]])
    }
    assert notes == (f"{ELSEWHERE}: 2 on O1-A2, 2 on Q, 1 on C3-A1",)


def test_the_same_event_on_several_channels_counts_once(tmp_path: Path) -> None:
    """Though marked a little later there; marks of one channel stay as they are."""
    rows = table(tmp_path, ON, (1, 1, "s", "C3"), (1.2, 1, "s", "O1"), (5, 1, "s", "O1"))
    kept, notes = on_channels(rows, of("s"), None)
    assert (len(kept), notes) == (3, ())
    scorers, notes = known(kept, "s", everything=True)
    assert scorers["expert1"].events.tolist() == [[1, 2.2], [5, 6]]
    assert notes == (f"{CHANNELS}: 1 of expert1",)
    rows = table(tmp_path, ON, (1, 1, "s", "C3"), (1.2, 1, "s", "C3"))
    assert len(scored(rows, "s", everything=True)["expert1"].events) == 2
