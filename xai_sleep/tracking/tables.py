"""Tables of a tracked run, each row one test window, detected event, score or fold."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import wandb

from xai_sleep.evaluate.windows import FoldResult
from xai_sleep.recordings.recording import Recording
from xai_sleep.tracking.names import figures_of, summaries

OVER_FOLDS = ("mean", "std", "low", "high", "pooled")


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> wandb.Table:
    """Make a table of rows of plain values."""
    return wandb.Table(columns=list[str | int](columns), data=list[Iterable[Any]](rows))


def predictions(recordings: Sequence[Recording], result: FoldResult) -> wandb.Table:
    """One row a test window of a fold."""
    windows = result.windows
    rows = [
        [
            recordings[record].record,
            float(windows.start_time[i]),
            float(windows.end_time[i]),
            int(windows.label[i]),
            float(result.probability[i]),
            bool(float(result.probability[i]) >= result.threshold),
        ]
        for i, record in enumerate(windows.record)
    ]
    columns = ["record", "start", "end", "label", "probability", "detected"]
    return table(columns, rows)


def detections(recordings: Sequence[Recording], result: FoldResult) -> wandb.Table:
    """One row an event that a fold detected."""
    found = result.found
    rows = [
        [recordings[record].record, float(start), float(end - start), float(confidence)]
        for record, (start, end), confidence in zip(
            found.record, found.events, found.confidence, strict=True
        )
    ]
    return table(["record", "onset", "duration", "confidence"], rows)


def scores_over_folds(tree: Mapping[str, Any]) -> wandb.Table:
    """One row a score over folds, of the network, its explainers and the baselines."""
    rows = []
    for key, score in summaries(tree, ""):
        low, high = score["ci95"] or (None, None)
        values = {**score, "low": low, "high": high}
        why = "; ".join(dict.fromkeys(score["undefined"].values()))
        rows.append([key, *(values[column] for column in OVER_FOLDS), score["folds"], why])
    return table(["score", *OVER_FOLDS, "folds", "undefined"], rows)


def scores_of_folds(results: Sequence[FoldResult]) -> wandb.Table:
    """One row a fold."""
    each = [figures_of(result.metrics)[0] for result in results]
    columns = list(dict.fromkeys(key for scores in each for key in scores))
    rows = [
        [result.name, *(scores.get(column) for column in columns)]
        for result, scores in zip(results, each, strict=True)
    ]
    return table(["fold", *columns], rows)
