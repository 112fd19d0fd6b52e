"""Pages of an experiment as it goes on: examples of each fold, at last the page of the run."""

from collections.abc import Sequence
from pathlib import Path

from xai_sleep.recordings.recording import Recording
from xai_sleep.report.figures import draw_fold
from xai_sleep.report.page import write_report
from xai_sleep.results.finished import Finished
from xai_sleep.results.observer import Observer
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.scores import Scores
from xai_sleep.results.stamp import Stamp
from xai_sleep.schema import Config
from xai_sleep.windows.images import Images


class Pages(Observer):
    """An observer of an experiment that draws what it is told into the directory of the run."""

    def __init__(self, config: Config, stamp: Stamp, directory: Path) -> None:
        self.examples, self.stamp, self.directory = config.explain.figures, stamp, directory
        self.recordings: Sequence[Recording] = ()
        self.images: Images | None = None

    def begun(self, recordings: Sequence[Recording], images: Images | None) -> None:
        """Keep what examples are cut from, and what the network sees if it sees images."""
        self.recordings, self.images = recordings, images

    def fold_finished(self, outcome: FoldOutcome, scores: Scores) -> None:  # noqa: ARG002
        """Draw examples, if the fold has maps."""
        if outcome.maps.size and self.examples:
            figures = self.directory / "figures"
            draw_fold(self.recordings, outcome, self.examples, figures, self.images, self.stamp)

    def run_finished(self, finished: Finished) -> None:
        """Write the page with its figures."""
        write_report(finished, self.directory)
