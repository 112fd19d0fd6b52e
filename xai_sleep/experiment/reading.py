"""What an experiment reads, and from where."""

import logging
from collections.abc import Iterable, Iterator

from xai_sleep.components import build
from xai_sleep.evaluate.marks import respond
from xai_sleep.evaluate.understood import describe
from xai_sleep.recordings.filtering import prepare, require_long_enough
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.sources import DataSource, Wanted, simulator_of
from xai_sleep.results.run import RecordSummary
from xai_sleep.schema import Config
from xai_sleep.windows.inputs import Input

log = logging.getLogger(__name__)


def source_of(config: Config, seen: Input) -> tuple[DataSource, Wanted]:
    """Choose the source of recordings, and say what is wanted of it for what a network sees."""
    task, simulator = config.task, simulator_of(config.task.simulator)
    wanted = Wanted(task.event, seen.channels, seen.setting, task.sfreq, config.seed, simulator)
    asked = build(DataSource, "data", config.data)
    if (source := asked.chosen(wanted)) is not asked:
        log.warning("these are %s (%s)", source.describe(), asked.describe())
    return source, wanted


def bands_of(config: Config) -> list[tuple[float, float]]:
    """Bands in Hz in which marks are looked for in the signal."""
    task = config.task
    return [(float(low), float(high)) for low, high in task.input_bands or [task.band]]


def in_bands(config: Config, recording: Recording) -> Recording:
    """Filter a recording in these bands, whatever the network sees."""
    return prepare(recording, sfreq=config.task.sfreq, bands=bands_of(config))


def described(
    stream: Iterable[Recording], config: Config, records: list[RecordSummary]
) -> Iterator[Recording]:
    """Pass recordings on as they come, what was understood of each into ``records``.

    InputError if one is too short to be looked at.
    """
    bands = bands_of(config)
    for one in stream:
        require_long_enough(one, f"record {one.record}", bands=bands, window=config.task.window)
        records.append(describe(one, respond(in_bands(config, one), bands)))
        yield one
