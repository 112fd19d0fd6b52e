"""Detectors chosen by examples: what must be found, and what must not matter."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xai_sleep.detect.detector import KINDS, RATE, Activation, Detector
from xai_sleep.detect.tuning import Choice, Example, choose_detector
from xai_sleep.metrics.events import contains, event_scores, pool
from xai_sleep.recordings.intervals import Intervals, intervals

SECONDS = 300
ALL = intervals([(0, SECONDS)])


def events(seed: int) -> Intervals:
    """Put an event of 1 or 2 s into each of 30 stretches of 10 s."""
    rng = np.random.default_rng(seed)
    start = 10.0 * np.arange(SECONDS // 10) + rng.integers(0, 70, SECONDS // 10) / 10
    return intervals(np.column_stack([start, start + rng.integers(1, 3, len(start))]))


def example(seed: int, *, kind: str = "relevance", scored: Intervals = ALL) -> Example:
    """One activation that tells events from noise, the other noise."""
    rng = np.random.default_rng(seed)
    truth = events(seed)
    inside = contains(truth, (np.arange(SECONDS * RATE) + 0.5) / RATE)
    good = (np.where(inside, 0.7, 0.2) + rng.normal(0, 0.05, len(inside))).clip(0, 1)
    noise = rng.random(len(inside))
    parts = dict.fromkeys(("probability", "relevance", "evidence"), noise) | {kind: good}
    activation = Activation(**{name: part.astype(np.float16) for name, part in parts.items()})
    return Example(activation, truth, scored)


def f1(choice: Choice, *examples: Example) -> float | None:
    """F1 of a detector, record by record."""
    found = [
        event_scores(e.events, choice.detector.find(e.activation).events, e.scored)
        for e in examples
    ]
    return pool(found).figures["f1"]


@pytest.mark.parametrize("kind", ["probability", "relevance"])
def test_the_activation_that_tells_is_chosen_and_finds_events_elsewhere(kind: str) -> None:
    chosen = choose_detector([example(0, kind=kind), example(1, kind=kind)])
    assert chosen.detector.activation == kind
    assert chosen.events == 60
    assert chosen.f1 == pytest.approx(1)
    assert f1(chosen, example(2, kind=kind)) == pytest.approx(1)


def test_the_threshold_is_in_the_middle_of_those_that_serve() -> None:
    """Noise ends near .35 and events begin near .55."""
    detector = choose_detector([example(0), example(1)]).detector
    assert 0.35 <= detector.high <= 0.65
    assert 0.25 <= detector.high * detector.low_ratio <= 0.6


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_kinds_allowed_are_tried(kind: str) -> None:
    assert choose_detector([example(0)], [kind]).detector.activation == kind


def test_the_f1_is_that_of_the_events_of_all_records() -> None:
    noisy = [example(0, kind="probability"), example(1), example(2, scored=ALL / 2)]
    chosen = choose_detector(noisy, ["relevance"])
    assert chosen.f1 == pytest.approx(f1(chosen, *noisy))
    assert chosen.events == sum(len(one.counted) for one in noisy) < 90


def test_records_may_come_in_any_order() -> None:
    examples = [example(seed) for seed in range(3)]
    assert choose_detector(examples) == choose_detector(examples[::-1])


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_what_lies_in_unscored_time_changes_nothing(seed: int) -> None:
    scored = intervals([(20, 100), (150, 170)])
    one = example(0, scored=scored)
    rng = np.random.default_rng(seed)
    known = one.activation.within(scored)
    far = contains(intervals([(0, 10), (110, 140), (180, 300)]), one.events.mean(axis=1))
    changed = replace(one, events=one.events[~far | (rng.random(len(far)) < 0.5)])
    for other in (changed, replace(changed, activation=known)):
        assert choose_detector([replace(one, activation=known)]) == choose_detector(
            [replace(other, activation=known)]
        )


@pytest.mark.parametrize("nothing", [[], [replace(example(0), events=np.empty((0, 2)))]])
def test_without_an_event_there_is_nothing_to_choose_by(nothing: list[Example]) -> None:
    assert choose_detector(nothing) == Choice(Detector(), None, 0)
    alone = choose_detector(nothing, ["probability"])
    assert alone == Choice(Detector("probability"), None, 0)


def test_an_activation_that_finds_nothing_scores_zero() -> None:
    flat = Activation(np.zeros(3000, np.float16), np.full(3000, np.nan, np.float16))
    chosen = choose_detector([replace(example(0), activation=flat)])
    assert (chosen.f1, chosen.events) == (0, 30)


def test_one_event_makes_no_extreme_choice() -> None:
    one = example(0)
    chosen = choose_detector([replace(one, events=one.events[:1], scored=ALL / 30)]).detector
    assert 0.2 <= chosen.high <= 0.8


def test_choosing_takes_less_than_two_seconds_a_fold() -> None:
    examples = [example(seed) for seed in range(8)]
    began = time.process_time()
    choose_detector(examples)
    assert time.process_time() - began < 2
