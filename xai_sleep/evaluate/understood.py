"""What was understood of recordings, without anything personal, and what is odd in it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from xai_sleep.metrics.events import contains
from xai_sleep.recordings.intervals import Intervals
from xai_sleep.recordings.recording import STAGES, Recording
from xai_sleep.results.inspected import Response
from xai_sleep.results.run import RaterSummary, RecordSummary

MANY = 4.0  # times as many events an hour as the median record, or as few, are odd


def describe(recording: Recording, response: Response | None = None) -> RecordSummary:
    """Describe a recording as its file holds it, and how its marks respond when they are moved."""
    scored, middles = recording.scored, recording.events.mean(axis=1)
    return RecordSummary(
        record=recording.record,
        subject=recording.subject,
        seconds=recording.duration,
        scored_seconds=_length(scored),
        events=len(recording.events),
        scored_events=int(contains(scored, middles).sum()),
        notes=list(recording.notes),
        raters=[
            RaterSummary(name, _length(one.scored), len(one.events))
            for name, one in recording.scorers.items()
        ],
        kinds=dict(recording.kinds),
        stages=_stages(recording),
        channels=list(recording.channels),
        sfreq=recording.sfreq,
        shift=response.shift if response else None,
    )


def compared(records: Sequence[RecordSummary]) -> list[RecordSummary]:
    """Say of each record what is odd in it, by itself or among the others."""
    odd = ([*_of_itself(each), *_among(each, records)] for each in records)
    return [replace(each, odd=said) for each, said in zip(records, odd, strict=True)]


def _of_itself(one: RecordSummary) -> Iterator[str]:
    if one.shift is not None:
        yield f"marks look shifted by {one.shift:+.1f} s"
    if not one.scored_events:
        yield "no event in scored time"
    elif 2 * (outside := one.events - one.scored_events) > one.events:
        yield f"{outside} of {one.events} events outside scored time"


def _among(one: RecordSummary, records: Sequence[RecordSummary]) -> Iterator[str]:
    rate, usual = _rate(one), float(np.median([_rate(each) for each in records]))
    if len(records) > 2 and rate and usual and not 1 / MANY <= rate / usual <= MANY:
        yield f"{rate:.0f} events an hour, the median record has {usual:.0f}"
    for what in (_channels, _sampling, _staged):
        usually, number = Counter(map(what, records)).most_common(1)[0]
        if 2 * number > len(records) and what(one) != usually:
            yield f"{what(one)}, most records have {usually}"
    held = Counter(kind for each in records for kind in each.kinds)
    if len(records) > 2 and (alone := [kind for kind in one.kinds if held[kind] == 1]):
        yield f"rows that no other record has: {', '.join(alone)}"


def _rate(one: RecordSummary) -> float:
    """Events an hour."""
    return 3600 * one.scored_events / one.scored_seconds if one.scored_seconds else 0.0


def _channels(one: RecordSummary) -> str:
    return f"channels {', '.join(one.channels)}"


def _sampling(one: RecordSummary) -> str:
    return f"{one.sfreq:g} Hz"


def _staged(one: RecordSummary) -> str:
    return "stages" if one.stages else "no stages"


def _length(times: Intervals) -> float:
    return float(np.diff(times, axis=1).sum())


def _stages(recording: Recording) -> dict[str, float]:
    """Minutes of each stage."""
    if recording.stages is None:
        return {}
    counts = sorted(Counter(recording.stages.tolist()).items())
    return {STAGES[code]: number * recording.epoch / 60 for code, number in counts}
