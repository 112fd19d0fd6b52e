"""A trained model on a new recording: ``python -m xai_sleep.predict RUN_DIR recording.edf``.

The recording may be of any format.
Writes a table of events, such as ``night.csv``, and its activation, ``night_activation.npz``. A
file that is there is replaced only if an earlier prediction of the same recording wrote it.
"""

import argparse
import logging
import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pandas as pd
import torch
from rich.console import Console

from xai_sleep.detect.detector import RATE, Activation, Detections
from xai_sleep.detect.slide import find_events
from xai_sleep.errors import InputError, account, leave
from xai_sleep.predict.bundle import load_run
from xai_sleep.progress import Progress
from xai_sleep.recordings.channels import (
    Source,
    as_channel,
    bare,
    find_channel,
    pick_channels,
    read_channels,
)
from xai_sleep.recordings.filtering import require_fast_enough, require_long_enough
from xai_sleep.recordings.formats import open_signals, record_name
from xai_sleep.recordings.intervals import NOWHERE, intervals, subtraction
from xai_sleep.recordings.recording import Recording, require_usable
from xai_sleep.recordings.units import UNITS
from xai_sleep.results.files import SIMULATED, Stamp, write_arrays, write_table
from xai_sleep.windows.inputs import Input

log = logging.getLogger(__name__)

COLUMNS = ("record", "onset", "duration", "confidence")
REFERENCED = "make sure that the file holds it referenced in that way"


def read_recording(
    path: Path, seen: Input, channels: Sequence[str] = (), unit: str | None = None
) -> Recording:
    """Read the channels that a run needs; scored is all time in which they hold a signal.

    ``channels``, in the run's order, stand for the names it knows. Raises InputError if one is
    missing, the sampling rate or the recording does not suffice, or a signal is flat.
    """
    source, record = open_signals(path, unit), record_name(path)
    wanted = _wanted(path, source, seen, channels)
    picked = pick_channels({record: source}, wanted, "--channel")[record]
    _warn_of_references(picked, source.channels, seen)
    signals, sfreq, notes, lost = read_channels(source, picked)
    for note in notes:
        log.warning("%s", note)
    looked = subtraction(intervals([(0, signals.shape[1] / sfreq)]), lost)
    recording = Recording(record, record, signals, picked, sfreq, NOWHERE, looked, notes=notes)
    bands = seen.bands
    require_long_enough(recording, str(path), bands=bands, window=seen.window)
    # The network has not learnt to do without: half of the highest frequency must be there.
    require_fast_enough(recording, str(path), bands=bands, share=0.5)
    require_usable([recording], "--channel")
    if not len(looked) or np.diff(looked).max() < seen.window:
        short = f"nowhere do its channels hold a signal for a window of {seen.window:g} s"
        raise InputError(f"{path}: {short}; name others with --channel")
    return recording


def beside(out: Path) -> Path:
    """Where the activation of a table goes."""
    return out.with_name(f"{out.stem}_activation.npz")


def require_free(out: Path, record: str) -> None:
    """Refuse to replace what no prediction of this recording wrote; InputError naming the file."""
    for path, ours in ((out, _is_our_table), (beside(out), _is_our_activation)):
        if not path.is_symlink() and not path.exists():
            continue
        if not path.is_file():
            raise InputError(f"{path} is no file that could be written; choose another --out")
        if not ours(path, record):
            held = f"is there already and holds no prediction of {record}"
            raise InputError(f"{path} {held}; choose another --out, or move it away")


def write(
    out: Path, record: str, activation: Activation, detections: Detections, stamp: Stamp
) -> None:
    """Write both files, stamped; InputError if they cannot be written."""
    onset, end = detections.events.T
    columns = ([record] * len(onset), onset, end - onset, detections.confidence)
    table = pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
    arrays = {"step": np.array(1 / RATE), **activation.named(record)}
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_table(out, table, stamp)
        write_arrays(beside(out), arrays, stamp)
    except OSError as error:
        remedy = "choose another place with --out"
        raise InputError(f"cannot write {out} ({error.strerror}); {remedy}") from error


def main(arguments: Sequence[str] | None = None) -> None:
    """Find the events of a recording and write them; a user's mistake is one line and code 2."""
    asked = _parser().parse_args(arguments)
    console = Console(stderr=True)
    try:
        require_free(asked.out, record_name(asked.recording))
        run = load_run(asked.run, asked.fold)
        torch.set_num_threads(run.record.config.threads)
        recording = read_recording(asked.recording, run.input, asked.channel, asked.unit)
        with Progress(console) as progress:
            watch = partial(progress.each, "windows")
            activation, detections = find_events(
                [*run.classifiers.values()], recording, watch, recording.scored
            )
        write(asked.out, recording.record, activation, detections, run.record.stamp)
    except (InputError, OSError) as error:
        leave(account(error))
    except KeyboardInterrupt:
        leave("interrupted; nothing was written", 130)
    say = partial(console.print, highlight=False, markup=False, soft_wrap=True)
    if run.record.stamp.columns:
        say(f"{SIMULATED}: the models were trained on simulated recordings")
    event, minutes = run.record.config.task.event, recording.duration / 60
    say(f"{len(detections.events)} {event} events in {minutes:.1f} min")
    say(f"written to {asked.out} and {beside(asked.out)}")


def _is_our_table(path: Path, record: str) -> bool:
    head = ",".join(COLUMNS).encode()
    try:
        with path.open("rb") as file:  # of a long recording no more than this is read
            if file.readline(2 * len(head)).rstrip() not in (head, head + b",data"):
                return False
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (ValueError, OSError):
        return False
    return set(table["record"]) <= {record}


def _is_our_activation(path: Path, record: str) -> bool:
    try:
        with np.load(path) as stored:
            return {"step", record} <= set(stored)
    except (ValueError, OSError, EOFError, BadZipFile):
        return False


def _wanted(path: Path, source: Source, seen: Input, channels: Sequence[str]) -> list[list[str]]:
    known = [list(names) for names in seen.channels]
    if channels and len(channels) != len(known):
        said = f"--channel names {len(channels)} channel{'s' * (len(channels) != 1)}"
        taught = f"{len(known)}: {'; '.join(' or '.join(names) for names in known)}"
        raise InputError(f"{said}, but the run was trained on {taught}")
    wanted = [[name] for name in channels] or known
    for names in wanted:
        if not find_channel(names, source.channels):
            absent = f"there is no channel {' or '.join(names)}"
            there = f"(found there: {', '.join(source.channels)})"
            raise InputError(f"{path}: {absent} {there}; name the channel to use with --channel")
    return wanted


def _warn_of_references(picked: Sequence[str], there: Sequence[str], seen: Input) -> None:
    """Say where a channel without a reference stands for derivations."""
    references = [name for name in there if as_channel(name) in ("a1", "a2")]
    for name, known in zip(picked, seen.channels, strict=True):
        if "-" not in as_channel(name) and all("-" in as_channel(each) for each in known):
            derived = [f"{bare(name)}-{bare(other)}" for other in references]
            able = [each for each in derived if find_channel([each], there)]
            offered = " or ".join(f"--channel {shlex.quote(each)}" for each in able)
            remedy = f"derive it with {offered}" if offered else REFERENCED
            told = "used as it is, with no reference taken from it, but the run was trained on"
            log.warning("%s is %s %s; %s", name, told, " or ".join(known), remedy)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m xai_sleep.predict",
        description="Find the events of a new recording with the trained models of a run. Writes "
        "a table of events (record, onset and duration in s, confidence), and beside "
        "NAME.csv NAME_activation.npz, the probability over time and that times relevance. A file "
        "that is there is replaced only by a prediction of the same recording.",
        epilog="example: python -m xai_sleep.predict outputs/dreams/spindle-cnn1d_power-loso/"
        "2026-01-31_12-00-00 night.edf --channel C4-M1",
    )
    add = parser.add_argument
    add("run", metavar="RUN_DIR", type=Path, help="directory of a finished run")
    add("recording", metavar="RECORDING", type=Path, help="file of any format that MNE reads")
    out = "table to write (default: events.csv)"
    add("--out", metavar="FILE", type=Path, default=Path("events.csv"), help=out)
    add("--fold", metavar="NAME", help="model of this fold (default: the average of all folds)")
    channel = "channel to use, once for each channel of the run (default: the names it knows)"
    add("--channel", metavar="NAME", action="append", default=[], help=channel)
    unit = "unit of its signals, whatever the file says"
    add("--unit", choices=[*UNITS], help=unit)
    return parser


if __name__ == "__main__":
    main()
