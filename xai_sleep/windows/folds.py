"""Folds: which time of which recording trains, validates and tests.

::

    loso   subject A  |···················· test ····················|
           subject B  |== train ==| guard |· val ·| guard |== train ==|
    group_kfold    the same, but a group of subjects is tested at a time
    kfold  every record
           |== train ==| guard |· test ·| guard |· val ·| guard |= train =|
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xai_sleep.errors import InputError
from xai_sleep.recordings.intervals import (
    NOWHERE,
    Intervals,
    dilation,
    intersection,
    subtraction,
    union,
)
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.windows import cut

Times = tuple[Intervals, ...]
Records = Sequence[Recording]


@dataclass(frozen=True, eq=False)
class Fold:
    """Train, validation and test time of every recording; ValueError if parts come too close."""

    name: str  # short name, used for its directory
    train: Times  # (n, 2) train, val, test: intervals in s, one array per recording
    val: Times
    test: Times
    guard: float = 0.0  # time in s that must separate the parts within a recording

    def __post_init__(self) -> None:
        for train, val, test in zip(self.train, self.val, self.test, strict=True):
            for a, b in ((train, test), (val, test), (train, val)):
                # A microsecond less than the guard: the parts may be exactly one guard apart.
                near = intersection(dilation(b, max(self.guard - 1e-6, 0.0)), a)
                if len(near):
                    too = f"two parts come closer than {self.guard:g} s"
                    raise ValueError(f"fold {self.name}: {too} around {near[0, 0]:.2f} s")


def leave_one_subject_out(
    recordings: Records, *, val_blocks: int, window: float, guard: float, seed: int
) -> list[Fold]:
    """One fold per subject, whose recordings are tested; InputError if there is only one.

    One of ``val_blocks`` blocks of each training record validates, chosen as in :func:`k_fold`.
    """
    subjects = list(dict.fromkeys(recording.subject for recording in recordings))
    if len(subjects) < 2:
        needs = "leaving one out needs at least 2; add records (data.records) or use cv=kfold"
        raise InputError(f"found 1 subject ({subjects[0]}), but {needs}")
    tested = {subject: {subject} for subject in subjects}
    rng = np.random.default_rng(seed)
    return _leave_out(recordings, tested, val_blocks, window, guard, rng)


def group_k_fold(
    recordings: Records, *, k: int, val_blocks: int, window: float, guard: float, seed: int
) -> list[Fold]:
    """Leave out one of ``k`` groups of subjects at a time; InputError if there are fewer subjects.

    Groups differ by one subject at most, and are dealt so that they hold about equally many
    positive windows. Training records validate as in :func:`leave_one_subject_out`.
    """
    subjects = sorted({recording.subject for recording in recordings})
    if not 2 <= k <= len(subjects):
        count = f"{len(subjects)} subject{'s' * (len(subjects) > 1)}, each in one group"
        advice = "choose 2 or more folds and no more than subjects, or use cv=kfold"
        raise InputError(f"cv.folds={k}, but the records are of {count}; {advice}")
    positive = dict.fromkeys(subjects, 0)
    for one in recordings:
        windows = cut([one], [one.scored], length=window, step=window)
        positive[one.subject] += int(windows.label.sum())
    rng = np.random.default_rng(seed)
    shuffled = [subjects[i] for i in rng.permutation(len(subjects))]
    richest_first = sorted(shuffled, key=lambda subject: -positive[subject])
    groups: list[set[str]] = [set() for _ in range(k)]
    for first in range(0, len(subjects), k):
        held = [sum(positive[subject] for subject in group) for group in groups]
        poorest_first = np.lexsort((rng.permutation(k), np.array(held)))
        for subject, group in zip(richest_first[first : first + k], poorest_first, strict=False):
            groups[group].add(subject)
    tested = {f"fold{i:02d}": group for i, group in enumerate(groups, 1)}
    return _leave_out(recordings, tested, val_blocks, window, guard, rng)


def _leave_out(
    recordings: Records,
    tested: Mapping[str, set[str]],
    val_blocks: int,
    window: float,
    guard: float,
    rng: np.random.Generator,
) -> list[Fold]:
    """One fold for each named set of subjects, which is tested."""
    _check_guard(guard, window)
    folds = []
    for name, subjects in tested.items():
        others = [r for r in recordings if r.subject not in subjects]
        blocks = iter(_deal_blocks(others, val_blocks, window, rng)[0])
        test = tuple(r.scored if r.subject in subjects else NOWHERE for r in recordings)
        val = tuple(NOWHERE if r.subject in subjects else next(blocks) for r in recordings)
        folds.append(_fold(name, recordings, test, val, window, guard))
    return folds


def k_fold(recordings: Records, *, k: int, window: float, guard: float, seed: int) -> list[Fold]:
    """Stratified k-fold over contiguous blocks of every record, with guards around them.

    Blocks are dealt to folds so that these hold about equally many positive windows; those of the
    next fold validate. Guards are taken from validation and training time only: every window is
    tested once. InputError if records are too short, ``k`` is below 3, or ``guard`` below a window.
    """
    if k < 3:
        raise InputError(f"cv.folds={k}: k-fold needs at least 3 folds to train, validate and test")
    _check_guard(guard, window)
    dealt = _deal_blocks(recordings, k, window, np.random.default_rng(seed))
    pairs = enumerate(zip(dealt, dealt[1:] + dealt[:1], strict=True), 1)
    return [_fold(f"fold{i:02d}", recordings, *pair, window, guard) for i, pair in pairs]


def _check_guard(guard: float, window: float) -> None:
    if guard < window:
        short = f"cv.guard={guard:g} s is shorter than one window (task.window={window:g} s)"
        why = "samples of one part could reach into windows of another; raise cv.guard"
        raise InputError(f"{short}: {why}")


def _fold(
    name: str, recordings: Records, test: Times, block: Times, window: float, guard: float
) -> Fold:
    """Take guards from the blocks that validate, and from the rest, which trains."""
    val = tuple(subtraction(v, dilation(t, guard)) for v, t in zip(block, test, strict=True))
    train = tuple(
        subtraction(r.scored, dilation(union([t, v]), guard))
        for r, t, v in zip(recordings, test, block, strict=True)
    )
    for part, times in (("training", train), ("validation", val)):
        if len(cut(recordings, times, length=window, step=window)) == 0:
            left = f"guards of {guard:g} s (cv.guard) leave no {part} window of {window:g} s"
            remedy = "use fewer blocks (cv.folds, cv.val_blocks) or longer recordings"
            raise InputError(f"fold {name}: {left}; {remedy}")
    return Fold(name, train, val, test, guard)


def _deal_blocks(
    recordings: Records, k: int, window: float, rng: np.random.Generator
) -> list[Times]:
    """Give every fold one block of each record, keeping positives even; blocks of each fold."""
    hands: list[list[Intervals]] = [[] for _ in range(k)]
    positives = np.zeros(k)
    for recording in recordings:
        windows = cut([recording], [recording.scored], length=window, step=window)
        if len(windows) < k:
            has = f"record {recording.record} has {len(windows)} scored windows of {window:g} s"
            into = f"the {k} blocks it is to be divided into (cv.folds, cv.val_blocks)"
            raise InputError(f"{has}, fewer than {into}; use fewer, or longer recordings")
        blocks = np.array_split(np.arange(len(windows)), k)
        counts = np.array([windows.label[block].sum() for block in blocks])
        shuffled = rng.permutation(k)
        richest_first = shuffled[np.argsort(-counts[shuffled], kind="stable")]
        poorest_first = np.lexsort((rng.permutation(k), positives))
        for block, fold in zip(richest_first, poorest_first, strict=True):
            spans = [windows.start_time[blocks[block]], windows.end_time[blocks[block]]]
            hands[fold].append(union([np.column_stack(spans)]))
            positives[fold] += counts[block]
    return [tuple(hand) for hand in hands]
