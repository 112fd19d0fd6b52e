"""Which windows are shown, and that their panels show signal, map and events of these."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from tests.support.outcomes import LENGTH, SFREQ, outcome
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.report.examples import Chosen, examples_figure
from xai_sleep.report.examples import surest as surest_of
from xai_sleep.report.style import COLOURS
from xai_sleep.results.outcome import FoldOutcome, TestWindows

# Windows of 2 s, by number:     0    1    2    3    4    5    6    7
LABEL = (1, 0, 1, 1, 0, 0, 1, 1)
PROBABILITY = (0.6, 0.9, 0.2, 0.9, 0.1, 0.5, 0.3, 0.7)
EVENTS = intervals([(0.5, 1), (4.5, 5), (4.75, 7), (13, 13.5), (14.5, 30)])
RESULT = outcome("night", LABEL, PROBABILITY)
HITS, MISSES, FALSE_ALARMS = (3, 7), (2, 6), (1, 5)


def recording(channels: int = 1) -> Recording:
    signals = np.random.default_rng(1).normal(0, 20, (channels, 8 * LENGTH)).astype(np.float32)
    return Recording(
        record="night1",
        subject="someone",
        signals=signals,
        channels=tuple(f"EOG{i} 0.5–15 Hz" for i in range(channels)),
        sfreq=SFREQ,
        events=EVENTS,
        scored=intervals([(0, 16)]),
    )


def surest(fold: FoldOutcome, n: int) -> Chosen:
    return surest_of(TestWindows.of([recording()], [fold]), n)


def test_surest_windows_come_first() -> None:
    chosen = surest(RESULT, 2)
    assert {name: tuple(windows) for name, windows in chosen.items()} == {
        "hit": HITS,
        "miss": MISSES,
        "false alarm": FALSE_ALARMS,
    }


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 4)), min_size=1, max_size=30),
    st.integers(1, 5),
)
def test_shown_windows_are_of_their_outcome_and_surer_than_the_rest(
    windows: list[tuple[int, int]], n: int
) -> None:
    label = np.array([one for one, _ in windows])
    probability = np.array([step / 4 for _, step in windows])
    of = {
        "hit": (label == 1) & (probability >= 0.5),
        "miss": (label == 1) & (probability < 0.5),
        "false alarm": (label == 0) & (probability >= 0.5),
    }
    fold = outcome("any", label.tolist(), probability.tolist())
    for name, shown in surest(fold, n).items():
        assert np.all(of[name][shown])
        assert len(shown) == min(n, of[name].sum())
        rest = np.setdiff1d(np.flatnonzero(of[name]), shown)
        sign = 1 if name == "miss" else -1
        for later in rest:
            assert np.all(sign * probability[shown] <= sign * probability[later])


@pytest.mark.parametrize("channels", [1, 3])
def test_panels_show_the_signal_with_its_relevance(channels: int) -> None:
    source = recording(channels)
    panels = examples_figure([source], RESULT, 2).axes[:6]
    for column, windows in enumerate((HITS, MISSES, FALSE_ALARMS)):
        for axes, window in zip(panels[column::3], windows, strict=True):
            lines = _lines(axes)
            assert len(lines) == channels
            cut = slice(window * LENGTH, (window + 1) * LENGTH)
            for line, signal in zip(lines, source.signals[:, cut], strict=True):
                time, drawn = np.array(line.get_segments())[:, 1].T
                np.testing.assert_allclose(time, np.arange(cut.start, cut.stop) / SFREQ)
                np.testing.assert_allclose(drawn - drawn.mean(), signal - signal.mean(), atol=1e-4)
                np.testing.assert_array_equal(line.get_array(), RESULT.maps[window])
            assert axes.get_xlim() == (2 * window, 2 * window + 2)
            assert axes.get_title("left") == f"night1   p = {PROBABILITY[window]:.3f}"


def test_channels_lie_one_below_the_other_without_touching() -> None:
    axes = examples_figure([recording(3)], RESULT, 1).axes[0]
    heights = [np.array(line.get_segments())[..., 1] for line in _lines(axes)]
    assert heights[0].min() > heights[1].max()
    assert heights[1].min() > heights[2].max()
    bottom, top = axes.get_ylim()
    assert bottom < heights[2].min()
    assert heights[0].max() < top
    assert [text.get_text() for text in axes.texts] == [f"EOG{i}\n0.5–15 Hz" for i in range(3)]


def test_ticks_count_microvolts_from_the_middle_of_each_channel() -> None:
    source = recording(2)
    axes = examples_figure([source], RESULT, 1).axes[0]
    ticks = dict(
        zip(axes.get_yticks(), (t.get_text() for t in axes.get_yticklabels()), strict=True)
    )
    signals = source.signals[:, HITS[0] * LENGTH : (HITS[0] + 1) * LENGTH]
    for line, signal in zip(_lines(axes), signals, strict=True):
        middle = np.mean(np.array(line.get_segments())[:, 1, 1] - signal)
        near = {t - middle: word for t, word in ticks.items() if abs(t - middle) < signal.max()}
        assert [float(word.replace("−", "-")) for word in near.values()] == pytest.approx(
            list(near)
        )
        assert len(near) == 3


def test_marks_lie_where_the_events_are() -> None:
    """Cut to the window; where events overlap, one mark."""
    axes = examples_figure([recording()], RESULT, 2).axes
    marks = {number: _marks(axes[number]) for number in range(6)}
    assert marks == {
        0: [(6, 7)],  # window 3
        1: [(4.5, 6)],  # window 2
        2: [],
        3: [(14.5, 16)],  # window 7
        4: [(13, 13.5)],  # window 6
        5: [],
    }


def test_outcome_without_a_window_says_so() -> None:
    figure = examples_figure([recording()], outcome("f", (1, 1, 0), (0.9, 0.8, 0.1)), 3)
    words = [
        [text.get_text() for text in axes.texts if "no " in text.get_text()]
        for axes in figure.axes[:9]
    ]
    assert words == [[], ["no miss"], ["no false alarm"], [], [], [], ["no other hit"], [], []]
    heads = [text.get_text() for text in figure.texts]
    assert heads[:3] == ["hits: 2 of 2", "misses: none", "false alarms: none"]


def test_fold_of_correct_rejections_alone_can_be_drawn() -> None:
    figure = examples_figure([recording()], outcome("f", (0, 0), (0.1, 0.2)), 1)
    assert [axes.texts[0].get_text() for axes in figure.axes[:3]] == [
        "no hit",
        "no miss",
        "no false alarm",
    ]


def test_heads_have_the_colours_of_their_outcomes() -> None:
    figure = examples_figure([recording()], RESULT, 1)
    heads = {text.get_text(): text.get_color() for text in figure.texts}
    assert heads["hits: 1 of 3"] == COLOURS["hit"]
    assert heads["misses: 1 of 2"] == COLOURS["miss"]
    assert heads["false alarms: 1 of 2"] == COLOURS["false alarm"]


def test_amplitudes_compare_but_for_an_artefact() -> None:
    source = recording()
    source.signals[0, FALSE_ALARMS[0] * LENGTH + 7] = 900
    axes = examples_figure([source], RESULT, 2).axes[:6]
    limits = [one.get_ylim() for one in axes]
    assert limits[2][1] > 900
    assert len(set(limits[:2] + limits[3:])) == 1
    assert limits[0][1] < 200
    assert ["own scale" in one.get_title("left") for one in axes] == [False, False, True] + 3 * [
        False
    ]


def test_threshold_is_reached_not_passed() -> None:
    """0.5 is a detection where the threshold is 0.5, as everywhere in the results."""
    assert FALSE_ALARMS[1] in surest(RESULT, 2)["false alarm"]


def test_flat_window_can_be_drawn() -> None:
    source = recording()
    source.signals[:] = 0
    bottom, top = examples_figure([source], RESULT, 1).axes[0].get_ylim()
    assert bottom < 0 < top


def test_axes_are_labelled_with_units_and_colours_with_a_bar() -> None:
    figure = examples_figure([recording()], RESULT, 1)
    assert figure.get_supxlabel() == "time in the recording (s)"
    assert figure.get_supylabel() == "signal (µV)"
    bar = figure.axes[-1]
    assert bar.get_ylabel() == "relevance"
    assert bar.get_ylim() == (0, 1)
    assert [text.get_text() for text in figure.legends[0].texts] == ["event marked by the expert"]


def _lines(axes: Axes) -> list[LineCollection]:
    return [one for one in axes.collections if isinstance(one, LineCollection)]


def _marks(axes: Axes) -> list[tuple[float, float]]:
    bands = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    return [(band.get_x(), band.get_x() + band.get_width()) for band in bands]
