"""What can be had without looking at a signal: the floor of every table."""

import numpy as np

from xai_sleep.baselines.trial import Answer, Baseline, Trial
from xai_sleep.recordings.intervals import Intervals

WITHOUT_TIME = "it does not say when"


def trivial(trial: Trial) -> dict[str, Baseline]:
    """All windows negative; all positive, the best F1 of a blind guess; a coin by prevalence."""
    return {
        "never": _never(trial),
        "always": _always(trial),
        "coin": _coin(trial),
    }


def _never(trial: Trial) -> Baseline:
    nothing: list[Intervals] = [np.empty((0, 2))] * len(trial.recordings)
    answers = [
        Answer(nothing, probability=np.zeros(len(trial.windows(fold.test)))) for fold in trial.folds
    ]
    return Baseline("no window is called positive", trial, answers)


def _always(trial: Trial) -> Baseline:
    sizes = [len(trial.windows(fold.test)) for fold in trial.folds]
    answers = [
        Answer(decided=np.ones(size, dtype=np.bool_), probability=np.ones(size)) for size in sizes
    ]
    return Baseline("every window is called positive", trial, answers, WITHOUT_TIME)


def _coin(trial: Trial) -> Baseline:
    """Over all folds it ranks windows worse than chance: rich test subjects leave poor training."""
    answers = []
    for number, fold in enumerate(trial.folds):
        share = float(trial.windows(fold.train).label.mean())
        size = len(trial.windows(fold.test))
        rng = np.random.default_rng([trial.seed, number])
        answers.append(
            Answer(
                decided=rng.random(size) < share,
                probability=np.full(size, share),
                detector={"prevalence": share},
            )
        )
    return Baseline(
        "a coin that falls by the share of positive training windows", trial, answers, WITHOUT_TIME
    )
