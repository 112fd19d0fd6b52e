"""EDF files as they are met: units, ranges, channel order, damage, persons."""

import pickle
import struct
from datetime import datetime
from pathlib import Path
from typing import Any

import edfio
import mne
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.edf import Channel, annotations, noise, write_edf
from xai_sleep.errors import InputError
from xai_sleep.recordings.edf import EdfFile, open_edf

PATIENT = "Doe, man - 03/04/1950 - 12-345"


def channel(label: str, n: int = 1000, rate: int = 100, **header: Any) -> Channel:
    return Channel(label, noise(n, seed=len(label)), rate, **header)


def opened(path: Path, *channels: Channel, **header: Any) -> EdfFile:
    return open_edf(write_edf(path / "night.edf", channels, **header))


def patched(path: Path, at: int, text: bytes) -> Path:
    content = bytearray(path.read_bytes())
    content[at : at + len(text)] = text
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("UV", 1), ("uV", 1), ("µV", 1), ("MV", 1e3), ("mV", 1e3), ("V", 1e6), ("v", 1e6)],
)
def test_unit_of_the_header_becomes_microvolts(tmp_path: Path, unit: str, factor: float) -> None:
    source = channel("C3-A1", unit=unit, physical=(-200 / factor, 200 / factor))
    signals, sfreq, notes, _ = opened(tmp_path, source).read(["C3-A1"])
    assert signals.dtype == np.float32
    assert (sfreq, notes) == (100.0, ())
    np.testing.assert_allclose(signals[0], source.values * factor, rtol=1e-6, atol=1e-4)


def test_channels_of_one_file_keep_their_own_units(tmp_path: Path) -> None:
    small, large = channel("EEG", unit="UV"), channel("ECG", unit="MV")
    signals, *_ = opened(tmp_path, small, large).read(["ECG", "EEG"])
    np.testing.assert_allclose(signals, [large.values * 1e3, small.values], rtol=1e-5, atol=1e-2)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    low=st.integers(-200000, -200),
    high=st.integers(200, 200000),
    inverted=st.booleans(),
)
def test_header_range_may_exceed_16_bits(
    tmp_path: Path, low: int, high: int, inverted: bool
) -> None:
    ends = (low // 100, high // 100 + 1)
    source = channel("C3-A1", physical=ends[::-1] if inverted else ends, limits=(low, high))
    signals, *_ = opened(tmp_path, source).read(["C3-A1"])
    np.testing.assert_allclose(signals[0], source.values, rtol=1e-5, atol=1e-3)


def test_range_of_the_dreams_files(tmp_path: Path) -> None:
    """The header's range is wider than 16 bits, so that signals clip near ±327.7 µV."""
    ends = np.array([-32768, 32767], dtype=np.int16)
    source = Channel("O1-A1", ends, 2, "UV", physical=(-730, 503), limits=(-72984, 50277))
    signals, *_ = opened(tmp_path, source).read(["O1-A1"])
    np.testing.assert_allclose(signals[0], [-327.7, 327.9], atol=0.2)


def test_channels_come_by_name_in_the_order_asked_for(tmp_path: Path) -> None:
    sources = {label: channel(label) for label in ("O1-A1", "EOG2", "C3", "EOG1-A1")}
    for order in (["EOG1-A1", "C3"], ["C3", "EOG1-A1"]):
        for stored in (list(sources), list(sources)[::-1]):
            signals, *_ = opened(tmp_path, *(sources[label] for label in stored)).read(order)
            expected = [sources[label].values for label in order]
            np.testing.assert_allclose(signals, expected, atol=1e-4)


def test_rate_is_that_of_the_channels_asked_for(tmp_path: Path) -> None:
    slow, fast = channel("C3-A1", n=500, rate=100), channel("ECG", n=5000, rate=1000)
    night = opened(tmp_path, fast, slow, seconds=2.0)
    signals, sfreq, *_ = night.read(["C3-A1"])
    assert (signals.shape, sfreq) == ((1, 500), 50.0)
    np.testing.assert_allclose(signals[0], slow.values, atol=1e-4)


@pytest.mark.parametrize("label", ["STATUS", "eeg", "EDF Annotations", "all"])
def test_labels_that_mean_something_to_mne_are_plain_channels(tmp_path: Path, label: str) -> None:
    sources = channel(label), channel("C3-A1")
    signals, *_ = opened(tmp_path, *sources).read([label, "C3-A1"])
    np.testing.assert_allclose(signals, [source.values for source in sources], atol=1e-4)


def test_an_odd_start_date_does_not_matter(tmp_path: Path) -> None:
    source = channel("C3-A1")
    signals, *_ = opened(tmp_path, source, start="99.99.99").read(["C3-A1"])
    np.testing.assert_allclose(signals[0], source.values, atol=1e-4)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"unit": "%"}, r"night\.edf, channel C3-A1: the unit '%' is not known; expected uV, mV"),
        ({"limits": (5, 5)}, r"channel C3-A1: the header gives no range"),
        ({"physical": (7, 7)}, r"channel C3-A1: the header gives no range"),
    ],
)
def test_channel_that_cannot_become_microvolts(
    tmp_path: Path, header: dict[str, Any], message: str
) -> None:
    night = opened(tmp_path, channel("C3-A1", **header), channel("ECG"))
    with pytest.raises(InputError, match=message):
        night.read(["C3-A1"])
    assert night.read(["ECG"])[0].shape == (1, 1000)


def test_label_twice_is_refused(tmp_path: Path) -> None:
    night = opened(tmp_path, channel("C3-A1"), channel("C3-A1"))
    with pytest.raises(InputError, match="2 channels are called C3-A1, one was expected"):
        night.read(["C3-A1"])


def test_truncated_file_names_both_sizes(tmp_path: Path) -> None:
    path = write_edf(tmp_path / "night.edf", [channel("C3-A1")])
    whole = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-700])
    with pytest.raises(InputError, match=f"truncated: {whole - 700} bytes found, {whole} expected"):
        open_edf(path)


def test_bytes_after_the_last_record_are_noted(tmp_path: Path) -> None:
    source = channel("C3-A1")
    path = write_edf(tmp_path / "night.edf", [source])
    path.write_bytes(path.read_bytes() + b"\1" * 500)
    signals, _, notes, _ = open_edf(path).read(["C3-A1"])
    np.testing.assert_allclose(signals[0], source.values, atol=1e-4)
    assert notes == ("night.edf: 500 bytes after the last data record left unread",)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"n_records": -1}, "counts -1 data records"),
        ({"n_records": 0}, "counts 0 data records"),
        ({"seconds": 0}, "data records of 0 s"),
        ({"kind": "EDF+D"}, r"has gaps \(EDF\+D\), but 10 of its data records tell no time"),
    ],
)
def test_header_that_makes_no_recording(
    tmp_path: Path, header: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        opened(tmp_path, channel("C3-A1"), **header).read(["C3-A1"])


@pytest.mark.parametrize(
    ("at", "text", "message"),
    [
        (0, b"\xffBIOSIGN", "is not an EDF file"),
        (236, b"many    ", "number of data records reads 'many'"),
        (244, b"nan     ", "length of a data record reads 'nan'"),
        (252, b"-3  ", "damaged EDF header, it says 512 bytes for -3 channels"),
        (252, b"99  ", "damaged EDF header, it says 512 bytes for 99 channels"),
        (184, b"768     ", "damaged EDF header, it says 768 bytes for 1 channels"),
        (256 + 216, b"lots    ", "samples a record reads 'lots'"),
        (256 + 216, b"0       ", "holds no signals"),
    ],
)
def test_damaged_header(tmp_path: Path, at: int, text: bytes, message: str) -> None:
    path = patched(write_edf(tmp_path / "night.edf", [channel("C3-A1")]), at, text)
    with pytest.raises(InputError, match=message):
        open_edf(path)


@pytest.mark.parametrize(
    "content", [b"", b"0", b"garbage" * 100, struct.pack("<400i", *range(400))]
)
def test_file_that_is_no_edf(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "night.edf"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"night\.edf is not an EDF file"):
        open_edf(path)


def test_damage_in_another_channel_does_not_matter(tmp_path: Path) -> None:
    source = channel("C3-A1")
    path = write_edf(tmp_path / "night.edf", [source, channel("ECG")])
    night = open_edf(patched(path, 256 + 2 * 104 + 8, b"junk    "))
    np.testing.assert_allclose(night.read(["C3-A1"])[0][0], source.values, atol=1e-4)
    with pytest.raises(InputError, match="channel ECG: the header gives no range"):
        night.read(["ECG"])


def test_a_comma_may_stand_in_the_header(tmp_path: Path) -> None:
    source = channel("C3-A1", physical=(-327.5, 327.5))
    path = write_edf(tmp_path / "night.edf", [source])
    signals = open_edf(patched(path, 256 + 104, b"-327,5  327,5\0\0\0")).read(["C3-A1"])[0]
    np.testing.assert_allclose(signals[0], source.values, atol=1e-4)


@pytest.mark.parametrize("width", [2, 3])
def test_two_other_readers_find_the_same(tmp_path: Path, width: int) -> None:
    """MNE and edfio, on what both can read."""
    bits = 8 * width - 1
    samples = np.random.default_rng(0).integers(-(2**bits), 2**bits, 1000).astype(np.int32)
    header: dict[str, Any] = {"physical": (-3000, 2500.5), "limits": (-(2**bits), 2**bits - 1)}
    sources = [Channel("C3", samples, 100, **header), channel("ECG", unit="mV")]
    name, kind = ("a.edf", "EDF+C") if width == 2 else ("a.bdf", "BDF+C")
    said = annotations(ROWS, 10, offset=0.25, width=width)
    path = write_edf(tmp_path / name, [*sources, said], width=width, kind=kind)
    night = open_edf(path)
    signals, sfreq, *_ = night.read(["ECG", "C3"])
    raw = (mne.io.read_raw_edf if width == 2 else mne.io.read_raw_bdf)(path, verbose="ERROR")
    assert raw.info["sfreq"] == sfreq
    np.testing.assert_allclose(signals, 1e6 * raw.get_data(["ECG", "C3"]), rtol=1e-6, atol=1e-4)
    other = edfio.read_edf(path) if width == 2 else edfio.read_bdf(path)
    expected = [1e3 * other.signals[1].data, other.signals[0].data]
    np.testing.assert_allclose(signals, expected, rtol=1e-6, atol=1e-4)
    assert night.annotations() == [tuple(one) for one in other.annotations]


def test_one_person_has_one_key_and_others_have_others(tmp_path: Path) -> None:
    fields = [PATIENT, f"  {PATIENT.upper()} ", PATIENT.replace("345", "346")]
    keys = [opened(tmp_path, channel("C3-A1"), patient=field).person for field in fields]
    assert keys[0] == keys[1] is not None
    assert keys[2] not in (None, keys[0])


@pytest.mark.parametrize(
    "field",
    [
        *(
            "",
            "X",
            "X X X X",
            "X M X X",
            "X F X xxx",
            "X_X_X_X",
            "Anonymous",
            "Anon",
            "N/A",
            "none",
        ),
        *(
            "x, male - X - X",
            "X F X Female_33yr",
            "X M 01-JAN-1900 X",
            "0 X X 0",
            "n/a n/a n/a n/a",
        ),
        "anonymized M 02-FEB-1960 unknown weight=70",
    ],
)
def test_who_is_not_named_has_no_key(tmp_path: Path, field: str) -> None:
    assert opened(tmp_path, channel("C3-A1"), patient=field).person is None


def test_a_code_or_a_name_identifies_and_nothing_else(tmp_path: Path) -> None:
    """The same person staged a year later, with a birth date, in another case."""
    fields = ["P7 F X Roe_Ann", "P7 X 01-JAN-1950 ROE_ANN age=71", "p7 F X Roe-Ann"]
    keys = {opened(tmp_path, channel("C3-A1"), patient=field).person for field in fields}
    assert len(keys) == 1
    for other in ("P8 F X Roe_Ann", "P7 F X Roe_Eve", "P7 F X X", "X F X Roe_Ann"):
        assert opened(tmp_path, channel("C3-A1"), patient=other).person not in {None, *keys}


def test_patient_field_does_not_outlive_the_header(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    night = opened(tmp_path, channel("C3-A1"), patient=PATIENT)
    said = f"{night!r} {night.read(['C3-A1'])!r} {caplog.text}"
    assert all(word not in said for word in ("Doe", "04/1950", "12-345", str(night.person)))
    assert b"Doe" not in pickle.dumps(night)


def test_patient_field_that_mne_cannot_parse_never_reaches_it(tmp_path: Path) -> None:
    source = channel("C3-A1")
    night = opened(tmp_path, source, patient="12 M 03-APR-1950 Doe weight=a=b")
    np.testing.assert_allclose(night.read(["C3-A1"])[0][0], source.values, atol=1e-4)


def test_bdf_is_read_like_edf(tmp_path: Path) -> None:
    """24 bits a sample: BioSemi's own gain, and values that 16 bits cannot hold."""
    samples = np.random.default_rng(0).integers(-(2**23), 2**23, 1000, dtype=np.int32)
    ends: dict[str, Any] = {"physical": (-262144, 262143), "limits": (-(2**23), 2**23 - 1)}
    source = Channel("C3", samples // 256, 100, "uV", **ends)
    other = Channel("Status", samples[::-1].copy(), 100, "Boolean", **ends)
    night = opened(tmp_path, source, other, width=3, patient=PATIENT)
    signals, sfreq, notes, _ = night.read(["C3"])
    assert (sfreq, notes, night.seconds) == (100.0, (), 10.0)
    np.testing.assert_allclose(signals[0], source.values, rtol=1e-6, atol=1e-2)
    assert night.person is not None
    assert b"Doe" not in pickle.dumps(night)


ROWS = [(1.0, 0.5, "spindle"), (2.25, 1.125, "K-complex, große"), (6.0, 900.0, "lights off")]


@pytest.mark.parametrize("width", [2, 3])
@pytest.mark.parametrize("offset", [0.0, 0.25])
def test_annotations_are_those_that_were_written(tmp_path: Path, width: int, offset: float) -> None:
    """Also those that reach past the end: whoever uses them decides."""
    said = annotations(ROWS, 10, offset=offset, width=width)
    kind = "BDF+C" if width == 3 else "EDF+C"
    night = opened(tmp_path, channel("C3"), said, width=width, kind=kind, patient=PATIENT)
    assert night.annotations() == ROWS
    np.testing.assert_allclose(night.read(["C3"])[0][0], channel("C3").values, atol=1e-4)


def test_texts_may_have_several_lines_and_stand_in_the_first_list(tmp_path: Path) -> None:
    texts = ["spindle", "spindle\nseen by second look", "a\tb", "spindle\r\n"]
    rows = [(2.0 * i + 1, 1.0, text) for i, text in enumerate(texts)]
    said = annotations(rows, 10)
    raw = said.digital.astype("<i2").tobytes().replace(b"+9\x14\x14\0", b"+9\x14\x14end\x14\0")
    raw = raw[: said.digital.size * 2]
    told = Channel(said.label, np.frombuffer(raw, "<i2"), said.rate, "")
    night = opened(tmp_path, channel("C3"), told, kind="EDF+C")
    assert night.annotations() == [*rows, (9.0, 0.0, "end")]


@pytest.mark.parametrize(("width", "kind"), [(2, "EDF+C"), (3, "BDF+C")])
def test_a_gap_in_a_file_that_says_it_has_none_is_refused(
    tmp_path: Path, width: int, kind: str
) -> None:
    """Marks after it would lie beside their samples."""
    said = annotations(
        [(16.0, 1.0, "spindle")], 10, width=width, starts=[*range(5), *range(15, 20)]
    )
    night = opened(tmp_path, channel("C3"), said, width=width, kind=kind)
    message = r"says that it is continuous, but its data record 6 begins 15 s after .* not 5 s"
    for read in (night.annotations, lambda: night.read(["C3"])):
        with pytest.raises(InputError, match=message):
            read()


def test_records_that_last_longer_than_the_header_says_are_refused(tmp_path: Path) -> None:
    said = annotations([], 10, starts=[1.001 * i for i in range(10)])
    assert opened(tmp_path, channel("C3"), said, kind="EDF+C").annotations() == []
    said = annotations([], 10, starts=[1.008 * i for i in range(10)])
    with pytest.raises(InputError, match=r"record 3 begins 2\.016 s after the first and not 2 s"):
        opened(tmp_path, channel("C3"), said, kind="EDF+C").read(["C3"])


def test_an_annotation_without_a_time_is_refused(tmp_path: Path) -> None:
    said = annotations([(1.0, 0.5, "spindle")], 10)
    raw = said.digital.astype("<i2").tobytes().replace(b"+1\x15", b"?1\x15")
    damaged = Channel(said.label, np.frombuffer(raw, "<i2"), said.rate, "")
    with pytest.raises(InputError, match="in data record 2 an annotation does not begin with"):
        opened(tmp_path, channel("C3"), damaged, kind="EDF+C").annotations()


def test_a_file_without_annotations_has_none(tmp_path: Path) -> None:
    """Whatever its samples look like, and whoever the patient is."""
    samples = np.frombuffer(b"\0+5\x14spindle\x14\0\0" * 200, "<i2")
    night = opened(tmp_path, Channel("C3", samples, 100), patient="+5\x14spindle\x14\0")
    assert night.annotations() == []


def test_annotations_that_are_no_text_are_refused(tmp_path: Path) -> None:
    said = annotations([(1.0, 0.5, "spindle")], 10)
    raw = said.digital.astype("<i2").tobytes().replace(b"spindle", b"spind\xff\xfe")
    damaged = Channel(said.label, np.frombuffer(raw, "<i2"), said.rate, "")
    night = opened(tmp_path, channel("C3"), damaged, kind="EDF+C")
    with pytest.raises(InputError, match=r"night\.edf: its annotations are not UTF-8"):
        night.annotations()
    assert night.read(["C3"])[0].shape == (1, 1000)


BROKEN = [*range(5), *range(15, 20), 30.25, 31.25]  # when the records of a file with gaps begin


@pytest.mark.parametrize(("width", "kind"), [(2, "EDF+D"), (3, "BDF+D")])
def test_what_follows_a_gap_lies_at_its_own_time(tmp_path: Path, width: int, kind: str) -> None:
    """Marks and samples on one time; the gap is bridged by a line, lost, and counted."""
    rows = [(1.0, 0.5, "before"), (16.5, 1.0, "after"), (31.0, 0.5, "last")]
    told = annotations(rows, 12, offset=7.5, width=width, starts=BROKEN)
    source, slow = channel("C3", n=1200), channel("E1", n=600, rate=50)
    night = opened(tmp_path, source, told, slow, width=width, kind=kind)
    assert (night.annotations(), night.seconds, night.channels) == (rows, 32.25, ("C3", "E1"))
    assert night.start == datetime(2000, 1, 1, 0, 0, 7, 500_000)
    (signal,), sfreq, notes, lost = night.read(["C3"])
    assert lost.tolist() == [[5, 15], [20, 30.25]]
    assert notes == ("night.edf: 20.25 s in 2 stretches in gaps, unscored",)
    assert (sfreq, len(signal)) == (100, 3225)
    where = np.concatenate([np.arange(100) + round(100 * begin) for begin in BROKEN])
    np.testing.assert_allclose(signal[where], source.values, atol=1e-4)
    line = np.interp(np.arange(3225), where, source.values)
    np.testing.assert_allclose(signal, line, atol=1e-3)
    (other,), *_ = night.read(["E1"])
    where = np.concatenate([np.arange(50) + int(50 * begin + 0.5) for begin in BROKEN])
    np.testing.assert_allclose(other[where], slow.values, atol=1e-4)


def test_a_file_that_may_have_gaps_need_not_have_any(tmp_path: Path) -> None:
    source = channel("C3")
    night = opened(tmp_path, source, annotations(ROWS, 10, starts=range(10)), kind="EDF+D")
    held = night.read(["C3"])
    assert (len(held.lost), held.notes, night.seconds) == (0, (), 10)
    np.testing.assert_allclose(held.signals[0], source.values, atol=1e-4)


@pytest.mark.parametrize(
    ("starts", "message"),
    [
        (
            [*range(5), *range(3, 8)],
            "record 6 begins 3 s after the first, before the one before",
        ),
        ([*range(9), 1e9], r"data record 10 begins 1e\+09 s .*, after more than a day of gaps"),
        (
            [1.2e4 * i for i in range(10)],
            r"record 9 begins 96000 s .* more than a day of gaps",
        ),
    ],
)
def test_gaps_that_cannot_be_are_refused(tmp_path: Path, starts: list[float], message: str) -> None:
    told = annotations([], 10, starts=starts)
    with pytest.raises(InputError, match=message):
        opened(tmp_path, channel("C3"), told, kind="EDF+D").read(["C3"])


def test_channels_of_several_rates_are_brought_to_the_highest(tmp_path: Path) -> None:
    """A wave of 5 Hz stays in place; what is asked for alone keeps its rate."""
    waves = {rate: Channel(f"C{rate}", wave(rate), rate, "uV") for rate in (50, 128, 200)}
    night = opened(tmp_path, *waves.values())
    signals, sfreq, notes, _ = night.read(["C50", "C200", "C128"])
    assert (sfreq, signals.shape) == (200, (3, 4000))
    assert notes == (
        "channel C50 resampled from 50 to 200 Hz, the rate of another channel",
        "channel C128 resampled from 128 to 200 Hz, the rate of another channel",
    )
    np.testing.assert_array_equal(signals[1], waves[200].values.astype(np.float32))
    inside = slice(200, -200)
    np.testing.assert_allclose(signals[:, inside], signals[[1] * 3, inside], atol=1)
    assert night.read(["C50"]).sfreq == 50


def wave(rate: int, seconds: int = 20) -> NDArray[np.int16]:
    times = np.arange(rate * seconds) / rate
    return np.round(1e4 * np.sin(2 * np.pi * 5 * times)).astype(np.int16)


def test_a_unit_that_is_told_stands_for_that_of_the_header(tmp_path: Path) -> None:
    source = channel("C3", unit="%", physical=(-0.2, 0.2))
    path = write_edf(tmp_path / "night.edf", [source, channel("E1", unit="V")])
    signals, *_ = open_edf(path, "mV").read(["C3"])
    np.testing.assert_allclose(signals[0], source.values * 1e3, atol=1e-4)
    with pytest.raises(InputError, match=r"E1: values look like microvolts: .* data\.unit=uV "):
        open_edf(path).read(["E1"])
    signals, *_ = open_edf(path, "uV").read(["E1"])
    np.testing.assert_allclose(signals[0], channel("E1").values, atol=1e-4)


def test_a_file_larger_than_what_is_read_at_once_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xai_sleep.recordings.edf.CHUNK", 1000)
    source, said = channel("C3"), annotations(ROWS, 10)
    night = opened(tmp_path, source, said, kind="EDF+C")
    np.testing.assert_allclose(night.read(["C3"]).signals[0], source.values, atol=1e-4)
    assert night.annotations() == ROWS
