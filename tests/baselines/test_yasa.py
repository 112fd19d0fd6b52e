"""YASA's detectors: in place where the package is, named with a remedy where it is not."""

import sys

import pytest

from tests.support.trials import f1, loso, noise
from xai_sleep.baselines.catalogue import CATALOGUE, measure
from xai_sleep.baselines.scores import score
from xai_sleep.recordings.filtering import prepare
from xai_sleep.recordings.simulated import simulate


def test_without_the_package_the_row_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yasa", None)
    found = measure(loso(noise()), ["yasa", "trivial"])
    assert found["yasa"] == {
        "description": "yasa",
        "skipped": "yasa is not installed; pip install 'xai_sleep[yasa]'",
    }
    assert "windows" in found["never"]


@pytest.mark.slow
def test_simulated_spindles_and_eye_movements_are_found() -> None:
    pytest.importorskip("yasa")
    for event, high, least in (("spindle", 35.0, 0.7), ("rem", 15.0, 0.3)):
        recordings = simulate("rem" if event == "rem" else "spindle", subjects=3, minutes=5, seed=3)
        prepared = [prepare(r, sfreq=100.0, bands=[(0.5, high)]) for r in recordings]
        found = score(CATALOGUE["yasa"](loso(prepared, event=event))["yasa"])
        assert found["description"].startswith(f"{event}s_detect"[: len(event)])
        assert f1(found["events"]) > least


@pytest.mark.slow
def test_records_in_which_yasa_finds_nothing_are_scored() -> None:
    pytest.importorskip("yasa")
    flat = [prepare(r, sfreq=100.0, bands=[(0.5, 35.0)]) for r in noise()]
    found = score(CATALOGUE["yasa"](loso(flat))["yasa"])
    assert found["events"]["recall"]["pooled"] == 0.0
