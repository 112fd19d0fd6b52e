"""One night of ten minutes written in every form of signals that people keep."""

from collections.abc import Callable, Mapping
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import TypeAlias

import mne
import numpy as np
from numpy.typing import NDArray
from pybv import write_brainvision

from tests.support.edf import Channel, annotations, write_edf
from tests.support.marks import SECONDS, START

Values: TypeAlias = NDArray[np.float64]
Voltage: TypeAlias = Callable[[Values], Values]
GAP = (500, 510)  # s that one of the files does not hold; nothing is marked there
RATE = 200.0


def electrode(name: str, times: Values) -> Values:
    """Voltage in µV at any times: waves below 30 Hz."""
    rng = np.random.default_rng(sum(name.encode()))
    waves = zip(rng.uniform(1, 30, 20), rng.uniform(0, 6, 20), rng.uniform(3, 9, 20), strict=True)
    return np.asarray(sum(a * np.sin(2 * np.pi * f * times + p) for f, p, a in waves))


def truth(times: Values) -> Values:
    """Voltage in µV between the electrodes that the task looks at."""
    return electrode("C3", times) - electrode("M2", times)


def at(rate: float) -> Values:
    """List the times of all samples, in s."""
    return np.arange(round(SECONDS * rate)) / rate


def stored(label: str, microvolts: Values, rate: int, unit: str = "uV", width: int = 2) -> Channel:
    """Quantise as EDF does; the header has the range in the unit."""
    top, largest = 2 ** (8 * width - 1) - 1, 800.0
    digital = np.round(microvolts / largest * top).astype(np.int32)
    largest *= {"uV": 1, "mV": 1e-3, "V": 1e-6}[unit]
    return Channel(label, digital, rate, unit, (-largest, largest), (-top, top))


def edf(
    path: Path, channels: Mapping[str, Voltage], rate: int = 200, unit: str = "uV", width: int = 2
) -> Path:
    """Write EDF, or BDF of 3 bytes a sample."""
    made = [stored(name, of(at(rate)), rate, unit, width) for name, of in channels.items()]
    return write_edf(path, made, width=width, start=_DATE, clock=_CLOCK)


def with_a_gap(path: Path) -> Path:
    """Write EDF+D."""
    held = [second for second in range(int(SECONDS)) if not GAP[0] <= second < GAP[1]]
    samples = truth(at(RATE)).reshape(-1, int(RATE))[held].ravel()
    channels = [stored("C3-M2", samples, int(RATE)), annotations([], len(held), starts=held)]
    return write_edf(path, channels, kind="EDF+D", start=_DATE, clock=_CLOCK)


def brainvision(path: Path) -> Path:
    """Write three files, the header first."""
    volts, names, base = truth(at(RATE))[None] * 1e-6, ["C3-M2"], path.stem
    where = {"fname_base": base, "folder_out": str(path.parent)}
    write_brainvision(data=volts, sfreq=RATE, ch_names=names, unit="µV", meas_date=START, **where)
    return path


def fif(path: Path) -> Path:
    """Write MNE's own form."""
    _raw().save(path, verbose="ERROR")
    return path


def eeglab(path: Path) -> Path:
    """Write EEGLAB's form."""
    mne.export.export_raw(path, _raw(), verbose="ERROR")
    return path


def _raw() -> mne.io.RawArray:
    info = mne.create_info(["C3-M2"], RATE, "eeg")
    raw = mne.io.RawArray(truth(at(RATE))[None] * 1e-6, info, verbose="ERROR")
    return raw.set_meas_date(START.replace(tzinfo=UTC))


_DATE, _CLOCK = f"{START:%d.%m.%y}", f"{START:%H.%M.%S}"
ONE = {"C3-M2": truth}
PAIR = {name: partial(electrode, name) for name in ("M2", "C3")}
FORMS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "EDF": ("edf", partial(edf, channels=ONE)),
    "BDF": ("bdf", partial(edf, channels=ONE, width=3)),
    "BrainVision": ("vhdr", brainvision),
    "FIF": ("fif", fif),
    "EEGLAB": ("set", eeglab),
    "EDF in mV": ("edf", partial(edf, channels=ONE, unit="mV")),
    "EDF in V": ("edf", partial(edf, channels=ONE, unit="V")),
    "EDF at 256 Hz": ("edf", partial(edf, channels=ONE, rate=256)),
    "EDF, EEG C3:A2": ("edf", partial(edf, channels={"EEG C3:A2": truth})),
    "EDF, C3 and M2": ("edf", partial(edf, channels=PAIR)),
    "EDF+ with a gap": ("edf", with_a_gap),
}
