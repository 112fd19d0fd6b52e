"""Whose marks are events when several experts scored a recording."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.intervals import Intervals, intervals
from xai_sleep.recordings.raters import combine, rater_meant, rater_named, raters_of
from xai_sleep.recordings.recording import Scoring

Rows = list[tuple[int, int]]


def scoring(events: Rows, scored: Rows) -> Scoring:
    return Scoring(intervals(events), intervals(scored))


THREE = {
    "expert2": scoring([(11, 13), (30, 31)], [(0, 90)]),
    "automatic": scoring([(70, 71)], [(0, 1000)]),
    "expert1": scoring([(10, 12), (20, 21)], [(0, 100)]),
    "expert3": scoring([(11, 12), (50, 51)], [(5, 80)]),
}


@pytest.mark.parametrize(
    ("expert", "events", "scored", "notes"),
    [
        ("expert2", [[11, 13], [30, 31]], [[0, 90]], ()),
        (
            "union",
            [[10, 13], [20, 21], [30, 31], [50, 51]],
            [[5, 80]],
            ("6 marks of 3 experts merged into 4 events",),
        ),
        ("intersection", [[11, 12]], [[5, 80]], ()),
        ("majority", [[11, 12]], [[0, 90]], ()),
    ],
)
def test_three_experts(
    expert: str, events: list[list[int]], scored: list[list[int]], notes: tuple[str, ...]
) -> None:
    truth, said = combine(THREE, expert)
    assert (truth.events.tolist(), truth.scored.tolist(), said) == (events, scored, notes)


def test_a_program_is_no_rater() -> None:
    assert raters_of(THREE) == ["expert1", "expert2", "expert3"]


@pytest.mark.parametrize("expert", ["union", "expert1"])
def test_a_single_expert_is_left_as_is(expert: str) -> None:
    """Also marks that overlap one another."""
    alone = {"expert1": scoring([(1, 3), (2, 4)], [(0, 9)])}
    truth, notes = combine(alone, expert)
    assert truth is alone["expert1"]
    assert notes == ()


span = st.tuples(st.integers(0, 50), st.integers(1, 10)).map(lambda p: (p[0], p[0] + p[1]))
spans = st.lists(span, max_size=6)


def inside(rows: Rows | Intervals, time: float) -> bool:
    return any(start <= time < end for start, end in rows)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(spans, spans), min_size=2, max_size=4))
def test_union_is_any_and_intersection_is_all(each: list[tuple[Rows, Rows]]) -> None:
    """At every moment, and scored is only what all looked at."""
    scorers = {f"expert{i + 1}": scoring(*one) for i, one in enumerate(each)}
    union, _ = combine(scorers, "union")
    common, _ = combine(scorers, "intersection")
    for time in np.arange(0.5, 60):
        marked = [inside(events, time) for events, _ in each]
        looked = [inside(scored, time) for _, scored in each]
        assert inside(union.events, time) == any(marked)
        assert inside(common.events, time) == all(marked)
        assert inside(union.scored, time) == inside(common.scored, time) == all(looked)


tenths = st.integers(0, 40)
length = st.one_of(st.integers(1, 3), st.integers(1, 20))
stretch = st.tuples(tenths, length).map(lambda p: (p[0] / 10, (p[0] + p[1]) / 10))
stretches = st.lists(stretch, max_size=5)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(stretches, stretches), min_size=2, max_size=5))
def test_a_majority_is_more_than_half_of_those_who_looked(each: list[tuple[Rows, Rows]]) -> None:
    """Counted at every millisecond; where fewer than two looked, nothing is known."""
    grid = np.arange(0, 7, 0.001) + 0.0005
    truth, _ = combine({f"r{i}": scoring(*one) for i, one in enumerate(each)}, "majority")

    def held(rows: Rows | Intervals) -> NDArray[np.bool_]:
        found = [(a <= grid) & (grid < b) for a, b in rows]
        return np.asarray(np.any(found or [grid < 0], axis=0))

    looked = np.sum([held(scored) for _, scored in each], axis=0)
    marked = np.sum([held(events) & held(scored) for events, scored in each], axis=0)
    assert np.array_equal(held(truth.scored), looked >= 2)
    assert np.array_equal(held(truth.events), (looked >= 2) & (marked > looked / 2))


@pytest.mark.parametrize(
    ("said", "name"),
    [
        *[("1", "expert1"), ("1.0", "expert1"), ("Expert 2", "expert2"), ("012", "expert12")],
        *[(" Anna  B. ", "Anna B."), ("R1", "R1"), ("müller/2", "müller/2"), ("expert", "expert")],
    ],
)
def test_raters_are_called_as_written(said: str, name: str) -> None:
    assert rater_named(said) == name


def test_whose_marks_count_is_said_by_name() -> None:
    anna, both = {"Anna B.": THREE["expert1"]}, {"expert1": THREE["expert1"]}
    records = {"n1": both | anna, "n2": both | {"automatic": THREE["automatic"]}}
    for said, meant in (("1", "expert1"), ("EXPERT1", "expert1"), ("Union", "union")):
        assert rater_meant(said, records) == meant
    assert rater_meant("anna  b.", {"n1": records["n1"]}) == "Anna B."
    for said, where in (("anna b.", "n2"), ("majority", "n2"), ("intersection", "n2")):
        with pytest.raises(InputError, match=f"{said}, but nobody scored {where} besides expert1"):
            rater_meant(said, records)
    for said in ("Zoe", "automatic", "2", "1.5"):
        with pytest.raises(InputError, match=f"{said}, but the raters are Anna B., expert1; ch"):
            rater_meant(said, records)
