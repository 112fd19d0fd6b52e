"""Recordings of the user's own: EDF or BDF files in a folder, with tables of what was marked.

::

    my_recordings/
        night1.edf        signals, by channel name, units from the header
        night1.csv        onset, duration[, trial_type][, expert]: events, and time that was scored
        night1_stages.csv onset, duration, stage: optional
        night2.bdf
        night2.tsv
        subjects.csv      record, subject: optional

A record is called by its file without the ending. Annotations inside a file (EDF+) stand in where
there is no table. See :mod:`xai_sleep.recordings.annotations`,
:mod:`xai_sleep.recordings.stages` and :mod:`xai_sleep.recordings.subjects`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from xai_sleep.errors import InputError
from xai_sleep.recordings.annotations import event_kinds, rows_of, score
from xai_sleep.recordings.channels import pick_channels
from xai_sleep.recordings.edf import EdfFile, open_edf
from xai_sleep.recordings.raters import combine, experts_of
from xai_sleep.recordings.recording import Recording, Scoring
from xai_sleep.recordings.stages import Stages, read_stages
from xai_sleep.recordings.subjects import subjects_of

ENDINGS = (".edf", ".bdf")

# Arrays of a run are kept under the names of records and these.
RESERVED = re.compile(r"step|file|allow_pickle|.*_(relevance|evidence)")


def read(
    root: Path,
    *,
    channels: Sequence[Sequence[str]],
    expert: str = "union",
    records: Sequence[str] | None = None,
    scored: str = "rows",
    event_names: Sequence[str] | None = None,
    setting: str = "task.channels",
) -> list[Recording]:
    """Read the recordings of a folder with what was marked in them.

    Parameters
    ----------
    root : Path
        The folder.
    channels : sequence of sequences of str
        For each channel its accepted names, see :func:`.pick_channels`.
    expert : str
        Whose marks count, see :func:`.combine`. Records that were scored
        otherwise are refused.
    records : sequence of str, optional
        Names of the records to read, all by default.
    scored : {"rows", "all"}
        Whether rows called ``scored`` say where experts looked, or all of every record was scored.
    event_names : sequence of str, optional
        Kinds of row that are events, see :func:`~xai_sleep.recordings.annotations.event_kinds`.
    setting : str
        Where ``channels`` were set, for messages.

    Returns
    -------
    list of Recording
        In natural order (``night2`` before ``night10``).

    Raises
    ------
    InputError
        If files or settings cannot be used; the message says which, why and what to do.
    """
    paths = survey(root, records)
    sources = {record: open_edf(path) for record, path in paths.items()}
    picked = pick_channels(sources, channels, setting)
    subjects, unknown = subjects_of(root, sources)
    rows = {record: rows_of(path, sources[record]) for record, path in paths.items()}
    kinds = event_kinds(rows, event_names)
    known = {
        record: score(
            path,
            rows[record],
            kinds,
            seconds=sources[record].seconds,
            everything=scored == "all",
        )
        for record, path in paths.items()
    }
    _require_expert({record: scorers for record, (scorers, _) in known.items()}, expert)
    stages = {record: read_stages(root, record, sources[record].seconds) for record in sources}
    return [
        _recording(
            record,
            source,
            channels=picked[record],
            subject=subjects[record],
            scorers=known[record][0],
            stages=stages[record],
            expert=expert,
            notes=(*unknown[record], *known[record][1]),
        )
        for record, source in sources.items()
    ]


def survey(root: Path, records: Sequence[str] | None = None) -> dict[str, Path]:
    """Find the recordings of a folder by name, in natural order.

    Raises
    ------
    InputError
        If there are none, not those asked for, or two of one name.
    """
    if not root.is_dir():
        raise InputError(f"data.root: {root} is not a folder; name the folder of your recordings")
    found: dict[str, Path] = {}
    for path in sorted(root.iterdir(), key=lambda path: _natural(path.name)):
        if path.suffix.casefold() not in ENDINGS or path.name.startswith(".") or path.is_dir():
            continue
        if path.stem in found:
            raise InputError(
                f"{root} holds {found[path.stem].name} and {path.name}: a record is called by its "
                "file without the ending, rename or remove one of them"
            )
        found[path.stem] = path
    if not found:
        raise InputError(
            f"{root} holds no recordings ({' or '.join(ENDINGS)}); name the folder they are in "
            "(data.root), or export them to EDF"
        )
    asked = list(found) if records is None else list(records)
    if not asked or not found.keys() >= set(asked):
        raise InputError(
            f"data.records asks for {', '.join(asked) or 'nothing'}, but {root} holds "
            f"{', '.join(found)}"
        )
    for name in filter(RESERVED.fullmatch, asked):
        raise InputError(f"{found[name]}: a record cannot be called {name}; rename its files")
    return {record: path for record, path in found.items() if record in asked}


def _recording(
    record: str,
    source: EdfFile,
    *,
    channels: tuple[str, ...],
    subject: str,
    scorers: Mapping[str, Scoring],
    stages: Stages | None,
    expert: str,
    notes: tuple[str, ...],
) -> Recording:
    signals, sfreq, unread = source.read(channels)
    truth, merged = combine(scorers, expert)
    recording = Recording(
        record=record,
        subject=subject,
        signals=signals,
        channels=channels,
        sfreq=sfreq,
        events=truth.events,
        scored=truth.scored,
        scorers=scorers,
        notes=(*notes, *unread, *merged),
    )
    return replace(recording, stages=stages.codes, epoch=stages.epoch) if stages else recording


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """Key that sorts numbers in names by their value."""
    parts = re.findall(r"\d+|\D+", name)
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def _require_expert(scorers: Mapping[str, Mapping[str, Scoring]], expert: str) -> None:
    lacking = [
        record
        for record, of_record in scorers.items()
        if (expert == "intersection" and len(experts_of(of_record)) < 2)
        or (expert not in ("union", "intersection") and expert not in of_record)
    ]
    if lacking:
        there = sorted({name for record in lacking for name in scorers[record]})
        raise InputError(
            f"data.expert is {expert}, but nobody scored {', '.join(lacking)} besides "
            f"{' or '.join(there)} (column expert); leave such records out (data.records) or "
            "choose another data.expert"
        )
