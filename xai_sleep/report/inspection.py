"""The page of recordings looked at without training: marked events, and what marks meet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xai_sleep.recordings.intervals import Intervals, intersection, intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.report import style
from xai_sleep.report.template import picture, render
from xai_sleep.report.understood import record_table
from xai_sleep.results.files import Stamp
from xai_sleep.results.inspected import Inspected

AROUND = 2.0  # s shown before and after a mark
LONGEST = 20.0  # s of a mark that are shown, at most
TOP = 45.0  # Hz that spectra are drawn to


@dataclass(frozen=True, eq=False)
class Excerpts:
    """Events of a record to be drawn."""

    recording: Recording  # as its file holds it
    seen: Recording  # in the band in which marks stand out
    events: Intervals


def draw_record(
    one: Inspected, excerpts: Excerpts, figures: Path, number: int, mark: str = ""
) -> None:
    """Write the figures of a record, under the names by which :func:`inspection_page` asks."""
    if len(excerpts.events):
        style.save(events_figure(excerpts), figures / f"events-{number}.png", mark)
    style.save(marks_figure(one), figures / f"marks-{number}.png", mark)


def inspection_page(looked: Sequence[Inspected], figures: Path, stamp: Stamp, command: str) -> str:
    """HTML of the page with the PNGs that are in a directory, and the command that would train."""
    context = {
        "title": "what was understood",
        "images": {path.stem: picture(path) for path in sorted(figures.glob("*.png"))},
        "records": record_table([one.summary for one in looked]),
        "looked": [(one, _met(one)) for one in looked],
        "command": command,
    }
    return render("inspect.html", [stamp], context)


def events_figure(excerpts: Excerpts) -> Figure:
    """Draw some events, a row each: as in the file, less its mean, and in the band of marks."""
    rows, channels = len(excerpts.events), len(excerpts.recording.channels)
    figure = style.paper(10, 0.6 + rows * (1.0 + 0.6 * channels))
    panels = figure.subplots(rows, 2, squeeze=False)
    for pair, event in zip(panels, excerpts.events, strict=True):
        for axes, recording in zip(pair, (excerpts.recording, excerpts.seen), strict=True):
            _draw_signals(axes, recording, event)
            axes.set_title(", ".join(recording.channels), loc="right", fontsize=8)
        pair[0].set_title(_told(excerpts.recording, event), loc="left", fontsize=9)
    figure.supxlabel("time in the recording (s); shaded: marked", fontsize=9)
    figure.supylabel("signal (µV)", fontsize=9)
    return figure


def marks_figure(one: Inspected) -> Figure:
    """Draw spectra inside and outside marks, and the level at marks that are moved."""
    figure = style.paper(10, 2.8)
    spectrum, moved = figure.subplots(1, 2)
    freqs = one.spectra.freqs
    shown = (freqs >= 1) & (freqs <= TOP)
    both = {"outside marks": one.spectra.outside, "inside marks": one.spectra.inside}
    for (name, power), colour in zip(both.items(), (style.FOLD, style.POOLED), strict=True):
        spectrum.semilogy(freqs[shown], power[shown], color=colour, label=name)
    spectrum.set(xlabel="frequency (Hz)", ylabel="power (µV²/Hz)")
    spectrum.legend(fontsize=8, frameon=False)
    if (found := one.response) is None:
        moved.text(0.5, 0.5, "too few marks", transform=moved.transAxes, ha="center")
    else:
        spectrum.axvspan(*found.band, color=style.EVENT, alpha=style.EVENT_ALPHA, linewidth=0)
        moved.plot(found.lags, found.power, color=style.POOLED)
        moved.axvline(0, color=style.QUIET, linewidth=0.8)
        if found.shift is not None:
            moved.axvline(-found.shift, color=style.MARK, linestyle="--")
        moved.set_title(f"{found.band[0]:g}–{found.band[1]:g} Hz", loc="right", fontsize=8)
    moved.set(xlabel="all marks moved by (s)", ylabel="level (dB)")
    for axes in (spectrum, moved):
        style.plain(axes)
    return figure


def _draw_signals(axes: Axes, recording: Recording, event: Intervals) -> None:
    """Draw the channels around an event, one below the other, each with a scale of its own."""
    start = max(event[0] - AROUND, 0.0)
    end = min(event[1], event[0] + LONGEST) + AROUND
    first, last = round(start * recording.sfreq), round(end * recording.sfreq)
    pieces = recording.signals[:, first:last].astype(np.float64)
    pieces = pieces - pieces.mean(axis=1, keepdims=True)
    time = np.arange(first, first + pieces.shape[1]) / recording.sfreq
    half = max(float(np.abs(pieces).max(initial=0)), 1e-3)
    tick = float(f"{0.8 * half:.1g}")
    offsets = -2 * half * np.arange(len(pieces))
    style.mark_events(axes, intersection(recording.events, intervals([(start, end)])))
    for piece, offset in zip(pieces, offsets, strict=True):
        axes.plot(time, piece + offset, color=style.POOLED, linewidth=0.8)
    words = [f"−{tick:g}", "0", f"{tick:g}"] * len(offsets)
    axes.set_yticks(np.add.outer(offsets, [-tick, 0, tick]).ravel(), words)
    axes.set(xlim=(start, end), ylim=(offsets[-1] - 1.05 * half, 1.05 * half))
    axes.ticklabel_format(axis="x", useOffset=False, style="plain")
    style.plain(axes)


def _told(recording: Recording, event: Intervals) -> str:
    """When an event was, by the clock as well but without the day, and who marked it."""
    clock, marked = "", recording.scorers.items()
    if recording.start is not None:
        clock = f"{recording.start + timedelta(seconds=float(event[0])):%H:%M:%S}"
    who = [name for name, rater in marked if len(intersection(rater.events, event[np.newaxis]))]
    return "   ".join(filter(None, [f"{event[0]:.2f} s", clock, ", ".join(who)]))


def _met(one: Inspected) -> str:
    """Say what the marks meet."""
    if (found := one.response) is None:
        return "Too few marks lie far enough from the ends of the record to be moved."
    (low, high), own = found.band, float(found.power[np.argmin(np.abs(found.lags))])
    inside = (one.spectra.freqs >= low) & (one.spectra.freqs <= high)
    ratio = one.spectra.inside[inside].mean() / one.spectra.outside[inside].mean()
    said = f"Power at {low:g}–{high:g} Hz inside marks is {ratio:.2g} times that outside"
    return f"{said}; where they stand its level is {own:+.1f} dB, the median over lags being 0."
