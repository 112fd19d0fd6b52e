"""From channels as files store them to :class:`.Held`: each looked at, all brought to one rate."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xai_sleep.recordings.channels import Held
from xai_sleep.recordings.filtering import resample
from xai_sleep.recordings.intervals import NOWHERE, Intervals, subtraction, union
from xai_sleep.recordings.lost import bridge, without_signal
from xai_sleep.recordings.recording import Signals
from xai_sleep.recordings.units import doubt, require_plausible


class Stored(NamedTuple):
    """One channel as a file stores it."""

    name: str
    signal: Signals  # in µV, of shape (time,); it is handed over, and may be changed
    sfreq: float  # in Hz
    told: str | None = None  # unit that the file tells, to be doubted; None: the user's own


def hold(
    path: Path, stored: list[Stored], gaps: Intervals = NOWHERE, notes: Sequence[str] = ()
) -> Held:
    """Make one of the channels (at least one) of a file; ``stored`` is emptied.

    ``gaps`` is time in s that the file leaves out, for which the signals hold anything. It is lost,
    as is what is flat or clipped in any channel, and bridged by a straight line: near it filters
    see no more of what is not there than at either end of a recording, and no more is lost there.
    Raises InputError if the values cannot be in their unit.
    """
    notes, lost = [*notes], [gaps]
    if len(gaps):
        notes.append(f"{path.name}: {_told(gaps)} in gaps, unscored")
    for name, signal, sfreq, told in stored:
        if told is None:
            notes.extend(doubt(name, signal, sfreq))
        else:
            require_plausible(path, name, signal, sfreq, told)
        absent = subtraction(without_signal(signal, sfreq), gaps)
        if len(absent):
            notes.append(f"channel {name}: {_told(absent)} flat or clipped, unscored")
        bridge(signal, sfreq, union([gaps, absent]))
        lost.append(absent)
    highest = max(one.sfreq for one in stored)
    for name, _, sfreq, _ in stored:
        if sfreq != highest:
            rates = f"from {sfreq:g} to {highest:g} Hz, the rate of another channel"
            notes.append(f"channel {name} resampled {rates}")
    return Held(_stacked(stored, highest), highest, tuple(notes), union(lost))


def _stacked(stored: list[Stored], sfreq: float) -> Signals:
    """Move channels into one array, and let go of each: a night may fill much of the memory."""
    length = min(round(len(one.signal) * sfreq / one.sfreq) for one in stored)
    signals = np.empty((len(stored), length), dtype=np.float32)
    for row in signals:
        one = stored.pop(0)
        moved = one.signal
        if one.sfreq != sfreq:
            moved = resample(moved[None].astype(np.float64), one.sfreq, sfreq)[0]
        row[:] = moved[:length]
    return signals


def _told(time: Intervals) -> str:
    seconds, number = (time[:, 1] - time[:, 0]).sum(), len(time)
    return f"{seconds:.6g} s in {number} stretch{'es' * (number > 1)}"
