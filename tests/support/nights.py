"""Nights of simulated spindles as a user has them: EDF files, and tables by the clock."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from tests.support.edf import Channel, write_edf
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.simulated import simulate

BEGAN = datetime(2001, 1, 1, 23, 58)  # before midnight
CHANNEL = "C3-M2"


def write_nights(folder: Path, names: tuple[str, ...], minutes: float = 6) -> list[Recording]:
    """Write a night a name, each of another subject; what was simulated."""
    folder.mkdir(parents=True, exist_ok=True)
    made = simulate("spindle", subjects=len(names), minutes=minutes)
    for name, one in zip(names, made, strict=True):
        samples = np.round(one.signals[0] * 100).astype(np.int16)
        channel = Channel(CHANNEL, samples, round(one.sfreq), "uV")
        path, patient = folder / f"{name}.edf", f"{name} X X X"
        day, clock = f"{BEGAN:%d.%m.%y}", f"{BEGAN:%H.%M.%S}"
        write_edf(path, [channel], patient=patient, start=day, clock=clock)
    return made


def by_clock(recording: Recording, late: float = 0.0) -> str:
    """Write the events of a night as a table of times of day; all ``late`` by some seconds."""
    rows = ["onset,duration,description"]
    for onset, end in recording.events + late:
        at = BEGAN + timedelta(seconds=float(onset))
        rows.append(f"{at:%H:%M:%S.%f},{end - onset:.2f},spindle")
    return "\n".join(rows) + "\n"
