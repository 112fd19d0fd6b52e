"""Experiments on recordings of a user's own, from the command line to the results."""

from pathlib import Path

import pytest
from rich.console import Console

from tests.support import dreams as dreams_tree
from tests.support import own
from tests.support.own import write_night, write_signals, write_table
from tests.support.runs import TINY, composed, launch
from xai_sleep.errors import InputError
from xai_sleep.experiment.run import run
from xai_sleep.report.run_tables import methods
from xai_sleep.results.run import RunRecord

QUIET = Console(quiet=True)
FAST = (*TINY, "explain=none", "explain.figures=0", "trainer.max_epochs=1")
OWN = (*FAST, "data=files", "data.root=mine", "task.channels=[[C3-A2]]", "baselines=default")


@pytest.mark.slow
def test_a_folder_of_recordings_becomes_scores(tmp_path: Path) -> None:
    """As a user would do it: a relative folder, its records, one command."""
    for name in ("night1", "night2"):
        write_night(tmp_path / "mine", name, scored=(0, 280), patient=f"Doe_{name} F 01-JAN-1950 X")
    process = launch(*OWN, "hydra.run.dir=run", cwd=tmp_path)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "(files data)" in err
    found = RunRecord.load(tmp_path / "run")
    assert (found.data, found.config.data["root"]) == ("files", "mine")
    described = [(r.record, r.subject, r.scored_seconds) for r in found.records]
    assert described == [(name, name, 280.0) for name in ("night1", "night2")]
    assert [fold.name for fold in found.folds] == ["night1", "night2"]
    skipped = {each.name: each.skipped for each in found.baselines}
    assert skipped["automatic"] == "the records have no automatic marks"
    assert skipped["experts"] == "no record was scored by two experts"
    assert found.table.one("windows", "f1", who="threshold").value is not None
    assert "Scored time is what the tables say." in " ".join(methods(found))
    for path in (path for path in (tmp_path / "run").rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert b"Doe_" not in content, path
        # Hydra's own account of the command says where it was called.
        assert path.parent.name == ".hydra" or str(tmp_path).encode() not in content, path
    assert "Doe_" not in out + err


def finished(path: Path, *overrides: str) -> RunRecord:
    return run(composed(*FAST, *overrides, output=path), console=QUIET)


def test_dreams_written_as_tables_scores_the_same(tmp_path: Path) -> None:
    """Every score, threshold and detection: it matters not how marks were written down."""
    for number in (1, 2):
        folder = dreams_tree.write_record(tmp_path / "dreams", number)
        rows = [(*mark, "spindle") for mark in dreams_tree.MARKS]
        scored = (0, dreams_tree.SECONDS, "scored")
        head = "onset,duration,trial_type"
        write_table(folder / f"excerpt{number}.csv", head, *rows, scored)
    channel = "task.channels=[[CZ-A1]]"
    one = finished(tmp_path / "a", "data=dreams", f"data.root={tmp_path / 'dreams'}", channel)
    other = finished(tmp_path / "b", "data=files", f"data.root={folder}", channel)
    assert one.table == other.table
    assert [(f.threshold, f.detector) for f in one.folds] == [
        (f.threshold, f.detector) for f in other.folds
    ]
    for file in ("predictions.csv", "events.csv"):
        assert (tmp_path / "a" / file).read_text() == (tmp_path / "b" / file).read_text()


@pytest.mark.parametrize(
    ("seconds", "rate", "said"),
    [
        (60, 20, "record a: sampled at 20 Hz, which holds nothing above 10 Hz, and so too little"),
        (5, 100, "record a: 5 s long; at least 7.5 s are needed for a window of 5 s and the filt"),
    ],
)
def test_a_recording_that_does_not_suffice_is_refused(
    tmp_path: Path, seconds: int, rate: int, said: str
) -> None:
    write_signals(tmp_path, "a", seconds=seconds, rate=rate)
    write_table(tmp_path / "a.csv", "onset,duration", (1, 1))
    with pytest.raises(InputError, match=said):
        finished(tmp_path / "run", *OWN, f"data.root={tmp_path}", "data.scored=all")


def test_what_was_scored_is_asked_for_before_anything_else_is_done(tmp_path: Path) -> None:
    write_night(tmp_path, "a", scored=None)
    with pytest.raises(InputError, match=r"add rows with trial_type scored .* data\.scored=all"):
        finished(tmp_path / "run", *OWN, f"data.root={tmp_path}")
    (recording,) = own.read(tmp_path, channels=[["C3-A2"]], scored="all")
    assert recording.scored.tolist() == [[0, own.SECONDS]]
