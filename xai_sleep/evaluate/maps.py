"""Where maps of a run point: in each fold, by stage, by expert; and what is stored of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_sleep.evaluate.windows import (
    FoldResult,
    events_inside,
    score_maps,
    summarise_maps,
    summarise_table,
)
from xai_sleep.metrics.maps import (
    SCORES,
    LocalisationScores,
    mean_scores,
    score_table,
    time_profiles,
)
from xai_sleep.recordings.recording import STAGES, Recording
from xai_sleep.windows.windows import Windows


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


def localised_maps(tested: Tested, profiles: Sequence[NDArray[np.floating]]) -> dict[str, Any]:
    """Summarise localisation of profiles, given fold by fold: in all, by stage and by expert."""

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
