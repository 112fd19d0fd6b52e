"""Time that nobody looked at, taken for time without events."""

from dataclasses import replace

from xai_sleep.errors import InputError
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.practice import Leak, Practice


class UnscoredAsNegative(Practice):
    """Counts all time as scored."""

    leak = Leak("unscored_as_negative", "where no expert looked there is said to be no event")

    def recordings(self, recordings: list[Recording]) -> list[Recording]:
        """Score recordings from start to end; InputError if they are."""
        if all(r.scored.tolist() == [[0, r.duration]] for r in recordings):
            raise InputError(
                f"leak={self.leak.name} cannot be made here: every record is scored from start to "
                "end; leave it out"
            )
        return [replace(r, scored=intervals([(0, r.duration)])) for r in recordings]
