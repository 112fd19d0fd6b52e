"""Who is told of an experiment as it goes on: pages, tracking, or whoever else looks at it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pytorch_lightning.loggers import Logger

from xai_sleep.recordings.recording import Recording
from xai_sleep.results.finished import Finished
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.scores import Scores
from xai_sleep.windows.images import Images


class Observer:
    """Told of an experiment; this one does nothing, others override what they need."""

    def begun(self, recordings: Sequence[Recording], images: Images | None) -> None:
        """Look at what is worked on, broad-band, and at what the network sees if that is images."""

    @contextmanager
    def fold(self, name: str) -> Iterator[Logger | None]:  # noqa: ARG002 - for those who look
        """Surround the work on a fold; what is yielded is Lightning's logger for its training."""
        yield None

    def fold_finished(self, outcome: FoldOutcome, scores: Scores) -> None:
        """Look at what a fold came to and its figures; inside :meth:`fold`."""

    def run_finished(self, finished: Finished) -> None:
        """Look at what the whole run came to, before its record is written."""
