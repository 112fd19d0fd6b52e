"""Which files are a record's: in one folder, and in a BIDS tree."""

from pathlib import Path

import pytest

from tests.support.own import EVENTS, SECONDS, write_night, write_signals, write_table
from xai_sleep.errors import InputError
from xai_sleep.recordings.bids import TREE, Bids
from xai_sleep.recordings.files import TABLES, Files
from xai_sleep.recordings.layout import FOLDER, RecordFiles
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.sources import Wanted

CENTRAL = [["C3-A2"]]
READERS = [*TABLES.values()]
HEAD = "onset,duration,trial_type"
MARKS = [(*mark, "spindle") for mark in EVENTS]
STAGES = [(at, 30, "W" if at < 60 else "N2") for at in range(0, SECONDS, 30)]


def beside(root: Path, *names: str) -> RecordFiles:
    """Find the files of ``n1`` in a folder that holds these as well, all of them tables."""
    write_signals(root, "n1", seconds=1)
    for name in names:
        (root / name).write_text("onset,duration\n")
    return FOLDER.nights(root, ["n1"], READERS)["n1"]


def test_files_of_marks_may_be_called_by_who_marked(tmp_path: Path) -> None:
    (tmp_path / "n1_2.edf").write_text("another record's, which is not opened")
    names = ("n1.csv", "N1_rater-Anna.csv", "n1_expert2.tsv", "n1.scorer Bert K.csv", "n1_2.csv")
    found = beside(tmp_path, *names, "n1_expertise.csv", "n1_old.csv", "n1_Stages.csv", "n1b.csv")
    assert {each.rater for each in found.marks} == {"", "Anna", "2", "Bert K"}
    assert found.stages is not None
    assert found.stages.path.name == "n1_Stages.csv"
    assert found.unread == ("n1_expertise.csv", "n1_old.csv")


@pytest.mark.parametrize("name", ["n1-nsrr.csv", "n1_annotations.tsv", "n1_events.csv"])
def test_programs_add_words_of_their_own(tmp_path: Path, name: str) -> None:
    found = beside(tmp_path, name)
    assert [each.path.name for each in found.marks] == [name]
    with pytest.raises(InputError, match="both marks of n1"):
        beside(tmp_path, "n1.csv")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("n1.csv", "n1.tsv"), r"holds n1\.csv and n1\.tsv, both marks of n1; keep one, or call"),
        (("n1_rater-A.csv", "N1_Rater-a.tsv"), r"N1_Rater-a\.tsv.* both marks of n1"),
        (("n1_stages.csv", "n1_stages.txt"), r"n1_stages\.csv and n1_stages\.txt, both stages of"),
    ],
)
def test_what_could_be_two_files_of_a_kind_is_refused(
    tmp_path: Path, names: tuple[str, ...], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        beside(tmp_path, *names)


def test_a_rater_whose_file_is_empty_found_nothing(tmp_path: Path) -> None:
    """Or the majority would be one of fewer."""
    write_night(tmp_path, "n1", events=[])
    for name, rows in (("Anna", [(5, 1)]), ("Bert", [(5, 1)]), ("Cleo", []), ("Dora", [])):
        write_table(tmp_path / f"n1_rater-{name}.csv", "onset,duration", *rows)
    (found,) = Files(str(tmp_path), expert="majority").read(Wanted("spindle", CENTRAL))
    assert list(found.scorers) == ["Anna", "Bert", "Cleo", "Dora"]
    assert found.events.tolist() == []
    write_table(tmp_path / "n1_rater-Cleo.csv", "onset,duration,rater", (5, 1, "Bert"))
    said = r"line 2: expert is Bert, but the file is called after Cleo; rename the file"
    with pytest.raises(InputError, match=said):
        list(Files(str(tmp_path)).read(Wanted("spindle", CENTRAL)))


def tree(root: Path, record: str, *rows: tuple[object, ...], subject: str = "") -> Path:
    """Write a record of a BIDS tree with its events; return what its files begin with."""
    parts = record.split("_")
    folder = root / (subject or parts[0]) / (parts[1] if parts[1].startswith("ses") else "") / "eeg"
    write_signals(folder, f"{record}_eeg")
    write_table(folder / f"{record}_events.tsv", HEAD, *rows)
    (folder / f"{record}_eeg.json").write_text("{}")
    return folder / record


def bids(root: Path, **settings: object) -> list[Recording]:
    return list(Bids(str(root), **settings).read(Wanted("spindle", CENTRAL)))  # type: ignore[arg-type]


def test_a_bids_tree_tells_subjects_events_and_stages(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As the same marks in one folder; derivatives are not read."""
    names = ("sub-2_ses-1_task-sleep_run-2", "sub-10_task-sleep", "sub-2_ses-10_task-sleep")
    for name in names:
        at = tree(tmp_path, name, *MARKS, *STAGES)
        write_signals(tmp_path / "derivatives" / at.parent.relative_to(tmp_path), f"{name}_eeg")
    write_table(tmp_path / "participants.tsv", "participant_id,age", ("sub-2", 40))
    found = bids(tmp_path, scored=["N2", "N3"], event_names=["spindle"])
    assert [r.record for r in found] == [names[0], names[2], names[1]]
    assert [r.subject for r in found] == ["sub-2", "sub-2", "sub-10"]
    assert not caplog.records
    for each in found:
        assert each.events.tolist() == [[onset, onset + length] for onset, length in EVENTS]
        assert each.scored.tolist() == [[60, SECONDS]]
        assert each.kinds == {"spindle": len(EVENTS), "n2 (stage)": 8, "w (stage)": 2}
    (alone,) = bids(tmp_path, scored="all", event_names=["spindle"], records=[names[1].upper()])
    assert alone.subject == "sub-10"


def test_what_a_bids_tree_holds_besides_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    at = tree(tmp_path, "sub-1_task-sleep", *MARKS)
    at.with_name(f"{at.name}_scores.tsv").write_text("unknown")
    write_signals(at.parent.with_name("ieeg"), "sub-1_task-sleep_ieeg")
    bids(tmp_path, scored="all")
    assert "are not read: sub-1/ieeg/sub-1_task-sleep_ieeg.edf" in caplog.text
    assert "not read, although called after records: sub-1_task-sleep_scores.tsv" in caplog.text


def test_what_is_a_part_of_a_recording_is_not_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    at = tree(tmp_path, "sub-1_task-sleep", *MARKS)
    at.with_name("sub-1_task-rest_eeg.vhdr").write_text("DataFile=sub-1_task-rest_eeg.eeg\n")
    for ending in (".eeg", ".vmrk"):
        at.with_name(f"sub-1_task-rest_eeg{ending}").write_text("opened by its header")
    found = TREE.nights(tmp_path, None, READERS)
    assert list(found) == ["sub-1_task-rest", "sub-1_task-sleep"]
    assert not any(each.unread for each in found.values())
    assert not caplog.records


def test_a_bad_channel_is_refused_where_it_is_used(tmp_path: Path) -> None:
    at = tree(tmp_path, "sub-1_task-sleep", *MARKS)
    table = at.with_name(f"{at.name}_channels.tsv")
    write_table(table, "name,type,status", ("C3-A2", "EEG", "good"), ("O1-A2", "EEG", "Bad"))
    assert len(bids(tmp_path, scored="all")) == 1
    write_table(table, "name,type,status", ("C3-A2", "EEG", "bad"), ("O1-A2", "EEG", "n/a"))
    said = r"channels\.tsv: C3-A2 of sub-1_task-sleep has the status bad; choose another"
    with pytest.raises(InputError, match=said):
        bids(tmp_path, scored="all")
    write_table(table, "name,status", ("EEG M2", "bad"), ("C3-A2", "bad"))
    write_signals(at.parent, f"{at.name}_eeg", labels=("EEG C3", "EEG M2"))
    with pytest.raises(InputError, match=r"EEG M2 of sub-1_task-sleep has the status bad"):
        bids(tmp_path, scored="all")


def test_a_root_of_another_layout_is_told(tmp_path: Path) -> None:
    tree(tmp_path / "tree", "sub-1_task-sleep", *MARKS)
    with pytest.raises(InputError, match=r"it looks like a BIDS root: say data=bids"):
        FOLDER.nights(tmp_path / "tree", None, READERS)
    write_night(tmp_path / "folder", "n1")
    with pytest.raises(InputError, match=r"sub-\*/\[ses-\*/\]eeg/.*, or say data=files"):
        TREE.nights(tmp_path / "folder", None, READERS)
    tree(tmp_path / "tree", "sub-1_task-rest", *MARKS, subject="sub-2")
    with pytest.raises(InputError, match=r"sub-1_task-rest_eeg\.edf is not of sub-2; rename it"):
        TREE.nights(tmp_path / "tree", None, READERS)
