"""Whether values can be in their unit."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.edf import Channel, write_edf
from xai_sleep.errors import InputError
from xai_sleep.recordings.formats import open_signals
from xai_sleep.recordings.units import require_plausible

RATE = 100


def noise(spread: float, offset: float = 0.0, drift: float = 0.0) -> NDArray[np.float32]:
    times = np.arange(600 * RATE) / RATE
    signal = spread * np.random.default_rng(0).standard_normal(len(times))
    return (signal + offset + drift * times).astype(np.float32)


def check(signal: NDArray[np.float32], told: str = "uV", name: str = "C3-A2") -> None:
    require_plausible(Path("n.edf"), name, signal, RATE, told)


@pytest.mark.parametrize("spread", [1, 5, 30, 200, 1000])
def test_eeg_of_any_size_offset_and_drift_is_plausible(spread: float) -> None:
    for offset, drift in ((0, 0), (187500, 0), (-4200, 25)):
        check(noise(spread, offset, drift))


def test_a_night_that_is_loose_or_flat_for_most_of_it_is_plausible() -> None:
    quiet = noise(30)
    quiet[: 500 * RATE] = 0.01 * noise(1)[: 500 * RATE]
    check(quiet)
    loud = noise(30)
    loud[: 500 * RATE] *= 1000
    check(loud)
    check(np.zeros(10 * RATE, np.float32))


@pytest.mark.parametrize(
    ("spread", "told", "meant"),
    [
        *((3e-5, "uV", "V"), (0.03, "uV", "mV"), (3e4, "mV", "uV"), (0.03, "mV", "V")),
        *((3e7, "V", "uV"), (3e4, "V", "mV"), (3e4, "MV", "uV"), (8e-6, "uV", "V")),
    ],
)
def test_a_factor_of_a_thousand_or_a_million_is_named(spread: float, told: str, meant: str) -> None:
    with pytest.raises(InputError, match=rf"values look like .*; say data\.unit={meant} \(--unit"):
        check(noise(spread), told)


def test_what_no_unit_explains_is_refused_all_the_same() -> None:
    with pytest.raises(InputError, match="which no EEG or EOG does; choose another channel"):
        check(noise(3e6))


def test_other_channels_may_have_any_values() -> None:
    for name in ("ECG", "EKG-Ref", "Resp thorax", "SaO2", "EMG chin"):
        check(noise(3e6), name=name)


def test_a_unit_of_the_users_that_no_eeg_has_is_taken_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = Channel("C3", np.round(100 * noise(30)).astype(np.int16), RATE, "uV")
    path = write_edf(tmp_path / "night.edf", [source])
    for unit, odd in (("V", True), ("uV", False)):
        caplog.clear()
        read = open_signals(path, unit).read(["C3"])
        said = [note for note in read.notes if "by data.unit, as no EEG does" in note]
        assert bool(said) == odd
        assert ("leave data.unit (--unit) out" in caplog.text) == odd
