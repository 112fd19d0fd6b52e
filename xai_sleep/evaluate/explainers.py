"""What explanations are worth beyond where they point: faithfulness and sanity of each method."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xai_sleep.evaluate.judged import Judged, Mask
from xai_sleep.evaluate.maps import locate, map_rows
from xai_sleep.evaluate.over_folds import Rows
from xai_sleep.explain.faithfulness import CURVES, METRICS, SEGMENTS, areas
from xai_sleep.explain.sanity import PASS_BELOW
from xai_sleep.metrics.maps import SCORES
from xai_sleep.results.scores import POOLED, Score

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
        rho = _positives(judged, f"similarity_{method}")
        profiles = _positives(judged, f"randomised_{method}", axis=1)
        found += _stranger(judged, Rows("sanity", method, "random_weights"), rho, profiles, layers)
    if f"shuffled_{method}" in explained:
        rho = _positives(judged, f"similarity_shuffled_{method}")
        profiles = _positives(judged, f"shuffled_{method}")[None]
        found += _stranger(judged, Rows("sanity", method, "shuffled_labels"), rho, profiles, [""])
    return found


def _positives(judged: Judged, key: str, axis: int = 0) -> Values:
    """Collect an array of positive windows, which lie along an axis, fold by fold."""
    return np.concatenate([each.explained[key] for each in judged.outcomes], axis=axis)


def _of_positives(
    rows: Rows, judged: Judged, table: Values, names: Sequence[str], chosen: Mask
) -> list[Score]:
    """Make the rows of scores of positive windows over those chosen among all windows."""
    whole = np.full((len(chosen), table.shape[1]), np.nan)
    whole[judged.positive] = table
    return rows.of_chosen(judged, whole, names, chosen)


def _faithfulness(judged: Judged, method: str) -> list[Score]:
    curves, drawn = _positives(judged, f"curves_{method}"), _positives(judged, "chance_curves")
    most, least, random = areas(curves[:, 0]), areas(curves[:, 1]), areas(drawn)
    table = np.column_stack([most, least, random, least - most, random - most, least - random])
    positive, hit = judged.positive, judged.detected[judged.positive]
    over = {"true_positives": positive & judged.detected, "positives": positive}
    found = []
    for name, chosen in over.items():
        rows = Rows("faithfulness", method, name)
        skipped = np.isnan(table[chosen[positive], 0]).sum()
        found += rows.of_fold({"windows": chosen.sum(), "skipped": skipped})
        found += _of_positives(rows, judged, table, FAITHFULNESS, chosen)
    return found + _mean_curves(method, curves[hit], drawn[hit])


def _mean_curves(method: str, curves: Values, drawn: Values) -> list[Score]:
    """Mean curves of true positives; insertion is deletion in the opposite order, reversed."""
    kept = ~np.isnan(drawn).any(axis=1)
    most, least, random = (
        each[kept].mean(axis=0, dtype=np.float64).tolist() if kept.any() else [None] * len(SHARES)
        for each in (curves[:, 0], curves[:, 1], drawn)
    )
    ways = {
        "deletion": (most, least, random),
        "insertion": (least[::-1], most[::-1], random[::-1]),
    }
    found = []
    for way, orders in ways.items():
        for share, *points in zip(SHARES, *orders, strict=True):
            rows, means = Rows(way, method, f"share {share:.2f}"), zip(ORDERS, points, strict=True)
            found += rows.of_fold(dict(means), reasons=dict.fromkeys(ORDERS, NO_CURVE))
    return found


def _stranger(
    judged: Judged, rows: Rows, rho: Values, profiles: Values, layers: Sequence[str]
) -> list[Score]:
    """Judge maps of a network that knows nothing: likeness to the real ones, and localisation.

    Likeness has rows of its own once each layer, and all after it, are random.
    """
    likeness = _of_positives(rows, judged, rho, layers, judged.positive)
    final = [replace(row, metric="similarity") for row in likeness if row.metric == layers[-1]]
    found = [replace(row, over=row.metric, metric="similarity") for row in likeness if row.metric]
    draws = [locate(judged, each, judged.positive).table for each in profiles]
    with np.errstate(invalid="ignore"):
        defined = ~np.isnan(draws)
        mean = np.where(defined, draws, 0).sum(axis=0) / defined.sum(axis=0)
    maps = _of_positives(replace(rows, part="sanity_maps"), judged, mean, SCORES, judged.positive)
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
