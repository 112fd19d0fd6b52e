"""Units of voltage: what a file calls them, and whether its values can be in them.

A unit is believed as far as the values do not speak against it. The spread of EEG and EOG, even of
a quiet night or a bad electrode, lies within :data:`PLAUSIBLE`; a factor of a thousand or a million
does not hide there.
"""

import logging
import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.recording import Signals

log = logging.getLogger(__name__)
# µV in one unit, by its text in lower case (both Unicode signs for µ become one)
MICROVOLTS = {"nv": 1e-3, "uv": 1.0, "\u03bcv": 1.0, "mv": 1e3, "v": 1e6}
UNITS = {"uV": "microvolts", "mV": "millivolts", "V": "volts"}  # what ``data.unit`` may be

# µV. Amplifiers alone make more noise than the first; mains on loose electrodes stay below the
# second, as do slow waves, while EEG of 10 µV that a factor of 1000 makes larger does not.
PLAUSIBLE = (0.3, 3000.0)
TYPICAL = 30.0  # µV
# parts of names of what is neither EEG nor EOG, and may have any values
_OTHER = re.compile(r"e[ck]g|emg|resp|flow|nas|thor|abd|snor|pul|pleth|sa?o2|temp|pos", re.I)
STRETCH = 10.0  # s in which spread is measured: offset and drift between them do not count
LOOKED_AT = 500  # such stretches, evenly over the recording


def microvolts(where: str, told: str | None, unit: str | None) -> float:
    """µV in one unit of a channel: the user's own ``unit``, else the one that its file tells."""
    chosen = (unit or told or "").casefold()
    if chosen not in MICROVOLTS:
        expected = "expected uV, mV or V in the header; if they are volts, say which (data.unit)"
        raise InputError(f"{where}: the unit {told or ''!r} is not known; {expected}")
    return MICROVOLTS[chosen]


def require_plausible(path: Path, name: str, signal: Signals, sfreq: float, told: str) -> None:
    """Refuse (InputError) a channel whose values, taken for ``told``, are no EEG or EOG.

    All of the recording must be too small or too large, but for a tenth; flat stretches are
    overlooked, as is a channel whose name says that it is something else.
    """
    spreads = _spreads(signal, sfreq)
    if not len(spreads) or _OTHER.search(name):
        return
    low, high = np.quantile(spreads, [0.1, 0.9])
    if high >= PLAUSIBLE[0] and low <= PLAUSIBLE[1]:
        return
    middle, factor = float(np.median(spreads)), MICROVOLTS[told.casefold()]
    fitting = _fitting(middle / factor)
    where = f"{path}, channel {name}"
    said = f"the values spread over {middle:.2g} µV, if they are in {told}"
    if fitting:
        look = f"{where}: values look like {UNITS[fitting[0]]}: {said}"
        remedy = f"say data.unit={fitting[0]} (--unit {fitting[0]} in a prediction)"
    else:
        look, remedy = f"{where}: {said}, which no EEG or EOG does", "choose another channel"
    as_told = next((unit for unit in UNITS if MICROVOLTS[unit.casefold()] == factor), "another")
    raise InputError(f"{look}; {remedy}, or data.unit={as_told} if they are right")


def doubt(name: str, signal: Signals, sfreq: float) -> tuple[str, ...]:
    """Warn of a channel that is no EEG or EOG in the unit that the user says it has."""
    spreads = () if _OTHER.search(name) else _spreads(signal, sfreq)
    if not len(spreads) or PLAUSIBLE[0] <= (middle := float(np.median(spreads))) <= PLAUSIBLE[1]:
        return ()
    said = f"channel {name}: the values spread over {middle:.2g} µV by data.unit, as no EEG does"
    log.warning("%s; leave data.unit (--unit) out if the file knows its own", said)
    return (said,)


def _spreads(signal: Signals, sfreq: float) -> NDArray[np.float64]:
    """Robust SD of stretches that are evenly spread over the signal, but for those without any."""
    length = min(len(signal), max(1, round(STRETCH * sfreq)))
    stretches = signal[: len(signal) // length * length].reshape(-1, length)
    seen = stretches[:: math.ceil(len(stretches) / LOOKED_AT)]
    low, high = np.quantile(seen[np.isfinite(seen).all(axis=1)], [0.25, 0.75], axis=1)
    spreads = (high - low) / 1.349
    return np.asarray(spreads[spreads > 0])


def _fitting(number: float) -> Sequence[str]:
    """Units in which a spread of so many is plausible, the most typical first."""
    made = {unit: number * MICROVOLTS[unit.casefold()] for unit in UNITS}
    fitting = [unit for unit, spread in made.items() if PLAUSIBLE[0] <= spread <= PLAUSIBLE[1]]
    return sorted(fitting, key=lambda unit: abs(math.log(made[unit] / TYPICAL)))
