"""Figures of a run, written as PNG: how windows were called, curves, where maps point, records.

Windows are counted; "pooled" means the test windows of all folds together: their probabilities come
from different networks, but are taken as they are.
"""

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from xai_sleep.recordings.intervals import intervals, subtraction
from xai_sleep.recordings.recording import Recording
from xai_sleep.report import style
from xai_sleep.results.finished import Aligned, Finished
from xai_sleep.results.run import FoldRecord
from xai_sleep.results.scores import POOLED, Scores
from xai_sleep.results.test_windows import OUTCOMES

OF_WINDOWS = ("f1", "sensitivity", "precision", "auroc")
OF_MAPS = ("pointing", "mass", "rank")
SUBJECT = "subject "
TIMELINES = 20  # drawn at most


def draw_run(finished: Finished, directory: Path) -> list[Path]:
    """Write the figures of a whole run, each under the name by which its page asks for it."""
    mark = finished.record.stamp.across
    drawn = ((name, figure) for name, figure in _figures(finished) if figure)
    return [style.save(figure, directory / f"{name}.png", mark) for name, figure in drawn]


def _figures(finished: Finished) -> Iterator[tuple[str, Figure | None]]:
    yield "roc", curves_figure(finished)
    yield "confusion", confusion_figure(finished)
    yield "scores", scores_figure(finished)
    yield "calibration", calibration_figure(finished)
    yield "training", training_figure(finished.record.folds)
    yield "faithfulness", deletion_figure(finished.scores)
    yield "alignment", alignment_figure(finished)
    yield "localisation", localisation_figure(finished)
    for number, recording in timelines(finished).items():
        yield f"timeline-{number}", timeline_figure(finished, recording)


def timelines(finished: Finished) -> dict[int, Recording]:
    """Choose the records that are drawn, by number: all, or of many some that lie evenly."""
    n = len(finished.recordings)
    numbers = np.unique(np.linspace(1, n, min(n, TIMELINES)).round().astype(int)).tolist()
    return {number: finished.recordings[number - 1] for number in numbers}


def confusion_figure(finished: Finished) -> Figure:
    """Draw the pooled confusion matrix: counts, and their share of the row in percent."""
    figure, called = style.paper(5.2, 4.2), finished.windows.outcome
    axes = figure.subplots()
    counts = np.reshape([np.count_nonzero(called == name) for name in OUTCOMES], (2, 2))
    totals = counts.sum(axis=1)
    for (y, x), count in np.ndenumerate(counts):
        name, share = OUTCOMES[2 * y + x], count / max(totals[y], 1)
        colour = (style.COLOURS[name], 0.08 + 0.6 * share)
        axes.add_patch(Rectangle((x, y), 1, 1, facecolor=colour, edgecolor="white"))
        percent = f"{100 * share:.1f} %" if totals[y] else "–"
        axes.text(x + 0.5, y + 0.45, f"{count}", ha="center", fontsize=16, weight="bold")
        axes.text(x + 0.5, y + 0.5, f"{percent}\n{name}", ha="center", va="top")
    axes.set(xlim=(0, 2), ylim=(2, 0), xlabel="network", ylabel="expert")
    axes.set_title(f"pooled: {len(called)} test windows")
    axes.set_xticks((0.5, 1.5), ("detected", "not detected"))
    rows = (f"event\n({totals[0]})", f"no event\n({totals[1]})")
    axes.set_yticks((0.5, 1.5), rows, rotation=90, va="center")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def scores_figure(finished: Finished) -> Figure:
    """Draw each fold's scores as dots and the pooled score as a line."""
    scores, folds = finished.scores, [fold.name for fold in finished.record.folds]
    figure, strips = style.paper(11, 1.5 + 0.26 * len(folds)), {}
    pooled = [scores.one("windows", metric).value for metric in OF_WINDOWS]
    for metric, value in zip(OF_WINDOWS, pooled, strict=True):
        words = "undefined" if value is None else f"{value:.3f}"
        rows = [style.Dots(scores.one("windows", metric, fold=name).value) for name in folds]
        strips[f"{finished.record.metric(metric).label}\npooled {words}"] = rows
    for axes, value in zip(style.draw_strips(figure, strips, folds, "fold"), pooled, strict=True):
        if value is not None:
            axes.axvline(value, color=style.POOLED, linewidth=1.5, zorder=1)
    figure.supxlabel("score of the test windows (0 to 1); dot: fold, line: pooled", fontsize=9)
    return figure


def localisation_figure(finished: Finished) -> Figure | None:
    """Draw each subject's scores as dots beside chance; None where there is no subject's."""
    maps = finished.scores.select(part="maps", who=finished.explainer)
    subjects = [over for over in maps.distinct("over") if over.startswith(SUBJECT)]

    def values(metric: str) -> list[float | None]:
        each = [maps.one("maps", metric, who=finished.explainer, over=over) for over in subjects]
        return [score.value for score in each]

    if not subjects:
        return None
    figure = style.paper(11, 1.7 + 0.3 * len(subjects))
    strips: dict[str, list[style.Dots]] = {}
    for metric in OF_MAPS:
        rows = map(style.Dots, values(metric), values(f"{metric}_uniform"))
        strips[finished.record.metric(metric).label] = list(rows)
    counts = [f" ({n:g})" if n is not None else "" for n in values("windows")]
    names = [s.removeprefix(SUBJECT) + n for s, n in zip(subjects, counts, strict=True)]
    style.draw_strips(figure, strips, names, "subject (true positives)")
    figure.supxlabel("score (0 to 1); dot: subject, bar: chance of a flat map", fontsize=9)
    return figure


COLUMNS = 1200  # of the strip of relevance, at most


def timeline_figure(finished: Finished, recording: Recording) -> Figure:
    """Draw a record of a run; unscored time is hatched, and what was never tested is left empty."""
    activation = finished.activations.get(recording.record)
    figure = style.paper(11, 2.4)
    top, strip, marks = figure.subplots(3, 1, sharex=True, height_ratios=(4, 1, 1.4))
    if activation is not None:
        top.plot(activation.time, activation.probability, color=style.POOLED, linewidth=0.8)
        _draw_strip(strip, activation.time, activation.relevance)
    top.set(ylabel="probability", ylim=(-0.03, 1.03))
    strip.set(yticks=[], ylim=(0, 1))
    strip.set_ylabel("p × relevance", rotation=0, ha="right", va="center", fontsize=8)
    detected = finished.events.of(recording.record)
    bars = ((recording.events, style.EVENT), (detected, style.COLOURS["hit"]))
    for row, (events, colour) in enumerate(bars):
        spans = [(start, end - start) for start, end in events]
        marks.broken_barh(spans, (row - 0.4, 0.8), color=colour, linewidths=0.8)
    marks.set(yticks=(0, 1), yticklabels=("expert", "detected"), ylim=(1.6, -0.6))
    look: dict[str, Any] = {"facecolor": "#eeeeee", "edgecolor": "#aaaaaa", "hatch": "///"}
    for axes in (top, strip, marks):
        for start, end in subtraction(intervals([(0, recording.duration)]), recording.scored):
            axes.axvspan(start, end, zorder=-1, linewidth=0, **look)
        style.plain(axes)
    marks.set(xlabel="time in the recording (s); hatched: unscored", xlim=(0, recording.duration))
    return figure


def _draw_strip(axes: Axes, time: NDArray[np.float64], relevance: NDArray[np.floating]) -> None:
    """Draw relevance as a strip of colour: the largest of each column, so that peaks are seen."""
    width = -(-len(time) // COLUMNS)
    padded = np.full(-(-len(time) // width) * width, np.nan)
    padded[: len(time)] = relevance
    peaks = np.fmax.reduce(padded.reshape(-1, width), axis=1)
    edges = time[0] + (time[1] - time[0]) * width * np.arange(len(peaks) + 1)
    axes.pcolormesh(edges, [0, 1], peaks[None], cmap=style.RELEVANCE, norm=style.RELEVANCE_RANGE)


def alignment_figure(finished: Finished) -> Figure | None:
    """Draw the average map above the average signals, all against the time since the onset."""
    if (aligned := finished.aligned) is None:
        return None
    each = zip(*(recording.channels for recording in finished.recordings), strict=True)
    # where recordings differ, a channel's number
    channels = [n[0] if len(set(n)) == 1 else f"channel {i}" for i, n in enumerate(each, 1)]
    shown = aligned.images is not None and finished.images is not None
    heights = [2.2] * shown + [2.2] + [1.6] * len(channels)
    figure = style.paper(8, 1.0 + sum(heights))
    panels = figure.subplots(len(heights), sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    if aligned.images is not None and finished.images is not None:
        freqs = finished.images.transform.freqs.double().numpy()
        look: dict[str, Any] = {"cmap": style.RELEVANCE, "shading": "nearest", "vmin": 0}
        mesh = panels[0].pcolormesh(aligned.lags, freqs, aligned.images, **look)
        style.frequency_ticks(panels[0], freqs.min(), freqs.max())
        panels[0].set_ylabel("frequency (Hz)")
        figure.colorbar(mesh, ax=panels[0], label="mean relevance", fraction=0.04)
    _draw_relevance(panels[int(shown)], aligned)
    signals = zip(panels[-len(channels) :], channels, aligned.mean, aligned.spread, strict=True)
    for axes, name, mean, spread in signals:
        axes.plot(aligned.lags, spread, color=style.CHANCE, label="root mean square")
        axes.plot(aligned.lags, mean, color=style.POOLED, label="mean")
        axes.set_ylabel(f"{name} (µV)")
        axes.margins(y=0.25)  # room for the legend
        axes.legend(fontsize=8, frameon=False, loc="upper right", ncols=2)
    for axes in panels:
        axes.axvspan(0, aligned.duration, color=style.EVENT, alpha=0.2, linewidth=0, zorder=0)
        axes.axvline(0, color=style.EVENT, linewidth=1.2)
        style.plain(axes)
    ends = (aligned.lags[0], aligned.lags[-1])
    panels[-1].set(xlabel="time since the onset of the event (s)", xlim=ends)
    words = f"{aligned.events} events of test windows; blue: median duration"
    figure.suptitle(f"{words} ({aligned.duration:.2f} s)", fontsize=11)
    return figure


def _draw_relevance(axes: Axes, aligned: Aligned) -> None:
    lags = aligned.lags
    for number, line in enumerate(aligned.subjects):
        name = "_" if number else "each subject"
        axes.plot(lags, line, color=style.FOLD, linewidth=0.9, label=name)
    axes.plot(lags, aligned.relevance, color=style.POOLED, linewidth=2.2, label="all events")
    label = "mean of windows with an event"
    axes.axhline(aligned.level, color=style.CHANCE, linestyle="--", label=label)
    axes.set(ylabel="relevance (0 to 1)", ylim=(0, None))
    axes.legend(fontsize=8, frameon=False, loc="upper right")


# Not scikit-learn's displays: each imports pyplot, the global state done without here.
POINT = ("false_alarm_rate", "sensitivity", "precision")  # of an operating point
WAYS = {"deletion": "most relevant deleted first", "insertion": "most relevant inserted first"}
LOSSES = {"train_loss": "training loss", "val_loss": "validation loss"}
PANELS = {**LOSSES, "val_average_precision": "validation average precision"}
ENDS = (-0.02, 1.02)  # of an axis from 0 to 1


def curves_figure(finished: Finished) -> Figure:
    """Draw ROC and precision-recall curves per fold and pooled; dots are the chosen thresholds."""
    left_out = [o.name for o in finished.outcomes if o.name not in finished.curves]
    words = textwrap.wrap(f"left out, windows of one class only: {', '.join(left_out)}", 60)
    legend = 0.2 * (4.5 + len(words))  # in
    figure = style.paper(11, 5.5 + legend)
    (roc, recall), below = figure.subplots(2, 2, height_ratios=(5.5, legend))
    share = np.mean(finished.windows.label)
    roc.plot([0, 1], [0, 1], "--", color=style.CHANCE, label="chance")
    recall.plot([0, 1], [share, share], "--", color=style.CHANCE, label=f"chance: {share:.3f}")
    _draw_curves(roc, finished, 0, ("auroc", "AUROC"))
    # A step holds the precision of the threshold that reaches it: no optimistic interpolation.
    area = ("average_precision", "average precision")
    _draw_curves(recall, finished, 1, area, drawstyle="steps-pre")
    for axes, legend_axes in ((roc, below[0]), (recall, below[1])):
        axes.plot([], [], "o", color=style.POOLED, label="at the chosen thresholds")
        if left_out:
            axes.plot([], [], " ", label="\n".join(words))
        axes.set(xlim=ENDS, ylim=ENDS, aspect="equal")
        style.plain(axes)
        listed = axes.get_legend_handles_labels()
        legend_axes.legend(*listed, loc="upper left", fontsize=9, frameon=False)
        legend_axes.set_axis_off()
    roc.set(xlabel="false alarm rate (1 − specificity)", ylabel="sensitivity", title="ROC")
    recall.set(xlabel="recall (sensitivity)", ylabel="precision", title="precision and recall")
    return figure


def _draw_curves(
    axes: Axes, finished: Finished, x: int, area: tuple[str, str], **look: Any
) -> None:
    """Draw each fold's curve and the pooled one: coordinate ``x`` of points against the next."""
    drawn = [o.name for o in finished.outcomes if o.name in finished.curves]
    value = finished.scores.one("windows", area[0]).value
    pooled = "pooled" if value is None else f"pooled: {area[1]} {value:.3f}"
    labels = dict.fromkeys(drawn, "_")  # which stays unlisted
    labels |= {name: f"single fold ({len(drawn)} drawn)" for name in drawn[:1]}
    for name, label in (labels | {POOLED: pooled}).items():
        if points := finished.curves.get(name):
            colour, width = (style.POOLED, 2.2) if name == POOLED else (style.FOLD, 0.9)
            curve = [getattr(points, each) for each in POINT[x : x + 2]]
            axes.plot(*curve, color=colour, linewidth=width, label=label, **look)
            dot = [value for value in points.chosen[x : x + 2] if value is not None]
            if len(dot) == 2:
                axes.plot(*dot, "o", color=colour, markersize=3 + 2 * width)


def calibration_figure(finished: Finished) -> Figure:
    """Draw how often windows of about one probability hold an event, and how many there are."""
    bins = finished.scores.select(part="calibration", fold=POOLED)
    curve = [_values(bins.select(metric=name)) for name in ("probability", "observed")]
    brier = finished.scores.one("windows", "brier").value
    said = "undefined" if brier is None else f"{brier:.3f}"
    figure = style.paper(5.2, 5.2)
    top, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    top.plot([0, 1], [0, 1], "--", color=style.CHANCE, label="perfectly calibrated")
    top.plot(*curve, "o-", color=style.POOLED, label="pooled")
    top.set(ylabel="share of windows with an event", ylim=ENDS)
    top.set_title(f"Brier score {said} (0 is best)")
    top.legend(fontsize=9, frameon=False, loc="upper left")
    below.hist(finished.windows.probability, bins=list(np.linspace(0, 1, 11)), color=style.FOLD)
    below.set(xlabel="probability of an event", ylabel="windows", xlim=ENDS)
    for axes in (top, below):
        style.plain(axes)
    return figure


def training_figure(folds: Sequence[FoldRecord]) -> Figure:
    """Draw loss and validation score of every epoch and fold; a dot marks the best epoch."""
    figure = style.paper(11, 3.4)
    panels = figure.subplots(1, len(PANELS))
    for axes, (key, name) in zip(panels, PANELS.items(), strict=True):
        each = [enumerate(getattr(fold.history, key), 1) for fold in folds]
        lines = [[(epoch, value) for epoch, value in one if value is not None] for one in each]
        for defined in filter(None, lines):
            axes.plot(*zip(*defined, strict=True), color=style.FOLD, linewidth=1)
            if key not in LOSSES:
                axes.plot(*max(defined, key=lambda point: point[1]), "o", color=style.POOLED)
        axes.set(xlabel="epoch", ylabel=name)
        if not any(lines):
            axes.text(0.5, 0.5, "undefined", ha="center", transform=axes.transAxes)
        axes.xaxis.get_major_locator().set_params(integer=True)
        style.plain(axes)
    panels[2].set_ylim(*ENDS)
    return figure


def deletion_figure(scores: Scores) -> Figure | None:
    """Draw the mean curves of every explainer beside random order; None where there are none."""
    explainers = scores.select(part="deletion", metric="most").distinct("who")
    if not explainers:
        return None
    figure = style.paper(11, 4.2)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (way, title) in zip(panels, WAYS.items(), strict=True):
        for number, who in enumerate(explainers):
            colour = style.METHODS[number % len(style.METHODS)]
            axes.plot(*_shares(scores, way, who, "most"), color=colour, label=who)
        random = _shares(scores, way, explainers[0], "random")
        axes.plot(*random, color=style.CHANCE, linestyle="--", label="random order")
        axes.set(title=title, xlabel=f"share of the window after {way}", xlim=(0, 1))
        style.plain(axes)
    panels[0].set(ylabel="mean probability of an event", ylim=(0, 1.02))
    panels[1].legend(fontsize=9, frameon=False, ncols=2)
    return figure


def _values(scores: Scores) -> list[float]:
    return [row.value for row in scores if row.value is not None]


def _shares(scores: Scores, way: str, who: str, order: str) -> tuple[list[float], list[float]]:
    """Shares of the window and values of a curve whose rows are over ``share 0.05`` and so on."""
    rows = scores.select(part=way, who=who, metric=order, fold=POOLED)
    return [float(row.over.removeprefix("share ")) for row in rows], _values(rows)
