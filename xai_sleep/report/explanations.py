"""What the explanations of a run are worth: localisation, faithfulness and sanity of each method.

From the arrays that :mod:`xai_sleep.explaining` left in each fold to the summaries in
``results.json``, with intervals over subjects. Nothing is scored where there is nothing to score:
such fields are None, and say why.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_sleep.data.recording import STAGES, Recording
from xai_sleep.data.windows import Windows
from xai_sleep.explain.faithfulness import SEGMENTS, areas
from xai_sleep.explain.sanity import PASS_BELOW
from xai_sleep.metrics.maps import (
    SCORES,
    LocalisationScores,
    mean_scores,
    score_table,
    time_profiles,
)
from xai_sleep.report.results import (
    FoldResult,
    events_inside,
    score_maps,
    summarise_maps,
    summarise_table,
)

FAITHFULNESS = (
    *("deletion", "insertion", "random", "separation", "deletion_gain", "insertion_gain"),
)
CRITERION = (
    f"mean rank correlation with the maps of the trained network below {PASS_BELOW:g} once all "
    "weights are random"
)


@dataclass(frozen=True, eq=False)
class Tested:
    """Test windows of all folds, one fold after another.

    Parameters
    ----------
    recordings : sequence of Recording
        With their events, scorers and stages.
    folds : sequence of FoldResult
        With their maps.
    tolerance : float
        How far from an event, in s, a peak may lie and still point at it.
    """

    recordings: Sequence[Recording]
    folds: Sequence[FoldResult]
    tolerance: float

    @property
    def subject(self) -> NDArray[np.str_]:
        """Of each window."""
        return np.array([self.recordings[i].subject for f in self.folds for i in f.windows.record])

    @property
    def positive(self) -> NDArray[np.bool_]:
        """Windows that hold an event."""
        return np.concatenate([fold.windows.label == 1 for fold in self.folds])

    @property
    def detected(self) -> NDArray[np.bool_]:
        """Windows that the network calls positive."""
        return np.concatenate([fold.probability >= fold.threshold for fold in self.folds])

    def each(self, of: Callable[[Windows], NDArray[Any]]) -> NDArray[Any]:
        """Collect a value of each window."""
        return np.concatenate([of(fold.windows) for fold in self.folds])

    def positives(self, key: str, axis: int = 0) -> NDArray[Any]:
        """Collect an array of positive windows, which lie along an axis, fold by fold."""
        return np.concatenate([fold.explained[key] for fold in self.folds], axis=axis)

    def summarise(
        self, table: NDArray[np.floating], names: Sequence[str], chosen: NDArray[np.bool_]
    ) -> dict[str, Any]:
        """Summarise scores of positive windows over those chosen among all windows."""
        whole = np.full((len(chosen), table.shape[1]), np.nan)
        whole[self.positive] = table
        return summarise_table(whole, names, chosen, self.folds, self.subject)


def explainer_summary(
    recordings: Sequence[Recording],
    folds: Sequence[FoldResult],
    methods: Sequence[str],
    tolerance: float = 0.0,
) -> dict[str, Any]:
    """Summarise localisation, faithfulness and sanity of every method, under ``explainers``.

    Parameters
    ----------
    recordings : sequence of Recording
        All of them.
    folds : sequence of FoldResult
        With the arrays of :mod:`xai_sleep.explaining`.
    methods : sequence of str
        The main one, whose maps the folds hold, first.
    tolerance : float
        How far from an event, in s, a peak may lie and still point at it.

    Returns
    -------
    dict
        ``explainers``: by method ``maps``, and ``faithfulness`` and ``sanity`` where they were
        asked for. Empty where nothing was explained.
    """
    tested = Tested(recordings, folds, tolerance)
    found: dict[str, Any] = {}
    for method in methods:
        key = f"profiles_{method}"
        profiles = [fold.explained.get(key, fold.maps) for fold in folds]
        found[method] = {"maps": _maps(tested, profiles)}
        if f"curves_{method}" in folds[0].explained:
            found[method]["faithfulness"] = _faithfulness(tested, method)
        sanity = _sanity(tested, method)
        if sanity:
            found[method]["sanity"] = sanity
    return {"explainers": found} if found else {}


def fold_maps(
    recordings: Sequence[Recording], fold: FoldResult, tolerance: float = 0.0
) -> dict[str, Any]:
    """Mean localisation in one fold, of true positives and of positives, with counts."""
    scores = score_maps(recordings, fold.windows, fold.maps, tolerance)
    positive = (fold.windows.label == 1) & ~scores.eventless
    over = {
        "true_positives": positive & (fold.probability >= fold.threshold),
        "positives": positive,
    }
    return {key: _of_rows(scores, rows, key) for key, rows in over.items()}


def all_maps(
    recordings: Sequence[Recording], folds: Sequence[FoldResult]
) -> dict[str, NDArray[Any]]:
    """Collect the arrays of ``maps.npz``; rows follow ``predictions.csv``.

    Returns
    -------
    dict of str to array
        ``maps`` and ``profiles`` of the main method, ``profiles_<method>`` of the others,
        ``inside`` (window, time): which samples lie inside an event, and ``index``: rows.
    """
    maps = np.concatenate([fold.maps for fold in folds])
    keys = [key for key in folds[0].explained if key.startswith("profiles_")]
    return {
        "maps": maps,
        "profiles": time_profiles(maps, folds[0].windows.length).astype(np.float16),
        **{key: np.concatenate([fold.explained[key] for fold in folds]) for key in keys},
        "inside": np.concatenate([events_inside(recordings, fold.windows) for fold in folds]),
        "index": np.arange(len(maps)),
    }


def _of_rows(scores: LocalisationScores, rows: NDArray[np.bool_], what: str) -> dict[str, Any]:
    means = mean_scores(scores, rows)
    count, blank = int(rows.sum()), int((scores.blank & rows).sum())
    reason = "every map is blank" if count and blank == count else "events fill every window"
    if not count:
        reason = f"no {what.replace('_', ' ')} in this fold"
    undefined = {name: reason for name, value in means.items() if value is None}
    return {"counts": {"windows": count, "blank": blank}, **means, "undefined": undefined}


def _maps(tested: Tested, profiles: Sequence[NDArray[np.floating]]) -> dict[str, Any]:
    def scores(recordings: Sequence[Recording]) -> list[LocalisationScores]:
        pairs = zip(tested.folds, profiles, strict=True)
        return [score_maps(recordings, f.windows, p, tested.tolerance) for f, p in pairs]

    localised = scores(tested.recordings)
    found = summarise_maps(localised, tested.folds, tested.subject)
    hit = tested.positive & tested.detected
    stage = tested.each(lambda windows: stage_names(tested.recordings, windows))
    found["by_stage"] = {
        str(name): _over(tested, localised, hit & (stage == name))
        for name in np.unique(stage[hit])
        if (stage != "unknown").any()
    }
    experts = {name for each in tested.recordings for name in each.scorers if "expert" in name}
    found["by_expert"] = {}
    for name in sorted(experts):
        theirs, looked = as_scored_by(name, tested.recordings), hit & _looked(tested, name)
        found["by_expert"][name] = _over(tested, scores(theirs), looked)
    return found


def stage_names(recordings: Sequence[Recording], windows: Windows) -> NDArray[np.str_]:
    """Sleep stage at the centre of each window; ``unknown`` where nobody staged."""
    centre = (windows.start_time + windows.end_time) / 2
    names = []
    for record, time in zip(windows.record, centre, strict=True):
        stages, epoch = recordings[record].stages, int(time / recordings[record].epoch)
        known = stages is not None and epoch < len(stages)
        names.append(STAGES[int(stages[epoch])] if stages is not None and known else "unknown")
    return np.array(names)


def as_scored_by(expert: str, recordings: Sequence[Recording]) -> list[Recording]:
    """Give recordings the events of one expert alone; none where the expert did not score."""
    nothing = np.empty((0, 2))
    return [
        replace(each, events=each.scorers[expert].events if expert in each.scorers else nothing)
        for each in recordings
    ]


def _looked(tested: Tested, expert: str) -> NDArray[np.bool_]:
    """Windows that lie wholly where an expert looked."""

    def within(windows: Windows) -> NDArray[np.bool_]:
        inside = np.zeros(len(windows), dtype=np.bool_)
        for index, recording in enumerate(tested.recordings):
            if expert in recording.scorers:
                scored = recording.scorers[expert].scored
                start, end = windows.start_time[:, None], windows.end_time[:, None]
                held = ((start >= scored[:, 0] - 1e-6) & (end <= scored[:, 1] + 1e-6)).any(axis=1)
                inside |= (windows.record == index) & held
        return inside

    return np.asarray(tested.each(within), dtype=np.bool_)


def _over(
    tested: Tested, localised: Sequence[LocalisationScores], chosen: NDArray[np.bool_]
) -> dict[str, Any]:
    """Localisation over chosen windows; where an expert marked nothing is counted, not scored."""
    blank = np.concatenate([scores.blank for scores in localised])
    unmarked = np.concatenate([scores.eventless for scores in localised])
    table = np.concatenate([score_table(scores) for scores in localised])
    rows = chosen & ~unmarked
    return {
        "counts": {
            "windows": int(rows.sum()),
            "blank": int((blank & rows).sum()),
            "unmarked": int((unmarked & chosen).sum()),
        },
        **summarise_table(table, SCORES, rows, tested.folds, tested.subject),
    }


def _faithfulness(tested: Tested, method: str) -> dict[str, Any]:
    curves, drawn = tested.positives(f"curves_{method}"), tested.positives("chance_curves")
    most, least, random = areas(curves[:, 0]), areas(curves[:, 1]), areas(drawn)
    table = np.column_stack([most, least, random, least - most, random - most, least - random])
    hit = tested.detected[tested.positive]
    over = {"true_positives": tested.positive & tested.detected, "positives": tested.positive}
    return {
        key: {
            "counts": _counts(table[:, 0], rows[tested.positive], "skipped"),
            **tested.summarise(table, FAITHFULNESS, rows),
        }
        for key, rows in over.items()
    } | {"curves": _mean_curves(curves[hit], drawn[hit])}


def _counts(values: NDArray[np.floating], rows: NDArray[np.bool_], missing: str) -> dict[str, int]:
    return {"windows": int(rows.sum()), missing: int(np.isnan(values[rows]).sum())}


def _mean_curves(curves: NDArray[np.floating], drawn: NDArray[np.floating]) -> dict[str, Any]:
    """Mean curves of true positives; insertion is deletion in the opposite order, reversed."""
    kept = ~np.isnan(drawn).any(axis=1)
    if not kept.any():
        return {"undefined": "no true positive with a negative window in its record"}
    most, least, random = (
        each[kept].mean(axis=0, dtype=np.float64) for each in (curves[:, 0], curves[:, 1], drawn)
    )
    deletion = {"most": most, "least": least, "random": random}
    insertion = {"most": least[::-1], "least": most[::-1], "random": random[::-1]}
    return {
        "share": (np.arange(SEGMENTS + 1) / SEGMENTS).tolist(),
        "deletion": {order: each.tolist() for order, each in deletion.items()},
        "insertion": {order: each.tolist() for order, each in insertion.items()},
    }


def _sanity(tested: Tested, method: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    explained = tested.folds[0].explained
    if f"similarity_{method}" in explained:
        rho = tested.positives(f"similarity_{method}")
        profiles = tested.positives(f"randomised_{method}", axis=1)
        found["random_weights"] = {
            "criterion": CRITERION,
            "layers": explained["layers"].tolist(),
            **_stranger(tested, rho, profiles),
        }
    if f"shuffled_{method}" in explained:
        rho = tested.positives(f"similarity_shuffled_{method}")
        profiles = tested.positives(f"shuffled_{method}")[None]
        found["shuffled_labels"] = _stranger(tested, rho, profiles)
    return found


def _stranger(
    tested: Tested, rho: NDArray[np.floating], profiles: NDArray[np.floating]
) -> dict[str, Any]:
    """Judge maps of a network that knows nothing: likeness to the real ones, and localisation."""
    everything, all_windows = np.ones(len(rho), dtype=np.bool_), tested.positive
    names = [str(stage) for stage in range(1, rho.shape[1] + 1)]
    by_stage = tested.summarise(rho, names, all_windows)
    last = by_stage[names[-1]]
    draws = [_scores_of_positives(tested, each) for each in profiles]
    with np.errstate(invalid="ignore"):
        defined = ~np.isnan(draws)
        mean = np.where(defined, draws, 0).sum(axis=0) / defined.sum(axis=0)
    maps = tested.summarise(mean, SCORES, all_windows)
    gain = maps["pointing_gain"]["ci95"]
    return {
        "counts": _counts(rho[:, -1], everything, "undefined"),
        "similarity": [by_stage[name]["pooled"] for name in names],
        "final": last,
        "passed": None if last["pooled"] is None else last["pooled"] < PASS_BELOW,
        "maps": maps,
        "at_chance": None if gain is None else gain[0] <= 0 <= gain[1],
    }


def _scores_of_positives(tested: Tested, profiles: NDArray[np.floating]) -> NDArray[np.float64]:
    """Localisation of profiles of positive windows: shape (positive, score)."""
    tables, start = [], 0
    for fold in tested.folds:
        windows = fold.windows.take(np.flatnonzero(fold.windows.label == 1))
        part = profiles[start : start + len(windows)]
        scores = score_maps(tested.recordings, windows, part, tested.tolerance)
        tables.append(score_table(scores))
        start += len(windows)
    return np.concatenate(tables)
