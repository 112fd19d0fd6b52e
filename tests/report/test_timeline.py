"""A record over time."""

from dataclasses import replace

import numpy as np
from matplotlib.collections import PolyCollection, QuadMesh
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from tests.support.pages import made_up
from tests.support.recordings import make_recording
from xai_sleep.detect.detector import RATE, Activation, DetectedEvents
from xai_sleep.recordings.recording import Recording
from xai_sleep.report.figures import COLUMNS, timeline_figure
from xai_sleep.results.finished import Finished

RUN = made_up()


def said(recording: Recording, relevance: NDArray[np.float16]) -> Finished:
    """Make a run whose first recording is this one, with its relevance over time."""
    detected = DetectedEvents(activations={0: Activation(relevance, relevance)})
    outcomes = [replace(RUN.outcomes[0], events=detected)]
    return replace(RUN, recordings=[recording], outcomes=outcomes)


def test_probability_marks_and_detections_are_drawn() -> None:
    recording = RUN.recordings[0]
    top, strip, marks = timeline_figure(RUN, recording).axes
    activation = RUN.activations[recording.record]
    time, probability = np.asarray(top.lines[0].get_xydata()).T
    np.testing.assert_allclose(time, np.arange(len(time)) / RATE)
    np.testing.assert_array_equal(probability, activation.probability)
    bars = [bar for bar in marks.collections if isinstance(bar, PolyCollection)]
    spans = [
        [(path.get_extents().x0, path.get_extents().x1) for path in bar.get_paths()] for bar in bars
    ]
    np.testing.assert_allclose(spans[0], recording.events)
    assert spans[1] == [(3, 4.5)]
    assert [label.get_text() for label in marks.get_yticklabels()] == ["expert", "detected"]
    assert any(isinstance(mesh, QuadMesh) for mesh in strip.collections)


def test_unscored_time_is_hatched_and_untested_time_empty() -> None:
    recording = make_recording(sfreq=10, scored=[(10, 40)])
    top, strip, _ = timeline_figure(RUN, recording).axes
    hatched = [patch for patch in top.patches if patch.get_hatch() and isinstance(patch, Rectangle)]
    assert [(p.get_x(), p.get_x() + p.get_width()) for p in hatched] == [(0, 10), (40, 60)]
    assert not top.lines
    assert not strip.collections


def test_a_long_night_keeps_its_peaks() -> None:
    recording = make_recording(seconds=6000, sfreq=1)
    relevance = np.zeros(60_000, dtype=np.float16)
    relevance[31_234] = 1
    figure = timeline_figure(said(recording, relevance), recording)
    (mesh,) = figure.axes[1].collections
    values = np.asarray(mesh.get_array()).ravel()
    assert len(values) == COLUMNS
    assert np.flatnonzero(values).tolist() == [31_234 // 50]
