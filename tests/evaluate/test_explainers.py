"""What explanations are worth: every figure against a count by hand over made-up folds."""

import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from xai_sleep.evaluate.judged import Judged, Judging
from xai_sleep.evaluate.maps import as_marked_by, explainer_rows, fold_rows, map_arrays
from xai_sleep.evaluate.score import score_fold, score_run
from xai_sleep.explain.faithfulness import SEGMENTS
from xai_sleep.metrics.maps import MEASURES
from xai_sleep.metrics.windows import decide
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.recording import Recording, Scoring
from xai_sleep.results.files import read_arrays, write_arrays
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.scores import POOLED, Scores, Summary
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


def fold(record: int, probability: list[float], peaks: list[int]) -> FoldOutcome:
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
    return FoldOutcome(
        f"f{record}", windows, decide(chances, 0.5), chances, maps=maps, explained=explained
    )


# The peaks of positive windows: inside in the first, outside in the fourth; the other way round.
FOLDS = [
    fold(0, [0.9, 0.1, 0.1, 0.8, 0.7], [25, 0, 0, 5, 0]),
    fold(1, [0.9, 0.1, 0.1, 0.2, 0.1], [5, 0, 0, 12, 0]),
]


def judged(
    folds: list[FoldOutcome] = FOLDS,
    recordings: list[Recording] = RECORDINGS,
    tolerance: float = 0.0,
    methods: tuple[str, ...] = ("gradcam", "uniform"),
) -> Judged:
    return Judged(recordings, folds, Judging(tolerance=tolerance, methods=methods))


def scored(what: Judged) -> Scores:
    return Scores(row for name in what.judging.methods for row in explainer_rows(what, name))


FOUND = scored(judged())


def values(
    scores: Scores, part: str, names: str, over: str, who: str = "gradcam"
) -> list[float | None]:
    return [scores.one(part, name, who=who, over=over).value for name in names.split()]


def pointing(scores: Scores, over: str = "true_positives", who: str = "gradcam") -> Summary:
    return scores.summary("maps", "pointing", who=who, over=over)


def test_localisation_of_every_method() -> None:
    assert values(FOUND, "maps", "windows blank", "true_positives") == [3, 0]
    assert pointing(FOUND).pooled == pytest.approx(1 / 3)
    assert pointing(FOUND, "positives").pooled == pytest.approx(2 / 4)
    assert pointing(FOUND, "positives", "uniform").pooled == pytest.approx(0.5)
    assert values(FOUND, "maps", "mass_gain", "positives", "uniform") == pytest.approx([0])


def test_a_blank_map_has_no_score_and_may_be_counted_as_a_miss() -> None:
    maps = FOLDS[1].maps.copy()
    maps[3] = 0  # that of an event which the network missed, and its map did not
    found = scored(judged([FOLDS[0], replace(FOLDS[1], maps=maps)]))
    assert values(found, "maps", "windows blank", "positives") == [4, 1]
    assert values(found, "maps", "pointing pointing_or_blank", "positives") == pytest.approx(
        [1 / 3, 1 / 4]
    )
    for name in ("pointing", "pointing_or_blank"):
        assert values(found, "maps", name, "true_positives") == pytest.approx([1 / 3])


def test_a_tolerance_lets_near_peaks_point_everywhere() -> None:
    # Peaks at 0.25 s, before an event from 1 s, and at 6.25 s, before one from 6.5 s.
    for tolerance, share in ((0.0, 1 / 3), (0.3, 2 / 3), (0.8, 1.0)):
        found = scored(judged(tolerance=tolerance, methods=("gradcam",)))
        assert pointing(found).pooled == pytest.approx(share)
        assert pointing(found, "subject b").pooled == (tolerance == 0.8)
    rows = Scores(fold_rows(judged(tolerance=0.3)))
    assert rows.one("maps", "pointing", who="gradcam", over="true_positives", fold="f0").value == 1


def test_localisation_by_stage() -> None:
    stages = {over for over in FOUND.distinct("over") if over.startswith("stage")}
    assert stages == {"stage N2", "stage R", "stage unknown"}
    assert [values(FOUND, "maps", "windows", stage) for stage in stages] == [[1]] * 3
    assert pointing(FOUND, "stage N2").pooled == 1
    assert pointing(FOUND, "stage R").pooled == 0
    assert pointing(FOUND, "stage R").interval is None
    assert "subject" in pointing(FOUND, "stage R").reason


def test_localisation_by_subject_adds_up_to_the_whole() -> None:
    """Each subject is a fold of its own here, so that their mean is that over folds."""
    parts = [pointing(FOUND, f"subject {name}").pooled for name in "ab"]
    assert parts == [0.5, 0]
    assert pointing(FOUND).mean == pytest.approx(0.25)
    windows = [values(FOUND, "maps", "windows", f"subject {name}")[0] for name in "ab"]
    assert windows == [2, 1]


def test_localisation_by_rater() -> None:
    raters = {over for over in FOUND.distinct("over") if over.startswith("rater")}
    assert raters == {"rater expert1", "rater expert2"}
    assert values(FOUND, "maps", "windows blank unmarked", "rater expert1") == [3, 0, 0]
    assert pointing(FOUND, "rater expert1").pooled == pytest.approx(1 / 3)
    # Expert 2 marked the first window of the first record alone, up to 1.5 s: the peak is at 1.25.
    assert values(FOUND, "maps", "windows blank unmarked", "rater expert2") == [1, 0, 2]
    assert pointing(FOUND, "rater expert2").pooled == 1


def test_events_of_a_rater_who_did_not_score_a_record() -> None:
    bare = replace(RECORDINGS[1], scorers={"expert1": RECORDINGS[1].scorers["expert1"]})
    first, second = as_marked_by("expert2", [RECORDINGS[0], bare])
    assert first.events.tolist() == [[0.5, 1.5]]
    assert second.events.shape == (0, 2)
    found = scored(judged(recordings=[RECORDINGS[0], bare], methods=("gradcam",)))
    assert values(found, "maps", "windows blank unmarked", "rater expert2") == [1, 0, 1]


def test_faithfulness_by_hand() -> None:
    most, least = 0.2 + 0.35 / SEGMENTS, 0.8 + 0.05 / SEGMENTS
    expected = {
        "deletion": most,
        "insertion": least,
        "random": 0.5,
        "separation": least - most,
        "deletion_gain": 0.5 - most,
        "insertion_gain": least - 0.5,
    }
    assert values(FOUND, "faithfulness", "windows skipped", "true_positives") == [3, 0]
    for name, value in expected.items():
        score = FOUND.summary("faithfulness", name, who="gradcam", over="true_positives")
        assert score.pooled == pytest.approx(value, abs=1e-6), name
        assert score.interval == pytest.approx((value, value), abs=1e-6)
    assert curve(FOUND, "deletion") == pytest.approx([0.9] + [0.2] * SEGMENTS)
    assert curve(FOUND, "insertion") == pytest.approx([0.8] * SEGMENTS + [0.9])
    over = FOUND.select(part="deletion", who="gradcam").distinct("over")
    assert (over[0], over[-1], len(over)) == ("share 0.00", "share 1.00", STEPS)
    assert values(FOUND, "faithfulness", "separation", "positives", "uniform") == pytest.approx([0])


def curve(scores: Scores, way: str) -> list[float | None]:
    return [row.value for row in scores.select(part=way, who="gradcam", metric="most")]


def test_windows_without_a_donor_are_counted_and_not_scored() -> None:
    lost = dict(FOLDS[1].explained)
    for key in ("curves_gradcam", "chance_curves"):
        lost[key] = lost[key].copy()
        lost[key][0] = np.nan
    folds = [FOLDS[0], replace(FOLDS[1], explained=lost)]
    found = scored(judged(folds, methods=("gradcam",)))
    assert values(found, "faithfulness", "windows skipped", "true_positives") == [3, 1]
    assert values(found, "faithfulness", "windows skipped", "positives") == [4, 1]
    assert values(found, "faithfulness", "random", "positives") == pytest.approx([0.5])
    assert None not in curve(found, "deletion")


def test_sanity_passes_what_follows_the_weights_and_fails_what_does_not() -> None:
    layers = [values(FOUND, "sanity", "similarity", f"random_weights {n}")[0] for n in LAYERS]
    assert layers == pytest.approx([0.8, 0.2])
    final = FOUND.summary("sanity", "similarity", who="gradcam", over="random_weights")
    assert final.pooled == pytest.approx(0.2)
    assert final.interval is not None
    names = "passed windows undefined"
    assert values(FOUND, "sanity", names, "random_weights") == [1, 4, 0]
    # Two draws: the real maps, and those half a window later (inside, in the fourth window, twice).
    assert values(FOUND, "sanity_maps", "pointing", "random_weights") == pytest.approx(
        [(2 / 4 + 2 / 4) / 2]
    )
    floor = values(FOUND, "sanity", "similarity passed at_chance", "random_weights", "uniform")
    assert floor == [1, 0, 1]


LAYERS = ("head", "features")


def test_shuffled_labels_are_judged_like_random_weights() -> None:
    more: Mapping[str, NDArray[Any]] = {
        "shuffled_gradcam": np.ones((2, LENGTH), dtype=np.float16),
        "similarity_shuffled_gradcam": constant(0.75, 2, 1),
    }
    folds = [replace(each, explained={**each.explained, **more}) for each in FOLDS]
    found = scored(judged(folds, methods=("gradcam",)))
    assert values(found, "sanity", "similarity passed", "shuffled_labels") == [0.75, 0]
    assert values(found, "sanity_maps", "mass", "shuffled_labels") == pytest.approx([0.5])


def test_only_what_was_asked_for_has_rows() -> None:
    folds = [replace(each, explained={}) for each in FOLDS]
    assert scored(judged(folds, methods=("gradcam",))).distinct("part") == ["maps"]
    bare = [replace(each, maps=np.empty((0, 0), dtype=np.float16)) for each in folds]
    parts = Scores(score_run(judged(bare))).distinct("part")
    assert parts == ["windows", "windows_at_half", "calibration"]


def test_one_subject_has_figures_but_no_interval() -> None:
    alone = scored(judged(FOLDS[:1], RECORDINGS[:1], methods=("gradcam",)))
    for part, metric, over in (
        ("maps", "mass", "true_positives"),
        ("faithfulness", "random", "positives"),
    ):
        score = alone.summary(part, metric, who="gradcam", over=over)
        assert score.pooled is not None
        assert score.interval is None
        assert score.reason == "needs two subjects to resample, found 1"
    chance = alone.one("sanity", "at_chance", who="gradcam", over="random_weights")
    assert (chance.value, chance.reason) == (None, "needs two subjects to resample, found 1")


def test_what_is_undefined_says_why() -> None:
    folds = [replace(each, detected=np.zeros(5, dtype=np.bool_)) for each in FOLDS]
    found = scored(judged(folds))
    assert all(row.value is not None or row.reason for row in found)
    assert values(found, "maps", "windows pointing", "true_positives") == [0, None]
    assert not [over for over in found.distinct("over") if over.startswith(("stage", "subject"))]
    assert values(found, "faithfulness", "separation", "true_positives") == [None]
    assert set(curve(found, "deletion")) == {None}


def why(found: Scores, metric: str, over: str) -> tuple[float | None, str]:
    row = found.one("maps", metric, who="gradcam", over=over, fold="f0")
    return row.value, row.reason


def test_maps_of_a_fold_and_why_they_have_no_score() -> None:
    found = Scores(fold_rows(judged(FOLDS[:1])))
    assert why(found, "windows", "true_positives") == (2, "")
    assert why(found, "pointing", "true_positives") == (0.5, "")
    missed = replace(FOLDS[0], detected=np.zeros(5, dtype=np.bool_))
    found = Scores(fold_rows(judged([missed])))
    for measure in MEASURES:
        assert why(found, measure, "true_positives") == (None, "no true positives in this fold")
    blank = replace(FOLDS[0], maps=np.zeros_like(FOLDS[0].maps))
    found = Scores(fold_rows(judged([blank])))
    assert why(found, "blank", "positives") == (2, "")
    assert why(found, "mass", "positives") == (None, "every map is blank")
    assert why(found, "pointing_or_blank", "positives") == (0, "")


def test_a_fold_alone_has_the_rows_it_has_in_the_run() -> None:
    run = Scores(score_run(judged()))
    for outcome in FOLDS:
        rows = score_fold(judged([outcome]))
        assert {row.fold for row in rows} == {outcome.name}
        assert rows == [row for row in run if row.fold == outcome.name]
    assert {row.fold for row in run} == {"f0", "f1", "mean", POOLED}


def test_a_window_with_too_little_of_an_event_is_no_positive() -> None:
    windows = replace(FOLDS[0].windows, label=np.array([1, 1, 0, 1, 0]))
    found = scored(judged([replace(FOLDS[0], windows=windows, explained={})], methods=("gradcam",)))
    assert values(found, "maps", "windows", "positives") == [2]


def test_stored_maps_follow_the_windows(tmp_path: Path) -> None:
    write_arrays(tmp_path / "maps.npz", map_arrays(judged()))
    stored = read_arrays(tmp_path / "maps.npz")
    with zipfile.ZipFile(tmp_path / "maps.npz") as archive:
        assert {each.compress_type for each in archive.infolist()} == {zipfile.ZIP_DEFLATED}
    assert set(stored) == {"maps", "profiles", "profiles_uniform", "inside", "index"}
    assert {len(each) for each in stored.values()} == {10}
    assert stored["inside"].sum(axis=1).tolist() == [20, 0, 0, 20, 0] * 2
    assert np.flatnonzero(stored["inside"][0]).tolist() == list(range(20, 40))
    assert np.array_equal(stored["maps"], np.concatenate([fold.maps for fold in FOLDS]))
