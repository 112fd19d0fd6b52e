"""Event scores against brute force, scikit-learn, DREAMS and cases that can be done by hand."""

import math
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import cohen_kappa_score, f1_score, matthews_corrcoef

from xai_sleep.errors import InputError
from xai_sleep.metrics.events import (
    CURVE,
    EventScores,
    Values,
    event_scores,
    match,
    pool,
)
from xai_sleep.recordings.intervals import Intervals, intervals

MINUTE = intervals([(0, 60)])
# a grid of half seconds, so that ties abound
ROWS = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6)), max_size=5)


def grid(rows: list[tuple[int, int]]) -> Intervals:
    return intervals([(start / 2, (start + size) / 2) for start, size in rows])


def random_events(rng: np.random.Generator, count: int, until: float) -> Intervals:
    starts = rng.uniform(0, until - 2, size=count)
    return intervals(np.column_stack([starts, starts + rng.uniform(0.3, 2, size=count)]))


def overlap_table(events: Intervals, detections: Intervals) -> Values:
    a, b = events[:, None], detections[None]
    shared = np.clip(np.minimum(a, b)[..., 1] - np.maximum(a, b)[..., 0], 0, None)
    return np.asarray(shared / (np.diff(a)[..., 0] + np.diff(b)[..., 0] - shared))


def best_assignment(table: Values) -> tuple[float, int]:
    """Largest sum over all one-to-one assignments, and the most pairs that reach it."""
    rows, columns = table.shape
    square = np.zeros((rows + columns, rows + columns))
    square[:rows, :columns] = table
    best = (0.0, 0)
    for chosen in permutations(range(rows + columns), rows):
        values = square[range(rows), list(chosen)]
        best = max(best, (round(float(values.sum()), 6), int((values > 0).sum())))
    return best


@settings(max_examples=60, deadline=None)
@given(events=ROWS.filter(lambda x: len(x) < 5), detections=ROWS.filter(lambda x: len(x) < 4))
def test_matching_equals_brute_force(
    events: list[tuple[int, int]], detections: list[tuple[int, int]]
) -> None:
    a, b = grid(events), grid(detections)
    for iou in (0.1, 0.2, 0.5):
        table = overlap_table(a, b)
        pairs = match(a, b, iou)
        assert len(set(pairs.event)) == len(set(pairs.detection)) == len(pairs.iou)
        np.testing.assert_allclose(pairs.iou, table[pairs.event, pairs.detection])
        expected = best_assignment(np.where(table >= iou - 1e-9, table, 0))
        assert (round(float(pairs.iou.sum()), 6), len(pairs.iou)) == expected


def test_matching_in_groups_equals_one_large_assignment() -> None:
    rng = np.random.default_rng(0)
    events, detections = (random_events(rng, count, until=200) for count in (300, 260))
    table = overlap_table(events, detections)
    admissible = np.where(table >= 0.2, table, 0)
    chosen = linear_sum_assignment(admissible, maximize=True)
    pairs = match(events, detections)
    assert len(pairs.iou) == (admissible[chosen] > 0).sum() > 150
    assert pairs.iou.sum() == pytest.approx(admissible[chosen].sum(), abs=1e-6)


def test_rows_may_come_in_any_order() -> None:
    rng = np.random.default_rng(1)
    events, detections = (random_events(rng, count, until=60) for count in (40, 30))
    shuffled = rng.permutation(30)
    straight, mixed = match(events, detections), match(events, detections[shuffled])
    np.testing.assert_array_equal(straight.event, mixed.event)
    np.testing.assert_array_equal(straight.detection, shuffled[mixed.detection])


def test_rounding_does_not_undo_an_overlap_at_the_threshold() -> None:
    event, detection = intervals([(331.7, 332.7)]), intervals([(331.7, 331.9)])
    assert overlap_table(event, detection)[0, 0] < 0.2
    assert len(match(event, detection, iou=0.2).iou) == 1
    assert len(match(event, detection, iou=0.2001).iou) == 0


@settings(max_examples=40, deadline=None)
@given(events=ROWS, detections=ROWS, scored=ROWS)
def test_swapping_expert_and_detector_swaps_precision_and_recall(
    events: list[tuple[int, int]], detections: list[tuple[int, int]], scored: list[tuple[int, int]]
) -> None:
    a, b, time = grid(events), grid(detections), grid([(0, 18), *scored])
    one, other = event_scores(a, b, time).figures, event_scores(b, a, time).figures
    assert (one["precision"], one["recall"]) == (other["recall"], other["precision"])
    assert one["events_per_minute"] == other["detections_per_minute"]
    for name in ("f1", "sample_f1", "sample_kappa", "sample_mcc"):
        assert one[name] == other[name]


@settings(max_examples=40, deadline=None)
@given(events=ROWS, detections=ROWS, elsewhere=ROWS)
def test_unscored_time_changes_nothing(
    events: list[tuple[int, int]],
    detections: list[tuple[int, int]],
    elsewhere: list[tuple[int, int]],
) -> None:
    scored = intervals([(0, 5), (20, 21)])
    a, b, outside = grid(events), grid(detections), grid(elsewhere) + 9.0
    bare = event_scores(a, b, scored)
    joined = [intervals(np.concatenate([x, outside])) for x in (a, b)]
    for other in (event_scores(joined[0], b, scored), event_scores(a, joined[1], scored)):
        assert bare.figures == other.figures
        assert bare.curve == other.curve


def test_the_midpoint_decides_at_the_border_of_scored_time() -> None:
    scored = intervals([(0, 10)])
    straddling = intervals([(9, 10.9), (9, 11), (9.5, 12)])
    scores = event_scores(straddling, straddling[:1], scored)
    assert (scores.events, scores.detections) == (1, 1)
    assert scores.samples == (100, 0, 0, 900)


def test_a_perfect_detector_scores_1() -> None:
    events = random_events(np.random.default_rng(2), 30, until=60)
    scores = event_scores(events, events, MINUTE)
    figures = scores.figures
    ones = ("precision", "recall", "f1", "sample_f1", "sample_kappa", "sample_mcc")
    assert [figures[name] for name in ones] == [1] * len(ones)
    assert figures["onset_error"] == figures["offset_bias"] == 0
    assert scores.curve["f1"] == [1] * len(CURVE)
    assert scores.undefined == {}


def test_figures_of_a_case_done_by_hand() -> None:
    events = intervals([(1, 2), (5, 6), (10, 12), (50, 51)])
    detections = intervals([(1.25, 2), (5.5, 6.5), (30, 31)])
    scores = event_scores(events, detections, intervals([(0, 30), (29, 40)]), iou=0.3)
    assert scores.figures == {
        "precision": 2 / 3,
        "recall": 2 / 3,
        "f1": 2 / 3,
        "onset_error": 0.375,
        "onset_bias": 0.375,
        "offset_error": 0.25,
        "offset_bias": 0.25,
        "events_per_minute": 4.5,
        "detections_per_minute": 4.5,
        "sample_f1": pytest.approx(2 * 125 / (400 + 275)),
        "sample_kappa": pytest.approx(2 * (125 * 3450 - 150 * 275) / (275 * 3600 + 400 * 3725)),
        "sample_mcc": pytest.approx((125 * 3450 - 150 * 275) / math.sqrt(275 * 400 * 3600 * 3725)),
    }
    # overlaps are .75 and .333
    assert scores.curve["recall"] == [2 / 3] * 3 + [1 / 3] * 4 + [0] * 2


def test_early_and_late_borders_do_not_cancel_in_the_error() -> None:
    scores = event_scores(
        intervals([(1, 2), (5, 6)]), intervals([(0.75, 2.5), (5.25, 6)]), MINUTE
    ).figures
    assert (scores["onset_error"], scores["onset_bias"]) == (0.25, 0)
    assert (scores["offset_error"], scores["offset_bias"]) == (0.25, 0.25)


def test_sample_figures_equal_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    events, detections = (random_events(rng, count, until=60) for count in (20, 15))
    times = (np.arange(60 * 128) + 0.5) / 128
    truth, found = (
        np.array([any(start <= t < end for start, end in rows) for t in times])
        for rows in (events, detections)
    )
    figures = event_scores(events, detections, MINUTE, sample_rate=128).figures
    assert figures["sample_f1"] == pytest.approx(f1_score(truth, found))
    assert figures["sample_kappa"] == pytest.approx(cohen_kappa_score(truth, found))
    assert figures["sample_mcc"] == pytest.approx(matthews_corrcoef(truth, found))


def test_the_curve_passes_through_the_figures_at_each_threshold() -> None:
    rng = np.random.default_rng(4)
    events, detections = (random_events(rng, count, until=60) for count in (40, 30))
    curve = event_scores(events, detections, MINUTE).curve
    for i, iou in enumerate(CURVE):
        figures = event_scores(events, detections, MINUTE, iou).figures
        for name, values in curve.items():
            assert values[i] == figures[name]
    assert curve["f1"][0] != curve["f1"][-1]


def test_pooling_records_equals_scoring_them_end_to_end() -> None:
    rng = np.random.default_rng(5)
    records = [
        (random_events(rng, 25, until=60), random_events(rng, 20, until=60), MINUTE)
        for _ in range(3)
    ]
    pooled = pool([event_scores(*record) for record in records])
    events, detections, scored = (
        np.concatenate([part + 100.0 * i for i, part in enumerate(parts)])
        for parts in zip(*records, strict=True)
    )
    whole = event_scores(events, detections, scored)
    assert pooled.figures == pytest.approx(whole.figures)
    assert pooled.curve == whole.curve


def test_pooling_needs_scores_at_one_threshold() -> None:
    scores = [event_scores(MINUTE, MINUTE, MINUTE, iou) for iou in (0.2, 0.5)]
    with pytest.raises(ValueError, match=r"one threshold, got \[0.2, 0.5\]"):
        pool(scores)
    with pytest.raises(ValueError, match=r"one threshold, got \[\]"):
        pool([])


NOTHING = intervals([])
ONE = intervals([(1, 2)])


@pytest.mark.parametrize(
    ("events", "detections", "scored", "undefined"),
    [
        (NOTHING, NOTHING, MINUTE, "precision recall f1 sample_f1 sample_kappa sample_mcc"),
        (ONE, NOTHING, MINUTE, "precision sample_mcc"),
        (NOTHING, ONE, MINUTE, "recall sample_mcc"),
        (ONE, ONE, ONE, "sample_kappa sample_mcc"),
        (
            ONE,
            ONE,
            NOTHING,
            "precision recall f1 events_per_minute detections_per_minute "
            "sample_f1 sample_kappa sample_mcc",
        ),
    ],
)
def test_undefined_figures_are_none_and_say_why(
    events: Intervals, detections: Intervals, scored: Intervals, undefined: str
) -> None:
    scores = event_scores(events, detections, scored)
    names = set(undefined.split())
    if not scores.matched.any():
        names |= {"onset_error", "onset_bias", "offset_error", "offset_bias"}
    assert {name for name, value in scores.figures.items() if value is None} == names
    assert set(scores.undefined) == names
    assert all(scores.undefined.values())
    if len(events) != len(detections):
        assert scores.figures["f1"] == 0


def test_times_in_samples_are_refused_with_the_likely_cause() -> None:
    seconds = intervals([(2, 3), (5, 6)])
    with pytest.raises(InputError, match=r"1 of 2 detections.*from 1000 to 1200.*are samples"):
        event_scores(seconds, intervals([(400, 600), (1000, 1200)]), MINUTE, duration=1000)
    with pytest.raises(InputError, match=r"1 of 1 events.*60 s.*divide them"):
        event_scores(intervals([(100, 200)]), seconds, MINUTE)
    late = intervals([(1000, 1001)])
    assert event_scores(late, late, MINUTE, duration=1800).events == 0


@pytest.mark.parametrize("iou", [0.0, -0.2, 1.1, 20.0])
def test_an_overlap_out_of_range_is_refused(iou: float) -> None:
    with pytest.raises(InputError, match=r"expected a threshold in \(0, 1\]"):
        event_scores(ONE, ONE, MINUTE, iou)


def test_a_sample_rate_of_zero_is_refused() -> None:
    with pytest.raises(InputError, match="sample rate 0 Hz"):
        event_scores(ONE, ONE, MINUTE, sample_rate=0)


def read_marks(path: Path) -> Intervals:
    rows = np.array([line.split() for line in path.read_text().splitlines()[1:]], dtype=float)
    return intervals(np.column_stack([rows[:, 0], rows.sum(axis=1)]))


def plain_counts(events: Intervals, detections: Intervals) -> tuple[int, int, int]:
    """Pairs, events and detections in 0-1000 s by one assignment over the whole table."""
    a, b = (rows[rows.sum(axis=1) / 2 < 1000] for rows in (events, detections))
    table = overlap_table(a, b)
    table[table < 0.2] = 0
    pairs = int((table[linear_sum_assignment(table, maximize=True)] > 0).sum())
    return pairs, len(a), len(b)


@pytest.mark.data
@pytest.mark.parametrize(
    ("other", "complete", "published"),
    [("Visual_scoring2", 6, 0.654), ("Automatic_detection", 8, 0.681)],
)
def test_dreams_figures_agree_with_an_independent_computation(
    dreams_root: Path, other: str, complete: int, published: float
) -> None:
    scores: list[EventScores] = []
    counts = []
    for path in sorted((dreams_root / "DatabaseSpindles").glob(f"{other}_excerpt*.txt")):
        expert = read_marks(path.with_name(path.name.replace(other, "Visual_scoring1")))
        marks = read_marks(path)
        scores.append(event_scores(expert, marks, intervals([(0, 1000)]), duration=1800))
        counts.append(plain_counts(expert, marks))
        assert (len(scores[-1].onset), scores[-1].events, scores[-1].detections) == counts[-1]
    pairs, events, detections = np.sum(counts, axis=0)
    f1 = pool(scores).figures["f1"]
    assert f1 == pytest.approx(2 * pairs / (events + detections), abs=0.001)
    if len(scores) == complete:
        assert f1 == pytest.approx(published, abs=0.001)
