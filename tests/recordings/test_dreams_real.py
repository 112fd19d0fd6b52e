"""The DREAMS reader on the real files, against what is published about them."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.support.dreams import read
from tests.support.edf import Channel, noise, write_edf
from xai_sleep.recordings.dreams import found
from xai_sleep.recordings.intervals import longest_overlap

CENTRAL = [["C3-A1", "CZ-A1"]]
EOGS = [["EOG1", "P8-A1"], ["EOG2", "P18-A1"]]


@pytest.mark.data
def test_edf_of_excerpt_3_equals_its_text(dreams_root: Path) -> None:
    text = dreams_root / "DatabaseSpindles" / "excerpt3.txt"
    if not text.with_suffix(".edf").exists() or not text.exists():
        pytest.skip("excerpt3.edf or excerpt3.txt is not here")
    expected = np.loadtxt(text, skiprows=1)
    recording = read(dreams_root, event="spindle", channels=CENTRAL, records=["excerpt3"])[0]
    assert (recording.sfreq, recording.channels) == (50.0, ("C3-A1",))
    # The text is rounded to 1e-4 µV, the signal to float32.
    allowed = 5e-5 + np.spacing(np.abs(expected).astype(np.float32)) / 2 + 1e-9
    assert np.all(np.abs(recording.signals[0].astype(np.float64) - expected) <= allowed)


@pytest.mark.data
def test_event_counts_of_the_real_spindles(dreams_root: Path) -> None:
    counts = {
        "expert1": dict(enumerate((52, 60, 5, 44, 56, 72, 18, 48), start=1)),
        "expert2": dict(enumerate((115, 52, 44, 25, 86, 87), start=1)),
    }
    recordings = read(dreams_root, event="spindle", channels=CENTRAL)
    assert [r.record for r in recordings] == found(dreams_root, "spindle")
    for recording in recordings:
        number = int(recording.record.removeprefix("excerpt"))
        for expert in counts.keys() & recording.scorers.keys():
            assert len(recording.scorers[expert].events) == counts[expert][number]
        assert recording.scorers["expert1"].events.max() < 1000


@pytest.mark.data
def test_real_rem_scorings_give_the_published_window_labels(
    dreams_root: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "DatabaseREMs"
    folder.mkdir()
    for path in (dreams_root / "DatabaseREMs").glob("*_excerpt?.txt"):
        shutil.copy(path, folder)
    signal = noise(1800 * 200)
    for record in range(1, 10):
        eogs = [Channel(label, signal, 200, unit="UV") for label in ("EOG2", "EOG1")]
        write_edf(folder / f"excerpt{record}.edf", eogs)
    recordings = read(tmp_path, event="rem", channels=EOGS)
    # One of the 847 rows has a negative duration and is dropped.
    counts = [len(recording.events) for recording in recordings]
    assert counts == [156, 3, 165, 66, 108, 14, 131, 162, 41]
    starts = np.arange(0, 1800, 5.0)
    positive = [int((longest_overlap(starts, 5.0, r.events) > 0).sum()) for r in recordings]
    assert positive == [140, 4, 114, 51, 91, 11, 94, 149, 36]
    assert all(r.scored.tolist() == [[0, 1800]] for r in recordings)
