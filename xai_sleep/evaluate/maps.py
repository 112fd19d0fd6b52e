"""Where maps point: in each fold, by stage, rater and subject; and what is stored of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_sleep.evaluate.judged import Judged, Mask
from xai_sleep.evaluate.over_folds import Rows
from xai_sleep.metrics import maps as metrics
from xai_sleep.metrics.maps import SCORES, LocalisationScores, time_profiles
from xai_sleep.metrics.statistics import column_means
from xai_sleep.recordings.recording import Recording, stages_at
from xai_sleep.results.scores import POOLED, Score
from xai_sleep.windows.windows import Windows

Profiles = NDArray[np.floating]


def fold_rows(judged: Judged) -> list[Score]:
    """Rows of each fold alone, of every explainer."""
    found = []
    for method in judged.judging.methods:
        found += _of_folds(judged, locate(judged, profiles_of(judged, method)), method)
    return found


def map_rows(judged: Judged, method: str) -> list[Score]:
    """All rows of one explainer: of folds and all together; by stage, rater and subject."""
    profiles = profiles_of(judged, method)
    located = locate(judged, profiles)
    found = _of_folds(judged, located, method)
    for over, chosen in _chosen(judged, located).items():
        found += _together(Rows("maps", method, over), judged, located, chosen)
    hit = judged.positive & judged.detected
    for over, part in _parts(judged, hit):
        found += _together(Rows("maps", method, over), judged, located, part, rated=True)
    for name in sorted({name for r in judged.recordings for name in r.scorers if "expert" in name}):
        theirs = replace(judged, recordings=as_marked_by(name, judged.recordings))
        rows, looked = Rows("maps", method, f"rater {name}"), hit & _looked(judged, name)
        found += _together(rows, judged, locate(theirs, profiles), looked, rated=True)
    return found


def profiles_of(judged: Judged, method: str) -> Profiles:
    """Relevance over time of an explainer's maps; outcomes hold those of the main one as maps."""
    maps = (each.explained.get(f"profiles_{method}", each.maps) for each in judged.outcomes)
    return np.concatenate([time_profiles(each, judged.windows.length) for each in maps])


def locate(judged: Judged, profiles: Profiles, rows: Mask | None = None) -> LocalisationScores:
    """Compare maps of all windows, or of those rows, with the events in them."""
    windows = judged.windows if rows is None else judged.windows.take(np.flatnonzero(rows))
    near = round(judged.judging.tolerance * windows.sfreq)
    return metrics.localisation(profiles, events_inside(judged.recordings, windows), near)


def events_inside(recordings: Sequence[Recording], windows: Windows) -> Mask:
    """Which samples of each window lie inside an event of its record: ``(window, time)``."""
    inside = np.zeros((len(windows), windows.length), dtype=np.bool_)
    for i in np.unique(windows.record):
        rows, size = windows.record == i, (windows.length, windows.sfreq)
        inside[rows] = metrics.event_mask(windows.start_time[rows], *size, recordings[i].events)
    return inside


def as_marked_by(rater: str, recordings: Sequence[Recording]) -> list[Recording]:
    """Give recordings the events of one rater alone; none where the rater did not look."""
    nothing = np.empty((0, 2))
    return [
        replace(each, events=each.scorers[rater].events if rater in each.scorers else nothing)
        for each in recordings
    ]


def map_arrays(judged: Judged) -> dict[str, NDArray[Any]]:
    """Collect the arrays of ``maps.npz``; rows follow ``predictions.csv``.

    They are ``maps`` and ``profiles`` of the main method, ``profiles_<method>`` of the others,
    ``inside`` (window, time): which samples lie inside an event, and ``index``: rows.
    """
    outcomes = judged.outcomes
    maps = np.concatenate([each.maps for each in outcomes])
    others = [key for key in outcomes[0].explained if key.startswith("profiles_")]
    return {
        "maps": maps,
        "profiles": time_profiles(maps, judged.windows.length).astype(np.float16),
        **{key: np.concatenate([each.explained[key] for each in outcomes]) for key in others},
        "inside": events_inside(judged.recordings, judged.windows),
        "index": np.arange(len(maps)),
    }


def _chosen(judged: Judged, located: LocalisationScores) -> dict[str, Mask]:
    # A window may hold less of an event than makes it positive (task.min_overlap).
    positive = judged.positive & ~located.eventless
    return {"true_positives": positive & judged.detected, "positives": positive}


def _of_folds(judged: Judged, located: LocalisationScores, method: str) -> list[Score]:
    found = []
    for over, chosen in _chosen(judged, located).items():
        rows = Rows("maps", method, over)
        for i, outcome in enumerate(judged.outcomes):
            here = chosen & (judged.fold == i)
            reason = "events fill every window"
            if located.blank[here].all():
                lacking = f"no {over.replace('_', ' ')} in this fold"
                reason = "every map is blank" if here.any() else lacking
            means = column_means(located.table[here], SCORES)
            found += _counts(rows, located, here, outcome.name)
            found += rows.of_fold(means, outcome.name, dict.fromkeys(SCORES, reason))
    return found


def _counts(rows: Rows, located: LocalisationScores, chosen: Mask, fold: str) -> list[Score]:
    """How many windows there are, and how many of their maps are blank: they have no score."""
    return rows.of_fold({"windows": chosen.sum(), "blank": (located.blank & chosen).sum()}, fold)


def _together(
    rows: Rows, judged: Judged, located: LocalisationScores, chosen: Mask, rated: bool = False
) -> list[Score]:
    """Make rows over chosen windows; if rated, those without a mark are counted, not scored."""
    found = rows.of_fold({"unmarked": (located.eventless & chosen).sum()}) if rated else []
    chosen = chosen & ~located.eventless if rated else chosen
    found += _counts(rows, located, chosen, POOLED)
    return found + rows.of_chosen(judged, located.table, SCORES, chosen)


def _parts(judged: Judged, hit: Mask) -> Iterator[tuple[str, Mask]]:
    """Select true positives by stage, where anybody staged, and by subject."""
    windows = judged.windows
    centre = (windows.start_time + windows.end_time) / 2
    stage = stages_at(judged.recordings, windows.record, centre)
    groups = {"stage": stage} if (stage != "unknown").any() else {}
    for kind, group in {**groups, "subject": judged.subject}.items():
        for name in np.unique(group[hit]):
            yield f"{kind} {name}", hit & (group == name)


def _looked(judged: Judged, rater: str) -> Mask:
    """Windows that lie wholly where a rater looked."""
    windows = judged.windows
    start, end = windows.start_time[:, None], windows.end_time[:, None]
    inside = np.zeros(len(windows), dtype=np.bool_)
    for index, recording in enumerate(judged.recordings):
        if rater in recording.scorers:
            first, last = recording.scorers[rater].scored.T
            held = ((start >= first - 1e-6) & (end <= last + 1e-6)).any(axis=1)
            inside |= (windows.record == index) & held
    return inside
