"""The DREAMS databases: spindles and rapid eye movements (REMs) in 30-min excerpts.

Files lie in ``DatabaseSpindles`` and ``DatabaseREMs`` as unpacked from Zenodo record 2650142:
``excerptN.edf`` (or ``excerptN.txt`` with one channel), ``Visual_scoringK_excerptN.txt``,
``Automatic_detection_excerptN.txt`` and ``Hypnogram_excerptN.txt``. Times are s, signals µV.

Scored time is where the experts looked, not where the files end: expert 1 scored spindles up to
1000 s, expert 2 scored 1800 s of some excerpts. Elsewhere an absent mark means nothing.

References
----------
.. [1] Devuyst, S., Dutoit, T., Stenuit, P. & Kerkhofs, M. (2011). Automatic sleep spindles
   detection - overview and development of a standard proposal assessment method. EMBC 2011,
   1713-1716.
.. [2] Devuyst, S. (2005). The DREAMS Databases and Assessment Algorithm. Zenodo,
   https://doi.org/10.5281/zenodo.2650142
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import Source, group_subjects, pick_channels
from xai_sleep.recordings.dreams_files import FOLDERS, Files, survey, usable_records
from xai_sleep.recordings.dreams_text import open_excerpt, read_hypnogram, read_marks
from xai_sleep.recordings.edf import open_edf
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.raters import combine
from xai_sleep.recordings.recording import Recording, Scoring

SCORED_UNTIL = {"spindle": {"expert1": 1000.0, "expert2": 1800.0}, "rem": {"expert1": 1800.0}}
"""Where each expert stopped, in s from the start of a record."""

EPOCH = 5.0
"""Length of a hypnogram's epoch in s."""


def read(
    root: Path,
    *,
    event: str,
    channels: Sequence[Sequence[str]],
    expert: str = "union",
    records: Sequence[str] | None = None,
    setting: str = "task.channels",
) -> list[Recording]:
    """Read the records of one database.

    Parameters
    ----------
    root : Path
        Folder that holds ``DatabaseSpindles`` and ``DatabaseREMs``.
    event : {"spindle", "rem"}
        Which database.
    channels : sequence of sequences of str
        For each channel its accepted names, see :func:`.pick_channels`.
    expert : {"union", "intersection", "expert1", "expert2"}
        Whose marks count as events, and with them whose scored time:

        - ``expert1``, ``expert2``: one expert's marks, as they are. Records without are left out.
        - ``union``: time that either marked; overlapping marks become one event. Scored where
          both looked (0 to 1000 s); expert 1 as is where there is no second.
        - ``intersection``: time that both marked, scored where both looked. Records that only
          one expert scored are left out: nobody knows what the other would have confirmed.

        REMs have one expert: ``union`` is ``expert1``, the others are refused.
    records : sequence of str, optional
        Names of the records to read (``excerpt3``), all by default. Those that cannot be used are
        then an error; otherwise they are left out with a warning.
    setting : str
        Where ``channels`` were set, for messages.

    Returns
    -------
    list of Recording
        In natural order (``excerpt2`` before ``excerpt10``). A subject is called by the first
        record read of the same person.

    Raises
    ------
    InputError
        If files or settings cannot be used; the message says which, why and what to do.
    """
    needed = ("signals", *_experts(event, expert))
    folder = root / FOLDERS[event]
    usable = usable_records(folder, needed, records)
    sources = {record: _open(files["signals"]) for record, files in usable.items()}
    picked = pick_channels(sources, channels, setting)
    subjects = group_subjects(sources)
    return [
        _recording(
            record,
            usable[record],
            source,
            channels=picked[record],
            subject=subjects[record],
            event=event,
            expert=expert,
        )
        for record, source in sources.items()
    ]


def found(root: Path, event: str) -> list[str]:
    """Name the records that have both signals and an expert's marks, without opening a file."""
    return [
        record
        for record, files in survey(root / FOLDERS[event]).items()
        if "signals" in files and SCORED_UNTIL[event].keys() & files.keys()
    ]


def _experts(event: str, expert: str) -> tuple[str, ...]:
    """Experts without whom a record cannot be used."""
    if event not in FOLDERS:
        raise InputError(f"event is {event!r}; DREAMS holds {' and '.join(FOLDERS)}")
    experts = tuple(SCORED_UNTIL[event])
    choices = {"union": experts[:1], **{name: (name,) for name in experts}}
    if len(experts) > 1:
        choices["intersection"] = experts
    if expert not in choices:
        raise InputError(
            f"data.expert is {expert!r}, but the DREAMS {event} database was scored by "
            f"{' and '.join(experts)}; choose {' or '.join(choices)}"
        )
    return choices[expert]


def _open(path: Path) -> Source:
    return open_edf(path) if path.suffix == ".edf" else open_excerpt(path)


def _recording(
    record: str,
    files: Files,
    source: Source,
    *,
    channels: tuple[str, ...],
    subject: str,
    event: str,
    expert: str,
) -> Recording:
    signals, sfreq, notes = source.read(channels)
    duration = signals.shape[1] / sfreq
    scorers, odd = _scorers(files, event, duration)
    truth, merged = combine(scorers, expert)
    stages, uncovered = _stages(files, duration)
    return Recording(
        record=record,
        subject=subject,
        signals=signals,
        channels=channels,
        sfreq=sfreq,
        events=truth.events,
        scored=truth.scored,
        stages=stages,
        epoch=EPOCH,
        scorers=scorers,
        notes=(*notes, *odd, *merged, *uncovered),
    )


def _scorers(
    files: Files, event: str, duration: float
) -> tuple[dict[str, Scoring], tuple[str, ...]]:
    """Read every scorer there is; nobody scored beyond the end of the recording."""
    scorers: dict[str, Scoring] = {}
    notes: tuple[str, ...] = ()
    for name, until in {**SCORED_UNTIL[event], "automatic": duration}.items():
        if name in files:
            events, odd = read_marks(files[name], duration)
            scorers[name] = Scoring(events, intervals([(0, min(until, duration))]))
            notes += odd
    return scorers, notes


def _stages(files: Files, duration: float) -> tuple[NDArray[np.int8] | None, tuple[str, ...]]:
    if "hypnogram" not in files:
        return None, ()
    stages = read_hypnogram(files["hypnogram"])
    covered = EPOCH * len(stages)
    note = f"{files['hypnogram'].name}: stages cover {covered:g} s of {duration:g} s"
    return stages, (note,) if abs(covered - duration) >= EPOCH else ()
