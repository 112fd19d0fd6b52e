"""Pages of an experiment as it goes on: examples of each fold, at last the page of the run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from xai_sleep.recordings.recording import Recording
from xai_sleep.report.figures import draw_fold
from xai_sleep.report.page import write_report
from xai_sleep.results.finished import Finished
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.scores import Scores
from xai_sleep.results.stamp import Stamp
from xai_sleep.windows.images import Images


class Pages:
    """An observer of an experiment that draws what it is told."""

    def started(
        self,
        directory: Path,
        recordings: Sequence[Recording],
        images: Images | None,
        stamp: Stamp,
        examples: int,
    ) -> None:
        """Take note of where and of what to draw, before the first fold.

        Parameters
        ----------
        directory : Path
            Of the run.
        recordings : sequence of Recording
            Those the windows are cut from.
        images : Images or None
            What the network sees, if it sees images.
        stamp : Stamp
            What figures must say.
        examples : int
            Rows of examples of each fold; none for 0.
        """
        self.directory, self.recordings, self.images = directory, recordings, images
        self.stamp, self.examples = stamp, examples

    @contextmanager
    def fold(self, name: str) -> Iterator[None]:  # noqa: ARG002 - drawn once it is finished
        """Surround the work on a fold; there is nothing to do."""
        yield

    def fold_finished(self, outcome: FoldOutcome, scores: Scores) -> None:  # noqa: ARG002
        """Draw examples, if the fold has maps."""
        if outcome.maps.size and self.examples:
            figures = self.directory / "figures"
            draw_fold(self.recordings, outcome, self.examples, figures, self.images, self.stamp)

    def run_finished(self, finished: Finished) -> None:
        """Write the page with its figures."""
        write_report(finished, self.directory)
