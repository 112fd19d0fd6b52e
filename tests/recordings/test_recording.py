"""Recordings that no analysis can use are refused by name and time."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.recordings import make_recording
from xai_sleep.errors import InputError
from xai_sleep.recordings.recording import require_usable


def test_duration_is_in_seconds() -> None:
    assert make_recording(seconds=12.5, sfreq=8).duration == 12.5


def test_usable_recordings_pass_untouched() -> None:
    recording = make_recording(channels=("one", "two"))
    before = recording.signals.copy()
    require_usable([recording, make_recording("b")])
    assert np.array_equal(recording.signals, before)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused(value: float) -> None:
    recording = make_recording("night3", channels=("C3-A1", "EOG1"))
    recording.signals[1, [123, 400]] = value
    complaint = r"record night3, channel EOG1: 2 samples are not numbers, the first at 12\.30 s; .*"
    with pytest.raises(InputError, match=complaint + r"data\.records"):
        require_usable([make_recording(), recording])


@pytest.mark.parametrize("value", [0.0, -327.68])
def test_a_flat_channel_is_refused(value: float) -> None:
    recording = make_recording("night3", channels=("C3-A1", "EOG1"))
    signals = recording.signals.copy()
    signals[0] = value
    complaint = (
        rf"record night3, channel C3-A1 is flat \({value:g} µV throughout\); .*task.channels"
    )
    with pytest.raises(InputError, match=complaint):
        require_usable([replace(recording, signals=signals)])


def test_one_sample_that_differs_is_not_flat() -> None:
    recording = make_recording()
    recording.signals[:] = 0
    with pytest.raises(InputError, match="flat"):
        require_usable([recording])
    recording.signals[0, 5] = 0.01
    require_usable([recording])
