"""What a tracked run holds beside the curves of its training: figures, tables, charts, images."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import wandb

from xai_sleep.evaluate.windows import FoldResult
from xai_sleep.recordings.recording import Recording
from xai_sleep.tracking.charts import charts
from xai_sleep.tracking.names import (
    DETECTIONS,
    EXAMPLES,
    FIGURES,
    FOLDS,
    PREDICTIONS,
    SCORES,
    figures_of,
)
from xai_sleep.tracking.tables import (
    detections,
    predictions,
    scores_of_folds,
    scores_over_folds,
)

OF_BASELINES = ("f1", "auroc")
"""Scores of baselines that stand beside the network's; the rest is in the table of scores."""


def track_fold(
    run: wandb.Run, recordings: Sequence[Recording], result: FoldResult, figures: Path
) -> None:
    """Log what a fold came to: scores, predictions, detected events, charts, examples of maps.

    Parameters
    ----------
    run : wandb.Run
        Open; nothing is done where logging is disabled.
    recordings : sequence of Recording
        Those the windows were cut from.
    result : FoldResult
        With all its metrics.
    figures : Path
        Directory of the PNG files; that of the fold is ``examples-<fold>.png``.
    """
    if run.disabled:
        return
    scores, undefined = figures_of(result.metrics)
    examples = figures / f"examples-{result.name}.png"
    run.log(
        {
            **scores,
            "test/threshold": result.threshold,
            PREDICTIONS: predictions(recordings, result),
            DETECTIONS: detections(recordings, result),
            **charts([result]),
            **({EXAMPLES: [_image(examples)]} if examples.exists() else {}),
        }
    )
    run.summary.update({"undefined": undefined})


def track_summary(
    run: wandb.Run, found: Mapping[str, Any], results: Sequence[FoldResult], figures: Path
) -> None:
    """Log what the whole experiment came to: scores over folds, baselines, tables, all figures.

    Parameters
    ----------
    run : wandb.Run
        Open; nothing is done where logging is disabled.
    found : mapping
        Content of ``results.json``.
    results : sequence of FoldResult
        One per fold.
    figures : Path
        Directory of the PNG files.
    """
    if run.disabled:
        return
    baselines = found.get("baselines", {})
    scores, undefined = figures_of(found["summary"])
    for name, baseline in baselines.items():
        scores |= _headline(name, baseline)
    run.log(
        {
            **scores,
            SCORES: scores_over_folds({**found["summary"], "baselines": baselines}),
            FOLDS: scores_of_folds(results),
            **charts(results),
            **_images(figures),
        }
    )
    skipped = {f"baselines/{n}": b["skipped"] for n, b in baselines.items() if "skipped" in b}
    run.summary.update({"undefined": undefined | skipped})


def _headline(name: str, baseline: Mapping[str, Any]) -> dict[str, float]:
    scores, _ = figures_of(baseline)
    kept = {key: value for key, value in scores.items() if key.split("/")[1] in OF_BASELINES}
    return {f"baselines/{name}/{key}": value for key, value in kept.items()}


def _images(figures: Path) -> dict[str, list[wandb.Image]]:
    """Figures of the whole run by key; numbered ones, such as timelines, share one."""
    found = defaultdict(list)
    for path in sorted(figures.glob("*.png")):
        name, _, number = path.stem.rpartition("-")
        if not path.stem.startswith("examples-"):
            found[f"{FIGURES}/{name if number.isdigit() else path.stem}"].append(_image(path))
    return dict(found)


def _image(path: Path) -> wandb.Image:
    return wandb.Image(str(path), caption=path.stem)
