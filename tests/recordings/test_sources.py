"""Which recordings an experiment gets, from real files in a folder or from the simulation."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.edf import Channel, noise, write_edf
from xai_sleep.errors import InputError
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.sources import data_source, load

SECONDS = 1100
CENTRAL = [["C3-A1", "CZ-A1"]]
EOGS = [["EOG1", "P8-A1"], ["EOG2", "P18-A1"]]


def loaded(source: str, **settings: Any) -> list[Recording]:
    defaults: dict[str, Any] = {
        "root": "",
        "event": "spindle",
        "channels": CENTRAL,
        "expert": "union",
        "records": None,
        "subjects": 2,
        "minutes": 1.0,
        "sfreq": 100.0,
        "seed": 0,
    }
    return load(source, **(defaults | settings))


def write_spindles(root: Path, *, flat: str | None = None, scored: bool = True) -> Path:
    """Write one record of three channels, with one mark and one that ends before it starts."""
    folder = root / "DatabaseSpindles"
    folder.mkdir()
    channels = [
        Channel(
            name,
            noise(SECONDS * 10, seed) if name != flat else np.zeros(SECONDS * 10, np.int16),
            10,
            unit="UV",
        )
        for seed, name in enumerate(("FP1-A1", "CZ-A1", "EOG1"))
    ]
    write_edf(folder / "excerpt1.edf", channels)
    if scored:
        marks = "[vis1]\n10.0 1.5\n20.0 -0.5\n"
        (folder / "Visual_scoring1_excerpt1.txt").write_text(marks)
    return folder


def test_auto_takes_the_real_records_that_are_there(tmp_path: Path) -> None:
    assert data_source("auto", str(tmp_path / "nowhere"), "spindle") == "synthetic"
    write_spindles(tmp_path)
    assert data_source("auto", str(tmp_path), "spindle") == "dreams"
    assert data_source("auto", str(tmp_path), "rem") == "synthetic"


def test_auto_needs_marks_as_well_as_signals(tmp_path: Path) -> None:
    folder = write_spindles(tmp_path, scored=False)
    assert data_source("auto", str(tmp_path), "spindle") == "synthetic"
    (folder / "Visual_scoring1_excerpt1.txt").write_text("[vis1]\n10.0 1.5\n")
    assert data_source("auto", str(tmp_path), "spindle") == "dreams"
    (folder / "excerpt1.edf").unlink()
    assert data_source("auto", str(tmp_path), "spindle") == "synthetic"


@pytest.mark.parametrize("name", ["dreams", "synthetic"])
def test_a_source_that_is_named_is_taken(name: str, tmp_path: Path) -> None:
    assert data_source(name, str(tmp_path), "spindle") == name
    write_spindles(tmp_path)
    assert data_source(name, str(tmp_path), "spindle") == name


def test_a_root_may_start_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_spindles(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_source("auto", "~", "spindle") == "dreams"
    assert [recording.record for recording in loaded("dreams", root="~")] == ["excerpt1"]


def test_real_records_are_read_and_their_notes_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_spindles(tmp_path)
    with caplog.at_level(logging.INFO, logger="xai_sleep.recordings.sources"):
        (recording,) = loaded("dreams", root=str(tmp_path))
    assert (recording.channels, recording.sfreq) == (("CZ-A1",), 10.0)
    expected = Channel("CZ-A1", noise(SECONDS * 10, 1), 10).values
    assert np.allclose(recording.signals[0], expected, atol=1e-4)
    assert recording.events.tolist() == [[10.0, 11.5]]
    assert recording.scored.tolist() == [[0.0, 1000.0]]
    assert recording.notes
    assert caplog.messages == [f"record excerpt1: {note}" for note in recording.notes]


def test_a_flat_channel_of_a_real_record_is_refused(tmp_path: Path) -> None:
    write_spindles(tmp_path, flat="CZ-A1")
    with pytest.raises(InputError, match=r"record excerpt1, channel CZ-A1 is flat"):
        loaded("dreams", root=str(tmp_path))
    assert loaded("dreams", root=str(tmp_path), channels=[["FP1-A1"]])[0].channels == ("FP1-A1",)


def test_real_records_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"DatabaseSpindles is not there; data\.root"):
        loaded("dreams", root=str(tmp_path))


@pytest.mark.parametrize(
    ("wanted", "held"),
    [
        ([["CZ-A1"]], ("CZ-A1",)),
        ([["FP1-A1"], ["C3-A1", "CZ-A1"]], ("FP1-A1", "CZ-A1")),
        ([["fp1-a1"]], ("FP1-A1",)),
    ],
)
def test_simulated_channels_are_chosen_by_name(
    wanted: list[list[str]], held: tuple[str, ...]
) -> None:
    whole = loaded("synthetic", channels=[["CZ-A1"], ["FP1-A1"]])
    chosen = loaded("synthetic", channels=wanted)
    assert len(chosen) == len(whole) == 2
    for one, all_of_it in zip(chosen, whole, strict=True):
        assert one.channels == held
        rows = [all_of_it.channels.index(channel) for channel in held]
        assert np.array_equal(one.signals, all_of_it.signals[rows])


def test_simulated_records_follow_the_event() -> None:
    recordings = loaded("synthetic", event="rem", channels=EOGS, sfreq=80.0)
    assert [recording.channels for recording in recordings] == [("EOG1", "EOG2")] * 2
    assert {(r.sfreq, r.duration) for r in recordings} == {(80.0, 60.0)}


def test_a_channel_that_is_not_simulated_is_answered_with_those_that_are() -> None:
    complaint = (
        r"task\.channels: simulated records hold CZ-A1 and FP1-A1, none of O1-A1, O2-A1; name one"
    )
    with pytest.raises(InputError, match=complaint):
        loaded("synthetic", channels=[["CZ-A1"], ["O1-A1", "O2-A1"]])


def test_simulated_records_are_chosen_by_name() -> None:
    both = loaded("synthetic")
    (second,) = loaded("synthetic", records=["synthetic2"])
    assert second.record == both[1].record == "synthetic2"
    assert np.array_equal(second.signals, both[1].signals)


@pytest.mark.parametrize(
    ("records", "asked"), [(["synthetic1", "excerpt3"], "synthetic1, excerpt3"), ([], "nothing")]
)
def test_records_that_are_not_simulated_are_refused(records: list[str], asked: str) -> None:
    complaint = rf"data\.records asks for {asked}, but .* are synthetic1, synthetic2"
    with pytest.raises(InputError, match=complaint):
        loaded("synthetic", records=records)
