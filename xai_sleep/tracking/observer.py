"""Shows an experiment on Weights & Biases as it goes on: what each tracked run holds."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import wandb
from pytorch_lightning.loggers import Logger, WandbLogger

from xai_sleep.evaluate.events import listed
from xai_sleep.evaluate.judged import Judged, Judging
from xai_sleep.evaluate.windows import curves
from xai_sleep.recordings.recording import Recording
from xai_sleep.report.browser import choose
from xai_sleep.results.files import Stamp
from xai_sleep.results.finished import Finished, Observer
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.scores import MEAN, POOLED, Scores
from xai_sleep.results.test_windows import TestWindows
from xai_sleep.schema import Config
from xai_sleep.tracking import names
from xai_sleep.tracking.runs import require_loggable, tracked_run
from xai_sleep.windows.images import Images

ROWS = 20_000  # of a table of windows or detections: more are a sample


class Tracking(Observer):
    """Tracks folds and summary, if not disabled; told after whoever draws the figures it shows."""

    def __init__(self, config: Config, stamp: Stamp, directory: Path) -> None:
        require_loggable(config.logger)
        self.config, self.stamp, self.directory = config, stamp, directory
        self.off = config.logger.mode == "disabled"
        self.recordings: Sequence[Recording] = ()
        self.run: wandb.Run | None = None

    def begun(self, recordings: Sequence[Recording], images: Images | None) -> None:  # noqa: ARG002
        """Keep the recordings: windows and events are listed by their names."""
        self.recordings = recordings

    @contextmanager
    def fold(self, name: str) -> Iterator[Logger | None]:
        """Open the run of a fold, which Lightning logs to as well, and close it in any case."""
        if self.off:
            yield None
            return
        try:
            with tracked_run(self.config, self.stamp, self.directory, name) as self.run:
                yield WandbLogger(experiment=self.run)
        finally:
            self.run = None

    def fold_finished(self, outcome: FoldOutcome, scores: Scores) -> None:
        """Log what a fold came to: scores, predictions, detections, charts, examples of maps."""
        if self.run is None:
            return
        windows = TestWindows.of(self.recordings, [outcome])
        judging = Judging(iou=self.config.detector.iou)
        events = listed(Judged(self.recordings, [outcome], judging))
        examples = self.directory / "figures" / f"examples-{outcome.name}.png"
        # Of many windows those that hold an event or were detected come first.
        windows_shown = choose((windows.label == 1) | windows.detected, ROWS)
        events_shown = choose(events.matched, ROWS)
        told = {
            **names.numbers(scores),
            "test/threshold": outcome.threshold,
            names.PREDICTIONS: names.table(windows.frame.iloc[windows_shown], self.stamp),
            names.DETECTIONS: names.table(events.frame.iloc[events_shown], self.stamp),
            **names.charts(windows, curves([outcome]).get(outcome.name), self.stamp),
        }
        self.run.log(told | ({names.EXAMPLES: [_image(examples)]} if examples.exists() else {}))
        self.run.summary.update({"undefined": _undefined(scores)})
        for name, shown, there in (
            (names.PREDICTIONS, windows_shown, windows),
            (names.DETECTIONS, events_shown, events),
        ):
            if len(shown) < len(there):
                self.run.summary.update({f"{name}_shown": f"{len(shown)} of {len(there)}"})

    def run_finished(self, finished: Finished) -> None:
        """Log what all came to: scores over folds, baselines, tables, charts, all figures."""
        if self.off:
            return
        over_folds = Scores(row for row in finished.scores if row.fold in (MEAN, POOLED))
        of_folds = Scores(row for row in finished.scores if row.fold not in (MEAN, POOLED))
        skipped = {f"baselines/{b.name}": b.skipped for b in finished.record.baselines if b.skipped}
        with tracked_run(self.config, self.stamp, self.directory) as run:
            told = {
                **names.numbers(over_folds),
                names.SCORES: names.table(over_folds.frame, self.stamp),
                names.FOLDS: names.table(of_folds.frame, self.stamp),
                **names.charts(finished.windows, finished.curves.get(POOLED), self.stamp),
            }
            run.log(told | _images(self.directory / "figures"))
            run.summary.update({"undefined": _undefined(over_folds) | skipped})


def _undefined(scores: Scores) -> dict[str, str]:
    """Why figures, their intervals or deviations are undefined, by key."""
    return {key: row.reason for key, row in names.keyed(scores).items() if row.reason}


def _images(figures: Path) -> dict[str, list[wandb.Image]]:
    """Figures of the whole run by key; numbered ones, such as timelines, share one."""
    found = defaultdict(list)
    for path in sorted(figures.glob("*.png")):
        name, _, number = path.stem.rpartition("-")
        if not path.stem.startswith("examples-"):
            found[f"{names.FIGURES}/{name if number.isdigit() else path.stem}"].append(_image(path))
    return dict(found)


def _image(path: Path) -> wandb.Image:
    return wandb.Image(str(path), caption=path.stem)
