"""Formats that MNE reads: units, clocks, cuts, persons; each file is written by another library."""

import struct
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pybv
import pytest
from numpy.typing import NDArray
from scipy.io import loadmat, savemat

from xai_sleep.errors import InputError
from xai_sleep.recordings.formats import open_signals
from xai_sleep.recordings.raw import open_raw

RATE, SECONDS = 128, 60
NAMES = ["C3", "M2", "EOG1"]
MARKS = [(5.5, 1.0, "spindle"), (20.25, 0.75, "K-complex"), (41.0, 1.25, "spindle")]
BEGAN = datetime(2020, 1, 31, 23, 15, 7, tzinfo=UTC)
PERSON = {"his_id": "P7", "last_name": "Doe", "first_name": "Ann", "sex": 2}


def microvolts(n_channels: int = 3, seconds: int = SECONDS) -> NDArray[np.float64]:
    return 30 * np.random.default_rng(0).standard_normal((n_channels, seconds * RATE))


def as_mne(values: NDArray[np.float64], **told: Any) -> mne.io.RawArray:
    """Hold values in µV as MNE does."""
    info = mne.create_info(NAMES, RATE, ["eeg", "eeg", "eog"])
    info["subject_info"] = told.get("person", PERSON)
    raw = mne.io.RawArray(values * 1e-6, info, first_samp=told.get("first", 0), verbose="ERROR")
    raw.set_meas_date(told.get("began", BEGAN))
    marks = told.get("marks", MARKS)
    raw.set_annotations(mne.Annotations(*zip(*marks, strict=True)) if marks else None)
    return raw


def write(path: Path, **told: Any) -> Path:
    """Write a night as the ending says, by MNE and what it exports with."""
    raw = as_mne(told.pop("values", microvolts()), **told)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if path.name.endswith((".fif", ".fif.gz")):
            raw.save(path, verbose="ERROR")
        else:
            mne.export.export_raw(path, raw, verbose="ERROR")
    return path


FORMATS = ["n.vhdr", "n.set", "n.fif", "n_raw.fif.gz", "n.edf", "n.bdf"]


@pytest.mark.parametrize("name", FORMATS)
def test_what_was_written_is_read(tmp_path: Path, name: str) -> None:
    """Also in another order, and no channel twice."""
    source = open_signals(write(tmp_path / name))
    assert source.channels == tuple(NAMES)
    assert source.seconds == SECONDS
    signals, sfreq, _, lost = source.read(["EOG1", "C3"])
    assert (sfreq, len(lost)) == (RATE, 0)
    assert signals.dtype == np.float32
    np.testing.assert_allclose(signals, microvolts()[[2, 0]], atol=0.01)
    marks = [(round(on, 3), round(long, 3), text) for on, long, text in source.annotations()]
    assert marks == MARKS


def test_the_time_of_the_first_sample_is_that_of_the_wall(tmp_path: Path) -> None:
    """Also where a file begins in the middle of a recording, as a crop of FIF does."""
    for name in ("n.vhdr", "n.fif", "n.edf"):
        assert open_signals(write(tmp_path / name)).start == BEGAN.replace(tzinfo=None)
    later = open_signals(write(tmp_path / "later.fif", first=10 * RATE))
    assert later.start == BEGAN.replace(tzinfo=None, second=17)
    assert later.annotations() == MARKS
    nowhere = open_signals(write(tmp_path / "nowhere.fif", first=10 * RATE, began=None))
    assert (nowhere.start, nowhere.annotations()) == (None, MARKS)
    assert open_signals(write(tmp_path / "n.set")).start is None


def test_meg_keeps_the_time_of_greenwich_unless_it_tells_how_far_that_is(tmp_path: Path) -> None:
    raw = as_mne(microvolts())
    raw.set_channel_types({"M2": "mag"}, verbose="ERROR")
    raw.save(tmp_path / "a.fif", verbose="ERROR")
    assert open_raw(tmp_path / "a.fif").start is None
    with raw.info._unlock():
        raw.info["utc_offset"] = "UTC-01:30"
    raw.save(tmp_path / "b.fif", verbose="ERROR")
    assert open_raw(tmp_path / "b.fif").start == datetime(2020, 1, 31, 21, 45, 7)


def test_a_person_has_one_key_in_all_formats_and_is_kept_nowhere(tmp_path: Path) -> None:
    one, other = (open_signals(write(tmp_path / name)) for name in ("n.fif", "n.edf"))
    assert one.person == other.person is not None
    assert all(word not in repr(one) for word in ("Doe", "Ann", str(one.person)))
    assert not any(isinstance(each, mne.io.BaseRaw) for each in vars(one).values())
    second = write(tmp_path / "m.fif", person={**PERSON, "his_id": "P8"})
    assert open_signals(second).person not in (None, one.person)


def test_who_was_made_anonymous_has_no_key(tmp_path: Path) -> None:
    raw = as_mne(microvolts()).anonymize(verbose="ERROR")
    raw.save(tmp_path / "a.fif", verbose="ERROR")
    write(tmp_path / "b.fif", person=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mne.export.export_raw(tmp_path / "c.edf", raw, verbose="ERROR")
    persons = [open_signals(tmp_path / name).person for name in ("a.fif", "b.fif", "c.edf")]
    assert persons == [None, None, None]


def brainvision(path: Path, unit: str) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of any unit but µV
        pybv.write_brainvision(
            data=microvolts() * 1e-6,
            sfreq=RATE,
            ch_names=NAMES,
            fname_base=path.stem,
            folder_out=path.parent,
            unit=unit,
            resolution=1e-3,
            fmt="binary_float32",
        )
    return path


@pytest.mark.parametrize(("unit", "number"), [("V", 1e-6), ("mV", 1e-3), ("µV", 1), ("nV", 1e3)])
def test_brainvision_comes_in_the_unit_of_its_header(
    tmp_path: Path, unit: str, number: float
) -> None:
    path = brainvision(tmp_path / "n.vhdr", unit)
    signals, *_ = open_raw(path).read(NAMES)
    np.testing.assert_allclose(signals, microvolts(), rtol=1e-5, atol=1e-3)
    # Whatever the header says, the numbers can be taken for others.
    taken, *_ = open_raw(path, "mV").read(NAMES)
    np.testing.assert_allclose(taken, microvolts() * number * 1e3, rtol=1e-5, atol=1)


def test_a_unit_that_is_none_of_voltage_is_refused_until_it_is_told(tmp_path: Path) -> None:
    path = brainvision(tmp_path / "n.vhdr", "µV")
    header = path.read_text()
    path.write_text(header.replace("M2,,0.001,µV", "M2,,0.001,%"))
    signals, *_ = open_raw(path).read(["C3"])
    np.testing.assert_allclose(signals, microvolts()[:1], rtol=1e-5, atol=1e-3)
    with pytest.raises(InputError, match=r"channel M2: the unit .* is not known; expected uV, mV"):
        open_raw(path).read(["C3", "M2"])
    taken, *_ = open_raw(path, "uV").read(["M2", "C3"])
    np.testing.assert_allclose(taken, microvolts()[[1, 0]], rtol=1e-5, atol=1e-3)
    path.write_text(header.replace("M2,,0.001,µV", "M2,,0.001"))  # that is µV, by the format
    signals, *_ = open_raw(path).read(["M2"])
    np.testing.assert_allclose(signals, microvolts()[1:2], rtol=1e-5, atol=1e-3)


def test_values_that_are_not_in_the_unit_of_their_format_are_refused(tmp_path: Path) -> None:
    """As of people who hand µV to what takes volts, or volts to what takes µV."""
    wrong = {
        "n.fif": (1e6, "uV"),
        "m.fif": (1e3, "mV"),
        "n.set": (1e-6, "V"),
        "n.edf": (1e-3, "mV"),
    }
    for name, (factor, unit) in wrong.items():
        path = write(tmp_path / name, values=microvolts() * factor)
        said = rf"channel C3: values look like \w*volts: .* data\.unit={unit} "
        with pytest.raises(InputError, match=said):
            open_signals(path).read(["M2", "C3"][::-1])
        signals, *_ = open_signals(path, unit).read(["C3"])
        np.testing.assert_allclose(signals, microvolts()[:1], rtol=0.01, atol=0.5)


def test_eeglab_channels_of_other_types_are_no_voltage(tmp_path: Path) -> None:
    path = write(tmp_path / "n.set")
    held = loadmat(path, struct_as_record=False, squeeze_me=True)
    held["chanlocs"][1].type = "misc"
    savemat(path, {k: v for k, v in held.items() if not k.startswith("__")}, appendmat=False)
    signals, *_ = open_raw(path).read(["C3"])
    np.testing.assert_allclose(signals, microvolts()[:1], atol=0.01)
    with pytest.raises(InputError, match=r"channel M2: the unit '' is not known"):
        open_raw(path).read(["M2"])
    signals, *_ = open_raw(path, "uV").read(["M2"])
    np.testing.assert_allclose(signals, microvolts()[1:2], atol=0.01)


def test_what_systems_leave_out_is_lost_time_and_no_event(tmp_path: Path) -> None:
    marks = [*MARKS, (30.0, 5.0, "BAD_ACQ_SKIP"), (50.0, 2.0, "BAD_disconnect")]
    source = open_raw(write(tmp_path / "n.fif", marks=marks))
    assert source.annotations() == MARKS
    held = source.read(["C3"])
    assert held.lost.tolist() == [[30, 35], [50, 52]]
    assert "n.fif: 7 s in 2 stretches in gaps, unscored" in held.notes
    np.testing.assert_allclose(np.diff(held.signals[0, 30 * RATE : 35 * RATE], 2), 0, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "mark"),
    [("n.set", "boundary"), ("n.fif", "BAD boundary"), ("n.fif", "EDGE boundary")],
)
def test_a_recording_that_was_cut_inside_is_refused(tmp_path: Path, name: str, mark: str) -> None:
    said = r"samples were cut out or recording paused at 30 s: what comes after is of another time"
    with pytest.raises(InputError, match=said):
        open_raw(write(tmp_path / name, marks=[*MARKS, (30.0, 0.0, mark)]))
    trimmed = open_raw(write(tmp_path / f"t{name}", marks=[(0.0, 0.0, mark), *MARKS]))
    assert [text for *_, text in trimmed.annotations()] == [text for *_, text in MARKS]


def test_a_pause_of_brainvision_is_a_cut(tmp_path: Path) -> None:
    path = write(tmp_path / "n.vhdr")
    marks = tmp_path / "n.vmrk"
    assert "Mk1=New Segment,,1," in marks.read_text()
    marks.write_text(marks.read_text() + f"Mk9=New Segment,,{30 * RATE + 1},1,0,2020013123200\n")
    with pytest.raises(InputError, match="recording paused at 30 s"):
        open_raw(path)


def test_marks_of_some_channels_name_them(tmp_path: Path) -> None:
    raw = as_mne(microvolts(), marks=[])
    said = [(), ("C3",), ("C3", "M2")]
    raw.set_annotations(mne.Annotations([1, 2, 3], [1, 1, 1], ["a", "b", "c"], ch_names=said))
    raw.save(tmp_path / "n.fif", verbose="ERROR")
    texts = [text for *_, text in open_raw(tmp_path / "n.fif").annotations()]
    assert texts == ["a", "b@@C3", "c@@C3,M2"]


def test_what_mne_warns_of_is_a_note(tmp_path: Path) -> None:
    path = write(tmp_path / "n.vhdr", marks=[*MARKS, (59.0, 1.0, "late")])
    marks = path.with_suffix(".vmrk")
    marks.write_text(marks.read_text().replace(f",{59 * RATE + 1},{RATE},", f",{99 * RATE},1,"))
    held = open_raw(path).read(["C3"])
    assert any("Omitted 1 annotation" in note for note in held.notes), held.notes


def gdf(path: Path, codes: list[int], rates: list[int] | None = None) -> Path:
    """Write GDF 2 byte by byte; 1000 digital steps are 100 units."""
    rates, n = rates or [RATE] * len(codes), len(codes)
    fixed = b"GDF 2.20X X".ljust(168, b"\0") + struct.pack("<QQH", 0, 0, 1 + n)
    fixed = fixed.ljust(236, b"\0") + struct.pack("<qIIHH", SECONDS, 1, 1, n, 0)
    columns = [b"".join(name.encode().ljust(16) for name in NAMES[:n]), b" " * 80 * n, b" " * 6 * n]
    columns += [struct.pack(f"<{n}H", *codes)]
    columns += [struct.pack(f"<{n}d", *[each] * n) for each in (-100, 100, -1000, 1000)]
    columns += [bytes(68 * n), struct.pack(f"<{3 * n}f", *[0] * 3 * n)]
    columns += [struct.pack(f"<{n}I", *rates), struct.pack(f"<{n}I", *[3] * n), bytes(32 * n)]
    digital = np.round(microvolts(n) * 10).astype("<i2").reshape(n, SECONDS, RATE)
    records = [
        digital[i, second, : rates[i]].tobytes() for second in range(SECONDS) for i in range(n)
    ]
    path.write_bytes(fixed + b"".join(columns) + b"".join(records))
    return path


def test_gdf_is_in_the_unit_that_its_header_codes(tmp_path: Path) -> None:
    """MNE takes what it does not know for volts, and says that they are."""
    held = open_raw(gdf(tmp_path / "n.gdf", [4275, 512, 4275])).read(["EOG1", "C3"])
    np.testing.assert_allclose(held.signals, microvolts()[[2, 0]], atol=0.06)
    with pytest.raises(InputError, match="channel M2: the unit '' is not known"):
        open_raw(tmp_path / "n.gdf").read(["M2"])
    taken, *_ = open_raw(tmp_path / "n.gdf", "uV").read(["M2", "C3"])
    np.testing.assert_allclose(taken, microvolts()[[1, 0]], atol=0.06)
    for code in (4274, 4256):  # mV, V
        path = gdf(tmp_path / "other.gdf", [code, 4275])
        with pytest.raises(InputError, match=r"values look like microvolts: .* data\.unit=uV "):
            open_raw(path).read(["C3"])
        signals, *_ = open_raw(path, "uV").read(["C3"])
        np.testing.assert_allclose(signals, microvolts()[:1], atol=0.06)


def test_gdf_of_several_rates_is_read_where_nothing_is_made_up(tmp_path: Path) -> None:
    path = gdf(tmp_path / "n.gdf", [4275, 4275], [RATE, RATE // 2])
    assert open_raw(path).read(["C3"]).sfreq == RATE
    with pytest.raises(InputError, match="channel M2 is slower than others"):
        open_raw(path).read(["M2"])


@pytest.mark.parametrize("name", FORMATS[:4])
def test_damage_is_one_line_that_names_the_file(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    with pytest.raises(InputError, match=rf"{name}"):
        open_signals(path).read(NAMES)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match=rf"{name} cannot be read: .* convert it to EDF"):
        open_signals(path)


def test_a_file_of_the_recording_that_is_missing_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "n.vhdr")
    path.with_suffix(".eeg").unlink()
    with pytest.raises(InputError, match=r"n\.vhdr cannot be read: .*n\.eeg"):
        open_signals(path).read(["C3"])


def test_channels_of_triggers_are_no_channels(tmp_path: Path) -> None:
    raw = as_mne(microvolts())
    raw.rename_channels({"M2": "STI 014"})
    raw.set_channel_types({"STI 014": "stim"}, verbose="ERROR")
    raw.save(tmp_path / "n.fif", verbose="ERROR")
    assert open_raw(tmp_path / "n.fif").channels == ("C3", "EOG1")
