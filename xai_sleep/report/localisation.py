"""Whether maps point at events, subject by subject, beside what chance would get there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xai_sleep.evaluate.windows import FoldResult, score_maps
from xai_sleep.metrics.maps import LocalisationScores, mean_scores
from xai_sleep.recordings.recording import Recording
from xai_sleep.report import style

DRAWN = {"pointing": "pointing game", "mass": "relevance inside events", "rank": "rank accuracy"}


@dataclass(frozen=True)
class SubjectScores:
    """Localisation of one subject's true positives.

    Parameters
    ----------
    subject : str
        Who.
    windows : int
        True positives.
    score, chance : dict of str to float or None
        By measure; chance is that of a map that is the same everywhere.
    """

    subject: str
    windows: int
    score: dict[str, float | None]
    chance: dict[str, float | None]


def by_subject(
    recordings: Sequence[Recording], results: Sequence[FoldResult]
) -> list[SubjectScores]:
    """Score the maps of each subject's true positives; subjects in order of name."""
    parts, owner = [], []
    for result in results:
        rows = np.flatnonzero(
            (result.windows.label == 1)
            & (result.probability.astype(np.float64) >= result.threshold)
        )
        if len(rows):
            windows = result.windows.take(rows)
            parts.append(score_maps(recordings, windows, result.maps[rows]))
            owner += [recordings[index].subject for index in windows.record]
    if not parts:
        return []
    columns = ("score", "uniform", "shifted", "blank", "eventless")
    scores = LocalisationScores(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in columns)
    )
    subject = np.array(owner)
    return [_of(scores, subject == one, str(one)) for one in np.unique(subject)]


def localisation_figure(subjects: Sequence[SubjectScores]) -> Figure:
    """Draw each subject's scores as dots, and chance beside them."""
    figure = Figure(figsize=(11, 1.7 + 0.3 * len(subjects)), layout="constrained")
    panels = figure.subplots(1, len(DRAWN), sharey=True)
    for axes, (measure, name) in zip(panels, DRAWN.items(), strict=True):
        for row, one in enumerate(subjects):
            _draw(axes, row, one.score[measure], one.chance[measure])
        axes.set(title=name, xlim=(-0.03, 1.03))
        axes.grid(axis="x", color="#dddddd")
        axes.set_axisbelow(True)
        style.plain(axes)
    panels[0].set(
        yticks=range(len(subjects)),
        yticklabels=[f"{one.subject} ({one.windows})" for one in subjects],
        ylim=(len(subjects) - 0.5, -0.5),
        ylabel="subject (true positives)",
    )
    figure.supxlabel("score (0 to 1); dot: subject, bar: chance of a flat map", fontsize=9)
    return figure


def _of(scores: LocalisationScores, chosen: np.ndarray, subject: str) -> SubjectScores:
    means = mean_scores(scores, chosen)
    return SubjectScores(
        subject,
        int(chosen.sum()),
        {name: means[name] for name in DRAWN},
        {name: means[f"{name}_uniform"] for name in DRAWN},
    )


def _draw(axes: Axes, row: int, score: float | None, chance: float | None) -> None:
    if score is None or chance is None:
        axes.text(0.5, row, "undefined", ha="center", va="center", color=style.QUIET)
        return
    axes.plot([chance, score], [row, row], color="#cccccc", linewidth=1.5, zorder=1)
    axes.plot(chance, row, "|", color=style.CHANCE, markersize=14, markeredgewidth=2.5)
    axes.plot(score, row, "o", color=style.POOLED)
