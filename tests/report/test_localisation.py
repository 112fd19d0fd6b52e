"""Localisation of each subject."""

import numpy as np
import pytest

from tests.support.pages import made_up
from xai_sleep.evaluate.windows import summary
from xai_sleep.report.localisation import DRAWN, by_subject, localisation_figure
from xai_sleep.report.style import CHANCE, POOLED

RUN = made_up(subjects=3)


def test_subjects_together_are_the_run() -> None:
    """With a fold for every subject the mean over subjects is the mean over folds."""
    subjects = by_subject(RUN.recordings, RUN.results)
    assert [one.subject for one in subjects] == ["synthetic1", "synthetic2", "synthetic3"]
    expected = summary(RUN.recordings, RUN.results)["maps"]["true_positives"]
    assert sum(one.windows for one in subjects) == expected["counts"]["windows"]
    for name in DRAWN:
        scores = [one.score[name] for one in subjects]
        chances = [one.chance[name] for one in subjects]
        assert np.mean([s for s in scores if s is not None]) == pytest.approx(
            expected[name]["mean"]
        )
        assert np.mean([c for c in chances if c is not None]) == pytest.approx(
            expected[f"{name}_uniform"]["mean"]
        )


def test_the_figure_has_a_dot_and_its_chance_for_each() -> None:
    subjects = by_subject(RUN.recordings, RUN.results)
    panels = localisation_figure(subjects).axes
    for axes, name in zip(panels, DRAWN, strict=True):
        for colour, values in (
            (POOLED, [one.score[name] for one in subjects]),
            (CHANCE, [one.chance[name] for one in subjects]),
        ):
            drawn = [
                np.asarray(line.get_xdata())[0] for line in axes.lines if line.get_color() == colour
            ]
            assert drawn == pytest.approx(values)
    assert panels[0].get_yticklabels()[0].get_text() == f"synthetic1 ({subjects[0].windows})"


def test_without_true_positives_there_is_no_subject() -> None:
    run = made_up(events=False)
    assert by_subject(run.recordings, run.results) == []
