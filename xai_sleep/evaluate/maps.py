"""Where maps point: in each fold, by stage, rater and subject; and what is stored of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xai_sleep.evaluate.over_folds import Rows
from xai_sleep.evaluate.tested import Mask, Tested
from xai_sleep.metrics.maps import (
    SCORES,
    LocalisationScores,
    event_mask,
    localisation,
    score_table,
    time_profiles,
)
from xai_sleep.metrics.statistics import column_means
from xai_sleep.recordings.recording import Recording, stages_at
from xai_sleep.results.scores import Score
from xai_sleep.windows.windows import Windows

Profiles = Sequence[NDArray[np.floating]]


@dataclass(frozen=True, eq=False)
class Located:
    """Localisation of the maps of all test windows, one fold after another.

    Parameters
    ----------
    table : array of shape (window, score)
        Columns are :data:`~xai_sleep.metrics.maps.SCORES`.
    blank, eventless : bool arrays of shape (window,)
        The map is zero everywhere; no sample lies inside an event.
    """

    table: NDArray[np.float64]
    blank: Mask
    eventless: Mask

    @classmethod
    def of(cls, tested: Tested, profiles: Profiles) -> "Located":
        """Compare maps, given fold by fold, with the events of the recordings."""
        pairs = zip(tested.outcomes, profiles, strict=True)
        tolerance = tested.judging.tolerance
        each = [score_maps(tested.recordings, o.windows, p, tolerance) for o, p in pairs]
        return cls(
            np.concatenate([score_table(scores) for scores in each]),
            np.concatenate([scores.blank for scores in each]),
            np.concatenate([scores.eventless for scores in each]),
        )

    def counts(self, rows: Mask) -> dict[str, float | None]:
        """How many windows, and how many of their maps are blank: they have no score."""
        return {"windows": rows.sum(), "blank": (self.blank & rows).sum()}


def fold_rows(tested: Tested) -> list[Score]:
    """Rows of each fold alone, of every explainer."""
    return [
        row
        for method in tested.judging.methods
        for row in _of_folds(tested, Located.of(tested, profiles_of(tested, method)), method)
    ]


def map_rows(tested: Tested, method: str) -> list[Score]:
    """All rows of one explainer: of folds and all together; by stage, rater and subject."""
    profiles = profiles_of(tested, method)
    located = Located.of(tested, profiles)
    found = _of_folds(tested, located, method)
    for over, chosen in _chosen(tested, located).items():
        found += _together(Rows("maps", method, over), tested, located, chosen)
    hit = tested.positive & tested.detected
    for over, rows in _parts(tested, hit):
        found += _marked(Rows("maps", method, over), tested, located, rows)
    for name in _raters(tested.recordings):
        theirs = replace(tested, recordings=as_marked_by(name, tested.recordings))
        rows = Rows("maps", method, f"rater {name}")
        found += _marked(rows, tested, Located.of(theirs, profiles), hit & _looked(tested, name))
    return found


def profiles_of(tested: Tested, method: str) -> Profiles:
    """Select the maps of an explainer, fold by fold; outcomes hold those of the main one."""
    return [each.explained.get(f"profiles_{method}", each.maps) for each in tested.outcomes]


def map_arrays(tested: Tested) -> dict[str, NDArray[np.generic]]:
    """Collect the arrays of ``maps.npz``; rows follow ``predictions.csv``.

    Returns
    -------
    dict of str to array
        ``maps`` and ``profiles`` of the main method, ``profiles_<method>`` of the others,
        ``inside`` (window, time): which samples lie inside an event, and ``index``: rows.
    """
    maps = np.concatenate([each.maps for each in tested.outcomes])
    first = tested.outcomes[0]
    keys = [key for key in first.explained if key.startswith("profiles_")]
    return {
        "maps": maps,
        "profiles": time_profiles(maps, first.windows.length).astype(np.float16),
        **{key: np.concatenate([each.explained[key] for each in tested.outcomes]) for key in keys},
        "inside": tested.each(lambda windows: events_inside(tested.recordings, windows)),
        "index": np.arange(len(maps)),
    }


def events_inside(recordings: Sequence[Recording], windows: Windows) -> Mask:
    """Which samples of each window lie inside an event of its record: ``(window, time)``."""
    inside = np.zeros((len(windows), windows.length), dtype=np.bool_)
    for index in np.unique(windows.record):
        rows = windows.record == index
        inside[rows] = event_mask(
            windows.start_time[rows], windows.length, windows.sfreq, recordings[index].events
        )
    return inside


def score_maps(
    recordings: Sequence[Recording],
    windows: Windows,
    maps: NDArray[np.floating],
    tolerance: float = 0.0,
) -> LocalisationScores:
    """Compare each map with the events in its window; a peak may lie ``tolerance`` s off."""
    profiles = time_profiles(maps, windows.length)
    near = round(tolerance * windows.sfreq)
    return localisation(profiles, events_inside(recordings, windows), near)


def as_marked_by(rater: str, recordings: Sequence[Recording]) -> list[Recording]:
    """Give recordings the events of one rater alone; none where the rater did not look."""
    nothing = np.empty((0, 2))
    return [
        replace(each, events=each.scorers[rater].events if rater in each.scorers else nothing)
        for each in recordings
    ]


def _chosen(tested: Tested, located: Located) -> dict[str, Mask]:
    # A window may hold less of an event than makes it positive (task.min_overlap).
    positive = tested.positive & ~located.eventless
    return {"true_positives": positive & tested.detected, "positives": positive}


def _of_folds(tested: Tested, located: Located, method: str) -> list[Score]:
    found = []
    for over, chosen in _chosen(tested, located).items():
        rows = Rows("maps", method, over)
        for i, outcome in enumerate(tested.outcomes):
            here = chosen & (tested.fold == i)
            why = _why(located, here, over)
            means = column_means(located.table[here], SCORES)
            found += rows.of_fold(located.counts(here), outcome.name)
            found += rows.of_fold(means, outcome.name, dict.fromkeys(SCORES, why))
    return found


def _why(located: Located, rows: Mask, what: str) -> str:
    if not rows.any():
        return f"no {what.replace('_', ' ')} in this fold"
    return "every map is blank" if located.blank[rows].all() else "events fill every window"


def _together(rows: Rows, tested: Tested, located: Located, chosen: Mask) -> list[Score]:
    counts = rows.of_fold(located.counts(chosen))
    return counts + rows.of_chosen(tested, located.table, SCORES, chosen)


def _marked(rows: Rows, tested: Tested, located: Located, chosen: Mask) -> list[Score]:
    """Rows over chosen windows; where nothing was marked is counted, not scored."""
    unmarked = rows.of_fold({"unmarked": (located.eventless & chosen).sum()})
    return unmarked + _together(rows, tested, located, chosen & ~located.eventless)


def _parts(tested: Tested, hit: Mask) -> Iterator[tuple[str, Mask]]:
    """Select true positives by stage, where anybody staged, and by subject."""
    stage = tested.each(
        lambda windows: stages_at(
            tested.recordings, windows.record, (windows.start_time + windows.end_time) / 2
        )
    )
    known = (stage != "unknown").any()
    for name in np.unique(stage[hit]) if known else ():
        yield f"stage {name}", hit & (stage == name)
    for name in np.unique(tested.subject[hit]):
        yield f"subject {name}", hit & (tested.subject == name)


def _raters(recordings: Sequence[Recording]) -> list[str]:
    return sorted({name for each in recordings for name in each.scorers if "expert" in name})


def _looked(tested: Tested, rater: str) -> Mask:
    """Windows that lie wholly where a rater looked."""

    def within(windows: Windows) -> Mask:
        inside = np.zeros(len(windows), dtype=np.bool_)
        for index, recording in enumerate(tested.recordings):
            if rater in recording.scorers:
                scored = recording.scorers[rater].scored
                start, end = windows.start_time[:, None], windows.end_time[:, None]
                held = ((start >= scored[:, 0] - 1e-6) & (end <= scored[:, 1] + 1e-6)).any(axis=1)
                inside |= (windows.record == index) & held
        return inside

    return tested.each(within)
