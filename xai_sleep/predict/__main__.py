"""A trained model on a new recording: ``python -m xai_sleep.predict RUN_DIR recording.edf``."""

import argparse
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from rich.console import Console

from xai_sleep.detect.slide import find_events
from xai_sleep.errors import InputError, account, leave
from xai_sleep.predict.bundle import load_run
from xai_sleep.predict.files import beside, require_free, write
from xai_sleep.progress import Progress
from xai_sleep.recordings.channels import (
    Source,
    as_channel,
    find_channel,
    pick_channels,
    read_channels,
)
from xai_sleep.recordings.edf import open_edf
from xai_sleep.recordings.filtering import require_fast_enough, require_long_enough
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.recording import Recording, require_usable
from xai_sleep.results.files import SIMULATED
from xai_sleep.windows.inputs import Input

log = logging.getLogger(__name__)

REFERENCED = "make sure that the file holds it referenced in that way"


def read_edf(path: Path, seen: Input, channels: Sequence[str] = ()) -> Recording:
    """Read the channels that a run needs; the header's patient field goes nowhere.

    ``channels``, in the run's order, stand for the names it knows. Raises InputError if one is
    missing, the sampling rate or the recording does not suffice, or a signal is flat.
    """
    if not path.is_file():
        raise InputError(f"{path} is no file; name an EDF recording")
    source = open_edf(path)
    record = path.stem
    wanted = _wanted(path, source, seen, channels)
    picked = pick_channels({record: source}, wanted, "--channel")[record]
    _warn_of_references(picked, source.channels, seen)
    signals, sfreq, notes = read_channels(source, picked)
    for note in notes:
        log.warning("%s", note)
    nothing = intervals([])
    recording = Recording(record, record, signals, picked, sfreq, nothing, nothing, notes=notes)
    bands = seen.bands
    require_long_enough(recording, str(path), bands=bands, window=seen.window)
    # The network has not learnt to do without: half of the highest frequency must be there.
    require_fast_enough(recording, str(path), bands=bands, share=0.5)
    require_usable([recording], "--channel")
    return recording


def main(arguments: Sequence[str] | None = None) -> None:
    """Find the events of a recording and write them; a user's mistake is one line and code 2."""
    asked = _parser().parse_args(arguments)
    console = Console(stderr=True)
    try:
        require_free(asked.out, asked.recording.stem)
        run = load_run(asked.run, asked.fold)
        torch.set_num_threads(run.record.config.threads)
        recording = read_edf(asked.recording, run.input, asked.channel)
        with Progress(console) as progress:
            watch = partial(progress.each, "windows")
            activation, detections = find_events([*run.classifiers.values()], recording, watch)
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


def _wanted(path: Path, source: Source, seen: Input, channels: Sequence[str]) -> list[list[str]]:
    known = [list(names) for names in seen.channels]
    if channels and len(channels) != len(known):
        raise InputError(
            f"--channel names {len(channels)} channel{'s' * (len(channels) != 1)}, but the run "
            f"was trained on {len(known)}: {'; '.join(' or '.join(names) for names in known)}"
        )
    wanted = [[name] for name in channels] or known
    for names in wanted:
        if not find_channel(names, source.channels):
            raise InputError(
                f"{path}: there is no channel {' or '.join(names)} (found there: "
                f"{', '.join(source.channels)}); name the channel to use with --channel"
            )
    return wanted


def _warn_of_references(picked: Sequence[str], there: Sequence[str], seen: Input) -> None:
    """Say where a channel without a reference stands for derivations."""
    references = [name for name in there if as_channel(name) in ("a1", "a2")]
    for name, known in zip(picked, seen.channels, strict=True):
        if "-" not in as_channel(name) and all("-" in as_channel(each) for each in known):
            offered = " or ".join(f"--channel {name}-{other}" for other in references)
            log.warning(
                "%s is used as it is, with no reference taken from it, but the run was trained on "
                "%s; %s",
                *(name, " or ".join(known), f"derive it with {offered}" if offered else REFERENCED),
            )


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
    add("recording", metavar="EDF", type=Path, help="EDF or BDF file")
    out = "table to write (default: events.csv)"
    add("--out", metavar="FILE", type=Path, default=Path("events.csv"), help=out)
    fold = "model of this fold (default: the average of all folds)"
    add("--fold", metavar="NAME", help=fold)
    channel = "channel to use, once for each channel of the run (default: the names it knows)"
    add("--channel", metavar="NAME", action="append", default=[], help=channel)
    return parser


if __name__ == "__main__":
    main()
