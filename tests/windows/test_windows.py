"""Windows: where they lie, what they are called, and what they cost."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.recordings import make_recording
from xai_sleep.errors import InputError
from xai_sleep.recordings.dreams import read_marks
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.recording import Signals
from xai_sleep.windows.windows import Windows, cut, cut_signals, marks

# Brute force counts whole milliseconds, which rounding cannot touch; a sample lasts 100.
SAMPLE = 100
SECONDS = 20
Rows = list[tuple[int, int]]
MILLISECONDS = st.one_of(
    st.integers(0, 1000 * SECONDS), st.integers(0, 10 * SECONDS).map(lambda n: n * SAMPLE)
)
ROWS = st.lists(st.tuples(MILLISECONDS, MILLISECONDS), max_size=6).map(
    lambda pairs: [(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]]
)


def seconds(rows: Rows) -> list[tuple[float, float]]:
    return [(start / 1000, end / 1000) for start, end in rows]


def allowed_samples(allowed: Rows) -> list[bool]:
    """Whether each sample lies in allowed time, millisecond by millisecond."""
    within = np.zeros(1000 * SECONDS, dtype=bool)
    for start, end in allowed:
        within[start:end] = True
    return [bool(sample.all()) for sample in within.reshape(-1, SAMPLE)]


def expected_starts(allowed: Rows, length: int, step: int) -> list[int]:
    """First samples of windows that fit, from the start of each allowed run."""
    within, starts, run = allowed_samples(allowed), [], -1
    for n in range(len(within) - length + 1):
        run = (n if run < 0 else run) if within[n] else -1
        if run >= 0 and (n - run) % step == 0 and all(within[n : n + length]):
            starts.append(n)
    return starts


def expected_label(start: int, length: int, events: Rows, min_overlap: int) -> int:
    first, last = start * SAMPLE, (start + length) * SAMPLE
    overlaps = [min(last, end) - max(first, onset) for onset, end in events]
    return int(any(overlap >= max(min_overlap, 1) for overlap in overlaps))


@given(
    allowed=ROWS,
    events=ROWS,
    length=st.integers(1, 30),
    step=st.integers(1, 12),
    min_overlap=st.one_of(st.just(0), MILLISECONDS),
)
@settings(max_examples=60, deadline=None)
def test_windows_and_labels_equal_brute_force(
    allowed: Rows, events: Rows, length: int, step: int, min_overlap: int
) -> None:
    recording = make_recording(seconds=SECONDS, events=seconds(events))
    windows = cut(
        [recording],
        [intervals(seconds(allowed))],
        length=length / 10,
        step=step / 10,
        min_overlap=min_overlap / 1000,
    )
    starts = expected_starts(allowed, length, step)
    assert windows.start.tolist() == starts
    labels = [expected_label(start, length, events, min_overlap) for start in starts]
    assert windows.label.tolist() == labels


@given(onset=st.integers(0, 5000), size=st.integers(1, 4000))
@settings(max_examples=60, deadline=None)
def test_touching_is_no_overlap_and_just_enough_is_enough(onset: int, size: int) -> None:
    """Edges that meet exactly, in numbers that floating point cannot hold."""
    start, end = onset * SAMPLE, (onset + 50) * SAMPLE
    recording = make_recording(
        seconds=600, events=seconds([(end, end + size), (start + 200, start + 200 + size)])
    )
    within = [intervals(seconds([(start, end)]))]
    touched = make_recording(seconds=600, events=seconds([(end, end + size)]))
    assert cut([touched], within, length=5, step=5).label.tolist() == [0]
    enough = cut([recording], within, length=5, step=5, min_overlap=size / 1000)
    too_little = cut([recording], within, length=5, step=5, min_overlap=(size + 1) / 1000)
    assert (enough.label.tolist(), too_little.label.tolist()) == ([1], [0])


@pytest.mark.parametrize(
    ("end", "starts"),
    [(12.0, [0, 30, 60, 70]), (11.0, [0, 30, 60]), (5.0, [0]), (4.9, []), (30.0, [0, 30, 50])],
)
def test_one_more_window_reaches_the_end(end: float, starts: list[int]) -> None:
    """Of the time allowed or of the record, whichever is first."""
    recording = make_recording(seconds=10.0 if end == 30 else 20.0)
    windows = cut([recording], [intervals([(0, end)])], length=5, step=3, to_the_end=True)
    assert windows.start.tolist() == starts


def test_windows_of_several_records_are_counted_in_order() -> None:
    recordings = [make_recording(name, seconds=20) for name in "abc"]
    within = [intervals([(0, 10)]), intervals([]), intervals([(2, 7), (12, 20)])]
    windows = cut(recordings, within, length=5, step=2.5)
    assert windows.record.tolist() == [0, 0, 0, 2, 2, 2]
    assert windows.start.tolist() == [0, 25, 50, 20, 120, 145]
    assert windows.start_time.tolist() == [0, 2.5, 5, 2, 12, 14.5]
    assert windows.end_time.tolist() == [5, 7.5, 10, 7, 17, 19.5]
    assert (len(windows), windows.length, windows.sfreq) == (6, 50, 10.0)


def test_no_window_leaves_the_recording() -> None:
    windows = cut([make_recording(seconds=20)], [intervals([(-3, 40)])], length=5, step=5)
    assert windows.start.tolist() == [0, 50, 100, 150]


def test_allowed_intervals_that_overlap_are_cut_once() -> None:
    allowed = intervals([(0, 8), (6, 12), (12, 15)])
    assert cut([make_recording()], [allowed], length=5, step=5).start.tolist() == [0, 50, 100]


def test_different_rates_are_refused() -> None:
    recordings = [make_recording("a"), make_recording("b", sfreq=20)]
    with pytest.raises(InputError, match=r"record b has 20 Hz and a 10 Hz; resample"):
        cut(recordings, [r.scored for r in recordings], length=5, step=1)


@pytest.mark.parametrize(
    ("length", "step", "complaint"),
    [
        (5.03, 1, r"window length of 5.03 s is 50.3 samples at 10 Hz; choose a whole number"),
        (5, 0.25, r"window step of 0.25 s is 2.5 samples"),
        (5, 0, r"window step of 0 s is 0 samples"),
        (0.01, 1, r"window length of 0.01 s is 0.1 samples"),
    ],
)
def test_fractions_of_a_sample_are_refused(length: float, step: float, complaint: str) -> None:
    recording = make_recording()
    with pytest.raises(InputError, match=complaint):
        cut([recording], [recording.scored], length=length, step=step)


def many_windows() -> tuple[list[Signals], Windows]:
    recordings = [
        make_recording(str(n), seconds=20 + 7 * n, channels=("one", "two"), seed=n)
        for n in range(3)
    ]
    within = [r.scored for r in recordings]
    return [r.signals for r in recordings], cut(recordings, within, length=5, step=0.3)


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_signals_equal_direct_slicing_in_any_order(data: st.DataObject) -> None:
    signals, windows = many_windows()
    chosen = data.draw(st.lists(st.integers(0, len(windows) - 1), max_size=20))
    found = cut_signals(signals, windows, np.array(chosen, dtype=np.int64))
    assert found.shape == (len(chosen), 2, 50)
    assert found.dtype == np.float32
    for window, index in zip(found, chosen, strict=True):
        record, start = windows.record[index], windows.start[index]
        assert np.array_equal(window, signals[record][:, start : start + 50])


def test_all_signals_are_cut_by_default() -> None:
    signals, windows = many_windows()
    one_by_one = [cut_signals(signals, windows, slice(n, n + 1)) for n in range(len(windows))]
    assert np.array_equal(cut_signals(signals, windows), np.concatenate(one_by_one))


def test_signals_cut_are_copies() -> None:
    signals, windows = many_windows()
    before = signals[0].copy()
    cut_signals(signals, windows)[:] = 0
    assert np.array_equal(signals[0], before)


def test_overlap_costs_three_numbers_a_window() -> None:
    recording = make_recording(seconds=8 * 3600, events=[(100, 102), (9000, 9001)])
    tracemalloc.start()
    windows = cut([recording], [recording.scored], length=5, step=0.1)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(windows) == 8 * 36000 - 49
    assert kept < 24.1 * len(windows)


@pytest.mark.data
def test_the_real_rem_scorings_give_the_published_windows(dreams_root: Path) -> None:
    folder = dreams_root / "DatabaseREMs"
    recordings = [
        make_recording(
            str(n),
            seconds=1800,
            sfreq=200,
            events=read_marks(folder / f"Visual_scoring1_excerpt{n}.txt", 1800.0)[0],
        )
        for n in range(1, 10)
    ]
    windows = cut(recordings, [r.scored for r in recordings], length=5, step=5)
    assert (len(windows), windows.length) == (3240, 1000)
    positive = np.bincount(windows.record, weights=windows.label)
    assert positive.tolist() == [140, 4, 114, 51, 91, 11, 94, 149, 36]


def test_marks_are_the_share_of_each_cell_inside_an_event() -> None:
    recordings = [
        make_recording("a", seconds=30, events=[(2.25, 3.5), (3.0, 4.0), (17.0, 17.1)]),
        make_recording("b", seconds=30, events=[(9.5, 10.5)]),
    ]
    windows = cut(recordings, [r.scored for r in recordings], length=5.0, step=2.5)
    found = marks(recordings, windows, 10)
    fine = 1000
    for row, cells in enumerate(found):
        times = windows.start_time[row] + 5.0 * (np.arange(10 * fine) + 0.5) / (10 * fine)
        events = recordings[windows.record[row]].events
        held = ((times[:, None] >= events[:, 0]) & (times[:, None] < events[:, 1])).any(axis=1)
        np.testing.assert_allclose(cells, held.reshape(10, fine).mean(axis=1), atol=2 / fine)
    assert found.max() == 1
    assert 0 < found[found > 0].min() < 1
