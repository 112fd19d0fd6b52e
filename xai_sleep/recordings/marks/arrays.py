"""Marks that a program holds in arrays, such as those of DOSED or SPINKY, as a :class:`.Scoring`.

>>> scoring = from_arrays([12.5, 300.0], durations=[0.8, 1.2], scored=[(0.0, 1800.0)])
>>> scoring.events.tolist()
[[12.5, 13.3], [300.0, 301.2]]
"""

import numpy as np
from numpy.typing import ArrayLike

from xai_sleep.errors import InputError
from xai_sleep.recordings.intervals import Intervals, intervals
from xai_sleep.recordings.recording import Scoring


def from_arrays(
    onsets: ArrayLike,
    *,
    durations: ArrayLike | None = None,
    ends: ArrayLike | None = None,
    scored: ArrayLike,
    sfreq: float | None = None,
) -> Scoring:
    """Make a scoring of events by their onsets, and either durations or ends.

    Parameters
    ----------
    onsets, durations, ends : of each event, of shape ``(event,)``
    scored : where the scorer looked, as rows of (start, end) in s; elsewhere an absent event means
        nothing
    sfreq : in Hz, where onsets, durations and ends are counted in samples (the sample of an end is
        the first after the event); without it they are s from the start

    Raises
    ------
    InputError
        If lengths differ, an event is not above 0 s, or times are no numbers.
    """
    given = durations if ends is None else ends
    if given is None or (durations is not None and ends is not None):
        raise InputError("from_arrays takes durations or ends of events, one of the two")
    first, other = _column("onsets", onsets), _column("durations or ends", given)
    if len(first) != len(other):
        raise InputError(f"{len(first)} onsets came with {len(other)} durations or ends")
    last = first + other if ends is None else other
    rate = 1.0 if sfreq is None else _rate(sfreq)
    return Scoring(_rows("events", np.column_stack([first, last]) / rate), _rows("scored", scored))


def from_mask(mask: ArrayLike, sfreq: float, *, scored: ArrayLike) -> Scoring:
    """Make a scoring of a mask of shape ``(time,)`` at ``sfreq`` Hz, true (or 1) inside events.

    ``scored`` is as in :func:`from_arrays`, or a second mask of that length. Raises InputError if
    an array is no mask.
    """
    inside, looked = _runs(mask), np.asarray(scored)
    if looked.ndim == 1 and len(looked) == np.asarray(mask).size:
        scored = _runs(looked) / _rate(sfreq)
    return Scoring(_rows("events", inside / _rate(sfreq)), _rows("scored", scored))


def _column(name: str, values: ArrayLike) -> Intervals:
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1:
        raise InputError(f"{name} of events have shape {column.shape}; expected one a event")
    return column


def _rate(sfreq: float) -> float:
    if not (np.isfinite(sfreq) and sfreq > 0):
        raise InputError(f"sfreq is {sfreq}; expected Hz, above 0")
    return float(sfreq)


def _rows(name: str, rows: ArrayLike) -> Intervals:
    try:
        made = intervals(rows)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: {error}") from None
    if not np.isfinite(made).all() or (made < 0).any():
        raise InputError(f"{name}: times are not all numbers of s from the start")
    return made


def _runs(mask: ArrayLike) -> Intervals:
    """First and last sample (the one after) of each run of true values."""
    values = np.asarray(mask)
    if values.ndim != 1 or not np.isin(values, (0, 1)).all():
        raise InputError(f"a mask of shape {values.shape} is no row of 0 and 1 (or false and true)")
    edges = np.diff(np.concatenate([[0], values.astype(np.int8), [0]]))
    return np.column_stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)]).astype(float)
