"""Examples of a network on images: image, map and expert's marks above the signal."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, QuadMesh

from tests.support.images import BAND, LENGTH, SFREQ, SIZE, make_images
from tests.support.outcomes import fold_record
from tests.support.recordings import make_recording
from xai_sleep.metrics.maps import time_profiles
from xai_sleep.metrics.windows import decide
from xai_sleep.recordings.recording import Recording
from xai_sleep.report import style
from xai_sleep.report.examples import NOISE, OPACITY, examples_figure
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.windows.images import Images
from xai_sleep.windows.windows import cut, cut_signals

EVENTS = [(1.0, 2.5), (4.5, 5.0), (9.5, 13.0)]
WINDOW = LENGTH / SFREQ
KINDS = pytest.mark.parametrize("kind", ["coherence", "scalogram"])


def example(kind: str, directory: Path) -> tuple[Recording, FoldOutcome, Images]:
    """Windows of 4 s: hit, hit, miss, hit, false alarm, correct rejection."""
    channels = ("one", "two") if kind == "coherence" else ("one",)
    recording = make_recording("night", seconds=24, sfreq=SFREQ, channels=channels, events=EVENTS)
    windows = cut([recording], [recording.scored], length=WINDOW, step=WINDOW)
    assert windows.label.tolist() == [1, 1, 1, 1, 0, 0]
    probability = np.array([0.9, 0.8, 0.2, 0.7, 0.6, 0.1], dtype=np.float32)
    maps = np.random.default_rng(0).random((6, SIZE, SIZE)).astype(np.float16)
    called = decide(probability, 0.5)
    result = FoldOutcome("f", windows, called, probability, maps=maps, record=fold_record("f"))
    return recording, result, make_images([recording], kind, directory)


def meshes(axes: Axes) -> list[QuadMesh]:
    return [one for one in axes.collections if isinstance(one, QuadMesh)]


def verticals(axes: Axes) -> list[float]:
    lines = [np.asarray(line.get_xdata(), dtype=np.float64) for line in axes.lines]
    return [float(line[0]) for line in lines]


@KINDS
def test_images_stand_above_their_signals(kind: str, tmp_path: Path) -> None:
    recording, result, images = example(kind, tmp_path)
    axes = examples_figure([recording], result, 2, images).axes
    for panel, top in zip(axes[:6], axes[6:12], strict=True):
        below, above = panel.get_position(), top.get_position()
        assert (above.x0, above.x1) == pytest.approx((below.x0, below.x1))
        assert above.y0 > below.y1
    shown = {0: 0, 1: 2, 2: 4, 3: 1}  # hits, misses and false alarms from left to right
    for place, window in shown.items():
        top = axes[6 + place]
        assert top.get_xlim() == axes[place].get_xlim() == (4 * window, 4 * window + 4)
        assert top.get_title("left") == f"night   p = {result.probabilities[window]:.3f}"
        assert not axes[place].get_title("left")
    assert [axes[6 + place].axison for place in range(6)] == [True] * 4 + [False] * 2


@KINDS
def test_frequencies_are_on_a_logarithmic_axis_in_hz(kind: str, tmp_path: Path) -> None:
    recording, result, images = example(kind, tmp_path)
    top = examples_figure([recording], result, 1, images).axes[3]
    assert top.get_yscale() == "log"
    words = [float(label.get_text()) for label in top.get_yticklabels()]
    assert words == list(top.get_yticks()) == [0.5, 1, 2, 4, 8]
    bottom, ceiling = top.get_ylim()
    assert bottom < BAND[0] < BAND[1] < ceiling
    coordinates = np.asarray(meshes(top)[0].get_coordinates())
    between = np.sqrt(coordinates[1:, 0, 1] * coordinates[:-1, 0, 1])
    np.testing.assert_allclose(between, images.transform.freqs.numpy(), rtol=1e-6)
    np.testing.assert_allclose(coordinates[0, :, 0], np.linspace(0, 4, SIZE + 1))


@KINDS
def test_grey_is_the_image_and_colour_the_map(kind: str, tmp_path: Path) -> None:
    recording, result, images = example(kind, tmp_path)
    figure = examples_figure([recording], result, 1, images)
    for place, window in enumerate((0, 2, 4)):
        grey, colour = (np.asarray(mesh.get_array()) for mesh in meshes(figure.axes[3 + place]))
        relevance = result.maps[window].astype(np.float64)
        np.testing.assert_allclose(colour[..., 3], OPACITY * relevance**2, atol=1e-6)
        np.testing.assert_allclose(colour[..., :3], style.RELEVANCE(relevance)[..., :3], atol=1e-6)
        signals = cut_signals(images.signals, result.windows, np.array([window]))
        image = images.compute(signals)[0, 0].numpy()
        assert grey.shape == (SIZE, SIZE, 4)
        assert grey[..., 0].min() < grey[..., 0].max()
        rising = np.argsort(image, axis=None)  # the higher, the darker
        assert np.all(np.diff(grey[..., 0].ravel()[rising]) <= 0)


def test_no_grey_is_spent_on_the_coherence_of_noise(tmp_path: Path) -> None:
    recording, result, images = example("coherence", tmp_path)
    figure = examples_figure([recording], result, 1, images)
    for place, window in enumerate((0, 2, 4)):
        grey = np.asarray(meshes(figure.axes[3 + place])[0].get_array())
        signals = cut_signals(images.signals, result.windows, np.array([window]))
        low = images.compute(signals)[0, 0].numpy() <= NOISE
        assert low.any()
        assert np.all(grey[low] == 1)
    bar = figure.axes[-1]
    assert bar.get_ylim() == (NOISE, 1)
    assert bar.get_ylabel() == "coherence R²; white: 0.6 or less, as in noise alone"


@KINDS
def test_the_signal_has_the_colours_of_the_profile(kind: str, tmp_path: Path) -> None:
    recording, result, images = example(kind, tmp_path)
    panels = examples_figure([recording], result, 1, images).axes[:3]
    for panel, window in zip(panels, (0, 2, 4), strict=True):
        lines = [one for one in panel.collections if isinstance(one, LineCollection)]
        assert len(lines) == len(recording.channels)
        for line in lines:
            expected = time_profiles(result.maps[window][None], LENGTH)[0]
            np.testing.assert_array_equal(line.get_array(), expected)


def test_the_edges_of_marks_are_drawn_where_they_are(tmp_path: Path) -> None:
    recording, result, images = example("scalogram", tmp_path)
    tops = examples_figure([recording], result, 3, images).axes[9:18]
    found = [verticals(top) for top in tops[:3]] + [verticals(tops[3]), verticals(tops[6])]
    assert found == [[1, 2.5], [9.5, 12], [], [4.5, 5], [12, 13]]


def test_lines_are_explained(tmp_path: Path) -> None:
    recording, result, images = example("scalogram", tmp_path)
    figure = examples_figure([recording], result, 1, images)
    assert [text.get_text() for text in figure.legends[0].texts] == [
        "event marked by the expert",
        "relevance 0.5",
        "reach of the window's edges",
    ]
    assert figure.get_supylabel() == "frequency (Hz)  and  signal (µV)"
    assert [axes.get_ylabel() for axes in figure.axes[-2:]] == ["relevance", "power (dB of 1 µV²)"]


def test_blank_and_full_maps_and_flat_signals_can_be_drawn(tmp_path: Path) -> None:
    for kind in ("coherence", "scalogram"):
        recording, result, images = example(kind, tmp_path)
        recording.signals[:] = 0
        result.maps[0], result.maps[2] = 0, 1
        figure = examples_figure([recording], result, 1, images)
        path = style.save(figure, tmp_path / "examples.png")
        assert path.stat().st_size > 10_000


def test_a_fold_of_correct_rejections_alone_can_be_drawn(tmp_path: Path) -> None:
    recording, result, images = example("coherence", tmp_path)
    rejected = FoldOutcome(
        "f",
        result.windows.take(slice(5, 6)),
        result.detected[5:],
        result.probabilities[5:],
        maps=result.maps[5:],
    )
    figure = examples_figure([recording], rejected, 2, images)
    assert [axes.axison for axes in figure.axes[:12]] == [False] * 12
