"""What explanations are worth: every figure against a count by hand over made-up folds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from xai_sleep.evaluate.explainers import explainer_summary
from xai_sleep.evaluate.maps import all_maps, as_scored_by, fold_maps, stage_names
from xai_sleep.evaluate.windows import FoldResult, score_windows
from xai_sleep.explain.faithfulness import SEGMENTS
from xai_sleep.metrics.maps import MEASURES
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.recording import Recording, Scoring
from xai_sleep.windows.windows import Windows

SFREQ, LENGTH = 20.0, 40  # Hz; samples: windows of 2 s
STEPS = SEGMENTS + 1


def recording(name: str, stages: list[int] | None, expert2: list[tuple[float, float]]) -> Recording:
    """Ten seconds with an event from 1 to 2 s and one from 6.5 to 7.5 s; expert 2 sees 8 s."""
    events = intervals([(1, 2), (6.5, 7.5)])
    return Recording(
        record=name,
        subject=name,
        signals=np.zeros((1, 200), dtype=np.float32),
        channels=("EEG",),
        sfreq=SFREQ,
        events=events,
        scored=intervals([(0, 10)]),
        stages=None if stages is None else np.array(stages, dtype=np.int8),
        epoch=5.0,
        scorers={
            "expert1": Scoring(events, intervals([(0, 10)])),
            "expert2": Scoring(intervals(expert2), intervals([(0, 8)])),
            "automatic": Scoring(intervals([(3, 4)]), intervals([(0, 10)])),
        },
    )


RECORDINGS = [recording("a", [2, 4], [(0.5, 1.5)]), recording("b", None, [(6.5, 7.5)])]
LABEL = np.array([1, 0, 0, 1, 0])  # of the windows at 0, 2, 4, 6 and 8 s


def constant(value: float, *shape: int) -> NDArray[np.float32]:
    return np.full(shape, value, dtype=np.float32)


def fold(record: int, probability: list[float], peaks: list[int]) -> FoldResult:
    """Windows of one record, each map a single sample at its peak (-1: blank)."""
    windows = Windows(
        record=np.full(5, record, dtype=np.int64),
        start=np.arange(5, dtype=np.int64) * LENGTH,
        label=LABEL,
        length=LENGTH,
        sfreq=SFREQ,
    )
    maps = np.zeros((5, LENGTH), dtype=np.float16)
    for row, peak in enumerate(peaks):
        maps[row, peak] = peak >= 0
    chances = np.array(probability, dtype=np.float32)
    metrics: Mapping[str, Any] = {
        "threshold": 0.5,
        "windows": score_windows(LABEL, chances, 0.5),
        "windows_at_half": score_windows(LABEL, chances, 0.5),
    }
    most, least = constant(0.2, 2, STEPS), constant(0.8, 2, STEPS)
    most[:, 0] = least[:, 0] = 0.9
    explained: dict[str, NDArray[Any]] = {
        "profiles_uniform": np.ones((5, LENGTH), dtype=np.float16),
        "layers": np.array(["head", "features"]),
        "chance_curves": constant(0.5, 2, STEPS),
        "curves_gradcam": np.stack([most, least], axis=1),
        "curves_uniform": constant(0.5, 2, 2, STEPS),
        "similarity_gradcam": np.array([[0.9, 0.1], [0.7, 0.3]], dtype=np.float32),
        "similarity_uniform": constant(1, 2, 2),
        "randomised_gradcam": np.stack([maps[LABEL == 1], np.roll(maps[LABEL == 1], 20, axis=1)]),
        "randomised_uniform": np.ones((2, 2, LENGTH), dtype=np.float16),
    }
    return FoldResult(f"f{record}", windows, chances, maps, metrics, explained=explained)


# The peaks of positive windows: inside in the first, outside in the fourth; the other way round.
FOLDS = [
    fold(0, [0.9, 0.1, 0.1, 0.8, 0.7], [25, 0, 0, 5, 0]),
    fold(1, [0.9, 0.1, 0.1, 0.2, 0.1], [5, 0, 0, 12, 0]),
]
METHODS = ("gradcam", "uniform")


def summarised(
    recordings: Sequence[Recording],
    folds: Sequence[FoldResult],
    methods: Sequence[str],
    tolerance: float = 0.0,
) -> dict[str, Any]:
    found: dict[str, Any] = explainer_summary(recordings, folds, methods, tolerance)["explainers"]
    return found


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return summarised(RECORDINGS, FOLDS, METHODS)


def test_localisation_of_every_method(found: dict[str, Any]) -> None:
    maps = found["gradcam"]["maps"]
    assert maps["true_positives"]["counts"] == {"windows": 3, "blank": 0}
    assert maps["true_positives"]["pointing"]["pooled"] == pytest.approx(1 / 3)
    assert maps["positives"]["pointing"]["pooled"] == pytest.approx(2 / 4)
    assert found["uniform"]["maps"]["positives"]["pointing"]["pooled"] == pytest.approx(0.5)
    assert found["uniform"]["maps"]["positives"]["mass_gain"]["pooled"] == pytest.approx(0)


def test_a_tolerance_lets_near_peaks_point() -> None:
    # Peaks at 0.25 s, before an event from 1 s, and at 6.25 s, before one from 6.5 s.
    for tolerance, pointing in ((0.0, 1 / 3), (0.3, 2 / 3), (0.8, 1.0)):
        maps = summarised(RECORDINGS, FOLDS, ["gradcam"], tolerance)["gradcam"]["maps"]
        assert maps["true_positives"]["pointing"]["pooled"] == pytest.approx(pointing)
    assert fold_maps(RECORDINGS, FOLDS[0], 0.3)["true_positives"]["pointing"] == 1


def test_localisation_by_stage(found: dict[str, Any]) -> None:
    by_stage = found["gradcam"]["maps"]["by_stage"]
    assert {name: each["counts"]["windows"] for name, each in by_stage.items()} == {
        "N2": 1,
        "R": 1,
        "unknown": 1,
    }
    assert by_stage["N2"]["pointing"]["pooled"] == 1
    assert by_stage["R"]["pointing"]["pooled"] == 0
    assert by_stage["R"]["pointing"]["ci95"] is None
    assert "subject" in by_stage["R"]["pointing"]["undefined"]["ci95"]


def test_stages_at_the_centre_of_windows_and_beyond_the_staged_time() -> None:
    windows = FOLDS[0].windows
    assert stage_names(RECORDINGS, windows).tolist() == ["N2", "N2", "R", "R", "R"]
    short = replace(RECORDINGS[0], stages=np.array([2], dtype=np.int8))
    assert stage_names([short], windows).tolist() == ["N2", "N2", *["unknown"] * 3]


def test_localisation_by_expert(found: dict[str, Any]) -> None:
    by_expert = found["gradcam"]["maps"]["by_expert"]
    assert set(by_expert) == {"expert1", "expert2"}
    assert by_expert["expert1"]["counts"] == {"windows": 3, "blank": 0, "unmarked": 0}
    assert by_expert["expert1"]["pointing"]["pooled"] == pytest.approx(1 / 3)
    # Expert 2 marked the first window of the first record alone, up to 1.5 s: the peak is at 1.25.
    assert by_expert["expert2"]["counts"] == {"windows": 1, "blank": 0, "unmarked": 2}
    assert by_expert["expert2"]["pointing"]["pooled"] == 1


def test_events_of_an_expert_who_did_not_score_a_record() -> None:
    bare = replace(RECORDINGS[1], scorers={"expert1": RECORDINGS[1].scorers["expert1"]})
    first, second = as_scored_by("expert2", [RECORDINGS[0], bare])
    assert first.events.tolist() == [[0.5, 1.5]]
    assert second.events.shape == (0, 2)
    summary = summarised([RECORDINGS[0], bare], FOLDS, ["gradcam"])
    counts = summary["gradcam"]["maps"]["by_expert"]["expert2"]["counts"]
    assert counts == {"windows": 1, "blank": 0, "unmarked": 1}


def test_faithfulness_by_hand(found: dict[str, Any]) -> None:
    scores = found["gradcam"]["faithfulness"]["true_positives"]
    most, least = 0.2 + 0.35 / SEGMENTS, 0.8 + 0.05 / SEGMENTS
    expected = {
        "deletion": most,
        "insertion": least,
        "random": 0.5,
        "separation": least - most,
        "deletion_gain": 0.5 - most,
        "insertion_gain": least - 0.5,
    }
    assert scores["counts"] == {"windows": 3, "skipped": 0}
    for name, value in expected.items():
        assert scores[name]["pooled"] == pytest.approx(value, abs=1e-6), name
        assert scores[name]["ci95"] == pytest.approx([value, value], abs=1e-6)
    curves = found["gradcam"]["faithfulness"]["curves"]
    assert curves["deletion"]["most"] == pytest.approx([0.9] + [0.2] * SEGMENTS)
    assert curves["insertion"]["most"] == pytest.approx([0.8] * SEGMENTS + [0.9])
    assert curves["share"][0] == 0
    assert curves["share"][-1] == 1
    flat = found["uniform"]["faithfulness"]["positives"]
    assert flat["separation"]["pooled"] == pytest.approx(0)


def test_windows_without_a_donor_are_counted_and_not_scored() -> None:
    lost = dict(FOLDS[1].explained)
    for key in ("curves_gradcam", "chance_curves"):
        lost[key] = lost[key].copy()
        lost[key][0] = np.nan
    folds = [FOLDS[0], replace(FOLDS[1], explained=lost)]
    scores = summarised(RECORDINGS, folds, ["gradcam"])["gradcam"]["faithfulness"]
    assert scores["true_positives"]["counts"] == {"windows": 3, "skipped": 1}
    assert scores["positives"]["counts"] == {"windows": 4, "skipped": 1}
    assert scores["positives"]["random"]["pooled"] == pytest.approx(0.5)
    assert np.isfinite(scores["curves"]["deletion"]["most"]).all()


def test_sanity_passes_what_follows_the_weights_and_fails_what_does_not(
    found: dict[str, Any],
) -> None:
    sanity = found["gradcam"]["sanity"]["random_weights"]
    assert sanity["layers"] == ["head", "features"]
    assert sanity["similarity"] == pytest.approx([0.8, 0.2])
    assert sanity["final"]["pooled"] == pytest.approx(0.2)
    assert sanity["passed"] is True
    assert sanity["counts"] == {"windows": 4, "undefined": 0}
    # Two draws: the real maps, and those half a window later (inside, in the fourth window, twice).
    assert sanity["maps"]["pointing"]["pooled"] == pytest.approx((2 / 4 + 2 / 4) / 2)
    floor = found["uniform"]["sanity"]["random_weights"]
    assert floor["similarity"] == [1, 1]
    assert floor["passed"] is False
    assert floor["at_chance"] is True


def test_shuffled_labels_are_judged_like_random_weights() -> None:
    more: dict[str, NDArray[Any]] = {
        "shuffled_gradcam": np.ones((2, LENGTH), dtype=np.float16),
        "similarity_shuffled_gradcam": constant(0.75, 2, 1),
    }
    folds = [replace(each, explained={**each.explained, **more}) for each in FOLDS]
    sanity = summarised(RECORDINGS, folds, ["gradcam"])["gradcam"]["sanity"]
    assert sanity["shuffled_labels"]["passed"] is False
    assert sanity["shuffled_labels"]["similarity"] == [0.75]
    assert sanity["shuffled_labels"]["maps"]["mass"]["pooled"] == pytest.approx(0.5)


def test_only_what_was_asked_for_is_summarised() -> None:
    folds = [replace(each, explained={}) for each in FOLDS]
    assert set(summarised(RECORDINGS, folds, ["gradcam"])["gradcam"]) == {"maps"}
    assert explainer_summary(RECORDINGS, folds, []) == {}


def test_one_subject_has_figures_but_no_interval() -> None:
    alone = summarised(RECORDINGS[:1], FOLDS[:1], ["gradcam"])["gradcam"]
    for part in (
        alone["maps"]["true_positives"]["mass"],
        alone["faithfulness"]["positives"]["random"],
    ):
        assert part["pooled"] is not None
        assert part["ci95"] is None
        assert part["undefined"]["ci95"] == "needs two subjects to resample, found 1"
    assert alone["sanity"]["random_weights"]["at_chance"] is None


def test_nothing_found_is_no_score_and_still_json() -> None:
    folds = [replace(each, probability=constant(0, 5)) for each in FOLDS]
    found = summarised(RECORDINGS, folds, METHODS)
    json.dumps(found, allow_nan=False)
    scores = found["gradcam"]
    assert scores["maps"]["true_positives"]["counts"]["windows"] == 0
    assert scores["maps"]["true_positives"]["pointing"]["pooled"] is None
    assert scores["maps"]["by_stage"] == {}
    assert scores["faithfulness"]["true_positives"]["separation"]["pooled"] is None
    assert "undefined" in scores["faithfulness"]["curves"]


def test_maps_of_a_fold_and_why_they_have_no_score() -> None:
    scores = fold_maps(RECORDINGS, FOLDS[0])
    assert scores["true_positives"]["counts"] == {"windows": 2, "blank": 0}
    assert scores["true_positives"]["pointing"] == 0.5
    assert scores["true_positives"]["undefined"] == {}
    missed = replace(FOLDS[0], probability=constant(0, 5))
    nothing = fold_maps(RECORDINGS, missed)["true_positives"]
    assert all(nothing[measure] is None for measure in MEASURES)
    assert nothing["undefined"]["pointing"] == "no true positives in this fold"
    blank = fold_maps(RECORDINGS, replace(FOLDS[0], maps=np.zeros_like(FOLDS[0].maps)))
    assert blank["positives"]["counts"] == {"windows": 2, "blank": 2}
    assert blank["positives"]["undefined"]["mass"] == "every map is blank"


def test_stored_maps_follow_the_windows() -> None:
    stored = all_maps(RECORDINGS, FOLDS)
    assert set(stored) == {"maps", "profiles", "profiles_uniform", "inside", "index"}
    assert {len(each) for each in stored.values()} == {10}
    assert stored["inside"].sum(axis=1).tolist() == [20, 0, 0, 20, 0] * 2
    assert np.flatnonzero(stored["inside"][0]).tolist() == list(range(20, 40))
