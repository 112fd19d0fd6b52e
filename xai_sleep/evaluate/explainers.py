"""What the explanations of a run are worth: localisation, faithfulness and sanity of each method.

From the arrays that :mod:`xai_sleep.explain.assessment` left in each fold to the summaries in
``results.json``, with intervals over subjects. Nothing is scored where there is nothing to score:
such fields are None, and say why.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_sleep.evaluate.maps import Tested, localised_maps
from xai_sleep.evaluate.windows import FoldResult, score_maps
from xai_sleep.explain.faithfulness import SEGMENTS, areas
from xai_sleep.explain.sanity import PASS_BELOW
from xai_sleep.metrics.maps import SCORES, score_table
from xai_sleep.recordings.recording import Recording

FAITHFULNESS = (
    *("deletion", "insertion", "random"),
    *("separation", "deletion_gain", "insertion_gain"),
)
CRITERION = (
    f"mean rank correlation with the maps of the trained network below {PASS_BELOW:g} once all "
    "weights are random"
)


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
        With the arrays of :mod:`xai_sleep.explain.assessment`.
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
        found[method] = {"maps": localised_maps(tested, profiles)}
        if f"curves_{method}" in folds[0].explained:
            found[method]["faithfulness"] = _faithfulness(tested, method)
        sanity = _sanity(tested, method)
        if sanity:
            found[method]["sanity"] = sanity
    return {"explainers": found} if found else {}


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
