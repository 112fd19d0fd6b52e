"""Window scores against scikit-learn, torchmetrics and brute force."""

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk
from torchmetrics.functional import classification as tm

from xai_sleep.errors import InputError
from xai_sleep.metrics.windows import (
    NO_RANKING,
    RANKING,
    SCORES,
    Labels,
    choose_threshold,
    decide,
    require_scorable,
    undefined_scores,
    window_scores,
)

Windows = tuple[NDArray[np.intp], NDArray[np.float64]]
Oracle = Callable[[Any, Any, Any], Any]

# Called with labels, probabilities and detections.
SKLEARN: Mapping[str, Oracle] = {
    "accuracy": lambda y, _, d: sk.accuracy_score(y, d),
    "balanced_accuracy": lambda y, _, d: sk.balanced_accuracy_score(y, d),
    "sensitivity": lambda y, _, d: sk.recall_score(y, d),
    "specificity": lambda y, _, d: sk.recall_score(y, d, pos_label=0),
    "precision": lambda y, _, d: sk.precision_score(y, d),
    "f1": lambda y, _, d: sk.f1_score(y, d),
    "mcc": lambda y, _, d: sk.matthews_corrcoef(y, d),
    "kappa": lambda y, _, d: sk.cohen_kappa_score(y, d),
    "auroc": lambda y, p, _: sk.roc_auc_score(y, p),
    "average_precision": lambda y, p, _: sk.average_precision_score(y, p),
    "brier": lambda y, p, _: sk.brier_score_loss(y, p),
}
TORCHMETRICS: Mapping[str, Oracle] = {
    "accuracy": lambda y, _, d: tm.binary_accuracy(d, y),
    "balanced_accuracy": lambda y, _, d: tm.multiclass_accuracy(d, y, 2, average="macro"),
    "sensitivity": lambda y, _, d: tm.binary_recall(d, y),
    "specificity": lambda y, _, d: tm.binary_specificity(d, y),
    "precision": lambda y, _, d: tm.binary_precision(d, y),
    "f1": lambda y, _, d: tm.binary_f1_score(d, y),
    "mcc": lambda y, _, d: tm.binary_matthews_corrcoef(d, y),
    "kappa": lambda y, _, d: tm.binary_cohen_kappa(d, y),
    "auroc": lambda y, p, _: tm.binary_auroc(p, y),
    "average_precision": lambda y, p, _: tm.binary_average_precision(p, y),
}

GRID = st.integers(0, 8).map(lambda step: step / 8)  # many ties
THRESHOLDS = st.sampled_from([0.0, 0.25, 0.5, 0.51, 1.0])


def windows(probability: st.SearchStrategy[float], min_size: int = 0) -> st.SearchStrategy[Windows]:
    """Draw labels and probabilities of up to 30 windows."""
    pairs = st.lists(st.tuples(st.integers(0, 1), probability), min_size=min_size, max_size=30)
    return pairs.map(
        lambda rows: (
            np.array([label for label, _ in rows], dtype=np.intp),
            np.array([value for _, value in rows], dtype=np.float64),
        )
    )


def f1(labels: Labels, probabilities: NDArray[np.float64], threshold: float) -> Fraction:
    """F1 by counting, exactly."""
    calls = [
        (bool(y), p >= threshold)
        for y, p in zip(labels.tolist(), probabilities.tolist(), strict=True)
    ]
    return Fraction(2 * calls.count((True, True)), sum(y + d for y, d in calls))


def defined(scores: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in scores.items() if value is not None}


@settings(deadline=None, max_examples=100)
@given(windows(st.one_of(GRID, st.floats(0, 1)), min_size=1), THRESHOLDS)
def test_scores_equal_those_of_scikit_learn(data: Windows, threshold: float) -> None:
    labels, probabilities = data
    detected = (probabilities >= threshold).astype(int)
    scores = window_scores(labels, probabilities, decide(probabilities, threshold))
    for name, value in defined(scores).items():
        expected = SKLEARN[name](labels, probabilities, detected)
        assert value == pytest.approx(expected, abs=1e-12), name


@settings(deadline=None, max_examples=40)
@given(windows(GRID, min_size=1), THRESHOLDS)
def test_scores_equal_those_of_torchmetrics(data: Windows, threshold: float) -> None:
    labels, probabilities = data
    truth, detected = torch.as_tensor(labels), torch.as_tensor(probabilities >= threshold).int()
    scores = defined(window_scores(labels, probabilities, decide(probabilities, threshold)))
    for name in scores.keys() & TORCHMETRICS.keys():
        expected = TORCHMETRICS[name](truth, torch.as_tensor(probabilities), detected).item()
        assert scores[name] == pytest.approx(expected, abs=1e-5), name


@settings(deadline=None, max_examples=100)
@given(windows(GRID), THRESHOLDS)
def test_a_score_is_none_exactly_where_a_reason_is_given(data: Windows, threshold: float) -> None:
    detected = decide(data[1], threshold)
    scores = window_scores(*data, detected)
    missing = undefined_scores(*data, detected)
    assert tuple(scores) == SCORES
    assert {name for name, value in scores.items() if value is None} == missing.keys()
    assert all(-1 <= value <= 1 for value in defined(scores).values())
    json.dumps({**scores, "undefined": missing}, allow_nan=False)


@pytest.mark.parametrize(
    ("labels", "probabilities", "expected"),
    [
        (
            [0, 0],
            [0.1, 0.2],
            {
                "balanced_accuracy": "no positive window",
                "sensitivity": "no positive window",
                "mcc": "no positive window",
                "auroc": "no positive window",
                "average_precision": "no positive window",
                "precision": "nothing detected",
                "f1": "every window is negative and so called",
                "kappa": "every window is negative and so called",
            },
        ),
        (
            [1, 1],
            [0.8, 0.9],
            {
                "balanced_accuracy": "no negative window",
                "specificity": "no negative window",
                "mcc": "no negative window",
                "auroc": "no negative window",
                "kappa": "every window is positive and so called",
            },
        ),
        ([0, 1], [0.8, 0.9], {"mcc": "everything detected"}),
        ([0, 1], [0.1, 0.2], {"precision": "nothing detected", "mcc": "nothing detected"}),
        ([0, 1], [0.1, 0.9], {}),
        ([], [], dict.fromkeys(SCORES, "no window")),
    ],
)
def test_reasons(labels: list[int], probabilities: list[float], expected: dict[str, str]) -> None:
    probability = np.array(probabilities, float)
    detected = decide(probability, 0.5)
    assert undefined_scores(np.array(labels, int), probability, detected) == expected


def test_f1_is_zero_where_events_are_missed_or_only_false_alarms_raised() -> None:
    for labels, detected in (([0, 1], [False, False]), ([0, 0], [False, True])):
        assert window_scores(np.array(labels), None, np.array(detected))["f1"] == 0


def test_marks_have_no_ranking_and_say_so() -> None:
    labels, detected = np.array([0, 1, 1]), np.array([True, True, False])
    scores, missing = (f(labels, None, detected) for f in (window_scores, undefined_scores))
    assert {name for name, value in scores.items() if value is None} == set(RANKING)
    assert missing == dict.fromkeys(RANKING, NO_RANKING)
    assert scores["f1"] == 0.5


def test_each_window_can_have_the_threshold_of_its_fold() -> None:
    labels, probabilities = np.array([0, 1, 0, 1]), np.array([0.3, 0.4, 0.6, 0.7])
    detected = decide(probabilities, np.array([0.35, 0.35, 0.65, 0.65]))
    scores = window_scores(labels, probabilities, detected)
    assert scores["accuracy"] == scores["f1"] == 1
    assert scores["auroc"] == 0.75


def test_a_threshold_between_float32_neighbours_separates_them() -> None:
    low = np.float32(0.3)
    high = np.nextafter(low, np.float32(1))
    labels, probabilities = np.array([0, 1]), np.array([low, high])
    threshold = choose_threshold(labels, probabilities)
    assert decide(probabilities, threshold).tolist() == [False, True]


@settings(deadline=None, max_examples=50)
@given(windows(GRID), st.randoms(use_true_random=False))
def test_the_order_of_windows_does_not_matter(data: Windows, random: Any) -> None:
    order = np.array(random.sample(range(len(data[0])), len(data[0])), dtype=np.intp)
    shuffled = data[0][order], data[1][order]
    scores, others = (window_scores(y, p, decide(p, 0.5)) for y, p in (data, shuffled))
    assert defined(scores) == pytest.approx(defined(others))
    assert choose_threshold(*shuffled) == choose_threshold(*data)


@settings(deadline=None, max_examples=50)
@given(windows(GRID))
def test_ranking_scores_see_the_order_of_probabilities_alone(data: Windows) -> None:
    labels, probability = data
    scores, squared = (window_scores(labels, p, labels == 1) for p in (probability, probability**2))
    assert scores["auroc"] == squared["auroc"]
    assert scores["average_precision"] == squared["average_precision"]


@settings(deadline=None, max_examples=200)
@given(windows(st.one_of(GRID, st.floats(0, 1))))
@example((np.array([1, 0]), np.array([5e-324, 0.0])))
@example((np.array([1, 0]), np.array([1.0, np.nextafter(1.0, 0.0)])))
def test_the_threshold_is_the_nearest_to_half_of_those_nearly_as_good_as_the_best(
    data: Windows,
) -> None:
    labels, probabilities = data
    chosen = choose_threshold(labels, probabilities)
    assert 0 <= chosen <= 1
    if len(np.unique(labels)) < 2:
        assert chosen == 0.5
        return
    # Each level detects what every threshold from the next lower level up to it does.
    levels = sorted({*probabilities.tolist(), 0.0})
    scores = {level: f1(labels, probabilities, level) for level in levels}
    best = max(scores.values())
    bound = float(best) - float(best * (1 - best) / int(labels.sum())) ** 0.5
    ranges = [
        (low, high) for low, high in pairwise([0.0, *levels]) if scores[high] >= bound - 1e-12
    ]
    distances = [max(low - 0.5, 0.5 - high, 0.0) for low, high in ranges]
    assert f1(labels, probabilities, chosen) >= bound - 1e-12
    home = [d for (low, high), d in zip(ranges, distances, strict=True) if low <= chosen <= high]
    assert min(home) == min(distances)


@pytest.mark.parametrize(
    ("labels", "probabilities", "expected"),
    [
        ([0, 1], [0.25, 0.75], 0.5),  # inside the gap
        ([0, 1], [0.75, 1.0], 0.875),  # the middle of the gap, which lies above 0.5
        ([0, 1, 1], [0.5, 0.5, 0.5], 0.5),  # all are detected up to 0.5
        # F1 is 2/3 in (0.75, 0.875] and up to 0.125, and 0.4 between: within one standard error
        ([1, 0, 0, 1], [0.875, 0.75, 0.5, 0.125], 0.5),
        # F1 is 1 above 0.875 only: a perfect score has no error
        ([1, 0, 0, 0], [1.0, 0.875, 0.5, 0.125], 0.9375),
    ],
)
def test_chosen_thresholds(labels: list[int], probabilities: list[float], expected: float) -> None:
    assert choose_threshold(np.array(labels), np.array(probabilities)) == expected


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([0, 1], [0.5], r"arrays of shape \(2,\) and \(1,\)"),
        ([[0, 1]], [[0.5, 0.5]], "one label and one probability a window"),
        ([0, 2], [0.5, 0.5], r"labels must be 0 or 1, got \[0 2\]"),
    ],
)
def test_unequal_shapes_and_other_labels_are_refused(
    labels: Any, probabilities: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        require_scorable(np.array(labels), np.array(probabilities))


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.1, 1.5])
def test_what_is_no_probability_is_refused(value: float) -> None:
    message = f"1 of 2 window probabilities .* the first is {value:g} at window 1; .* not logits"
    labels, probability = np.array([0, 1]), np.array([0.5, value])
    with pytest.raises(InputError, match=message):
        window_scores(labels, probability, labels == 1)
    with pytest.raises(InputError, match=message):
        choose_threshold(labels, probability)
