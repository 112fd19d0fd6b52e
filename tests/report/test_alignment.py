"""The figure of maps and signals around the onsets of events."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.pages import Kind, made_up
from xai_sleep.report.figures import alignment_figure


@pytest.mark.parametrize("maps", ["signal", "image"])
def test_the_figure_shows_the_average(maps: str) -> None:
    run = made_up(Kind(maps="image" if maps == "image" else "signal"))
    figure, aligned = alignment_figure(run), run.aligned
    assert figure
    assert aligned
    panels = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    assert len(panels) == 2 + (maps == "image")
    drawn = [line.get_ydata() for line in panels[-2].lines]
    assert any(np.array_equal(line, aligned.relevance) for line in drawn)
    assert panels[-1].get_ylabel() == f"{run.recordings[0].channels[0]} (µV)"
    assert "3 events" in figure.get_suptitle()


def test_channels_that_differ_between_records_are_numbered() -> None:
    run = made_up()
    first, second = run.recordings
    figure = alignment_figure(replace(run, recordings=[first, replace(second, channels=("C4",))]))
    assert figure
    assert figure.axes[-1].get_ylabel() == "channel 1 (µV)"


def test_without_onsets_in_test_windows_there_is_no_figure() -> None:
    assert alignment_figure(made_up(Kind(events=False))) is None
