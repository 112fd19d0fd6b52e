"""A trained model on a new recording: ``python -m xai_sleep.predict RUN_DIR recording.edf``."""

import argparse
import csv
import io
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from rich.console import Console

from xai_sleep.detect.detector import RATE, Activation
from xai_sleep.detect.hysteresis import Detections
from xai_sleep.detect.slide import slide
from xai_sleep.errors import InputError, account, leave
from xai_sleep.experiment.training import (
    bands_seen,
    build_images,
    channels_wanted,
    prepared,
    sees_images,
)
from xai_sleep.predict.bundle import BATCH, TrainedRun, load_run
from xai_sleep.progress import Progress
from xai_sleep.recordings.channels import Source, pick_channels
from xai_sleep.recordings.edf import open_edf
from xai_sleep.recordings.filtering import require_fast_enough, require_long_enough
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.recording import Recording, require_usable
from xai_sleep.results.directory import write_arrays, write_text
from xai_sleep.schema import Config
from xai_sleep.windows.windows import cut

log = logging.getLogger(__name__)


def predict(
    run: TrainedRun, recording: Recording, progress: Progress
) -> tuple[Activation, Detections]:
    """Find the events of a recording.

    Parameters
    ----------
    run : TrainedRun
        Its models are averaged.
    recording : Recording
        As read by :func:`read_edf`.
    progress : Progress
        Shows how many batches of windows are done.
    """
    config = run.config
    broad, inputs = prepared(config, recording)
    images = build_images(config, [broad]) if sees_images(config) else None
    windows = cut(
        [inputs],
        [intervals([(0, inputs.duration)])],
        length=config.task.window,
        step=config.detector.step,
        to_the_end=True,
    )
    batches = run.batches(inputs, windows, images)
    total = -(-len(windows) // BATCH)
    (activation,) = slide(
        run.reading(inputs, images),
        progress.each("windows", batches, total),
        windows,
        [inputs.duration],
    ).values()
    return activation, run.detector.find(activation)


def read_edf(path: Path, config: Config, channels: Sequence[str] = ()) -> Recording:
    """Read the channels that a run needs; the header's patient field goes nowhere.

    Parameters
    ----------
    path : Path
        EDF or BDF file.
    config : Config
        Of the run.
    channels : sequence of str
        Names to use instead of those the run knows, in its order.

    Raises
    ------
    InputError
        If a channel is missing, the sampling rate or the recording does not suffice, or a signal
        is flat.
    """
    if not path.is_file():
        raise InputError(f"{path} is no file; name an EDF recording")
    source = open_edf(path)
    record = path.stem
    picked = pick_channels({record: source}, _wanted(path, source, config, channels))[record]
    signals, sfreq, notes = source.read(picked)
    for note in notes:
        log.warning("%s", note)
    recording = Recording(
        record=record,
        subject=record,
        signals=signals,
        channels=picked,
        sfreq=sfreq,
        events=intervals([]),
        scored=intervals([]),
        notes=notes,
    )
    bands = bands_seen(config)
    require_long_enough(recording, str(path), bands=bands, window=config.task.window)
    # The network has not learnt to do without: half of the highest frequency must be there.
    require_fast_enough(recording, str(path), bands=bands, share=0.5)
    require_usable([recording], "--channel")
    return recording


def events_table(record: str, found: Detections) -> str:
    """One row an event: record, onset, duration in s, confidence."""
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["record", "onset", "duration", "confidence"])
    for (start, end), confidence in zip(found.events, found.confidence, strict=True):
        rows.writerow([record, f"{start:.10g}", f"{end - start:.10g}", f"{confidence:.9g}"])
    return table.getvalue()


def main(arguments: Sequence[str] | None = None) -> None:
    """Find the events of a recording and write them; a user's mistake is one line and code 2."""
    asked = _parser().parse_args(arguments)
    console = Console(stderr=True)
    try:
        run = load_run(asked.run, asked.fold)
        torch.set_num_threads(run.config.threads)
        recording = read_edf(asked.recording, run.config, asked.channel)
        with Progress(console) as progress:
            activation, found = predict(run, recording, progress)
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        write_text(asked.out, events_table(recording.record, found))
        beside = asked.out.with_name("activation.npz")
        write_arrays(beside, {"step": np.array(1 / RATE), **activation.named(recording.record)})
    except (InputError, OSError) as error:
        leave(account(error))
    except KeyboardInterrupt:
        leave("interrupted; nothing was written", 130)
    minutes = recording.duration / 60
    event = run.config.task.event
    console.print(f"{len(found.events)} {event} events in {minutes:.1f} min", highlight=False)
    console.print(f"written to {asked.out} and {beside}", highlight=False, soft_wrap=True)


def _wanted(path: Path, source: Source, config: Config, channels: Sequence[str]) -> list[list[str]]:
    known, _ = channels_wanted(config)
    if channels and len(channels) != len(known):
        raise InputError(
            f"--channel names {len(channels)} channel{'s' * (len(channels) != 1)}, but the run "
            f"was trained on {len(known)}: {'; '.join(' or '.join(names) for names in known)}"
        )
    wanted = [[name] for name in channels] or known
    held = {channel.casefold() for channel in source.channels}
    for names in wanted:
        if held.isdisjoint(name.casefold() for name in names):
            raise InputError(
                f"{path}: there is no channel {' or '.join(names)} (found there: "
                f"{', '.join(source.channels)}); name the channel to use with --channel"
            )
    return wanted


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m xai_sleep.predict",
        description="Find the events of a new recording with the trained models of a run. Writes "
        "a table of events (record, onset and duration in s, confidence), and beside it "
        "activation.npz, the probability over time and that times relevance.",
        epilog="example: python -m xai_sleep.predict outputs/dreams/spindle-cnn1d_power-loso/"
        "2026-01-31_12-00-00 night.edf --channel C4-M1",
    )
    parser.add_argument("run", metavar="RUN_DIR", type=Path, help="directory of a finished run")
    parser.add_argument("recording", metavar="EDF", type=Path, help="EDF or BDF file")
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        default=Path("events.csv"),
        help="table to write (default: events.csv)",
    )
    parser.add_argument(
        "--fold", metavar="NAME", help="model of this fold (default: the average of all folds)"
    )
    parser.add_argument(
        "--channel",
        metavar="NAME",
        action="append",
        default=[],
        help="channel to use, once for each channel of the run (default: the names it knows)",
    )
    return parser


if __name__ == "__main__":
    main()
