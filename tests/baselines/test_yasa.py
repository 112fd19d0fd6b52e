"""YASA's detectors: in place where the package is, named with a remedy where it is not."""

import sys
from typing import Literal

import pytest

from tests.support.trials import Seen, loso, noise
from xai_sleep.baselines.baseline import LeftOutError
from xai_sleep.baselines.yasa import Yasa
from xai_sleep.recordings.filtering import prepare
from xai_sleep.recordings.simulated import simulate


def test_without_the_package_it_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yasa", None)
    with pytest.raises(
        LeftOutError, match=r"yasa is not installed; pip install 'xai_sleep\[yasa\]'"
    ):
        Seen(Yasa("spindle"), loso(noise()))


def test_an_event_it_has_no_detector_of_is_left_out() -> None:
    with pytest.raises(LeftOutError, match="YASA has no detector of kcomplex events"):
        Seen(Yasa("kcomplex"), loso(noise()))


@pytest.mark.slow
@pytest.mark.parametrize(("event", "high", "least"), [("spindle", 35.0, 0.7), ("rem", 15.0, 0.3)])
def test_simulated_events_are_found(
    event: Literal["spindle", "rem"], high: float, least: float
) -> None:
    pytest.importorskip("yasa")
    recordings = simulate(event, subjects=3, minutes=5, seed=3)
    found = Seen(
        Yasa(event), loso([prepare(r, sfreq=100.0, bands=[(0.5, high)]) for r in recordings])
    )
    assert found.record.description.startswith(f"{event}s_detect"[: len(event)])
    assert found.pooled("events") > least


@pytest.mark.slow
def test_records_in_which_yasa_finds_nothing_are_scored() -> None:
    pytest.importorskip("yasa")
    flat = [prepare(r, sfreq=100.0, bands=[(0.5, 35.0)]) for r in noise()]
    assert Seen(Yasa("spindle"), loso(flat)).pooled("events", "recall") == 0.0
