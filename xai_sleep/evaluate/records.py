"""What was worked on, record by record: no signal and nothing personal."""

from collections.abc import Sequence

import numpy as np

from xai_sleep.metrics.events import contains
from xai_sleep.recordings.recording import Recording
from xai_sleep.results.run import RecordSummary


def describe(recordings: Sequence[Recording]) -> list[RecordSummary]:
    """Describe recordings."""
    return [
        RecordSummary(
            record=each.record,
            subject=each.subject,
            seconds=each.duration,
            scored_seconds=float(np.diff(each.scored, axis=1).sum()),
            events=len(each.events),
            scored_events=int(contains(each.scored, each.events.mean(axis=1)).sum()),
            notes=list(each.notes),
        )
        for each in recordings
    ]
