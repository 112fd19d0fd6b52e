"""Where the network looks around the onset of an event: maps and signals, averaged over events."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xai_sleep.recordings.recording import Recording
from xai_sleep.report import style
from xai_sleep.results.finished import Aligned, Finished


def alignment_figure(finished: Finished) -> Figure | None:
    """Draw the average map above the average signals, all against the time since the onset.

    None where there are no maps, or no events in test windows.
    """
    aligned, channels = finished.aligned, _channels(finished.recordings)
    if aligned is None:
        return None
    shown = aligned.images is not None and finished.images is not None
    heights = [2.2] * shown + [2.2] + [1.6] * len(channels)
    figure = style.paper(8, 1.0 + sum(heights))
    panels = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)
    panels = panels[:, 0]
    if aligned.images is not None and finished.images is not None:
        freqs, look = finished.images.transform.freqs.double().numpy(), style.RELEVANCE
        mesh = panels[0].pcolormesh(
            aligned.lags, freqs, aligned.images, cmap=look, shading="nearest", vmin=0
        )
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


def _channels(recordings: Sequence[Recording]) -> list[str]:
    """Name of each channel; where recordings differ, its number."""
    each = zip(*(recording.channels for recording in recordings), strict=True)
    return [n[0] if len(set(n)) == 1 else f"channel {i}" for i, n in enumerate(each, 1)]


def _draw_relevance(axes: Axes, aligned: Aligned) -> None:
    lags = aligned.lags
    for number, line in enumerate(aligned.subjects):
        name = "_" if number else "each subject"
        axes.plot(lags, line, color=style.FOLD, linewidth=0.9, label=name)
    axes.plot(lags, aligned.relevance, color=style.POOLED, linewidth=2.2, label="all events")
    words = "mean of windows with an event"
    axes.axhline(aligned.level, color=style.CHANCE, linestyle="--", label=words)
    axes.set(ylabel="relevance (0 to 1)", ylim=(0, None))
    axes.legend(fontsize=8, frameon=False, loc="upper right")
