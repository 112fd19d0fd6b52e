"""Classical detection: an activation in a closed formula, and two thresholds chosen in training.

The probability of a window follows from its highest activation, by a logistic curve.
"""

import os
import weakref
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from tempfile import mkstemp

import numpy as np
from sklearn.linear_model import LogisticRegression

from xai_sleep.baselines.baseline import Answer, Baseline, LeftOutError, Training, Trial
from xai_sleep.baselines.rules import Rule, Values
from xai_sleep.detect.detector import detect
from xai_sleep.metrics.events import contains, match
from xai_sleep.recordings.cache import Handle, Mapped, mapped
from xai_sleep.recordings.intervals import Intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.windows import Windows


class Threshold(Baseline):
    """Detect by the rule of the task, if it has one, with thresholds chosen for each fold."""

    description = "an activation in a closed formula, thresholds chosen in training"

    def __init__(self, rule: Rule | None) -> None:
        self.rule = rule
        if rule:
            self.description = rule.description
            options = product(rule.highs, rule.drops)
            self.options = [(high, round(high - drop, 6)) for high, drop in options]

    def prepare(self, trial: Trial) -> Trial:
        """Look at all recordings once, by every option: folds only choose among them."""
        rule = self.rule
        if rule is None:
            raise LeftOutError("the task names no rule to detect its events by (task.rule)")
        self._found: dict[Recording, list[Intervals]] = {}
        self._activations: dict[Recording, Handle[np.float64]] = {}
        lengths = {k: getattr(rule, k) for k in ("min_duration", "max_duration", "merge_gap")}
        for one in trial.recordings:
            a = rule.activation(one)
            found = (detect(a, one.sfreq, high=h, low=low, **lengths) for h, low in self.options)
            self._found[one] = [each.events for each in found]
            self._activations[one] = Handle(self._filed(a) if isinstance(one, Mapped) else a)
        return trial

    def _filed(self, activation: Values) -> Values:
        """Put an activation where signals are that do not fit in memory: into a file."""
        file, name = mkstemp(".npy")
        weakref.finalize(self, Path(name).unlink, missing_ok=True)
        with os.fdopen(file, "wb") as opened:
            np.save(opened, activation)
        return mapped(Path(name))

    def fit(self, training: Training) -> Mapping[str, float]:
        """Choose thresholds, and fit the curve of probability."""
        self._best = self._choose(training)
        windows = training.trial.windows(training.both)
        self._share = float(windows.label.mean())
        self._curve = None  # there is none through one class
        if len(np.unique(windows.label)) == 2:
            recordings = [training.trial.recordings[i] for i in windows.record]
            self._curve = LogisticRegression().fit(self._peaks(recordings, windows), windows.label)
        return dict(zip(("high", "low"), self.options[self._best], strict=True))

    def detect(self, recording: Recording, windows: Windows) -> Answer:
        """Detect by the thresholds chosen."""
        probability = np.full(len(windows), self._share)
        if self._curve is not None and len(windows):
            peaks = self._peaks([recording] * len(windows), windows)
            probability = self._curve.predict_proba(peaks)[:, 1]
        return Answer(self._found[recording][self._best], probability=probability)

    def _peaks(self, recordings: Sequence[Recording], windows: Windows) -> list[list[float]]:
        """Highest activation in each window of its recording."""
        found, before, activation = [], None, np.empty(0)
        for one, start in zip(recordings, windows.start, strict=True):
            if one is not before:
                before, activation = one, self._activations[one].array
            found.append([float(activation[start : start + windows.length].max())])
        return found

    def _choose(self, training: Training) -> int:
        """Find the option of the highest event F1 in training and validation time."""
        pairs, marked, truth = np.zeros(len(self.options)), np.zeros(len(self.options)), 0
        for recording, allowed in zip(training.trial.recordings, training.both, strict=True):
            events = _inside(recording.events, allowed)
            truth += len(events)
            for option, found in enumerate(self._found[recording]):
                detections = _inside(found, allowed)
                marked[option] += len(detections)
                pairs[option] += len(match(events, detections, training.trial.judging.iou).event)
        if not truth:
            lacking = "has no event in training to choose thresholds on"
            raise LeftOutError(f"fold {training.name} {lacking}")
        return int(np.argmax(2 * pairs / (truth + marked)))


def _inside(events: Intervals, allowed: Intervals) -> Intervals:
    return events[contains(allowed, events.mean(axis=1))]
