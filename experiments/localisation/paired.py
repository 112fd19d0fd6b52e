"""Do maps of signals point better than maps of images? On the same windows, person by person."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from experiments.localisation.runs import Run
from xai_sleep.errors import InputError
from xai_sleep.metrics.statistics import bootstrap_ci, paired_permutation


@dataclass(frozen=True)
class Paired:
    """A measure of two runs on the windows that both detected, the first less the second.

    Parameters
    ----------
    signals, images : str
        The networks.
    method, measure : str
        Explainer and measure.
    windows, subjects : int
        True positives of both whose maps both have a score; people they come from.
    first, second : float or None
        Means over windows.
    ci95 : list of float or None
        Of the difference, from resampling subjects.
    p : float or None
        From exchanging the runs within subjects.
    """

    signals: str
    images: str
    method: str
    measure: str
    windows: int
    subjects: int
    first: float | None
    second: float | None
    ci95: list[float] | None
    p: float | None


def pairs(runs: Sequence[Run]) -> Iterator[tuple[Run, Run]]:
    """Pair each network on signals with each on images of the same protocol."""
    for _, group in groupby(runs, key=lambda run: run.protocol):
        same = list(group)
        for one in (run for run in same if not run.sees_images):
            yield from ((one, other) for other in same if other.sees_images)


def compare(one: Run, other: Run, method: str, measure: str) -> Paired:
    """Compare two runs on the true positives that they share.

    Raises
    ------
    InputError
        If they were not tested on the same windows.
    """
    if _places(one) != _places(other):
        raise InputError(
            f"{one.path} and {other.path} were tested on other windows; compare runs of the same "
            "task, records, folds and expert"
        )
    scores = np.stack([run.scores(method, measure) for run in (one, other)])
    shared = one.true_positive & other.true_positive & ~np.isnan(scores).any(axis=0)
    first, second = scores[:, shared]
    subject = one.windows.subject[shared]
    names = (one.record.model, other.record.model, method, measure)
    people = np.unique(subject)
    if not len(people):
        return Paired(*names, 0, 0, None, None, None, None)
    gap = first - second
    own = [float(gap[subject == person].mean()) for person in people]
    interval = bootstrap_ci(lambda index: {"gap": float(gap[index].mean())}, subject)
    means = (float(first.mean()), float(second.mean()))
    return Paired(
        *names, len(gap), len(people), *means, interval.ci95["gap"], paired_permutation(own)
    )


def _places(run: Run) -> list[tuple[str, float, float, int]]:
    """Record, start, end and label of each test window."""
    windows = run.windows
    return list(zip(windows.record, windows.start, windows.end, windows.label, strict=True))
