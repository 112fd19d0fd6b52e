"""Which recordings an experiment gets: from real files, from the simulation, from a user's own."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.edf import Channel, noise, write_edf
from tests.support.recordings import make_recording
from xai_sleep.components import build
from xai_sleep.errors import InputError
from xai_sleep.recordings.dreams import Dreams
from xai_sleep.recordings.files import Files
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.simulated import Simulated, rapid_eye_movements, spindles
from xai_sleep.recordings.sources import Auto, DataSource, Wanted, simulator_of, source_name

SECONDS = 1100
WANTED = Wanted("spindle", [["C3-A1", "CZ-A1"]], simulator=spindles)
EOGS = [["EOG1", "P8-A1"], ["EOG2", "P18-A1"]]


def wanted(*channels: list[str]) -> Wanted:
    return Wanted("spindle", channels, simulator=spindles)


def simulated(*channels: list[str], **settings: Any) -> list[Recording]:
    return list(Simulated(2, 1.0, **settings).read(wanted(*channels or [["CZ-A1"]])))


def auto(root: Path) -> Auto:
    return Auto([Dreams(str(root)), Simulated(2, 1.0)])


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
    assert auto(tmp_path / "nowhere").chosen(WANTED).name == "synthetic"
    folder = write_spindles(tmp_path, scored=False)
    assert auto(tmp_path).chosen(WANTED).name == "synthetic"
    (folder / "Visual_scoring1_excerpt1.txt").write_text("[vis1]\n10.0 1.5\n")
    assert auto(tmp_path).chosen(WANTED).name == "dreams"
    assert [recording.record for recording in auto(tmp_path).read(WANTED)] == ["excerpt1"]
    assert auto(tmp_path).chosen(Wanted("rem", EOGS)).name == "synthetic"
    (folder / "excerpt1.edf").unlink()
    assert auto(tmp_path).chosen(WANTED).name == "synthetic"


def test_auto_says_what_it_chooses_from_and_where_nothing_is_there(tmp_path: Path) -> None:
    source = auto(tmp_path)
    assert source.available(WANTED)
    assert f"DREAMS records in {tmp_path}" in source.describe()
    assert "SIMULATED recordings (2 of 1 min)" in source.describe()
    mine = Wanted("apnea", [["Flow"]])
    assert not source.available(mine)
    with pytest.raises(InputError, match=r"no simulator of apnea \(task\.simulator is null\)"):
        list(source.read(mine))


@pytest.mark.parametrize("source", [Dreams("nowhere"), Simulated(), Files("nowhere")])
def test_a_source_that_is_named_is_taken(source: DataSource) -> None:
    assert source.chosen(WANTED) is source


def test_a_root_may_start_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_spindles(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Dreams("~").available(WANTED)
    assert Files("~/DatabaseSpindles").available(WANTED)


def test_real_records_are_read_and_their_notes_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_spindles(tmp_path)
    with caplog.at_level(logging.INFO, logger="xai_sleep.recordings.sources"):
        (recording,) = Dreams(str(tmp_path)).read(WANTED)
    assert (recording.channels, recording.sfreq) == (("CZ-A1",), 10.0)
    expected = Channel("CZ-A1", noise(SECONDS * 10, 1), 10).values
    assert np.allclose(recording.signals[0], expected, atol=1e-4)
    assert recording.events.tolist() == [[10.0, 11.5]]
    assert recording.scored.tolist() == [[0.0, 1000.0]]
    assert recording.notes
    assert caplog.messages == [f"record excerpt1: {note}" for note in recording.notes]


def test_a_flat_channel_of_a_real_record_is_refused(tmp_path: Path) -> None:
    write_spindles(tmp_path, flat="CZ-A1")
    source = Dreams(str(tmp_path))
    with pytest.raises(InputError, match=r"record excerpt1, channel CZ-A1 is flat"):
        list(source.read(WANTED))
    assert next(source.read(wanted(["FP1-A1"]))).channels == ("FP1-A1",)


class Constant(DataSource):
    """A source of a user's own."""

    name = "mine"

    def available(self, wanted: Wanted) -> bool:
        """Spindles alone."""
        return wanted.event == "spindle"

    def load(self, wanted: Wanted) -> list[Recording]:
        """Make what is wanted."""
        return [make_recording("a", channels=[names[0] for names in wanted.channels])]

    def describe(self) -> str:
        """Say so."""
        return "one recording of noise"


def test_a_source_of_ones_own_needs_one_class(monkeypatch: pytest.MonkeyPatch) -> None:
    here = f"{__name__}.Constant"
    source = build(DataSource, "data", {"_target_": here})
    assert next(source.read(wanted(["Cz"]))).channels == ("Cz",)
    assert Auto([Simulated(), source]).chosen(Wanted("spindle", [])) is source
    flat = make_recording("a")
    flat.signals[:] = 0
    monkeypatch.setattr(Constant, "load", lambda *_: [flat])
    with pytest.raises(InputError, match="record a, channel one is flat"):
        list(build(DataSource, "data", {"_target_": here}).read(WANTED))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"_target_": "no.where"}, r"data\._target_=no\.where cannot be imported"),
        ({"_target_": "pathlib.Path"}, r"data: pathlib\.Path is no DataSource"),
        ({}, r"data has no _target_; name its class"),
        ({"_target_": "xai_sleep.recordings.dreams.Dreams"}, "missing 1 required .* 'root'"),
    ],
)
def test_what_is_no_source_is_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        build(DataSource, "data", settings)
    assert source_name(settings, {"event": "spindle"}) == "unknown"


def test_a_sweep_over_sources_may_set_what_some_do_not_have(tmp_path: Path) -> None:
    settings = {"root": str(tmp_path), "minutes": 2.0, "expert": "expert1", "subjects": 1}
    for name in ("dreams.Dreams", "files.Files", "simulated.Simulated"):
        source = build(DataSource, "data", {"_target_": f"xai_sleep.recordings.{name}", **settings})
        assert isinstance(source.name, str)


def test_the_name_of_a_source_is_known_before_anything_is_read(tmp_path: Path) -> None:
    """As the directory of a run needs it."""
    made: dict[str, object] = {
        "_target_": "xai_sleep.recordings.simulated.spindles",
        "_partial_": True,
    }
    settings = {"_target_": "xai_sleep.recordings.dreams.Dreams", "root": str(tmp_path)}
    assert source_name(settings, {"event": "spindle", "simulator": made}) == "dreams"
    given = simulator_of(made)
    assert given is not None
    (one,) = given(subjects=1, minutes=1.0, sfreq=100.0, seed=0)
    assert np.array_equal(
        one.signals, spindles(subjects=1, minutes=1.0, sfreq=100.0, seed=0)[0].signals
    )
    assert simulator_of(None) is None


@pytest.mark.parametrize(
    ("source", "settings", "said"),
    [
        (Dreams, {"root": "a", "records": "n1"}, r"data\.records is n1; expected a list: \[n1\]"),
        (Dreams, {"root": "a", "records": [1.1]}, r"data\.records holds 1\.1, .* in quotes"),
        (Files, {"root": ""}, r"data=files, but data\.root is not set; name the folder"),
        (Files, {"root": "a", "scored": "none"}, r"data\.scored is 'none'; expected rows, all, or"),
        (Files, {"root": "a", "scored": ["N2", "4"]}, r"data\.scored is \['N2', '4'\]; expected"),
        (Files, {"root": "a", "marks": {"mine": 3}}, r"marks\.mine is no MarksReader, but 3"),
        (Files, {"root": "a", "event_names": []}, r"data\.event_names is empty; name the kinds"),
        (Files, {"root": "a", "event_names": "s"}, r"data\.event_names is s; expected a list"),
        (Simulated, {"subjects": 0}, r"data\.subjects is 0; simulate at least 1 subject"),
        (Simulated, {"subjects": "two"}, r"data\.subjects is 'two'; simulate at least 1 subject"),
        (Simulated, {"minutes": 0.5}, r"data\.minutes is 0\.5; simulate at least 1 minute"),
        (Simulated, {"minutes": float("nan")}, r"data\.minutes is nan"),
        (Simulated, {"minutes": "ten"}, r"data\.minutes is 'ten'"),
    ],
)
def test_settings_are_checked_before_anything_is_read(
    source: type[DataSource], settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        source(**settings)


@pytest.mark.parametrize(
    ("channels", "held"),
    [
        ([["CZ-A1"]], ("CZ-A1",)),
        ([["FP1-A1"], ["C3-A1", "CZ-A1"]], ("FP1-A1", "CZ-A1")),
        ([["fp1-a1"]], ("FP1-A1",)),
    ],
)
def test_simulated_channels_are_chosen_by_name(
    channels: list[list[str]], held: tuple[str, ...]
) -> None:
    whole, chosen = simulated(["CZ-A1"], ["FP1-A1"]), simulated(*channels)
    assert len(chosen) == len(whole) == 2
    for one, all_of_it in zip(chosen, whole, strict=True):
        assert one.channels == held
        rows = [all_of_it.channels.index(channel) for channel in held]
        assert np.array_equal(one.signals, all_of_it.signals[rows])


def test_simulated_records_follow_the_task() -> None:
    rems = Wanted("rem", EOGS, sfreq=80.0, simulator=rapid_eye_movements)
    recordings = list(Simulated(2, 1.0).read(rems))
    assert [recording.channels for recording in recordings] == [("EOG1", "EOG2")] * 2
    assert {(r.sfreq, r.duration) for r in recordings} == {(80.0, 60.0)}


def test_a_channel_that_is_not_simulated_is_answered_with_those_that_are() -> None:
    complaint = (
        r"task\.channels: there is no channel O1-A1 or O2-A1 in synthetic1, synthetic2 "
        r"\(found there: CZ-A1, FP1-A1\)"
    )
    with pytest.raises(InputError, match=complaint):
        simulated(["CZ-A1"], ["O1-A1", "O2-A1"])


def test_simulated_records_are_chosen_by_name() -> None:
    both, (second,) = simulated(), simulated(records=["Synthetic2"])
    assert second.record == both[1].record == "synthetic2"
    assert np.array_equal(second.signals, both[1].signals)


@pytest.mark.parametrize(
    ("records", "asked"), [(["synthetic1", "excerpt3"], "synthetic1, excerpt3"), ([], "nothing")]
)
def test_records_that_are_not_simulated_are_refused(records: list[str], asked: str) -> None:
    complaint = rf"data\.records asks for {asked}, but the simulation holds synthetic1, synthetic2"
    with pytest.raises(InputError, match=complaint):
        simulated(records=records)
