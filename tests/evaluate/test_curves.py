"""Operating points against scikit-learn, and those of the thresholds chosen by hand."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_curve, roc_curve

from tests.support.outcomes import outcome
from xai_sleep.evaluate.windows import curve, curves

GRID = st.integers(0, 8).map(lambda step: step / 8)  # many ties
WINDOWS = st.lists(st.tuples(st.integers(0, 1), GRID), min_size=2, max_size=40).filter(
    lambda windows: len({label for label, _ in windows}) == 2
)

TWO_CLASSES = outcome("one", [0, 1, 1, 0, 1], [0.2, 0.9, 0.4, 0.6, 0.7])
OTHER = outcome("two", [0, 0, 1, 0], [0.1, 0.3, 0.8, 0.2], threshold=0.25)
NEGATIVE = outcome("three", [0, 0], [0.3, 0.95])


@settings(deadline=None)
@given(WINDOWS)
def test_points_equal_those_of_scikit_learn(windows: list[tuple[int, float]]) -> None:
    label = np.array([one for one, _ in windows])
    probability = np.array([one for _, one in windows], dtype=np.float32)
    points = curve(label, probability, label == 1)
    false_alarm_rate, sensitivity, _ = roc_curve(label, probability, drop_intermediate=False)
    np.testing.assert_allclose(points.false_alarm_rate, false_alarm_rate)
    np.testing.assert_allclose(points.sensitivity, sensitivity)
    precision, recall, _ = precision_recall_curve(label, probability)
    np.testing.assert_allclose(points.precision, precision[::-1])
    np.testing.assert_allclose(points.sensitivity, recall[::-1])
    assert points.chosen == (0, 1, 1)


def test_the_points_chosen_are_those_of_the_folds_thresholds() -> None:
    """By hand: fold one detects 2 of 3 events and 1 of 2 others, fold two 1 of 1 and 1 of 3."""
    found = curves([TWO_CLASSES, OTHER])
    assert list(found) == ["one", "two", "pooled"]
    assert [each.chosen for each in found.values()] == [
        *((1 / 2, 2 / 3, 2 / 3), (1 / 3, 1, 1 / 2), (2 / 5, 3 / 4, 3 / 5))
    ]
    assert len(found["pooled"].sensitivity) == 9  # two windows share a probability


def test_windows_of_one_class_have_no_curve() -> None:
    assert list(curves([TWO_CLASSES, NEGATIVE])) == ["one", "pooled"]
    assert curves([NEGATIVE]) == {}


def test_nothing_detected_has_no_precision() -> None:
    silent = outcome("silent", [0, 1], [0.2, 0.4], threshold=0.9)
    assert curves([silent])["pooled"].chosen == (0, 0, None)
