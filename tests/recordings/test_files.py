"""A folder of recordings of a user's own: what is read, and all that can be wrong."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support import dreams as dreams_tree
from tests.support.edf import Channel, annotations, noise, write_edf
from tests.support.own import EVENTS, SECONDS, read, write_night, write_signals, write_table
from xai_sleep.errors import InputError
from xai_sleep.recordings.annotations import ELSEWHERE
from xai_sleep.recordings.edf import open_edf
from xai_sleep.recordings.files import TABLES, Files
from xai_sleep.recordings.layout import FOLDER
from xai_sleep.recordings.sources import Wanted
from xai_sleep.recordings.subjects import UNKNOWN

CENTRAL = [["C3-A2", "C4-A1"]]


def test_records_come_in_natural_order_with_their_channel_and_marks(tmp_path: Path) -> None:
    for name in ("night10", "night2", "Night 1.b"):
        write_night(tmp_path, name, scored=(0, 200))
    (tmp_path / "night2.edf").rename(tmp_path / "night2.EDF")
    (tmp_path / "old.edf").mkdir()
    for other in ("._night2.edf", "notes.txt", "night10.rml", "left.csv"):
        (tmp_path / other).write_text("not looked at")
    recordings = read(tmp_path, channels=[["O1-A2"], *CENTRAL])
    assert [r.record for r in recordings] == ["Night 1.b", "night2", "night10"]
    for recording in recordings:
        assert (recording.channels, recording.sfreq) == (("O1-A2", "C3-A2"), 100)
        assert recording.events.tolist() == [[onset, onset + length] for onset, length in EVENTS]
        assert recording.scored.tolist() == [[0, 200]]
        assert recording.subject == recording.record
        assert recording.notes[0] == UNKNOWN
        assert "outside the scored time" in recording.notes[1]
        seed = sum(recording.record.encode())
        expected = [noise(SECONDS * 100, s) * 0.01 for s in (seed + 1000, seed)]
        np.testing.assert_allclose(recording.signals, expected, atol=1e-4)


@pytest.mark.parametrize("expert", ["union", "expert1", "expert2", "intersection"])
def test_dreams_written_as_tables_reads_the_same(tmp_path: Path, expert: str) -> None:
    """Signals, events, scored time and subjects: one truth, whichever way it was written down."""
    seconds = {"expert1": 300, "expert2": 300}
    second = [(onset + 0.7, 1.0) for onset, _ in dreams_tree.MARKS[::2]]
    for number, patient in ((1, "Doe, man - A"), (2, "Roe, man - B"), (10, "Doe, man - A")):
        folder = dreams_tree.write_record(tmp_path, number, patient=patient)
        marks = folder / f"Visual_scoring2_excerpt{number}.txt"
        marks.write_text("\n".join(["[vis2]", *(f"{a:g} {b:g}" for a, b in second)]))
        write_table(
            folder / f"excerpt{number}.csv",
            "onset,duration,trial_type,expert",
            *[(*mark, "spindle", 1) for mark in dreams_tree.MARKS],
            *[(*mark, "spindle", 2) for mark in second],
            *[(0, until, "scored", name) for name, until in seconds.items()],
        )
    channels = [["CZ-A1"]]
    expected = dreams_tree.read(tmp_path, event="spindle", channels=channels, expert=expert)
    found = read(folder, channels=channels, expert=expert)
    assert len(found) == len(expected) == 3
    for one, other in zip(found, expected, strict=True):
        assert (one.record, one.subject) == (other.record, other.subject)
        assert (one.sfreq, one.channels) == (other.sfreq, other.channels)
        assert one.notes == other.notes
        assert one.kinds["spindle"] == sum(len(s.events) for s in one.scorers.values())
        for part in ("signals", "events", "scored"):
            assert np.array_equal(getattr(one, part), getattr(other, part))
        assert one.scorers.keys() == other.scorers.keys()


def test_edf_and_bdf_with_tables_and_annotations_stand_side_by_side(tmp_path: Path) -> None:
    write_night(tmp_path, "a").unlink()
    write_table(tmp_path / "a.tsv", "onset,duration,trial_type", (5, 1, "spindle"))
    said = [(7.5, 1.5, "spindle"), (1.0, 0.0, "lights off")]
    signal = Channel("C4-A1", noise(6000), 100, "mV", physical=(-0.2, 0.2))
    for name, width in (("b.edf", 2), ("c.bdf", 3)):
        inside = annotations(said, 60, width=width)
        write_edf(tmp_path / name, [signal, inside], width=width, kind="EDF+C")
    found = read(tmp_path, channels=CENTRAL, scored="all", event_names=["spindle"])
    assert [r.events.tolist() for r in found] == [[[5, 6]], [[7.5, 9]], [[7.5, 9]]]
    assert [r.scored.tolist() for r in found] == [[[0, 300]], [[0, 60]], [[0, 60]]]
    for recording in found[1:]:
        np.testing.assert_allclose(recording.signals[0], signal.values * 1000, atol=1e-4)


def test_stages_come_with_the_record_that_has_them(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_night(tmp_path, name)
    rows = [(0, 60, "W"), (60, 30, "N2")]
    write_table(tmp_path / "a_stages.tsv", "onset,duration,stage", *rows)
    first, second = read(tmp_path, channels=CENTRAL)
    assert first.stages is not None
    assert (first.stages.tolist(), first.epoch, second.stages) == ([0, 0, 2], 30.0, None)


def test_whose_they_are_is_known_and_the_patient_field_survives_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    for name, patient in (("a", "Doe, man - A"), ("b", "Roe, man - B"), ("c", "Doe, man - A")):
        write_night(tmp_path, name, patient=patient)
    recordings = read(tmp_path, channels=CENTRAL)
    assert [r.subject for r in recordings] == ["a", "b", "a"]
    assert not any("Doe" in text for text in (repr(recordings), caplog.text))
    assert b"Doe" not in pickle.dumps(recordings)
    write_table(tmp_path / "subjects.csv", "record,subject", ("a", "x"), ("b", "y"), ("c", "y"))
    assert [r.subject for r in read(tmp_path, channels=CENTRAL)] == ["x", "y", "y"]


def test_chosen_records_alone_are_opened(tmp_path: Path) -> None:
    write_night(tmp_path, "a")
    (tmp_path / "b.edf").write_text("no EDF")
    (tmp_path / "c.edf").write_text("no EDF")
    (tmp_path / "c.bdf").write_text("no BDF")
    with pytest.raises(InputError, match=r"holds c\.bdf and c\.edf: a record is called by its"):
        FOLDER.nights(tmp_path, None, [*TABLES.values()])
    (tmp_path / "c.bdf").unlink()
    assert [r.record for r in read(tmp_path, channels=CENTRAL, records=["a"])] == ["a"]
    with pytest.raises(InputError, match=r"data\.records asks for a, d, but .* holds a, b, c$"):
        read(tmp_path, channels=CENTRAL, records=["a", "d"])
    with pytest.raises(InputError, match=r"b\.edf is not an EDF file"):
        read(tmp_path, channels=CENTRAL)


def test_names_of_files_are_seen_in_any_case(tmp_path: Path) -> None:
    """As programs on other systems write them; annotations inside do not stand in for a table."""
    inside = annotations([(7.5, 1.5, "spindle")], 60)
    for name, patient in (("n1", "P1 F X X"), ("n2", "P2 F X X"), ("n3", "P3 F X X")):
        signal = Channel("C3-A2", noise(6000), 100)
        path = tmp_path / f"{name}.EDF"
        write_edf(path, [signal, inside], kind="EDF+C", patient=patient)
        (tmp_path / f"{name}.CSV").write_text("Onset,Duration\n5,1\n9,1\n")
        (tmp_path / f"{name.upper()}_Stages.Csv").write_text("onset,duration,stage\n0,30,N2\n")
    (tmp_path / "Subjects.csv").write_text("Record,Subject\nN1,A\nn2,A\nn3,B\n")
    found = read(tmp_path, channels=CENTRAL, scored="all", records=["N1", "n2", "n3"])
    assert [r.record for r in found] == ["n1", "n2", "n3"]
    assert [r.subject for r in found] == ["A", "A", "B"]
    for recording in found:
        assert recording.events.tolist() == [[5, 6], [9, 10]]
        assert recording.stages is not None
        assert recording.stages.tolist() == [2]
    (tmp_path / "N3.edf").write_bytes((tmp_path / "n3.EDF").read_bytes())
    with pytest.raises(InputError, match=r"holds N3\.edf and n3\.EDF: a record is called by its"):
        read(tmp_path, channels=CENTRAL, scored="all")


def test_people_whose_names_were_taken_away_are_not_taken_for_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name, patient in (("a", "X F X xxx"), ("b", "X M X xxx"), ("c", "X M X xxx")):
        write_night(tmp_path, name, patient=patient)
    recordings = read(tmp_path, channels=CENTRAL)
    assert [r.subject for r in recordings] == ["a", "b", "c"]
    assert all(r.notes[0] == UNKNOWN for r in recordings)
    assert "nobody is named in the headers of a, b, c" in caplog.text


def test_an_expert_must_have_scored_every_record(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_signals(tmp_path, name)
        rows = [(5, 1, n) for n in ((1, 2) if name == "a" else (1,))]
        write_table(tmp_path / f"{name}.csv", "onset,duration,expert", *rows)
    for expert in ("expert2", "intersection"):
        said = f"data.expert is {expert}, but nobody scored b besides expert1"
        with pytest.raises(InputError, match=said):
            read(tmp_path, channels=CENTRAL, scored="all", expert=expert)
        (alone,) = read(tmp_path, channels=CENTRAL, scored="all", expert=expert, records=["a"])
        assert alone.events.tolist() == [[5, 6]]


def nothing(root: Path) -> None:
    for path in list(root.iterdir()):
        path.unlink()
    root.rmdir()


def no_recordings(root: Path) -> None:
    for path in root.glob("*.edf"):
        path.rename(path.with_suffix(".rec"))


def two_of_a_name(root: Path) -> None:
    (root / "b.bdf").write_bytes((root / "b.edf").read_bytes())


def reserved(root: Path) -> None:
    write_night(root, "a_relevance")


def truncated(root: Path) -> None:
    path = root / "b.edf"
    path.write_bytes(path.read_bytes()[:-500])


def other_channels(root: Path) -> None:
    write_signals(root, "b", labels=("F3", "Cz"))


def no_table(root: Path) -> None:
    (root / "b.csv").unlink()


def other_columns(root: Path) -> None:
    write_table(root / "b.csv", "when,until", (1, 2))


def beyond_the_end(root: Path) -> None:
    write_night(root, "b", events=[*EVENTS, (SECONDS - 1, 2)])


def unscored(root: Path) -> None:
    write_night(root, "b", scored=None)


def two_kinds(root: Path) -> None:
    write_table(root / "b.csv", "onset,duration,trial_type", (1, 2, "K-complex"), (0, 9, "scored"))


def other_subjects(root: Path) -> None:
    write_table(root / "subjects.csv", "record,subject", ("a", "x"))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (nothing, r"data\.root: .*mine is not a folder; name the folder of your recordings"),
        (no_recordings, r"mine holds no recordings \(.*\.edf, .*\.vhdr\); name the folder"),
        (two_of_a_name, r"mine holds b\.bdf and b\.edf"),
        (reserved, r"a_relevance\.edf: a record cannot be called a_relevance; rename its files"),
        (truncated, r"b\.edf is truncated: \d+ bytes found, \d+ expected"),
        (other_channels, r"no channel C3-A2 or C4-A1 in b \(found there: Cz, F3\)"),
        (no_table, r"b\.edf has no marks beside it \(as b\.csv\) and no annotations inside"),
        (other_columns, r"b\.csv, line 1: expected the columns onset and duration"),
        (beyond_the_end, r"b\.csv, line 16: from 299 to 301 s, but the recording lasts 300 s"),
        (unscored, r"b: nothing says where the expert looked"),
        (two_kinds, r"several kinds: spindle \(14\), k-complex \(1\); name .* data\.event_names="),
        (other_subjects, r"subjects\.csv does not say whose b is; add a row"),
    ],
)
def test_files_that_cannot_be_used(
    tmp_path: Path, damage: Callable[[Path], None], said: str
) -> None:
    root = tmp_path / "mine"
    write_night(root, "a")
    write_night(root, "b")
    assert len(read(root, channels=CENTRAL)) == 2
    damage(root)
    with pytest.raises(InputError, match=said):
        read(root, channels=CENTRAL)


def test_nothing_is_passed_over_in_silence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An unknown column, kind, channel and file: each is named."""
    caplog.set_level("INFO")
    for name in ("night1", "night10"):
        write_signals(tmp_path, name)
        rows = [
            (5, 1, "spindle", "C3", 1, 9),
            (5, 1, "spindle", "O1", 1, 9),
            (20, 3, "jump", "", 1, 9),
        ]
        head = "Start,Duration,Annotation,Channel,Rater,Power"
        write_table(tmp_path / f"{name}.csv", head, *rows)
    for other in ("night1_stages.json", "night1.xml", "NIGHT1-hypnogram.csv", "notes.txt"):
        (tmp_path / other).write_text("not looked at")
    settings = {"channels": CENTRAL, "scored": "all", "event_names": ["spindle"]}
    one, ten = read(tmp_path, **settings)
    assert one.events.tolist() == ten.events.tolist() == [[5, 6]]
    for said in (
        "columns of night1.csv not used: power",
        f"{ELSEWHERE}: 1 on O1",
        "files not read: NIGHT1-hypnogram.csv, night1.xml, night1_stages.json",
    ):
        assert said in one.notes
        assert f"record night1: {said}" in caplog.text
    assert one.kinds == {"spindle on C3": 1, "spindle on O1 (left out)": 1, "jump (left out)": 1}
    (warned,) = [r.getMessage() for r in caplog.records if "not read, although" in r.getMessage()]
    assert ": NIGHT1-hypnogram.csv, night1.xml, night1_stages.json; marks are read from" in warned
    assert not any("files not read" in note for note in ten.notes)


@pytest.mark.parametrize(
    ("kind", "event", "odd"),
    [
        ("arousal", "spindle", True),
        ("Sleep Spindles", "spindle", False),
        ("K-complex", "kcomplex", False),
        ("", "spindle", False),
    ],
)
def test_the_only_kind_is_told_if_it_is_called_otherwise(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str, event: str, odd: bool
) -> None:
    write_signals(tmp_path, "n1")
    write_table(tmp_path / "n1.csv", "onset,duration,description", (5, 1, kind), (9, 1, kind))
    (one,) = Files(str(tmp_path), scored="all").read(Wanted(event, CENTRAL))
    said = "rows called arousal are taken for what the task looks for, spindle"
    assert len(one.events) == 2
    assert (said in one.notes) == odd
    assert (f"{said}; data.event_names says which" in caplog.text) == odd
    named = Files(str(tmp_path), scored="all", event_names=[kind])
    assert said not in next(iter(named.read(Wanted(event, CENTRAL)))).notes


def test_the_same_table_with_more_channels_and_stages_has_no_more_events(tmp_path: Path) -> None:
    table = write_night(tmp_path, "a")
    (before,) = read(tmp_path, channels=CENTRAL)
    rows = [(*mark, "spindle", name) for mark in EVENTS for name in ("EEG C3-A2", "O1-A2")]
    rows += [(at, 30, "Sleep stage N2" if at else "W", "") for at in range(0, SECONDS, 30)]
    write_table(table, "Onset,Duration,Annotation,channel", *rows, (0, SECONDS, "scored", ""))
    for which in ("task", "all"):
        (after,) = Files(str(tmp_path), channels=which).read(Wanted("spindle", CENTRAL))
        assert np.array_equal(after.events, before.events)
        assert after.stages is not None
        assert (after.stages.tolist(), after.epoch) == ([0] + [2] * 9, 30.0)


def test_stages_inside_a_file_stand_in_for_a_table_of_them(tmp_path: Path) -> None:
    stages = [(0.0, 30.0, "Sleep stage W"), (30.0, 30.0, "Sleep stage R"), (8.0, 1.0, "jump")]
    inside = annotations([*stages, (40.0, 1.0, "spindle@@C3-A2"), (45.0, 1.0, "spindle@@O1")], 60)
    write_edf(tmp_path / "n.edf", [Channel("C3-A2", noise(6000), 100), inside], kind="EDF+C")
    (alone,) = read(tmp_path, channels=CENTRAL, scored="all", event_names=["spindle"])
    write_table(tmp_path / "n.csv", "onset,duration", (40, 1))
    (beside,) = read(tmp_path, channels=CENTRAL, scored="all")
    for one in (alone, beside):
        assert one.events.tolist() == [[40, 41]]
        assert one.stages is not None
        assert one.stages.tolist() == [0, 4]
    assert "annotations inside left out, as n.csv is there: 3" in beside.notes
    (tmp_path / "n_stages.txt").write_text("N1\nN1\n")
    (other,) = read(tmp_path, channels=CENTRAL, scored="all")
    assert other.stages is not None
    assert other.stages.tolist() == [1, 1]
    assert "stages are those of n_stages.txt; rows of others left out: 2" in other.notes


def test_a_channel_is_derived_from_two(tmp_path: Path) -> None:
    path = write_signals(tmp_path, "n", labels=("EEG C3", "EEG M2", "EEG C4"))
    write_table(
        tmp_path / "n.csv", "onset,duration,type,channel", (1, 1, "s", "C3"), (3, 1, "s", "C4")
    )
    (found,) = read(tmp_path, channels=[["C3-A2", "C3"]], scored="all")
    signals, *_ = open_edf(path).read(["EEG C3", "EEG M2"])
    np.testing.assert_array_equal(found.signals[0], signals[0] - signals[1])
    assert found.channels == ("C3-M2",)
    assert "channel C3-M2 derived: EEG C3 minus EEG M2" in found.notes
    assert found.events.tolist() == [[1, 2]]


def test_time_without_a_signal_is_unscored_for_everybody(tmp_path: Path) -> None:
    """A gap of ten seconds, and an input that was loose for five; marks after lie where they do."""
    starts = [*range(20), *range(30, 70)]
    samples = noise(6000)
    samples[5000:5500] = 7
    told = annotations([], 60, starts=starts)
    write_edf(tmp_path / "n.edf", [Channel("C3-A2", samples, 100), told], kind="EDF+D")
    rows = [(5, 1, "spindle", 1), (35, 1, "spindle", 2), (0, 70, "scored", "")]
    write_table(tmp_path / "n.csv", "onset,duration,type,expert", *rows)
    (found,) = read(tmp_path, channels=CENTRAL)
    usable = [[0, 20], [30, 60], [65, 70]]
    assert found.scored.tolist() == usable
    assert [each.scored.tolist() for each in found.scorers.values()] == [usable, usable]
    assert (found.events.tolist(), found.duration) == ([[5, 6], [35, 36]], 70)
    np.testing.assert_allclose(
        found.signals[0, 3500:3600], Channel("", samples[2500:2600], 100).values, atol=1e-4
    )
    assert "n.edf: 10 s in 1 stretch in gaps, unscored" in found.notes
    assert "channel C3-A2: 5 s in 1 stretch flat or clipped, unscored" in found.notes


def test_a_unit_that_is_wrong_is_named_and_can_be_told(tmp_path: Path) -> None:
    signal = Channel("C3-A2", noise(6000), 100, "mV")
    write_edf(tmp_path / "n.edf", [signal])
    write_table(tmp_path / "n.csv", "onset,duration", (5, 1))
    with pytest.raises(InputError, match=r"n\.edf, channel C3-A2: values look like microvolts: "):
        read(tmp_path, channels=CENTRAL, scored="all")
    (found,) = read(tmp_path, channels=CENTRAL, scored="all", unit="uV")
    np.testing.assert_allclose(found.signals[0], signal.values, atol=1e-4)


def test_marks_that_are_all_elsewhere_are_refused(tmp_path: Path) -> None:
    write_signals(tmp_path, "n")
    write_table(tmp_path / "n.csv", "onset,duration,channel", (1, 1, "O1"), (3, 1, "O2"))
    said = r"no event is on the task's channels; .* \(data\.channels=all .*: 1 on O1, 1 on O2"
    with pytest.raises(InputError, match=said):
        read(tmp_path, channels=CENTRAL, scored="all")
    with pytest.raises(InputError, match=r"data\.channels is 'C3'; it must be one of task, all"):
        Files(str(tmp_path), channels="C3")


def test_time_may_be_scored_where_a_stage_is(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_night(tmp_path, name, scored=None)
        (tmp_path / f"{name}_stages.txt").write_text("W\n" * 4 + "S2\n" * 4 + "4\n5\n")
    for scored in (["N2", "N3"], ["s2", "S4", "Sleep stage 3"]):
        found = read(tmp_path, channels=CENTRAL, scored=scored)
        assert [r.scored.tolist() for r in found] == [[[120, 270]]] * 2
    assert "events outside the scored time, which count nowhere: 7 of expert1" in found[0].notes
    assert read(tmp_path, channels=CENTRAL, scored="N2")[0].scored.tolist() == [[120, 240]]
    with pytest.raises(InputError, match=r"data\.scored=\[N1\], but the stages of a are W 4, N2 4"):
        read(tmp_path, channels=CENTRAL, scored=["N1"])
    write_night(tmp_path, "b")
    with pytest.raises(InputError, match=r"data\.scored says so too, but rows of b called scored"):
        read(tmp_path, channels=CENTRAL, scored=["N2"])
    (tmp_path / "b_stages.txt").unlink()
    with pytest.raises(
        InputError, match=r"data\.scored=\[N2\], but b has no stages; add them \(b_"
    ):
        read(tmp_path, channels=CENTRAL, scored=["N2"])


def test_all_headers_and_tables_are_read_before_any_signal(tmp_path: Path) -> None:
    """And the signals of one record at a time."""
    for name in ("a", "b"):
        write_night(tmp_path, name)
    first = next(Files(str(tmp_path)).read(Wanted("spindle", CENTRAL)))
    assert first.record == "a"
    beyond_the_end(tmp_path)
    with pytest.raises(InputError, match=r"b\.csv, line 16: from 299 to 301 s"):
        next(Files(str(tmp_path)).read(Wanted("spindle", CENTRAL)))
