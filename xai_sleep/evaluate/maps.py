"""Where maps point, by fold, stage, rater and subject; whether they are faithful, and sane."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_sleep.evaluate.judged import Judged, Mask, Rows
from xai_sleep.explain.faithfulness import CURVES, METRICS, SEGMENTS, areas
from xai_sleep.explain.sanity import PASS_BELOW
from xai_sleep.metrics import maps as metrics
from xai_sleep.metrics.maps import SCORES, LocalisationScores, time_profiles
from xai_sleep.metrics.statistics import column_means
from xai_sleep.recordings.cache import Handle
from xai_sleep.recordings.raters import raters_of
from xai_sleep.recordings.recording import Recording, stages_at
from xai_sleep.results.files import Streamed
from xai_sleep.results.scores import POOLED, Score
from xai_sleep.windows.windows import Windows

AT_ONCE = 4096  # windows


class Profiles:
    """Relevance over time of windows, made of their maps when it is asked for."""

    def __init__(self, maps: Sequence[NDArray[np.floating]], n_times: int) -> None:
        self.handles, self.n_times = [Handle(each) for each in maps], n_times
        self.ends = np.cumsum([len(each) for each in maps])

    def blocks(self) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Profiles of windows that are neighbours, and which these are."""
        for handle, end in zip(self.handles, self.ends.tolist(), strict=True):
            n = len(handle.array)
            for first in range(0, n, AT_ONCE):
                maps = handle.array[first : first + AT_ONCE]
                place = slice(end - n + first, end - n + first + len(maps))
                yield place, time_profiles(maps, self.n_times)


def fold_rows(judged: Judged) -> list[Score]:
    """Rows of each fold alone, of every explainer."""
    methods = {method: profiles_of(judged, method) for method in judged.judging.methods}
    pairs = ((name, locate(judged, profiles)) for name, profiles in methods.items())
    return [row for name, located in pairs for row in _of_folds(judged, located, name)]


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
    for name in sorted({name for r in judged.recordings for name in raters_of(r.scorers)}):
        theirs = replace(judged, recordings=as_marked_by(name, judged.recordings))
        rows, looked = Rows("maps", method, f"rater {name}"), hit & _looked(judged, name)
        found += _together(rows, judged, locate(theirs, profiles), looked, rated=True)
    return found


def profiles_of(judged: Judged, method: str) -> Profiles:
    """Relevance over time of an explainer's maps; outcomes hold those of the main one as maps."""
    maps = [each.explained.get(f"profiles_{method}", each.maps) for each in judged.outcomes]
    return Profiles(maps, judged.windows.length)


def locate(judged: Judged, profiles: Profiles, rows: Mask | None = None) -> LocalisationScores:
    """Compare maps of all windows, or of those rows, with the events in them."""
    windows = judged.windows if rows is None else judged.windows.take(np.flatnonzero(rows))
    near = round(judged.judging.tolerance * windows.sfreq)
    parts = [
        metrics.localisation(each, events_inside(judged.recordings, windows.take(place)), near)
        for place, each in profiles.blocks()
    ]
    return metrics.joined(parts)


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
    theirs = (r.scorers[rater].events if rater in r.scorers else nothing for r in recordings)
    return [replace(r, events=events) for r, events in zip(recordings, theirs, strict=True)]


def map_arrays(judged: Judged) -> dict[str, NDArray[Any] | Streamed]:
    """Collect the arrays of ``maps.npz``; rows follow ``predictions.csv``."""
    outcomes, windows = judged.outcomes, judged.windows
    profiles = profiles_of(judged, judged.judging.methods[0])
    others = [key for key in outcomes[0].explained if key.startswith("profiles_")]
    shape, flat = (len(windows), *outcomes[0].maps.shape[1:]), (len(windows), windows.length)
    maps = (
        outcome.maps[first : first + AT_ONCE]
        for outcome in outcomes
        for first in range(0, len(outcome.windows), AT_ONCE)
    )
    made = (each.astype(np.float16) for _, each in profiles.blocks())
    inside = (events_inside(judged.recordings, windows.take(i)) for i, _ in profiles.blocks())
    return {
        "maps": Streamed(shape, np.dtype(np.float16), maps),
        "profiles": Streamed(flat, np.dtype(np.float16), made),
        **{key: _collected(judged, key) for key in others},
        "inside": Streamed(flat, np.dtype(np.bool_), inside),
        "index": np.arange(len(windows)),
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
    windows, inside = judged.windows, np.zeros(len(judged.windows), dtype=np.bool_)
    start, end = windows.start_time[:, None], windows.end_time[:, None]
    for index, recording in enumerate(judged.recordings):
        if rater in recording.scorers:
            first, last = recording.scorers[rater].scored.T
            mine = windows.record == index
            held = (start[mine] >= first - 1e-6) & (end[mine] <= last + 1e-6)
            inside[mine] = held.any(axis=1)
    return inside


Values = NDArray[np.floating]
FAITHFULNESS = tuple(metric.name for metric in METRICS)
ORDERS = tuple(metric.name for metric in CURVES)
SHARES = np.arange(SEGMENTS + 1) / SEGMENTS
NO_CURVE = "no true positive with a negative window in its record"
NO_RANK = "no window has maps that rank both networks"


def explainer_rows(judged: Judged, method: str) -> list[Score]:
    """All rows of one explainer: localisation, and what else was asked of its maps."""
    explained = judged.outcomes[0].explained
    found = map_rows(judged, method)
    if f"curves_{method}" in explained:
        found += _faithfulness(judged, method)
    if f"similarity_{method}" in explained:
        layers = [f"random_weights {layer}" for layer in explained["layers"]]
        rho = _collected(judged, f"similarity_{method}")
        profiles = _collected(judged, f"randomised_{method}", axis=1)
        found += _stranger(judged, Rows("sanity", method, "random_weights"), rho, profiles, layers)
    if f"shuffled_{method}" in explained:
        rho = _collected(judged, f"similarity_shuffled_{method}")
        profiles = _collected(judged, f"shuffled_{method}")[None]
        found += _stranger(judged, Rows("sanity", method, "shuffled_labels"), rho, profiles, [""])
    return found


def _collected(judged: Judged, key: str, axis: int = 0) -> Values:
    """Collect an array of windows, which lie along an axis, fold by fold."""
    return np.concatenate([each.explained[key] for each in judged.outcomes], axis=axis)


def _assessed(judged: Judged) -> Mask:
    """Windows whose maps were assessed: those with an event, or some of them in a large fold."""
    parts = []
    for outcome in judged.outcomes:
        chosen = outcome.windows.label == 1
        chosen[chosen] = outcome.explained.get("assessed", True)
        parts.append(chosen)
    return np.concatenate(parts)


def _spread(judged: Judged, table: Values) -> Values:
    """From rows of assessed windows to rows of all windows, NaN elsewhere."""
    whole = np.full((len(judged.windows), table.shape[1]), np.nan)
    whole[_assessed(judged)] = table
    return whole


def _faithfulness(judged: Judged, method: str) -> list[Score]:
    curves, drawn = _collected(judged, f"curves_{method}"), _collected(judged, "chance_curves")
    most, least, random = areas(curves[:, 0]), areas(curves[:, 1]), areas(drawn)
    table = np.column_stack([most, least, random, least - most, random - most, least - random])
    assessed = _assessed(judged)
    hit, found = judged.detected[assessed], []
    chosen_by = {"true_positives": assessed & judged.detected, "positives": assessed}
    for name, chosen in chosen_by.items():
        rows = Rows("faithfulness", method, name)
        skipped = np.isnan(table[chosen[assessed], 0]).sum()
        found += rows.of_fold({"windows": chosen.sum(), "skipped": skipped})
        found += rows.of_chosen(judged, _spread(judged, table), FAITHFULNESS, chosen)
    return found + _mean_curves(method, curves[hit], drawn[hit])


def _mean_curves(method: str, curves: Values, drawn: Values) -> list[Score]:
    """Mean curves of true positives; insertion is deletion in the opposite order, reversed."""
    kept = ~np.isnan(drawn).any(axis=1)
    most, least, random = (
        each[kept].mean(axis=0, dtype=np.float64).tolist() if kept.any() else [None] * len(SHARES)
        for each in (curves[:, 0], curves[:, 1], drawn)
    )
    insertion, found = (least[::-1], most[::-1], random[::-1]), []
    for way, orders in {"deletion": (most, least, random), "insertion": insertion}.items():
        for share, *points in zip(SHARES, *orders, strict=True):
            rows, means = Rows(way, method, f"share {share:.2f}"), zip(ORDERS, points, strict=True)
            found += rows.of_fold(dict(means), reasons=dict.fromkeys(ORDERS, NO_CURVE))
    return found


def _stranger(
    judged: Judged, rows: Rows, rho: Values, profiles: Values, layers: Sequence[str]
) -> list[Score]:
    """Judge maps of a network that knows nothing: likeness to the real ones, and localisation."""
    assessed, length = _assessed(judged), judged.windows.length
    likeness = rows.of_chosen(judged, _spread(judged, rho), layers, assessed)
    final = [replace(row, metric="similarity") for row in likeness if row.metric == layers[-1]]
    found = [replace(row, over=row.metric, metric="similarity") for row in likeness if row.metric]
    draws = [locate(judged, Profiles([each], length), assessed).table for each in profiles]
    with np.errstate(invalid="ignore"):
        defined = ~np.isnan(draws)
        mean = np.where(defined, draws, 0).sum(axis=0) / defined.sum(axis=0)
    where = replace(rows, part="sanity_maps")
    maps = where.of_chosen(judged, _spread(judged, mean), SCORES, assessed)
    (gain,) = (row for row in maps if (row.metric, row.fold) == ("pointing_gain", POOLED))
    value = final[-1].value
    verdict = {
        "windows": len(rho),
        "undefined": np.isnan(rho[:, -1]).sum(),
        "passed": None if value is None else value < PASS_BELOW,
        "at_chance": None if gain.low is None or gain.high is None else gain.low <= 0 <= gain.high,
    }
    why = {"passed": NO_RANK, "at_chance": gain.reason}
    return found + final + rows.of_fold(verdict, reasons=why) + maps
