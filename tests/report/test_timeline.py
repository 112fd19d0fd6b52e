"""A record over time."""

import numpy as np
import pytest
from matplotlib.collections import PolyCollection, QuadMesh
from matplotlib.patches import Rectangle

from tests.support.recordings import make_recording
from xai_sleep.evaluate.windows import FoldResult
from xai_sleep.recordings.intervals import intervals
from xai_sleep.report.timeline import Trace, of_windows, timeline_figure
from xai_sleep.windows.windows import cut

RECORDING = make_recording(sfreq=10, events=[(12, 14), (31, 32)], scored=[(10, 40)])
WINDOWS = cut([RECORDING], [RECORDING.scored], length=5, step=5)
PROBABILITY = np.linspace(0, 1, len(WINDOWS), dtype=np.float32)
MAPS = np.tile(np.linspace(0, 1, 50), (len(WINDOWS), 1)).astype(np.float16)


def folds(maps: np.ndarray) -> list[FoldResult]:
    """Even windows in one fold, odd ones in another."""
    found = []
    for number in range(2):
        rows = np.arange(number, len(WINDOWS), 2)
        mine = maps[rows] if maps.size else maps
        found.append(
            FoldResult(
                f"f{number}", WINDOWS.take(rows), PROBABILITY[rows], mine, {"threshold": 0.5}
            )
        )
    return found


def test_activation_is_that_of_the_window_at_each_time() -> None:
    activation = of_windows(RECORDING, 0, folds(MAPS))
    assert activation.relevance is not None
    scored = (activation.time >= 10 - 1e-9) & (activation.time < 40 - 1e-9)
    assert np.array_equal(np.isfinite(activation.probability), scored)
    np.testing.assert_allclose(activation.probability[scored], np.repeat(PROBABILITY, 50))
    expected = MAPS.ravel() * np.repeat(PROBABILITY, 50)
    np.testing.assert_allclose(activation.relevance[scored], expected)


def test_without_maps_there_is_no_relevance() -> None:
    activation = of_windows(RECORDING, 0, folds(np.empty((0, 0), dtype=np.float16)))
    assert activation.relevance is None
    strip = timeline_figure(RECORDING, activation).axes[1]
    assert [text.get_text() for text in strip.texts] == ["no maps"]


@pytest.mark.parametrize("detected", [None, [(20.0, 21.0)]])
def test_marks_and_unscored_time_are_drawn(detected: list[tuple[float, float]] | None) -> None:
    detections = None if detected is None else intervals(detected)
    top, strip, marks = timeline_figure(
        RECORDING, of_windows(RECORDING, 0, folds(MAPS)), detections
    ).axes
    bars = [bar for bar in marks.collections if isinstance(bar, PolyCollection)]
    spans = [
        [(path.get_extents().x0, path.get_extents().x1) for path in bar.get_paths()] for bar in bars
    ]
    expert = [(12.0, 14.0), (31.0, 32.0)]
    assert spans == ([expert] if detected is None else [expert, detected])
    names = [label.get_text() for label in marks.get_yticklabels()]
    assert names == ["expert", "detected"][: len(bars)]
    hatched = [patch for patch in top.patches if patch.get_hatch() and isinstance(patch, Rectangle)]
    assert [(p.get_x(), p.get_x() + p.get_width()) for p in hatched] == [(0, 10), (40, 60)]
    assert any(isinstance(mesh, QuadMesh) for mesh in strip.collections)


def test_a_long_night_keeps_its_peaks() -> None:
    time = np.arange(0, 6000, 0.1)
    relevance = np.zeros(len(time))
    relevance[31_234] = 1
    figure = timeline_figure(
        make_recording(seconds=6000, sfreq=1), Trace(time, relevance, relevance)
    )
    (mesh,) = figure.axes[1].collections
    values = np.asarray(mesh.get_array()).ravel()
    assert len(values) == 1200
    assert np.flatnonzero(values).tolist() == [31_234 // 50]
