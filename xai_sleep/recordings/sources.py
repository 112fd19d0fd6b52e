"""Which recordings an experiment works on: real ones, simulated ones, or whichever can be had."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from xai_sleep.errors import InputError
from xai_sleep.recordings import dreams, files
from xai_sleep.recordings.recording import Recording, require_usable
from xai_sleep.recordings.simulated import simulate

log = logging.getLogger(__name__)


def data_source(name: str, root: str, event: str) -> str:
    """Resolve ``auto``: ``dreams`` where its records are found, else ``synthetic``.

    Parameters
    ----------
    name : {"auto", "dreams", "files", "synthetic"}
        As set by the user.
    root : str
        Folder of the DREAMS databases; it need not exist.
    event : {"spindle", "rem"}
        What the records must be scored for.
    """
    if name != "auto":
        return name
    return "dreams" if dreams.found(Path(root).expanduser(), event) else "synthetic"


def load(
    source: str,
    *,
    root: str,
    event: str,
    channels: Sequence[Sequence[str]],
    expert: str,
    records: Sequence[str] | None,
    subjects: int,
    minutes: float,
    sfreq: float,
    seed: int,
    scored: str = "rows",
    event_names: Sequence[str] | None = None,
    setting: str = "task.channels",
) -> list[Recording]:
    """Load recordings with the wanted channels, usable throughout.

    Parameters
    ----------
    source : {"dreams", "files", "synthetic"}
        As resolved by :func:`data_source`.
    root, event, channels, expert, records, setting
        See :func:`xai_sleep.recordings.dreams.read`.
    scored, event_names
        See :func:`xai_sleep.recordings.files.read`.
    subjects, minutes, sfreq, seed
        See :func:`xai_sleep.recordings.simulated.simulate`.

    Raises
    ------
    InputError
        If there are none, a channel is missing, or a signal is flat or not a number.
    """
    if source == "dreams":
        recordings = dreams.read(
            Path(root).expanduser(),
            event=event,
            channels=channels,
            expert=expert,
            records=records,
            setting=setting,
        )
    elif source == "files":
        recordings = files.read(
            Path(root).expanduser(),
            channels=channels,
            expert=expert,
            records=records,
            scored=scored,
            event_names=event_names,
            setting=setting,
        )
    else:
        simulated = simulate(
            "rem" if event == "rem" else "spindle",
            subjects=subjects,
            minutes=minutes,
            sfreq=sfreq,
            seed=seed,
        )
        recordings = [_select(one, channels, setting) for one in _named(simulated, records)]
    require_usable(recordings, setting)
    for recording in recordings:
        for note in recording.notes:
            log.info("record %s: %s", recording.record, note)
    return recordings


def _named(simulated: Sequence[Recording], names: Sequence[str] | None) -> list[Recording]:
    held = [recording.record for recording in simulated]
    if names is not None and (not names or not set(names) <= set(held)):
        raise InputError(
            f"data.records asks for {', '.join(names) or 'nothing'}, but the simulated records "
            f"are {', '.join(held)}"
        )
    return [recording for recording in simulated if names is None or recording.record in names]


def _select(recording: Recording, wanted: Sequence[Sequence[str]], setting: str) -> Recording:
    rows = []
    held = [channel.casefold() for channel in recording.channels]
    for names in wanted:
        row = next((held.index(n.casefold()) for n in names if n.casefold() in held), None)
        if row is None:
            raise InputError(
                f"{setting}: simulated records hold {' and '.join(recording.channels)}, "
                f"none of {', '.join(names)}; name one of them"
            )
        rows.append(row)
    return replace(
        recording,
        signals=recording.signals[rows],
        channels=tuple(recording.channels[row] for row in rows),
    )
