"""Inputs for small recordings that nobody filtered: every channel as it is."""

from collections.abc import Sequence

from tests.support.images import BAND, LENGTH, SFREQ, SIZE
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.inputs import ImageInput, SignalInput


def signal_input(
    recordings: Sequence[Recording], window: float, *, scale: str = "record"
) -> SignalInput:
    """Signals of all channels."""
    (one, *_) = recordings
    names = [[channel] for channel in one.channels]
    band = (0.5, one.sfreq / 2 - 1)
    return SignalInput(names, band, window=window, sfreq=one.sfreq, scale=scale)


def image_input(recordings: Sequence[Recording], kind: str, *, scale: str = "record") -> ImageInput:
    """Images of all channels, as small as those of :mod:`tests.support.images`."""
    names = {kind: [[channel] for channel in recordings[0].channels]}
    window = LENGTH / SFREQ
    return ImageInput(kind, names, BAND, SIZE, band=BAND, window=window, sfreq=SFREQ, scale=scale)
