"""Windows as data of a page: what is kept, and that unpacking gives it back."""

import base64
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.outcomes import finished, fold_record, run_record
from tests.support.pages import Kind, made_up
from tests.support.recordings import make_recording
from xai_sleep.metrics.maps import time_profiles
from xai_sleep.recordings.intervals import intervals
from xai_sleep.report.browser import MAP_COLUMNS, MAP_ROWS, browser, choose, coarse
from xai_sleep.results.finished import Finished
from xai_sleep.results.outcome import OUTCOMES, FoldOutcome, TestWindows
from xai_sleep.windows.windows import cut, cut_signals


@pytest.fixture(scope="module")
def run() -> Finished:
    return made_up(Kind(task="rem"))


def data_of(run: Finished) -> Any:
    """Pack the windows as the script of a page reads them."""
    return json.loads(json.dumps(browser(run).data, allow_nan=False))


def unpacked(text: str, kind: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype=kind)


def test_signals_and_maps_come_back(run: Finished) -> None:
    data = data_of(run)
    n, length = len(data["start"]), data["length"]
    steps = unpacked(data["signals"], "<i2").reshape(n, 2, length)
    peak = np.array(data["peak"])[:, np.newaxis, np.newaxis]
    expected = np.concatenate(
        [cut_signals([r.signals for r in run.recordings], fold.windows) for fold in run.outcomes]
    )
    np.testing.assert_allclose(steps * peak / data["steps"], expected, atol=2e-4 * peak.max())
    profiles = unpacked(data["profiles"], "u1").reshape(n, length) / 255
    np.testing.assert_allclose(
        profiles, np.concatenate([fold.maps for fold in run.outcomes]), atol=0.003
    )


def test_each_window_has_its_own_outcome(run: Finished) -> None:
    data = data_of(run)
    names = [name for name, _ in data["outcomes"]]
    assert tuple(names) == OUTCOMES
    label = np.concatenate([fold.windows.label for fold in run.outcomes])
    detected = np.concatenate([fold.detected for fold in run.outcomes])
    for outcome, marked, found in zip(data["outcome"], label, detected, strict=True):
        expected = ("hit" if marked else "false alarm") if found else ("miss" if marked else "")
        assert names[outcome] == (expected or "correct rejection")


def test_windows_stand_by_record_and_time_whatever_their_folds(run: Finished) -> None:
    backwards = run.outcomes[::-1]
    windows = TestWindows.of(run.recordings, backwards)
    data = data_of(replace(run, outcomes=backwards, windows=windows))
    places = list(zip(data["record"], data["start"], strict=True))
    assert places == sorted(places)
    subjects = [run.recordings[index].subject for index in data["record"]]
    assert [data["folds"][index]["name"] for index in data["fold"]] == subjects


def test_where_room_is_short_events_and_detections_stay(run: Finished) -> None:
    each = 2 * 2 * 500 + 500
    label = np.concatenate([fold.windows.label for fold in run.outcomes])
    detected = np.concatenate([fold.detected for fold in run.outcomes])
    wanted = int(((label == 1) | detected).sum())
    assert 1 < wanted < len(label) - 1
    for room, complete in ((wanted + 1, True), (wanted - 1, False)):
        shown = browser(run, budget=room * each + 1)
        assert (shown.shown, shown.total, shown.complete) == (room, len(label), complete)
        outcome: Any = shown.data["outcome"]
        rejected = outcome.count(OUTCOMES.index("correct rejection"))
        assert rejected == max(room - wanted, 0)
        again = browser(run, budget=room * each + 1)
        assert again.data == shown.data


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(1, 60))
def test_those_wanted_are_kept_first(wanted: list[bool], limit: int) -> None:
    flags = np.array(wanted)
    kept = choose(flags, limit)
    assert len(kept) == len(set(kept.tolist())) == min(limit, len(wanted))
    assert np.array_equal(kept, np.sort(kept))
    assert flags[kept].sum() == min(limit, flags.sum())


def test_a_night_of_eight_records_is_a_page_of_less_than_15_mb() -> None:
    """Eight hours each, two channels."""
    records = [make_recording(str(i), seconds=100, sfreq=1) for i in range(8)]
    hours = [
        replace(
            record,
            signals=np.zeros((2, 8 * 360_000), dtype=np.float32) + 1,
            channels=("a", "b"),
            sfreq=100.0,
            events=intervals([(10.0, 11.0)]),
            scored=intervals([(0.0, 28_800.0)]),
        )
        for record in records
    ]
    windows = cut(hours, [hour.scored for hour in hours], length=5, step=5)
    maps = np.zeros((len(windows), 500), dtype=np.float16)
    probability = np.zeros(len(windows), dtype=np.float32)
    called = np.zeros(len(windows), dtype=np.bool_)
    fold = FoldOutcome("all", windows, called, probability, maps=maps, record=fold_record("all"))
    shown = browser(finished(run_record(), hours, [fold]))
    assert shown.complete
    assert shown.shown < shown.total == 8 * 5760
    assert len(json.dumps(shown.data)) < 11e6  # the rest is for figures


def test_an_image_is_averaged_down_and_knows_its_band() -> None:
    run = made_up(Kind(maps="image"))
    data = data_of(run)
    found = data["maps"]
    assert (found["rows"], found["columns"]) == (16, 16)
    assert (found["low"], found["high"]) == (pytest.approx(1), pytest.approx(30))
    maps = np.concatenate([fold.maps for fold in run.outcomes])
    values = unpacked(found["values"], "u1").reshape(maps.shape) / 255
    np.testing.assert_allclose(values, maps, atol=0.003)
    profiles = unpacked(data["profiles"], "u1").reshape(len(maps), 500) / 255
    np.testing.assert_allclose(profiles, time_profiles(maps, 500), atol=0.003)


def test_a_large_image_keeps_its_mean() -> None:
    maps = np.random.default_rng(0).random((3, 128, 128))
    small = coarse(maps, MAP_ROWS, MAP_COLUMNS)
    assert small.shape == (3, MAP_ROWS, MAP_COLUMNS)
    np.testing.assert_allclose(small.mean(axis=(1, 2)), maps.mean(axis=(1, 2)))
    np.testing.assert_allclose(small[0, 0, 0], maps[0, :4, :2].mean())


def test_without_maps_there_are_signals_alone() -> None:
    run = made_up(Kind(maps="none"))
    data = data_of(run)
    assert data["profiles"] is None
    assert data["maps"] is None
    assert len(unpacked(data["signals"], "<i2")) == len(data["start"]) * 500


def test_detections_stand_beside_the_marks(run: Finished) -> None:
    record = data_of(run)["records"][0]
    assert record["detections"] == [[3, 4.5]]
    assert record["events"] == run.recordings[0].events.round(4).tolist()
