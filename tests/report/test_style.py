"""Colours of a line, marks of events, bytes of a file."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from xai_sleep.recordings.intervals import intervals
from xai_sleep.report.style import (
    COLOURS,
    DPI,
    EVENT,
    RELEVANCE,
    mark_events,
    save,
    signal_with_relevance,
)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(0, 1, width=16), min_size=2, max_size=50))
def test_each_sample_has_the_colour_of_its_relevance(values: list[float]) -> None:
    relevance = np.array(values, dtype=np.float16)
    time = 10 + np.arange(len(values)) / 100
    line = signal_with_relevance(Figure().subplots(), time, np.sin(time), relevance)
    line.update_scalarmappable()
    np.testing.assert_array_equal(line.get_colors(), RELEVANCE(relevance.astype(float)))


def test_segments_follow_the_signal_without_a_gap() -> None:
    time, signal = np.arange(5) / 10, np.array([0.0, 10, -20, 5, 3])
    line = signal_with_relevance(Figure().subplots(), time, signal, np.zeros(5))
    segments = np.array(line.get_segments())
    np.testing.assert_allclose(segments[:, 1], np.column_stack([time, signal]))
    np.testing.assert_array_equal(segments[1:, 0], segments[:-1, 2])
    np.testing.assert_allclose(segments[0, 0], [0, 0])
    np.testing.assert_allclose(segments[2, 2], [0.25, -7.5])
    np.testing.assert_allclose(segments[-1, 2], [0.4, 3])


def test_peak_relevance_has_the_top_colour_on_paper(tmp_path: Path) -> None:
    figure = Figure(figsize=(4, 2))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    time, relevance = np.arange(100.0), np.zeros(100)
    relevance[48:53] = 1
    signal_with_relevance(axes, time, np.zeros(100), relevance).set_linewidth(12)
    axes.set(xlim=(0, 99), ylim=(-1, 1))
    with Image.open(save(figure, tmp_path / "line.png")) as picture:
        pixels = np.asarray(picture.convert("RGB")) / 255
    row = pixels[len(pixels) // 2]
    np.testing.assert_allclose(row[round(50 / 99 * len(row))], RELEVANCE(1.0)[:3], atol=0.01)
    np.testing.assert_allclose(row[round(20 / 99 * len(row))], RELEVANCE(0.0)[:3], atol=0.01)


def test_relevance_never_fades_on_white() -> None:
    """Luminance grows with relevance and stays below that of paper (WCAG contrast above 2:1)."""
    red, green, blue = RELEVANCE(np.linspace(0, 1, RELEVANCE.N))[:, :3].T
    linear = [
        np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) for c in (red, green, blue)
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    assert np.all(np.diff(luminance) > 0)
    assert 1.05 / (luminance[-1] + 0.05) > 2


def test_events_are_marked_where_they_are() -> None:
    axes = Figure().subplots()
    mark_events(axes, intervals([(3, 4.5), (7, 7.2)]))
    bands = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    assert [(b.get_x(), b.get_x() + b.get_width()) for b in bands] == [
        (3, 4.5),
        (7, pytest.approx(7.2)),
    ]
    assert {to_rgb(band.get_facecolor()) for band in bands} == {to_rgb(EVENT)}


def test_things_have_colours_of_their_own() -> None:
    assert len({*COLOURS.values(), EVENT}) == len(COLOURS) + 1


def test_same_figure_same_bytes_whatever_the_backend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bytes_of(name: str) -> bytes:
        figure = Figure(figsize=(3, 2))
        time = np.arange(50) / 50
        signal_with_relevance(figure.subplots(), time, np.cos(9 * time), time)
        return save(figure, tmp_path / "new" / name).read_bytes()

    first = bytes_of("a.png")
    monkeypatch.setitem(matplotlib.rcParams, "backend", "svg")
    assert bytes_of("b.png") == first
    assert b"tEXt" not in first
    assert b"tIME" not in first
    with Image.open(tmp_path / "new" / "a.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (3 * DPI, 2 * DPI))
