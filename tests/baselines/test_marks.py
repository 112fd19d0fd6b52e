"""Marks as baselines: whose they are, where they count, and when they cannot be had."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.trials import EVENTS, SECONDS, Seen, loso, noise, scored_by
from xai_sleep.baselines.baseline import LeftOutError
from xai_sleep.baselines.marks import Automatic, Experts
from xai_sleep.recordings.intervals import intervals

LATER = tuple((start + 0.2, end + 0.2) for start, end in EVENTS)
ELSEWHERE = tuple((start + 6, end + 6) for start, end in EVENTS)


def test_automatic_marks_that_are_the_events_are_perfect() -> None:
    found = Seen(Automatic(), loso([scored_by(r, automatic=(EVENTS, 200)) for r in noise()]))
    assert found.pooled("windows") == found.pooled("events") == 1.0
    assert list(found.record.parameters) == ["a", "b", "c"]


def test_a_missing_file_names_the_record() -> None:
    recordings = noise()
    recordings[0] = scored_by(recordings[0], automatic=(EVENTS, 200))
    recordings[2] = scored_by(recordings[2], automatic=((), 200))
    with pytest.raises(LeftOutError, match=r"no automatic marks of b; add Automatic_detection"):
        Seen(Automatic(), loso(recordings))


def test_records_without_any_automatic_marks() -> None:
    with pytest.raises(LeftOutError, match="the records have no automatic marks"):
        Seen(Automatic(), loso(noise()))


def test_a_detector_that_found_nothing_has_recall_0_and_no_precision() -> None:
    found = Seen(Automatic(), loso([scored_by(r, automatic=((), 200)) for r in noise()]))
    for part, recall in (("windows", "sensitivity"), ("events", "recall")):
        assert found.pooled(part, recall) == found.pooled(part) == 0.0
        precision = found.summary(part, "precision")
        assert precision.pooled is None
        assert precision.reason


def test_points_in_time_are_scored_on_windows_alone() -> None:
    points = [(start + 0.5, start + 0.55) for start, _ in EVENTS]
    found = Seen(Automatic(), loso([scored_by(r, automatic=(points, 200)) for r in noise()]))
    # One event lies in two windows, its point in one of them.
    assert found.pooled("windows") == pytest.approx(2 * 6 / (6 + 7))
    assert found.summary("events", "f1").pooled is None
    assert "points of at most 0.05 s" in found.summary("events", "f1").reason


def test_marks_too_short_for_the_label_rule_are_left_out() -> None:
    recordings = [scored_by(r, automatic=([(12.0, 12.05)], 200)) for r in noise()]
    with pytest.raises(
        LeftOutError, match=r"longest automatic mark lasts 0.05 s.*task.min_overlap"
    ):
        Seen(Automatic(), loso(recordings, min_overlap=0.5))


def test_experts_are_compared_where_both_looked_and_nowhere_else() -> None:
    """Expert 2 is wrong after 100 s, where expert 1 did not look; one record has one expert."""
    early = [event for event in LATER if event[1] < 100]
    late = [event for event in ELSEWHERE if event[0] > 100]
    recordings = [
        scored_by(r, expert1=(EVENTS[:3], 100), expert2=((*early, *late), SECONDS)) for r in noise()
    ]
    recordings[1] = replace(recordings[1], scorers={"expert1": recordings[1].scorers["expert1"]})
    found = Seen(Experts(), loso(recordings))
    assert found.record.description.endswith("where both scored: 2 of 3 records (a, c)")
    assert list(found.record.parameters) == ["a", "c"]
    assert found.pooled("events") == found.pooled("windows") == 1.0
    assert found.pooled("events", "events_per_minute") == pytest.approx(3 / (100 / 60))


def test_expert_1_is_the_truth_whatever_the_setting() -> None:
    """Exchanging the two exchanges precision and recall."""
    extra = (*EVENTS, (70.0, 71.0))
    tables = []
    for first, second in ((EVENTS, extra), (extra, EVENTS)):
        recordings = [scored_by(r, expert1=(first, 200), expert2=(second, 200)) for r in noise()]
        recordings = [replace(r, events=intervals([(3, 4)])) for r in recordings]
        tables.append(Seen(Experts(), loso(recordings)))
    one, other = tables
    assert one.pooled("events", "recall") == other.pooled("events", "precision") == 1.0
    assert one.pooled("events", "precision") == other.pooled("events", "recall") == 6 / 7
    assert one.pooled("events") == other.pooled("events")


def test_experts_without_common_time() -> None:
    recordings = [
        replace(scored_by(r, expert1=(EVENTS, 3.0), expert2=(EVENTS, 200))) for r in noise()
    ]
    with pytest.raises(LeftOutError, match=r"a, b, c: no test window .* data.expert"):
        Seen(Experts(), loso(recordings))


def test_one_expert_is_left_out() -> None:
    recordings = [scored_by(r, expert1=(EVENTS, 200)) for r in noise()]
    with pytest.raises(LeftOutError, match="two experts"):
        Seen(Experts(), loso(recordings))


def test_nothing_of_the_trial_is_changed() -> None:
    recordings = [scored_by(r, expert1=((), 100), expert2=((), 200)) for r in noise()]
    trial = loso(recordings)
    Seen(Experts(), trial)
    assert all(len(r.events) == len(EVENTS) for r in trial.recordings)
    assert all(np.array_equal(r.scored, [[0, SECONDS]]) for r in trial.recordings)
