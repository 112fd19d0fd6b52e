"""Classical detection: an activation in a closed formula, and two thresholds chosen in training.

The formula is one for all recordings and knows nothing of labels. The two thresholds are those of
the highest event F1 in a fold's training and validation time, pooled over its recordings. How
likely a window holds an event follows from its highest activation, by a logistic curve fitted in
that same time.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.signal import firwin, oaconvolve
from sklearn.linear_model import LogisticRegression

from xai_sleep.baselines.trial import Answer, Baseline, LeftOutError, Trial
from xai_sleep.detect.hysteresis import detect
from xai_sleep.metrics.events import contains, match
from xai_sleep.recordings.intervals import Intervals, union
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.folds import Fold, Times
from xai_sleep.windows.windows import Windows

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """How events are found in a recording.

    Parameters
    ----------
    description : str
        For tables.
    activation : callable
        From a recording to a value per sample; raises :class:`LeftOutError` where it cannot.
    highs : tuple of float
        Thresholds to choose from that an event must reach.
    drops : tuple of float
        How far below that an event may fall before it ends, to choose from.
    min_duration, max_duration, merge_gap : float
        In s, see :func:`xai_sleep.detect.hysteresis.detect`.
    """

    description: str
    activation: Callable[[Recording], Values]
    highs: tuple[float, ...]
    drops: tuple[float, ...]
    min_duration: float
    max_duration: float
    merge_gap: float


@dataclass(frozen=True)
class Thresholds:
    """What an event must reach, and below what it ends."""

    high: float
    low: float


def threshold(trial: Trial, rule: Rule) -> Baseline:
    """Detect by a rule, with thresholds chosen for each fold.

    Raises
    ------
    LeftOutError
        If the rule does not fit the recordings, or a fold has no event to choose on.
    """
    options = [
        Thresholds(high, round(high - drop, 6)) for high, drop in product(rule.highs, rule.drops)
    ]
    activations = [rule.activation(recording) for recording in trial.recordings]
    found = [
        [_detect(activation, recording.sfreq, rule, option) for option in options]
        for activation, recording in zip(activations, trial.recordings, strict=True)
    ]
    answers = []
    for fold in trial.folds:
        best = _choose(trial, found, fold)
        answers.append(
            Answer(
                [each[best] for each in found],
                probability=_probability(trial, fold, activations),
                detector=asdict(options[best]),
            )
        )
    return Baseline(rule.description, trial, answers)


def band_passed(signal: Values, sfreq: float, band: tuple[float, float]) -> Values:
    """Filter without a shift in time; it looks 1.1 s to either side.

    The slopes are 1.5 Hz wide: alpha waves at 10 Hz hardly leak into a band from 11 Hz.

    Raises
    ------
    LeftOutError
        If the sampling rate is too low for the band.
    """
    if band[1] >= sfreq / 2:
        raise LeftOutError(
            f"it looks at frequencies up to {band[1]:g} Hz; raise task.sfreq ({sfreq:g} Hz)"
        )
    taps = int(3.3 * sfreq / 1.5) // 2 * 2 + 1
    kernel = firwin(taps, band, pass_zero=False, fs=sfreq)
    return np.asarray(oaconvolve(signal, kernel, mode="same"))


def around(values: Values, sfreq: float, width: float) -> Values:
    """Mean over ``width`` s around each sample."""
    return np.asarray(uniform_filter1d(values, max(1, round(width * sfreq)), mode="nearest"))


def _detect(activation: Values, sfreq: float, rule: Rule, option: Thresholds) -> Intervals:
    return detect(
        activation,
        sfreq,
        high=option.high,
        low=option.low,
        min_duration=rule.min_duration,
        max_duration=rule.max_duration,
        merge_gap=rule.merge_gap,
    ).events


def _choose(trial: Trial, found: Sequence[Sequence[Intervals]], fold: Fold) -> int:
    """Find the option of the highest event F1 in training and validation time."""
    pairs, marked = np.zeros(len(found[0])), np.zeros(len(found[0]))
    truth = 0
    each = zip(trial.recordings, found, _training(fold), strict=True)
    for recording, detected, allowed in each:
        if not len(allowed):
            continue
        events = _inside(recording.events, allowed)
        truth += len(events)
        for option, detections in enumerate(detected):
            detections = _inside(detections, allowed)
            marked[option] += len(detections)
            pairs[option] += len(match(events, detections, trial.iou).event)
    if not truth:
        raise LeftOutError(f"fold {fold.name} has no event in training to choose thresholds on")
    return int(np.argmax(2 * pairs / (truth + marked)))


def _training(fold: Fold) -> Times:
    return tuple(union(parts) for parts in zip(fold.train, fold.val, strict=True))


def _probability(trial: Trial, fold: Fold, activations: Sequence[Values]) -> Values:
    """Of an event in each test window, by its highest activation."""

    def peaks(windows: Windows) -> Values:
        pairs = zip(windows.record, windows.start, strict=True)
        return np.array([[activations[r][s : s + windows.length].max()] for r, s in pairs])

    known, tested = trial.windows(_training(fold)), trial.windows(fold.test)
    if len(np.unique(known.label)) < 2:  # there is no curve through one class
        return np.full(len(tested), known.label.mean())
    curve = LogisticRegression().fit(peaks(known), known.label)
    return np.asarray(curve.predict_proba(peaks(tested))[:, 1])


def _inside(events: Intervals, allowed: Intervals) -> Intervals:
    return events[contains(allowed, events.mean(axis=1))]
