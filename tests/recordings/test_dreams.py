"""The DREAMS reader: which records, whose marks, what time was scored."""

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.support.dreams import read
from tests.support.edf import Channel, noise, write_edf
from xai_sleep.errors import InputError
from xai_sleep.recordings.dreams import found

CENTRAL = [["C3-A1", "CZ-A1"]]
EOGS = [["EOG1", "EOG1-A1", "P8-A1"], ["EOG2", "EOG2-A1", "P18-A1"]]
SECONDS = 1200

Marks = Sequence[tuple[float, float]]


def signals(folder: Path, record: int, *labels: str, patient: str = "X") -> Path:
    """Write a 20-min EDF of 10 Hz; each channel holds other noise."""
    channels = [
        Channel(label, noise(SECONDS * 10, seed=record * 100 + i), 10, unit="UV")
        for i, label in enumerate(labels)
    ]
    return write_edf(folder / f"excerpt{record}.edf", channels, patient=patient)


def marks(folder: Path, name: str, rows: Marks) -> Path:
    path = folder / f"{name}.txt"
    path.write_text("\n".join(["[marks]", *(f"{a:10.4f}\t{b:10.4f}" for a, b in rows)]) + "\n")
    return path


@pytest.fixture
def spindles(tmp_path: Path) -> Path:
    """Folder with three records: 1 and 2 scored by two experts, 10 by one."""
    folder = tmp_path / "DatabaseSpindles"
    folder.mkdir()
    for record in (10, 2, 1):
        signals(folder, record, "O1-A1", "CZ-A1" if record == 10 else "C3-A1")
        marks(folder, f"Visual_scoring1_excerpt{record}", [(10, 2), (20, 1), (20.5, 1)])
    marks(folder, "Visual_scoring2_excerpt1", [(11, 2), (30, 1), (1100, 1)])
    marks(folder, "Visual_scoring2_excerpt2", [(40, 1)])
    marks(folder, "Automatic_detection_excerpt2", [(5, 1), (1150, 1)])
    return folder


@pytest.fixture
def rems(tmp_path: Path) -> Path:
    """Folder with two records scored by the one expert."""
    folder = tmp_path / "DatabaseREMs"
    folder.mkdir()
    for record in (1, 2):
        signals(folder, record, "EOG2", "C3-A1", "EOG1")
        marks(folder, f"Visual_scoring1_excerpt{record}", [(100, 1), (1150, 1)])
    return folder


def test_records_come_in_natural_order_with_the_channel_each_one_has(spindles: Path) -> None:
    recordings = read(spindles.parent, event="spindle", channels=CENTRAL)
    assert [r.record for r in recordings] == ["excerpt1", "excerpt2", "excerpt10"]
    assert [r.channels for r in recordings] == [("C3-A1",), ("C3-A1",), ("CZ-A1",)]
    for recording, seed in zip(recordings, (101, 201, 1001), strict=True):
        assert (recording.sfreq, recording.duration) == (10, SECONDS)
        np.testing.assert_allclose(
            recording.signals[0], noise(SECONDS * 10, seed) * 0.01, atol=1e-4
        )


def test_channels_are_taken_by_name_in_the_order_of_the_task(rems: Path) -> None:
    recording = read(rems.parent, event="rem", channels=EOGS)[1]
    assert recording.channels == ("EOG1", "EOG2")
    expected = [noise(SECONDS * 10, seed) * 0.01 for seed in (202, 200)]
    np.testing.assert_allclose(recording.signals, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("expert", "events", "scored"),
    [
        ("union", [[10, 13], [20, 21.5], [30, 31], [1100, 1101]], 1000),
        ("intersection", [[11, 12]], 1000),
        ("expert1", [[10, 12], [20, 21], [20.5, 21.5]], 1000),
        ("expert2", [[11, 13], [30, 31], [1100, 1101]], SECONDS),
    ],
)
def test_expert_setting_decides_events_and_scored_time(
    spindles: Path, expert: str, events: list[list[float]], scored: float
) -> None:
    first = read(
        spindles.parent, event="spindle", channels=CENTRAL, expert=expert, records=["excerpt1"]
    )[0]
    assert first.events.round(6).tolist() == events
    assert first.scored.tolist() == [[0, scored]]
    assert first.notes == (
        ("6 marks of 2 experts merged into 4 events",) if expert == "union" else ()
    )


def test_union_of_one_expert_leaves_the_marks_as_they_are(spindles: Path) -> None:
    last = read(spindles.parent, event="spindle", channels=CENTRAL)[-1]
    assert last.events.tolist() == [[10, 12], [20, 21], [20.5, 21.5]]
    assert (last.scored.tolist(), last.notes) == ([[0, 1000]], ())


@pytest.mark.parametrize("expert", ["expert2", "intersection"])
def test_records_without_a_second_expert_are_left_out(
    spindles: Path, expert: str, caplog: pytest.LogCaptureFixture
) -> None:
    recordings = read(spindles.parent, event="spindle", channels=CENTRAL, expert=expert)
    assert [r.record for r in recordings] == ["excerpt1", "excerpt2"]
    assert "records left out: no Visual_scoring2 of excerpt10" in caplog.text
    for path in spindles.glob("Visual_scoring2_*"):
        path.unlink()
    with pytest.raises(InputError, match="no Visual_scoring2 of excerpt1, excerpt2, excerpt10"):
        read(spindles.parent, event="spindle", channels=CENTRAL, expert=expert)


@pytest.mark.parametrize("expert", ["union", "expert2"])
def test_every_scorer_is_kept_whatever_the_setting(spindles: Path, expert: str) -> None:
    recordings = read(spindles.parent, event="spindle", channels=CENTRAL, expert=expert)
    scorers = recordings[1].scorers
    assert {name: len(s.events) for name, s in scorers.items()} == {
        "expert1": 3,
        "expert2": 1,
        "automatic": 2,
    }
    scored = {name: s.scored.tolist() for name, s in scorers.items()}
    assert scored == {
        "expert1": [[0, 1000]],
        "expert2": [[0, SECONDS]],
        "automatic": [[0, SECONDS]],
    }
    assert recordings[0].scorers.keys() == {"expert1", "expert2"}


def test_rems_are_scored_throughout_by_one_expert(rems: Path) -> None:
    marks(rems, "Visual_scoring2_excerpt1", [(1, 1)])
    both = [
        read(rems.parent, event="rem", channels=EOGS, expert=e)[0] for e in ("union", "expert1")
    ]
    for recording in both:
        np.testing.assert_allclose(recording.events, [[100, 101], [1150, 1151]])
        assert recording.scored.tolist() == [[0, SECONDS]]
        assert recording.scorers.keys() == {"expert1"}


@pytest.mark.parametrize(
    ("event", "expert", "message"),
    [
        ("rem", "expert2", r"data\.expert is 'expert2', .* rem .*; choose union or expert1"),
        ("rem", "intersection", "choose union or expert1"),
        ("spindle", "expert3", "choose union or expert1 or expert2 or intersection"),
        ("apnea", "union", "task.event is 'apnea', but DREAMS holds spindle, rem, kcomplex"),
    ],
)
def test_setting_that_does_not_exist(rems: Path, event: str, expert: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(rems.parent, event=event, channels=CENTRAL, expert=expert)


@pytest.mark.parametrize("name", ["DatabaseKcomplexes", "DatabaseKComplexes"])
def test_k_complexes_are_scored_throughout_by_both(tmp_path: Path, name: str) -> None:
    """Where only one looked, that one's marks count as they are."""
    folder = tmp_path / name
    folder.mkdir()
    for record in (1, 2):
        signals(folder, record, "CZ-A1")
        marks(folder, f"Visual_scoring1_excerpt{record}", [(100, 1), (1150, 1)])
    marks(folder, "Visual_scoring2_excerpt1", [(100.5, 1)])
    both, one = read(tmp_path, event="kcomplex", channels=CENTRAL)
    assert both.events.tolist() == [[100, 101.5], [1150, 1151]]
    assert one.events.tolist() == [[100, 101], [1150, 1151]]
    assert both.scored.tolist() == one.scored.tolist() == [[0, SECONDS]]
    (alone,) = read(tmp_path, event="kcomplex", channels=CENTRAL, expert="intersection")
    assert (alone.record, alone.events.tolist()) == ("excerpt1", [[100.5, 101]])


def test_names_of_files_are_seen_in_any_case(spindles: Path) -> None:
    for path in spindles.glob("*excerpt10*"):
        path.rename(spindles / path.name.replace("excerpt", "Excerpt").replace(".edf", ".EDF"))
    assert found(spindles.parent, "spindle") == ["excerpt1", "excerpt2", "excerpt10"]
    (spindles / "EXCERPT10.edf").write_bytes((spindles / "Excerpt10.EDF").read_bytes())
    with pytest.raises(InputError, match=r"holds EXCERPT10\.edf and Excerpt10\.EDF; keep one"):
        read(spindles.parent, event="spindle", channels=CENTRAL)


def test_records_of_one_person_share_the_name_of_the_first(spindles: Path) -> None:
    for record, patient in ((1, "Doe, man - A"), (2, "Roe, man - B"), (10, "Doe, man - A")):
        signals(spindles, record, "CZ-A1", patient=patient)
    everyone = read(spindles.parent, event="spindle", channels=CENTRAL)
    assert [r.subject for r in everyone] == ["excerpt1", "excerpt2", "excerpt1"]


def test_who_is_not_named_is_a_subject_of_its_own(spindles: Path) -> None:
    recordings = read(spindles.parent, event="spindle", channels=CENTRAL)
    assert [r.subject for r in recordings] == [r.record for r in recordings]


def test_patient_field_survives_nowhere(spindles: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    signals(spindles, 1, "C3-A1", patient="Doe, man - 03/04/1950 - 77")
    recordings = read(spindles.parent, event="spindle", channels=CENTRAL, expert="expert2")
    with pytest.raises(InputError) as error:
        read(spindles.parent, event="spindle", channels=[["F7"]])
    said = f"{recordings!r} {caplog.text} {error.value}"
    assert "left out" in said
    assert all(word not in said for word in ("Doe", "1950"))
    assert b"Doe" not in pickle.dumps(recordings)


def test_text_stands_in_where_there_is_no_edf(spindles: Path) -> None:
    (spindles / "excerpt2.edf").unlink()
    (spindles / "excerpt2.txt").write_text(
        "[C3-A1]\r\n" + "1.5\r\n-1\r\n" * 44_999 + "1.5\r\n2.5\r\n"
    )
    (spindles / "excerpt1.txt").write_text("not looked at")
    first, second, _ = read(spindles.parent, event="spindle", channels=CENTRAL)
    assert (first.sfreq, second.sfreq, second.duration) == (10, 50, 1800)
    assert (second.subject, second.channels) == ("excerpt2", ("C3-A1",))
    assert second.signals[0, [0, -1]].tolist() == [1.5, 2.5]


def test_channel_that_some_records_lack_names_them_all(spindles: Path) -> None:
    for record in (2, 10):
        (spindles / f"excerpt{record}.edf").unlink()
        (spindles / f"excerpt{record}.txt").write_text("[C3-A1]\n" + "1.5\n" * 90_000)
    message = (
        r"task\.channels: there is no channel O1-A1 in excerpt2, excerpt10 \(found there: C3-A1\)"
    )
    with pytest.raises(InputError, match=message):
        read(spindles.parent, event="spindle", channels=[*CENTRAL, ["O1-A1"]])


def test_stages_come_with_the_record_and_a_short_hypnogram_is_noted(spindles: Path) -> None:
    for record, n in ((1, SECONDS // 5), (2, SECONDS // 5 - 2)):
        text = "\n".join(["[Hypnogram]", *["5", "2"] * (n // 2)])
        (spindles / f"Hypnogram_excerpt{record}.txt").write_text(text)
    first, second, last = read(spindles.parent, event="spindle", channels=CENTRAL, expert="expert1")
    assert first.stages is not None
    assert (first.stages.tolist(), first.epoch, first.notes) == ([0, 2] * 120, 5.0, ())
    assert second.notes == ("Hypnogram_excerpt2.txt: stages cover 1190 s of 1200 s",)
    assert last.stages is None


def test_marks_past_the_end_are_refused_with_file_and_line(spindles: Path) -> None:
    marks(spindles, "Automatic_detection_excerpt2", [(5, 1), (SECONDS + 5, 1)])
    message = r"Automatic_detection_excerpt2\.txt, line 3: an event starts at 1205 s"
    with pytest.raises(InputError, match=message):
        read(spindles.parent, event="spindle", channels=CENTRAL)


def test_odd_marks_are_noted(rems: Path) -> None:
    marks(rems, "Visual_scoring1_excerpt1", [(531.54, -0.5177), (448.2035, 0.005)])
    first = read(rems.parent, event="rem", channels=EOGS)[0]
    np.testing.assert_allclose(first.events, [[448.2035, 448.2085]])
    assert first.notes == ("Visual_scoring1_excerpt1.txt, line 2: mark of -0.5177 s dropped",)


@pytest.mark.parametrize("event", ["spindle", "rem", "kcomplex"])
@pytest.mark.parametrize(
    ("folder", "state"), [("nowhere", "is not there"), (".", "is not there"), ("e", "holds no")]
)
def test_root_without_records(tmp_path: Path, event: str, folder: str, state: str) -> None:
    for name in ("DatabaseSpindles", "DatabaseREMs", "DatabaseKcomplexes"):
        (tmp_path / "e" / name).mkdir(parents=True)
        (tmp_path / "e" / name / "licence.txt").write_text("free")
    message = f"{state}.* data.root must be .* holds DatabaseSpindles, DatabaseREMs, Database"
    with pytest.raises(InputError, match=message):
        read(tmp_path / folder, event=event, channels=CENTRAL)
    assert found(tmp_path / folder, event) == []


def test_chosen_records_alone_are_read(spindles: Path) -> None:
    chosen = ["excerpt10", "excerpt1"]
    recordings = read(spindles.parent, event="spindle", channels=CENTRAL, records=chosen)
    assert [r.record for r in recordings] == ["excerpt1", "excerpt10"]
    with pytest.raises(InputError, match=r"data\.records asks for excerpt3"):
        read(spindles.parent, event="spindle", channels=CENTRAL, records=["excerpt3"])


def test_found_names_what_has_signals_and_marks(spindles: Path, rems: Path) -> None:
    (spindles / "excerpt1.edf").write_text("not opened")
    (spindles / "Visual_scoring1_excerpt10.txt").unlink()
    (rems / "excerpt1.edf").unlink()
    (rems / "excerpt7.edf").mkdir()
    marks(rems, "Automatic_detection_excerpt7", [])
    assert found(spindles.parent, "spindle") == ["excerpt1", "excerpt2"]
    assert found(rems.parent, "rem") == ["excerpt2"]
