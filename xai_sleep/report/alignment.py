"""Where the network looks around the onset of an event: maps and signals, averaged over events."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure

from xai_sleep.recordings.recording import Recording
from xai_sleep.report import style
from xai_sleep.results.finished import Aligned, Finished, Values


def alignment_figure(finished: Finished) -> Figure | None:
    """Draw the average map above the average signals, all against the time since the onset.

    Returns
    -------
    Figure or None
        None where there are no maps, or no events in test windows.
    """
    aligned, channels = finished.aligned, _channels(finished.recordings)
    if aligned is None:
        return None
    shown = aligned.images is not None and finished.images is not None
    heights = [2.2] * shown + [2.2] + [1.6] * len(channels)
    figure = Figure(figsize=(8, 1.0 + sum(heights)), layout="constrained")
    panels = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)
    panels = panels[:, 0]
    if aligned.images is not None and finished.images is not None:
        freqs = finished.images.transform.freqs.double().numpy()
        mesh = _draw_images(panels[0], aligned.lags, aligned.images, freqs)
        figure.colorbar(mesh, ax=panels[0], label="mean relevance", fraction=0.04)
    _draw_relevance(panels[int(shown)], aligned)
    for axes, name, mean, spread in zip(
        panels[-len(channels) :], channels, aligned.mean, aligned.spread, strict=True
    ):
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
    figure.suptitle(
        f"{aligned.events} events of test windows; blue: median duration "
        f"({aligned.duration:.2f} s)",
        fontsize=11,
    )
    return figure


def _channels(recordings: Sequence[Recording]) -> list[str]:
    """Name of each channel; where recordings differ, its number."""
    each = zip(*(recording.channels for recording in recordings), strict=True)
    return [
        names[0] if len(set(names)) == 1 else f"channel {number}"
        for number, names in enumerate(each, 1)
    ]


def _draw_relevance(axes: Axes, aligned: Aligned) -> None:
    for number, line in enumerate(aligned.subjects):
        name = "_" if number else "each subject"
        axes.plot(aligned.lags, line, color=style.FOLD, linewidth=0.9, label=name)
    axes.plot(
        aligned.lags, aligned.relevance, color=style.POOLED, linewidth=2.2, label="all events"
    )
    axes.axhline(
        aligned.level, color=style.CHANCE, linestyle="--", label="mean of windows with an event"
    )
    axes.set(ylabel="relevance (0 to 1)", ylim=(0, None))
    axes.legend(fontsize=8, frameon=False, loc="upper right")


def _draw_images(axes: Axes, lags: Values, images: Values, freqs: Values) -> QuadMesh:
    mesh = axes.pcolormesh(lags, freqs, images, cmap=style.RELEVANCE, shading="nearest", vmin=0)
    style.frequency_ticks(axes, freqs.min(), freqs.max())
    axes.set_ylabel("frequency (Hz)")
    return mesh
