"""An image of a window with its map drawn over it: grey for the image, colour for the map.

Rows are frequencies on a logarithmic axis. What a map calls irrelevant is transparent, so that the
image can be read below it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from xai_sleep.coherence.wtc import Scalogram
from xai_sleep.recordings.intervals import Intervals, intersection, intervals
from xai_sleep.report import style
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
    """Draw an image, the map over it, and the edges of what the expert marked.

    ``panel`` shows the window's signal below; it lends its title and its time. The ``relevance``
    has shape (freq, time) and is in [0, 1]; ``events`` are start and end in s, shape (n, 2).
    """
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
    relevant, reach = f"relevance {OUTLINE:g}", "reach of the window's edges"
    return [
        Line2D([], [], color=style.RELEVANCE(OUTLINE), label=relevant),
        Line2D([], [], color=style.QUIET, linestyle="dashed", label=reach),
    ]
