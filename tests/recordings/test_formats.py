"""Which files of a folder are recordings, and which belong to one."""

from pathlib import Path

import pytest

from tests.recordings.test_raw import as_mne, microvolts, write
from tests.support.own import read, write_signals, write_table
from xai_sleep.errors import InputError
from xai_sleep.recordings.formats import endings, open_signals, record_name, recordings


def test_every_format_that_mne_reads_is_one_but_for_tables() -> None:
    assert {".edf", ".bdf", ".vhdr", ".fif", ".fif.gz", ".set", ".gdf", ".cnt", ".cdt"} < {
        *endings()
    }
    assert {*endings()}.isdisjoint({".txt", ".mat", ".asc", ".csv", ".tsv", ".vmrk", ".fdt"})


def test_a_record_is_called_by_its_file_without_the_ending() -> None:
    names = ["n.1.EDF", "a.fif.gz", "b.vhdr", "c.cdt", ".edf", "d.txt"]
    found = [record_name(Path(name)) for name in names]
    assert found == ["n.1", "a", "b", "c", ".edf", "d.txt"]


def test_files_of_one_recording_are_one(tmp_path: Path) -> None:
    """Of BrainVision the header names them, in any way."""
    write(tmp_path / "n.vhdr")
    for part in ("eeg", "vmrk"):
        (tmp_path / f"n.{part}").rename(tmp_path / f"Raw data 7.{part}")
    header = tmp_path / "n.vhdr"
    header.write_text(header.read_text().replace("=n.", "=Raw data 7."))
    for name in ("m.set", "m.fdt", "other.fdt", "k.cdt", "k.cdt.dpa", "k.cdt.cef", "alone.eeg"):
        (tmp_path / name).touch()
    for name in ("s_raw.fif", "s_raw-1.fif", "b_split-01_eeg.fif", "b_split-02_eeg.fif", ".x.edf"):
        (tmp_path / name).touch()
    (tmp_path / "folder.edf").mkdir()
    (tmp_path / "egi.mff").mkdir()
    found = recordings(sorted(tmp_path.iterdir()))
    assert {path.name: sorted(part.name for part in parts) for path, parts in found.items()} == {
        "alone.eeg": [],
        "b_split-01_eeg.fif": ["b_split-02_eeg.fif"],
        "egi.mff": [],
        "k.cdt": ["k.cdt.cef", "k.cdt.dpa"],
        "m.set": ["m.fdt"],
        "n.vhdr": ["Raw data 7.eeg", "Raw data 7.vmrk"],
        "s_raw.fif": ["s_raw-1.fif"],
    }


def test_a_recording_that_was_split_is_read_to_its_end(tmp_path: Path) -> None:
    values = microvolts(seconds=600)
    as_mne(values).save(tmp_path / "n_raw.fif", split_size="2MB", buffer_size_sec=1, fmt="double")
    (path,) = recordings(sorted(tmp_path.iterdir()))
    assert len(list(tmp_path.iterdir())) > 1
    assert open_signals(path).read(["C3"]).signals.shape == (1, values.shape[1])


@pytest.mark.parametrize(
    ("name", "unit", "message"),
    [
        ("n.edf", None, r"n\.edf is no file; name a recording"),
        ("n.csv", None, r"does not end as a recording does \(.*\.edf, .*; export it to EDF"),
        ("n.csv", "volts", r"data\.unit is 'volts'; it must be one of uV, mV, V"),
    ],
)
def test_what_is_no_recording(tmp_path: Path, name: str, unit: str | None, message: str) -> None:
    (tmp_path / "n.csv").touch()
    with pytest.raises(InputError, match=message):
        open_signals(tmp_path / name, unit)


def test_recordings_of_all_formats_stand_side_by_side(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Tables beside them are found; of BrainVision's three files none is passed over."""
    for name in ("a.vhdr", "b.set", "c.fif", "d_raw.fif.gz"):
        record = record_name(write(tmp_path / name))
        write_table(tmp_path / f"{record}.csv", "onset,duration", (5, 1))
    found = read(tmp_path, channels=[["EEG C3-A2"], ["E1", "EOG1"]], scored="all")
    assert [recording.record for recording in found] == ["a", "b", "c", "d_raw"]
    assert [recording.channels for recording in found] == [("C3-M2", "EOG1")] * 4
    for recording in found:
        assert abs(recording.signals[0] - (microvolts()[0] - microvolts()[1])).max() < 0.05
    assert "not read, although" not in caplog.text
    with pytest.raises(InputError, match=r"data\.unit is 'kV'; it must be one of uV, mV, V"):
        read(tmp_path, channels=[["C3"]], scored="all", unit="kV")
    with pytest.raises(InputError, match="there is no channel O1 in a"):
        read(tmp_path, channels=[["O1"]], scored="all")


def test_two_recordings_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "n.fif")
    write_signals(tmp_path, "n")
    with pytest.raises(InputError, match=r"holds n\.edf and n\.fif"):
        read(tmp_path, channels=[["C3"]], scored="all")
