"""Figures of a run, written as PNG: how test windows were called, and where maps point."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from xai_sleep.recordings.recording import Recording
from xai_sleep.report import curves, style
from xai_sleep.report.alignment import alignment_figure
from xai_sleep.report.examples import examples_figure
from xai_sleep.report.strips import Dots, draw_strips
from xai_sleep.report.timeline import timeline_figure
from xai_sleep.results.finished import Finished
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.stamp import Stamp
from xai_sleep.results.test_windows import OUTCOMES
from xai_sleep.windows.images import Images

OF_WINDOWS = ("f1", "sensitivity", "precision", "auroc")
OF_MAPS = ("pointing", "mass", "rank")
SUBJECT = "subject "


def draw_fold(
    recordings: Sequence[Recording],
    outcome: FoldOutcome,
    n: int,
    directory: Path,
    images: Images | None = None,
    stamp: Stamp = Stamp(),  # noqa: B008 - it is frozen
) -> Path:
    """Write ``examples-<fold>.png``: see :func:`xai_sleep.report.examples.examples_figure`."""
    figure = examples_figure(recordings, outcome, n, images)
    return style.save(figure, directory / f"examples-{outcome.name}.png", stamp.across)


def draw_run(finished: Finished, directory: Path) -> list[Path]:
    """Write the figures of a whole run, each under the name by which its page asks for it."""
    mark = finished.record.stamp.across
    drawn = ((name, figure) for name, figure in _figures(finished) if figure)
    return [style.save(figure, directory / f"{name}.png", mark) for name, figure in drawn]


def _figures(finished: Finished) -> Iterator[tuple[str, Figure | None]]:
    yield "roc", curves.curves_figure(finished)
    yield "confusion", confusion_figure(finished)
    yield "scores", scores_figure(finished)
    yield "calibration", curves.calibration_figure(finished)
    yield "training", curves.training_figure(finished.record.folds)
    yield "faithfulness", curves.deletion_figure(finished.scores)
    yield "alignment", alignment_figure(finished)
    yield "localisation", localisation_figure(finished)
    for number, recording in enumerate(finished.recordings, 1):
        yield f"timeline-{number}", timeline_figure(finished, recording)


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
        rows = [Dots(scores.one("windows", metric, fold=name).value) for name in folds]
        strips[f"{finished.record.metric(metric).label}\npooled {words}"] = rows
    for axes, value in zip(draw_strips(figure, strips, folds, "fold"), pooled, strict=True):
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
    strips: dict[str, list[Dots]] = {}
    for metric in OF_MAPS:
        rows = map(Dots, values(metric), values(f"{metric}_uniform"))
        strips[finished.record.metric(metric).label] = list(rows)
    counts = [f" ({n:g})" if n is not None else "" for n in values("windows")]
    names = [s.removeprefix(SUBJECT) + n for s, n in zip(subjects, counts, strict=True)]
    draw_strips(figure, strips, names, "subject (true positives)")
    figure.supxlabel("score (0 to 1); dot: subject, bar: chance of a flat map", fontsize=9)
    return figure
