"""All baselines by name, and their scores for a run."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xai_sleep.baselines.marks import automatic, experts
from xai_sleep.baselines.rems import REMS
from xai_sleep.baselines.scores import score
from xai_sleep.baselines.spindles import SPINDLES
from xai_sleep.baselines.threshold import threshold
from xai_sleep.baselines.trial import Baseline, LeftOutError, Trial
from xai_sleep.baselines.trivial import trivial
from xai_sleep.baselines.yasa import yasa


def _threshold(trial: Trial) -> dict[str, Baseline]:
    return {"threshold": threshold(trial, SPINDLES if trial.event == "spindle" else REMS)}


CATALOGUE: Mapping[str, Callable[[Trial], Mapping[str, Baseline]]] = {
    "automatic": automatic,
    "experts": experts,
    "threshold": _threshold,
    "yasa": yasa,
    "trivial": trivial,
}


def measure(trial: Trial, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Score baselines; of one that cannot be had here, say why.

    Parameters
    ----------
    trial : Trial
        The run.
    names : sequence of str
        Of :data:`CATALOGUE`; a name may give several rows.

    Returns
    -------
    dict of str to dict
        As :func:`xai_sleep.baselines.scores.score`, or ``description`` and ``skipped``.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        try:
            baselines = CATALOGUE[name](trial)
        except LeftOutError as reason:
            found[name] = {"description": name, "skipped": str(reason)}
        else:
            found |= {row: score(baseline) for row, baseline in baselines.items()}
    return found
