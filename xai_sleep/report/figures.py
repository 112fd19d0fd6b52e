"""Figures of a run, written as PNG: examples of each fold, and how all windows were called.

All count windows. "Pooled" means the test windows of all folds together, each called by the
threshold of its own fold.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from xai_sleep.evaluate.windows import FoldResult
from xai_sleep.metrics.windows import window_scores
from xai_sleep.recordings.recording import Recording
from xai_sleep.report import style
from xai_sleep.report.alignment import align, alignment_figure
from xai_sleep.report.curves import curves_figure, pooled
from xai_sleep.report.deletion import deletion_figure
from xai_sleep.report.detections import LeftBehind
from xai_sleep.report.examples import examples_figure, outcomes
from xai_sleep.report.learning import calibration_figure, training_figure
from xai_sleep.report.localisation import by_subject, localisation_figure
from xai_sleep.report.timeline import of_windows, timeline_figure
from xai_sleep.windows.images import Images

SCORES = {"f1": "F1", "sensitivity": "sensitivity", "precision": "precision", "auroc": "AUROC"}


def draw_examples(
    recordings: Sequence[Recording],
    result: FoldResult,
    n: int,
    directory: Path,
    images: Images | None = None,
    mark: str = "",
) -> Path:
    """Write ``examples-<fold>.png``: see :func:`xai_sleep.report.examples.examples_figure`."""
    figure = examples_figure(recordings, result, n, images)
    return style.save(figure, directory / f"examples-{result.name}.png", mark)


def draw_summary(results: Sequence[FoldResult], directory: Path, mark: str = "") -> list[Path]:
    """Write ``roc.png``, ``confusion.png``, ``scores.png`` and ``calibration.png``."""
    drawn = {
        "roc": curves_figure(results),
        "confusion": confusion_figure(results),
        "scores": scores_figure(results),
        "calibration": calibration_figure(results),
    }
    return [style.save(figure, directory / f"{name}.png", mark) for name, figure in drawn.items()]


def draw_found(found: Mapping[str, Any], directory: Path, mark: str = "") -> list[Path]:
    """Write ``training.png`` and ``faithfulness.png`` from ``results.json``, where it has them."""
    drawn = {
        "training": training_figure(found["folds"]),
        "faithfulness": deletion_figure(found["summary"].get("explainers", {})),
    }
    return [
        style.save(figure, directory / f"{name}.png", mark)
        for name, figure in drawn.items()
        if figure
    ]


def draw_maps(
    recordings: Sequence[Recording],
    results: Sequence[FoldResult],
    directory: Path,
    images: Images | None = None,
    mark: str = "",
) -> list[Path]:
    """Write ``alignment.png`` and ``localisation.png``, where there are events to draw."""
    drawn = {}
    freqs = images.transform.freqs.double().numpy() if images else None
    if aligned := align(recordings, results):
        drawn["alignment"] = alignment_figure(aligned, _channels(recordings), freqs)
    if subjects := by_subject(recordings, results):
        drawn["localisation"] = localisation_figure(subjects)
    return [style.save(figure, directory / f"{name}.png", mark) for name, figure in drawn.items()]


def draw_timelines(
    recordings: Sequence[Recording],
    results: Sequence[FoldResult],
    directory: Path,
    left: LeftBehind,
    mark: str = "",
) -> list[Path]:
    """Write ``timeline-<number>.png`` of each record, counted from 1."""
    paths = []
    for index, recording in enumerate(recordings):
        trace = left.traces.get(recording.record) or of_windows(recording, index, results)
        figure = timeline_figure(recording, trace, left.events_of(recording.record))
        path = directory / f"timeline-{index + 1}.png"
        paths.append(style.save(figure, path, mark))
    return paths


def _channels(recordings: Sequence[Recording]) -> list[str]:
    """Name of each channel; where recordings differ, its number."""
    each = zip(*(recording.channels for recording in recordings), strict=True)
    return [
        names[0] if len(set(names)) == 1 else f"channel {number}"
        for number, names in enumerate(each, 1)
    ]


def confusion_figure(results: Sequence[FoldResult]) -> Figure:
    """Draw the pooled confusion matrix: counts, and their share of the row in percent."""
    figure = Figure(figsize=(5.2, 4.2), layout="constrained")
    axes = figure.subplots()
    label, probability, threshold = pooled(results)
    grid = (("hit", "miss"), ("false alarm", "correct rejection"))
    of = outcomes(label, probability >= threshold)
    counts = np.array([[np.count_nonzero(of[name]) for name in names] for names in grid])
    totals = counts.sum(axis=1)
    for (y, x), count in np.ndenumerate(counts):
        name, share = grid[y][x], count / max(totals[y], 1)
        colour = (style.OUTCOMES[name], 0.08 + 0.6 * share)
        axes.add_patch(Rectangle((x, y), 1, 1, facecolor=colour, edgecolor="white"))
        percent = f"{100 * share:.1f} %" if totals[y] else "–"
        axes.text(x + 0.5, y + 0.45, f"{count}", ha="center", fontsize=16, weight="bold")
        axes.text(x + 0.5, y + 0.5, f"{percent}\n{name}", ha="center", va="top")
    axes.set(
        xlim=(0, 2),
        ylim=(2, 0),
        xticks=(0.5, 1.5),
        xticklabels=("detected", "not detected"),
        yticks=(0.5, 1.5),
        xlabel="network",
        ylabel="expert",
        title=f"pooled: {len(label)} test windows",
    )
    axes.set_yticklabels(
        [f"event\n({totals[0]})", f"no event\n({totals[1]})"], rotation=90, va="center"
    )
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def scores_figure(results: Sequence[FoldResult]) -> Figure:
    """Draw each fold's scores as dots and the pooled score as a line."""
    figure = Figure(figsize=(11, 1.5 + 0.26 * len(results)), layout="constrained")
    panels = figure.subplots(1, len(SCORES), sharey=True)
    overall = window_scores(*pooled(results))
    for axes, (key, name) in zip(panels, SCORES.items(), strict=True):
        _draw_scores(axes, [result.metrics["windows"][key] for result in results], overall[key])
        value = "undefined" if overall[key] is None else f"{overall[key]:.3f}"
        axes.set_title(f"{name}\npooled {value}", fontsize=10)
    panels[0].set(
        yticks=range(len(results)),
        yticklabels=[result.name for result in results],
        ylim=(len(results) - 0.5, -0.5),
        ylabel="fold",
    )
    figure.supxlabel("score of the test windows (0 to 1); dot: fold, line: pooled", fontsize=9)
    return figure


def _draw_scores(axes: Axes, folds: Sequence[float | None], overall: float | None) -> None:
    if overall is not None:
        axes.axvline(overall, color=style.POOLED, linewidth=1.5)
    for row, score in enumerate(folds):
        if score is None:
            axes.text(0.5, row, "undefined", ha="center", va="center", color=style.QUIET)
        else:
            axes.plot(score, row, "o", color=style.FOLD)
    axes.set_xlim(-0.03, 1.03)
    axes.grid(axis="x", color="#dddddd")
    axes.set_axisbelow(True)
    style.plain(axes)
