"""Text files of DREAMS: signals, marks and stages, whole and damaged."""

from pathlib import Path

import numpy as np
import pytest

from xai_sleep.errors import InputError
from xai_sleep.recordings.dreams import open_excerpt, read_hypnogram, read_marks


def text(path: Path, *lines: str, end: str = "\n") -> Path:
    path.write_bytes(end.join((*lines, "")).encode())
    return path


def samples(path: Path, n: int, title: str = "[CZ-A1]") -> Path:
    values = np.random.default_rng(0).normal(0, 40, n)
    return text(path / "excerpt6.txt", title, *(f"{value:10.4f}" for value in values))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(("n", "rate"), [(90_000, 50), (180_000, 100)])
def test_rate_follows_from_the_number_of_samples(
    tmp_path: Path, n: int, rate: int, end: str
) -> None:
    values = np.arange(n) / 100 - 300
    path = text(tmp_path / "excerpt3.txt", "[C3-A1]", *(f"{v:10.4f}" for v in values), end=end)
    excerpt = open_excerpt(path)
    assert (excerpt.channels, excerpt.person) == (("C3-A1",), None)
    signals, sfreq, notes, _ = excerpt.read(["C3-A1"])
    assert signals.dtype == np.float32
    assert (sfreq, notes) == (rate, ())
    np.testing.assert_array_equal(signals, [values.round(4).astype(np.float32)])


def test_tail_after_1800_s_is_cut_and_noted(tmp_path: Path) -> None:
    path = samples(tmp_path, 360_000)
    whole, *_ = open_excerpt(path).read(["CZ-A1"])
    path.write_text(path.read_text() + "   76.0000\n" * 140)
    signals, sfreq, notes, _ = open_excerpt(path).read(["CZ-A1"])
    assert sfreq == 200
    assert notes == ("excerpt6.txt: 140 samples after 1800 s cut",)
    np.testing.assert_array_equal(signals, whole)


@pytest.mark.parametrize("n", [0, 1, 89_999, 90_050, 179_999, 360_200])
def test_count_that_fits_no_rate_is_refused(tmp_path: Path, n: int) -> None:
    path = text(tmp_path / "excerpt1.txt", "[C3-A1]", *["1.0"] * n)
    message = rf"excerpt1\.txt: {n} samples fit no .* 90000 or 180000 or 360000 were expected"
    with pytest.raises(InputError, match=message):
        open_excerpt(path).read(["C3-A1"])


@pytest.mark.parametrize("bad", ["abc", "1,5", "1.0 2.0", "nan", "1e99", ""])
def test_line_that_is_no_number_is_named(tmp_path: Path, bad: str) -> None:
    path = text(tmp_path / "excerpt1.txt", "[C3-A1]", "1.0", "2.0", bad, "3.0")
    with pytest.raises(InputError, match=rf"excerpt1\.txt, line 4: expected a number.*'{bad}'"):
        open_excerpt(path).read(["C3-A1"])


@pytest.mark.parametrize("first", ["", "  12.5", "C3-A1"])
def test_title_is_expected_first(tmp_path: Path, first: str) -> None:
    path = text(tmp_path / "excerpt1.txt", first, "1.0", "2.0")
    message = r"excerpt1\.txt, line 1: expected a title in brackets"
    with pytest.raises(InputError, match=message):
        open_excerpt(path)
    with pytest.raises(InputError, match=message):
        read_marks(path, 60)
    with pytest.raises(InputError, match=message):
        read_hypnogram(path)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("gap", ["\t", "   ", " \t  "])
@pytest.mark.parametrize("blank", [(), ("", " ", "")])
def test_marks_in_every_spelling(
    tmp_path: Path, end: str, gap: str, blank: tuple[str, ...]
) -> None:
    rows = [f"  12.5000{gap}0.7500 ", f"   3.0000{gap}1.0000"]
    path = text(tmp_path / "v.txt", "[vis1_Spindles/C3-A1]", *rows, *blank, end=end)
    events, notes = read_marks(path, 60)
    assert (events.tolist(), notes) == ([[3, 4], [12.5, 13.25]], ())


def test_no_marks_are_no_events(tmp_path: Path) -> None:
    events, notes = read_marks(text(tmp_path / "v.txt", "[vis1_REMs/EOGs]"), 60)
    assert (events.shape, notes) == ((0, 2), ())


def test_mark_without_length_is_dropped_and_noted_but_a_short_one_stays(tmp_path: Path) -> None:
    rows = ["531.5400\t-0.5177", "448.2035\t0.0050", "600.0\t0.0"]
    events, notes = read_marks(text(tmp_path / "v.txt", "[vis1_REMs/EOGs]", *rows), 1800)
    np.testing.assert_allclose(events, [[448.2035, 448.2085]])
    assert notes == (
        "v.txt, line 2: mark of -0.5177 s dropped",
        "v.txt, line 4: mark of 0 s dropped",
    )


def test_overlapping_marks_of_one_scorer_stay_as_they_are(tmp_path: Path) -> None:
    path = text(tmp_path / "v.txt", "[t]", "1.0\t2.0", "2.0\t2.0", "2.0\t2.5")
    assert read_marks(path, 60)[0].tolist() == [[1, 3], [2, 4], [2, 4.5]]


def test_a_mark_that_is_there_twice_counts_once_and_is_noted(tmp_path: Path) -> None:
    path = text(tmp_path / "v.txt", "[t]", "1.0\t2.0", "5.0\t2.0", "1.0\t2.0")
    events, notes = read_marks(path, 60)
    assert events.tolist() == [[1, 3], [5, 7]]
    assert notes == ("v.txt, line 4: the same mark again, counted once",)


def test_event_that_ends_after_the_recording_is_cut_and_noted(tmp_path: Path) -> None:
    path = text(tmp_path / "v.txt", "[t]", "59.5\t1.5", "58.0\t2.0")
    events, notes = read_marks(path, 60)
    assert events.tolist() == [[58, 60], [59.5, 60]]
    assert notes == ("v.txt, line 2: event cut from 61 to 60 s",)


@pytest.mark.parametrize("onset", [60, 75.5, -2])
def test_event_that_starts_outside_the_recording_is_refused(tmp_path: Path, onset: float) -> None:
    path = text(tmp_path / "v.txt", "[t]", "1.0\t1.0", f"{onset}\t1.0")
    message = rf"v\.txt, line 3: an event starts at {onset} s, but the recording .* 0 to 60 s"
    with pytest.raises(InputError, match=message):
        read_marks(path, 60)


def test_event_longer_than_the_recording_is_refused(tmp_path: Path) -> None:
    """Samples taken for seconds."""
    path = text(tmp_path / "v.txt", "[t]", "1.0\t1.0", "0.5\t150")
    message = r"v\.txt, line 3: an event lasts 150 s, longer than the recording \(60 s\)"
    with pytest.raises(InputError, match=message):
        read_marks(path, 60)


@pytest.mark.parametrize("bad", ["12.5", "1 2 3", "1.0;2.0", "one 1.0", "nan 1.0", "1.0 inf", ""])
def test_malformed_mark_names_file_and_line(tmp_path: Path, bad: str) -> None:
    path = text(tmp_path / "v.txt", "[t]", "1.0\t1.0", bad, "5.0\t1.0")
    with pytest.raises(InputError, match=r"v\.txt, line 3: expected onset and duration in s"):
        read_marks(path, 60)


def test_hypnogram_is_coded_as_stages(tmp_path: Path) -> None:
    rows = ["5", "4", "3", "2", "1", "0", "-1", "-2", " -3 "]
    stages = read_hypnogram(text(tmp_path / "h.txt", "[Hypnogram]", *rows, end="\r\n"))
    assert stages.dtype == np.int8
    assert stages.tolist() == [0, 4, 1, 2, 3, 3, -1, -1, -1]


@pytest.mark.parametrize("bad", ["6", "-4", "2.0", "W", ""])
def test_unknown_stage_names_file_and_line(tmp_path: Path, bad: str) -> None:
    path = text(tmp_path / "h.txt", "[Hypnogram]", "5", bad, "5")
    message = rf"h\.txt, line 3: expected a stage from -3 to 5, found '{bad}'"
    with pytest.raises(InputError, match=message):
        read_hypnogram(path)
