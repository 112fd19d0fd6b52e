"""Examples of a fold: the windows of which the network was surest, rightly and wrongly.

Columns are hits, misses and false alarms; a panel is the signal in µV over time in s, coloured by
relevance and marked by the expert, below its image with the map over it if the network sees images.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from xai_sleep.coherence.wtc import Scalogram
from xai_sleep.recordings.cache import SignalsOf
from xai_sleep.recordings.intervals import Intervals, intersection, intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.report import style
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.test_windows import TestWindows
from xai_sleep.windows.images import Images
from xai_sleep.windows.windows import Windows, cut_signals

NOISE = 0.6  # R² of independent noise averages .3 to .6: so few oscillations are smoothed over
OPACITY = 0.75  # of the most relevant cells
OUTLINE = 0.5  # relevance that is outlined: where intersection over union calls a map marked


@dataclass(frozen=True, eq=False)
class Backdrops:
    """What is drawn in grey below maps."""

    # (freq, time) by number of the window: coherence R², or power in dB of 1 µV²
    images: Mapping[int, NDArray[np.float32]]
    freqs: NDArray[np.float64]  # (freq,) in Hz, descending
    trusted: NDArray[np.bool_]  # (freq, time) cells that the edges of the window do not reach
    mappable: ScalarMappable  # from values to grey, the same for all images
    label: str  # of its colour bar


def backdrops(images: Images, windows: Windows, chosen: NDArray[np.intp]) -> Backdrops:
    """Compute what is drawn below the maps of the chosen windows."""
    transform = images.transform
    shown = np.empty((0, *images.shape[1:]), dtype=np.float32)
    if len(chosen):
        shown = images.compute(cut_signals(images.signals, windows, chosen))[:, 0].numpy()
    scale, label = Normalize(NOISE, 1), f"coherence R²; white: {NOISE:g} or less, as in noise alone"
    if isinstance(transform, Scalogram):
        shown = 10 * shown
        low, high = np.percentile(shown, [25, 99.8]) if len(chosen) else (0.0, 1.0)
        scale, label = Normalize(low, high), "power (dB of 1 µV²)"
    by_window = dict(zip(chosen.tolist(), shown, strict=True))
    freqs, trusted = transform.freqs.double().numpy(), transform.coi_mask.numpy()
    return Backdrops(by_window, freqs, trusted, ScalarMappable(scale, "Greys"), label)


def draw_overlay(
    axes: Axes,
    panel: Axes,
    window: int,
    relevance: NDArray[np.floating],
    events: Intervals,
    under: Backdrops,
) -> None:
    """Draw an image, its map ``(freq, time)`` and events; ``panel`` lends title and time."""
    start, end = panel.get_xlim()
    octaves, relevance = np.log2(under.freqs), relevance.astype(np.float64)
    half = (octaves[0] - octaves[1]) / 2
    rows = 2 ** np.append(octaves + half, octaves[-1] - half)
    columns = np.linspace(start, end, relevance.shape[1] + 1)
    axes.pcolormesh(columns, rows, under.mappable.to_rgba(under.images[window]))
    colour = np.asarray(style.RELEVANCE(relevance))
    colour[..., 3] = OPACITY * relevance**2  # a faint wash would hide the grey
    axes.pcolormesh(columns, rows, colour)
    centres = (columns[1:] + columns[:-1]) / 2
    for inside, line in zip((relevance > OUTLINE, under.trusted), overlay_legend(), strict=True):
        if inside.any() and not inside.all():
            look: dict[str, Any] = {"colors": [line.get_color()], "linewidths": 1}
            look["linestyles"] = line.get_linestyle()
            axes.contour(centres, under.freqs, inside, [0.5], **look)
    for edge in intersection(events, intervals([(start, end)])).ravel():
        axes.axvline(edge, color=style.EVENT, linewidth=1.5)
    style.frequency_ticks(axes, rows[-1], rows[0])
    axes.set(xlim=(start, end), ylim=(rows[-1], rows[0]))
    style.plain(axes)
    axes.tick_params(labelbottom=False)
    axes.set_title(panel.get_title("left"), loc="left", fontsize=9)
    panel.set_title("", loc="left")


def overlay_legend() -> list[Line2D]:
    """Entries of a legend for the lines of :func:`draw_overlay`."""
    relevant = Line2D([], [], color=style.RELEVANCE(OUTLINE), label=f"relevance {OUTLINE:g}")
    reach: dict[str, Any] = {"linestyle": "dashed", "label": "reach of the window's edges"}
    return [relevant, Line2D([], [], color=style.QUIET, **reach)]


PLURAL = {"hit": "hits", "miss": "misses", "false alarm": "false alarms"}

_WIDTH = 14.0  # in, as all below
_TOP, _BOTTOM, _LEFT, _RIGHT = 1.1, 0.55, 0.75, 1.35
_GAP, _GUTTER = 0.5, 0.8  # between rows and columns
_IMAGE, _SEAM = 1.5, 0.1  # height of an image, and what parts it from its signal

Chosen = Mapping[str, NDArray[np.intp]]  # numbers of windows by outcome


def surest(windows: TestWindows, n: int) -> Chosen:
    """Up to ``n`` windows of each outcome, clearest probability first, of equals the earlier."""
    falling, rising = (np.argsort(s * windows.probability, kind="stable") for s in (-1, 1))
    orders = zip(PLURAL, (falling, rising, falling), strict=True)
    return {name: by[windows.outcome[by] == name][:n] for name, by in orders}


def examples_figure(
    recordings: Sequence[Recording], fold: FoldOutcome, n: int, images: Images | None = None
) -> Figure:
    """Draw ``n`` rows of hits, misses and false alarms with their maps.

    ``images`` are what the network saw, if its maps are over frequency and time. The figure's
    ``3 * n`` first axes are the panels, row by row; with images, as many of these follow.
    """
    tested = TestWindows.of(recordings, [fold])
    chosen = surest(tested, n)
    figure, panels, tops = _grid(n, len(recordings[0].channels), with_images=images is not None)
    every = np.concatenate(list(chosen.values()))
    halves = _half_heights(recordings, fold, every)
    under = None if images is None else backdrops(images, fold.windows, every)
    for place, (outcome, windows) in enumerate(chosen.items()):
        for row, window in enumerate(windows):
            axes, half = panels[row, place], halves[window]
            _draw_signals(axes, recordings, fold, window, half)
            note = "   own scale" if half > min(halves.values()) else ""
            words = f"{tested.record[window]}   p = {tested.probability[window]:.3f}{note}"
            axes.set_title(words, loc="left", fontsize=9)
            if under is not None:
                events = recordings[fold.windows.record[window]].events
                draw_overlay(tops[row, place], axes, window, fold.maps[window], events, under)
        for axes in (*panels[len(windows) :, place], *tops[len(windows) :, place : place + 1].flat):
            axes.set_axis_off()
        if len(windows) < n:
            words = f"no other {outcome}" if len(windows) else f"no {outcome}"
            panels[len(windows), place].text(0.5, 0.5, words, ha="center", color=style.QUIET)
    _write_heads(figure, tested, chosen)
    _write_around(figure, fold, under)
    return figure


def _half_heights(
    recordings: Sequence[Recording], fold: FoldOutcome, windows: NDArray[np.intp]
) -> dict[int, float]:
    """µV from the middle of a trace to its edge: one for all but the twice as large."""
    if len(windows) == 0:
        return {}
    signals = cut_signals(SignalsOf(recordings), fold.windows, windows)
    peaks = np.maximum(np.abs(signals).max(axis=(1, 2)), 1e-3).astype(np.float64)
    usual = peaks <= 2 * np.median(peaks)
    return dict(zip(windows, np.where(usual, peaks[usual].max(), peaks), strict=True))


def _draw_signals(
    axes: Axes, recordings: Sequence[Recording], fold: FoldOutcome, window: int, half: float
) -> None:
    """Draw the signals of one window, ``half`` µV from the middle of a trace to its edge."""
    windows, recording = fold.windows, recordings[fold.windows.record[window]]
    start, end = windows.start_time[window], windows.end_time[window]
    signals = cut_signals(SignalsOf(recordings), windows, np.array([window]))[0]
    time = start + np.arange(windows.length) / windows.sfreq
    offsets = -2 * half * np.arange(len(signals))
    style.mark_events(axes, intersection(recording.events, intervals([(start, end)])))
    look: dict[str, Any] = {"rotation": 90, "va": "center", "fontsize": 7, "color": style.QUIET}
    for signal, offset, name in zip(signals, offsets, recording.channels, strict=True):
        style.signal_with_relevance(
            axes, time, signal + offset, fold.profiles(np.array([window]))[0]
        )
        axes.axhline(offset, color=style.QUIET, linewidth=0.4, zorder=0.5)
        beside, words = axes.get_yaxis_transform(), name.replace(" ", "\n", 1)
        axes.text(1.02, offset, words, transform=beside, **look)
    tick = _round_down(0.8 * half)
    words = [f"−{tick:g}", "0", f"{tick:g}"] * len(offsets)
    axes.set_yticks(np.add.outer(offsets, [-tick, 0, tick]).ravel(), words)
    axes.set(xlim=(start, end), ylim=(offsets[-1] - 1.05 * half, 1.05 * half))
    axes.ticklabel_format(axis="x", useOffset=False, style="plain")
    style.plain(axes)


def _round_down(value: float) -> float:
    """Largest of 1, 2, 5, 10, 20, 50, … (and so on below 1) that does not exceed the value."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(power * max(digit for digit in (1, 2, 5) if digit * power <= value * (1 + 1e-9)))


def _grid(n: int, channels: int, *, with_images: bool) -> tuple[Figure, NDArray[Any], NDArray[Any]]:
    """Paper, its panels and their images, each of shape (n, 3); heights are always the same."""
    signal = 0.9 + 0.6 * channels
    panel = signal + (_IMAGE + _SEAM if with_images else 0)
    height = _TOP + _BOTTOM + n * panel + (n - 1) * _GAP
    figure = Figure(figsize=(_WIDTH, height))
    sides = {"left": _LEFT / _WIDTH, "right": 1 - _RIGHT / _WIDTH}
    ends = {"bottom": _BOTTOM / height, "top": 1 - _TOP / height}
    gutter = _GUTTER / ((_WIDTH - _LEFT - _RIGHT - 2 * _GUTTER) / 3)
    grid = figure.add_gridspec(n, 3, **sides, **ends, wspace=gutter, hspace=_GAP / panel)
    if not with_images:
        return figure, grid.subplots(squeeze=False), np.empty((n, 0), dtype=object)
    panels, tops = np.empty((2, n, 3), dtype=object)
    heights, seam = (_IMAGE, signal), 2 * _SEAM / (_IMAGE + signal)
    for row, axes in ((1, panels), (0, tops)):
        for place in np.ndindex(n, 3):
            cell = grid[place].subgridspec(2, 1, height_ratios=heights, hspace=seam)
            axes[place] = figure.add_subplot(cell[row])
    return figure, panels, tops


def _write_heads(figure: Figure, tested: TestWindows, chosen: Chosen) -> None:
    """Name each column, and how many of its windows are shown."""
    top = 1 - (_TOP - 0.4) / figure.get_figheight()
    for axes, (outcome, shown) in zip(figure.axes, chosen.items(), strict=False):
        total = np.count_nonzero(tested.outcome == outcome)
        count = f"{len(shown)} of {total}" if len(shown) else "none"
        look: dict[str, Any] = {"color": style.COLOURS[outcome], "fontsize": 12, "weight": "bold"}
        figure.text(axes.get_position().x0, top, f"{PLURAL[outcome]}: {count}", **look)


def _write_around(figure: Figure, fold: FoldOutcome, under: Backdrops | None) -> None:
    """Title, labels of the axes, legend and colour bars."""
    height = figure.get_figheight()
    words = f"fold {fold.name}: most confident of {len(fold.windows)} test windows"
    detected = f"an event is detected from p = {fold.threshold:.3f}"
    figure.text(_LEFT / _WIDTH, 1 - 0.35 / height, f"{words}; {detected}", fontsize=12)
    figure.supxlabel("time in the recording (s)", fontsize=10, y=0.12 / height, va="bottom")
    rows = "frequency (Hz)  and  signal (µV)" if under else "signal (µV)"
    figure.supylabel(rows, fontsize=10, x=0.05 / _WIDTH, ha="left")
    label, corner = "event marked by the expert", (1 - 0.1 / _WIDTH, 1 - 0.1 / height)
    patch = Patch(color=style.EVENT, alpha=style.EVENT_ALPHA, linewidth=0, label=label)
    listed = [patch, *(overlay_legend() if under else [])]
    figure.legend(handles=listed, loc="upper right", bbox_to_anchor=corner, frameon=False)
    scale = ScalarMappable(style.RELEVANCE_RANGE, style.RELEVANCE)
    _bar(figure, (0, 0.47 if under else 1), scale, "relevance")
    if under:
        _bar(figure, (0.53, 1), under.mappable, under.label)


def _bar(figure: Figure, span: tuple[float, float], scale: ScalarMappable, label: str) -> None:
    """Draw a colour bar beside a part of the panels: from 0, their bottom, to 1, their top."""
    height = figure.get_figheight()
    inner = 1 - (_TOP + _BOTTOM) / height
    low, high = (_BOTTOM / height + share * inner for share in span)
    bar = figure.add_axes((1 - 0.85 / _WIDTH, low, 0.15 / _WIDTH, high - low))
    figure.colorbar(scale, cax=bar, label=label)
