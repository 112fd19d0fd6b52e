"""Several experts on one recording: whose marks are events, and what time counts as scored."""

from collections.abc import Mapping
from functools import reduce

from xai_sleep.recordings.intervals import intersection, union
from xai_sleep.recordings.recording import Scoring

EXPERTS = ("union", "intersection", *(f"expert{number}" for number in range(1, 10)))
"""What ``data.expert`` may be, see :func:`combine`."""


def experts_of(scorers: Mapping[str, Scoring]) -> list[str]:
    """Names of the experts among scorers, in order: ``expert1``, ``expert2`` …."""
    return sorted(name for name in scorers if name.startswith("expert"))


def combine(scorers: Mapping[str, Scoring], expert: str) -> tuple[Scoring, tuple[str, ...]]:
    """Combine what experts marked into one truth, and note what merged.

    Parameters
    ----------
    scorers : with at least one expert, and the one asked for; programs count for nothing
    expert : whose marks count as events, and with them whose scored time:

        - ``expert1``, ``expert2`` …: one expert's marks, as they are.
        - ``union``: time that any expert marked; overlapping marks become one event. Scored where
          all looked. A single expert's marks are left as they are.
        - ``intersection``: time that all marked, scored where all looked.
    """
    if expert in scorers:
        return scorers[expert], ()
    chosen = [scorers[name] for name in experts_of(scorers)]
    if len(chosen) == 1:
        return chosen[0], ()
    scored = reduce(intersection, (each.scored for each in chosen))
    if expert == "intersection":
        return Scoring(reduce(intersection, (each.events for each in chosen)), scored), ()
    events = union([each.events for each in chosen])
    marks = sum(len(each.events) for each in chosen)
    merged = f"{marks} marks of {len(chosen)} experts merged into {len(events)} events"
    return Scoring(events, scored), (merged,) if len(events) < marks else ()
