"""Folds: no test sample where a network learns, every window tested once, groups kept together."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.recordings import make_recording
from xai_sleep.errors import InputError
from xai_sleep.recordings.intervals import Intervals, intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.folds import (
    Fold,
    Times,
    group_k_fold,
    k_fold,
    leave_one_subject_out,
)
from xai_sleep.windows.windows import Windows, cut

WINDOW = 1.0


@dataclass(frozen=True)
class Case:
    """Random recordings and how to divide them."""

    recordings: list[Recording]
    k: int
    guard: float
    step: float
    seed: int

    def folds(self, scheme: str) -> list[Fold]:
        """Divide by one of the schemes; groups of subjects are two."""
        own: dict[str, Any] = {"window": WINDOW, "guard": self.guard, "seed": self.seed}
        if scheme == "kfold":
            return k_fold(self.recordings, k=self.k, **own)
        if scheme == "group_kfold":
            return group_k_fold(self.recordings, k=2, val_blocks=self.k, **own)
        return leave_one_subject_out(self.recordings, val_blocks=self.k, **own)


def draw_recording(rng: np.random.Generator, record: str, subject: str, k: int) -> Recording:
    """Up to three scored intervals in any order and off the grid; one is long enough for folds."""
    lengths = rng.permutation([6 * k + 2, *rng.uniform(0.2, 12, rng.integers(0, 3))])
    gaps = rng.uniform(0.01, 6, len(lengths))
    starts = np.cumsum(gaps + np.r_[0, lengths[:-1]])
    scored = np.round(np.column_stack([starts, starts + lengths]), 2)
    seconds = float(np.ceil(scored[-1, 1]))
    onsets = rng.uniform(0, seconds, rng.integers(0, 12))
    events = np.column_stack([onsets, onsets + rng.uniform(0.05, 3, len(onsets))])
    return make_recording(
        record, subject=subject, seconds=seconds, sfreq=8, events=events, scored=scored
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    k = draw(st.integers(3, 5))
    subjects = draw(st.lists(st.integers(1, 3), min_size=2, max_size=3))
    owners = [f"s{i}" for i, n_records in enumerate(subjects) for _ in range(n_records)]
    recordings = [
        draw_recording(rng, f"r{i}", subject, k)
        for i, subject in enumerate(rng.permutation(owners).tolist())
    ]
    step = draw(st.integers(1, 8)) / 8
    guard = draw(st.sampled_from([1.0, 1.3, 2.0]))
    return Case(recordings, k, guard, step, draw(st.integers(0, 100)))


all_schemes = pytest.mark.parametrize("scheme", ["kfold", "group_kfold", "loso"])
quickly = settings(max_examples=30, deadline=None)


def samples(windows: Windows) -> set[tuple[int, int]]:
    """Record and number of every sample in any window."""
    return {
        (record, start + n)
        for record, start in zip(windows.record.tolist(), windows.start.tolist(), strict=True)
        for n in range(windows.length)
    }


def keys(windows: Windows) -> list[tuple[int, int]]:
    return list(zip(windows.record.tolist(), windows.start.tolist(), strict=True))


@all_schemes
@given(case=cases())
@quickly
def test_no_test_sample_is_in_a_training_or_validation_window(scheme: str, case: Case) -> None:
    for fold in case.folds(scheme):
        train, val = (
            samples(cut(case.recordings, times, length=WINDOW, step=case.step))
            for times in (fold.train, fold.val)
        )
        test = samples(cut(case.recordings, fold.test, length=WINDOW, step=WINDOW))
        assert train
        assert val
        assert test
        assert not test & (train | val)
        assert not train & val


def closest(a: Times, b: Times) -> float:
    """Least time between two parts within any record."""
    gaps = [
        max(other_start - end, start - other_end)
        for mine, others in zip(a, b, strict=True)
        for start, end in mine
        for other_start, other_end in others
    ]
    return min(gaps, default=np.inf)


@all_schemes
@given(case=cases())
@quickly
def test_parts_are_a_guard_apart(scheme: str, case: Case) -> None:
    for fold in case.folds(scheme):
        for a, b in ((fold.train, fold.test), (fold.val, fold.test), (fold.train, fold.val)):
            assert closest(a, b) >= case.guard - 1e-6


@all_schemes
@given(case=cases())
@quickly
def test_every_window_is_tested_exactly_once(scheme: str, case: Case) -> None:
    scored = [recording.scored for recording in case.recordings]
    tested = Counter(
        key
        for fold in case.folds(scheme)
        for key in keys(cut(case.recordings, fold.test, length=WINDOW, step=WINDOW))
    )
    assert tested == Counter(keys(cut(case.recordings, scored, length=WINDOW, step=WINDOW)))
    assert set(tested.values()) == {1}


@all_schemes
@given(case=cases())
@quickly
def test_parts_lie_in_scored_time(scheme: str, case: Case) -> None:
    for fold in case.folds(scheme):
        for times in (fold.train, fold.val, fold.test):
            for rows, recording in zip(times, case.recordings, strict=True):
                for start, end in rows:
                    # Rounding: hundredths of seconds at 8 Hz.
                    within = (recording.scored[:, 0] <= start + 1e-9) & (
                        end - 1e-9 <= recording.scored[:, 1]
                    )
                    assert within.any()


@given(cases())
@quickly
def test_the_subject_left_out_is_nowhere_else(case: Case) -> None:
    folds = case.folds("loso")
    subjects = {recording.subject for recording in case.recordings}
    assert sorted(fold.name for fold in folds) == sorted(subjects)
    for fold in folds:
        parts = zip(case.recordings, fold.train, fold.val, fold.test, strict=True)
        for recording, train, val, test in parts:
            mine = recording.subject == fold.name
            assert np.array_equal(test, recording.scored if mine else np.empty((0, 2)))
            # Every other record validates; its training time may be eaten up by guards.
            assert (len(val) > 0) != mine
            assert not (mine and len(train))


def groups(recordings: Sequence[Recording], k: int, seed: int = 0) -> list[set[str]]:
    """Subjects that each fold tests, of whom all is tested and nothing is in another part."""
    folds = group_k_fold(recordings, k=k, val_blocks=3, window=WINDOW, guard=WINDOW, seed=seed)
    found = []
    for fold in folds:
        parts = list(zip(recordings, fold.train, fold.val, fold.test, strict=True))
        tested = {one.subject for one, *_, test in parts if len(test)}
        assert not tested & {one.subject for one, train, val, _ in parts if len(train) + len(val)}
        assert all(np.array_equal(t, r.scored) for r, *_, t in parts if r.subject in tested)
        found.append(tested)
    return found


@given(cases(), st.randoms(use_true_random=False))
@quickly
def test_groups_of_subjects_are_kept_together_and_apart(case: Case, random: Random) -> None:
    subjects = sorted({recording.subject for recording in case.recordings})
    for k in range(2, len(subjects) + 1):
        found = groups(case.recordings, k, case.seed)
        assert sorted(subject for group in found for subject in group) == subjects
        assert np.ptp([len(group) for group in found]) <= 1
        shuffled = list(case.recordings)
        random.shuffle(shuffled)
        assert groups(shuffled, k, case.seed) == found


@given(st.lists(st.integers(0, 9), min_size=4, max_size=12), st.integers(2, 4), st.integers(0, 9))
@quickly
def test_groups_hold_about_equally_many_events(counts: list[int], k: int, seed: int) -> None:
    """The richest of each round goes to the poorest group: the spread never adds up."""
    recordings = [
        make_recording(f"r{i}", seconds=30, sfreq=4, events=[(e + 0.2, e + 0.8) for e in range(n)])
        for i, n in enumerate(counts)
    ]
    held = [sum(counts[int(name[1:])] for name in group) for group in groups(recordings, k, seed)]
    assert np.ptp(held) <= max(counts)


def test_two_subjects_make_two_groups() -> None:
    recordings = [make_recording("a"), make_recording("b"), make_recording("c", subject="a")]
    assert sorted(map(sorted, groups(recordings, 2))) == [["a"], ["b"]]


@pytest.mark.parametrize("k", [1, 3])
def test_there_are_no_more_groups_than_subjects(k: int) -> None:
    recordings = [make_recording("a"), make_recording("b")]
    complaint = rf"cv\.folds={k}, but the records are of 2 subjects, each in one group; choose"
    with pytest.raises(InputError, match=complaint):
        group_k_fold(recordings, k=k, val_blocks=4, window=5, guard=5, seed=0)


@all_schemes
@given(case=cases())
@quickly
def test_folds_depend_on_the_seed_alone(scheme: str, case: Case) -> None:
    for one, other in zip(case.folds(scheme), case.folds(scheme), strict=True):
        assert one.name == other.name
        for a, b in zip(
            (*one.train, *one.val, *one.test), (*other.train, *other.val, *other.test), strict=True
        ):
            assert np.array_equal(a, b)


@pytest.mark.parametrize(
    "divide",
    [
        lambda r, seed: k_fold(r, k=4, window=1, guard=1, seed=seed),
        lambda r, seed: group_k_fold(r, k=2, val_blocks=4, window=1, guard=1, seed=seed),
        lambda r, seed: leave_one_subject_out(r, val_blocks=4, window=1, guard=1, seed=seed),
    ],
)
def test_another_seed_deals_other_blocks(
    divide: Callable[[Sequence[Recording], int], list[Fold]],
) -> None:
    recordings = [make_recording(name) for name in "abcd"]
    validations = {
        tuple(float(rows[0, 0]) for rows in divide(recordings, seed)[0].val if len(rows))
        for seed in range(5)
    }
    assert len(validations) > 1


@given(cases(), st.randoms(use_true_random=False))
@quickly
def test_the_order_of_records_leaves_the_subjects_left_out_alone(
    case: Case, random: Random
) -> None:
    shuffled = list(case.recordings)
    random.shuffle(shuffled)
    other = Case(shuffled, case.k, case.guard, case.step, case.seed)

    def tested(of: Case) -> set[tuple[str, str, bytes]]:
        return {
            (fold.name, recording.record, times.tobytes())
            for fold in of.folds("loso")
            for recording, times in zip(of.recordings, fold.test, strict=True)
        }

    assert tested(case) == tested(other)


def positives(case: Case) -> NDArray[np.int64]:
    """Positive test windows of each fold (row) in each record (column)."""
    table = []
    for fold in case.folds("kfold"):
        windows = cut(case.recordings, fold.test, length=WINDOW, step=WINDOW)
        rows = [windows.label[windows.record == i].sum() for i in range(len(case.recordings))]
        table.append(rows)
    return np.array(table)


@given(cases())
@quickly
def test_positives_of_folds_differ_no_more_than_blocks_of_one_record(case: Case) -> None:
    """Rich blocks given to poor folds, record by record: the spread never adds up."""
    table = positives(case)
    assert np.ptp(table.sum(axis=1)) <= np.ptp(table, axis=0).max()


def test_rich_blocks_are_dealt_to_different_folds() -> None:
    """Each record holds all its events in its first quarter."""
    events = [(second + 0.2, second + 0.8) for second in range(0, 10, 2)]
    recordings = [make_recording(name, seconds=40, sfreq=8, events=events) for name in "abcd"]
    table = positives(Case(recordings, k=4, guard=1.0, step=1.0, seed=0))
    assert table.sum(axis=1).tolist() == [5, 5, 5, 5]
    assert sorted(table[:, 0].tolist()) == [0, 0, 0, 5]


def test_k_fold_names_and_divides_as_drawn() -> None:
    """Blocks of 10 s; validation is the block of the next fold, training the rest."""
    folds = k_fold([make_recording(seconds=41)], k=4, window=1, guard=2, seed=0)
    assert [fold.name for fold in folds] == ["fold01", "fold02", "fold03", "fold04"]
    blocks = {tuple(fold.test[0][0].tolist()) for fold in folds}
    assert {end - start for start, end in blocks} <= {10.0, 11.0}
    for fold, following in zip(folds, folds[1:] + folds[:1], strict=True):
        (start, end), (low, high) = fold.val[0][0], following.test[0][0]
        assert low <= start < end <= high
        assert (high - low) - (end - start) in (0.0, 2.0)


ONE, TWO, NONE = intervals([(0, 10)]), intervals([(12, 20)]), intervals([])


@pytest.mark.parametrize(
    ("train", "val", "test"), [(ONE, NONE, TWO), (NONE, TWO, ONE), (TWO, ONE, NONE)]
)
def test_a_fold_refuses_parts_that_come_too_close(
    train: Intervals, val: Intervals, test: Intervals
) -> None:
    """The parts are two seconds apart, in the second of two records."""
    times = (NONE, train), (NONE, val), (NONE, test)
    assert Fold("f", *times, guard=2.0).guard == 2.0
    with pytest.raises(ValueError, match=r"fold f: two parts come closer than 2.5 s around \d+"):
        Fold("f", *times, guard=2.5)


@pytest.mark.parametrize("same", [(0, 1), (1, 2), (0, 2)])
def test_a_fold_refuses_parts_that_share_time(same: tuple[int, int]) -> None:
    train, val, test = [(intervals([(9.5, 11)] if part in same else []),) for part in range(3)]
    with pytest.raises(ValueError, match=r"come closer than 0 s around 9\.50 s"):
        Fold("f", train, val, test)


def test_parts_of_different_records_may_overlap() -> None:
    assert Fold("f", (ONE, NONE), (NONE, NONE), (NONE, ONE), guard=5.0).name == "f"


def test_parts_must_speak_of_the_same_records() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        Fold("f", (ONE, NONE), (NONE,), (NONE, NONE))


def test_one_subject_cannot_be_left_out() -> None:
    recordings = [make_recording("a", subject="s"), make_recording("b", subject="s")]
    with pytest.raises(InputError, match=r"found 1 subject \(s\).*at least 2; .*cv=kfold"):
        leave_one_subject_out(recordings, val_blocks=5, window=5, guard=5, seed=0)


def test_two_folds_are_too_few() -> None:
    with pytest.raises(InputError, match=r"cv\.folds=2: k-fold needs at least 3 folds"):
        k_fold([make_recording()], k=2, window=5, guard=5, seed=0)


@all_schemes
def test_a_guard_shorter_than_a_window_is_refused(scheme: str) -> None:
    case = Case([make_recording("a"), make_recording("b")], 3, guard=0.9, step=1, seed=0)
    complaint = r"cv\.guard=0\.9 s is shorter than one window \(task\.window=1 s\).*raise cv\.guard"
    with pytest.raises(InputError, match=complaint):
        case.folds(scheme)


@all_schemes
def test_a_record_with_fewer_windows_than_blocks_is_named(scheme: str) -> None:
    recordings = [make_recording("a"), make_recording("b"), make_recording("c", scored=[(3, 7.9)])]
    complaint = r"record c has 4 scored windows of 1 s, fewer than the 5 blocks .*cv\.folds"
    with pytest.raises(InputError, match=complaint):
        Case(recordings, k=5, guard=1, step=1, seed=0).folds(scheme)


@all_schemes
def test_folds_without_training_or_validation_windows_are_refused(scheme: str) -> None:
    """Nine windows in three blocks: guards of 4 s are longer than what remains."""
    recordings = [make_recording(name, seconds=9) for name in "ab"]
    complaint = r"guards of 4 s \(cv\.guard\) leave no \w+ window of 1 s; use fewer blocks"
    with pytest.raises(InputError, match=complaint):
        Case(recordings, k=3, guard=4, step=1, seed=0).folds(scheme)


def test_blocks_that_guards_eat_up_are_named() -> None:
    """Blocks of one window: beside the test block they cannot validate, between two not train."""
    missing = set()
    for seed in range(10):
        with pytest.raises(InputError, match=r"fold fold\d+: guards of 1 s") as error:
            k_fold([make_recording(seconds=4)], k=4, window=1, guard=1, seed=seed)
        missing.add(str(error.value).split(" leave no ")[1].split()[0])
    assert missing == {"training", "validation"}
