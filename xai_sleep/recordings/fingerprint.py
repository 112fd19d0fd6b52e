"""What tells whether a recording is still the one that a run was begun with."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_sleep.recordings.recording import Recording


def fingerprint(recording: Recording) -> dict[str, str]:
    """Digest each part of a recording, by what messages call the part.

    Parameters
    ----------
    recording : Recording
        As it was read: resampling may end in other last bits on another machine.
    """
    names, scorings = list(recording.scorers), recording.scorers.values()
    stages = np.empty(0) if recording.stages is None else recording.stages
    return {
        "signals": _digest(
            recording.signals, np.array(recording.sfreq), np.array(recording.channels)
        ),
        "marks": _digest(recording.events, np.array(names), *(each.events for each in scorings)),
        "scored time": _digest(recording.scored, *(each.scored for each in scorings)),
        "subject": _digest(np.array(recording.subject)),
        "stages": _digest(stages, np.array(recording.epoch)),
    }


def _digest(*arrays: NDArray[Any]) -> str:
    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.dtype} {array.shape}".encode())
        found.update(array.tobytes())
    return found.hexdigest()[:16]
