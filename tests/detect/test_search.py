"""Events of a fold: what is chosen by what, where detections may lie, and what must not matter."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.support.inputs import signal_input
from tests.support.recordings import make_recording, planted
from tests.support.runs import composed
from xai_sleep.detect.detector import RATE, Detector
from xai_sleep.detect.search import activate, choose, detect_events, find_events
from xai_sleep.detect.slide import detector_of, reading_of, slide
from xai_sleep.explain.attribution import grad_cam, hires_cam
from xai_sleep.metrics.events import contains
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.models.cnn1d import CNN1d
from xai_sleep.recordings.intervals import Intervals, intersection, intervals, subtraction, union
from xai_sleep.recordings.recording import Recording
from xai_sleep.schema import DetectorConfig
from xai_sleep.windows.datamodule import FoldDataModule
from xai_sleep.windows.folds import Fold, k_fold, leave_one_subject_out
from xai_sleep.windows.images import Store
from xai_sleep.windows.windows import cut

CENTRES = np.asarray((np.arange(2400) + 0.5) / RATE, dtype=np.float64)
LOW = Detector("probability", 0.1, 0.9, 0.95, 0.1, 100.0, 0.0)


def config(*overrides: str) -> DetectorConfig:
    return composed(*overrides).detector


def recordings(unscored: bool = True) -> list[Recording]:
    """Two records of 4 min, of which the first 200 s are scored, with an event every 5 s."""
    scored = [(0, 200)] if unscored else None
    rows = [(s, s + 1.0) for s in np.arange(2.0, 235.0, 5.0)]
    return [
        make_recording(name, seconds=240.0, sfreq=100.0, events=rows, scored=scored, seed=seed)
        for seed, name in enumerate("ab")
    ]


def trained(made: Sequence[Recording]) -> EventClassifier:
    """Weights far from zero, drawn once and for all: probabilities that differ."""
    torch.manual_seed(1)
    classifier = EventClassifier(CNN1d(1, 500), signal_input(made, 5.0))
    with torch.no_grad():
        for weights in classifier.parameters():
            weights.normal_(0, 0.4)
    return classifier


def prepared(made: Sequence[Recording], fold: Fold) -> FoldDataModule:
    data = FoldDataModule(Store(made), fold, signal_input(made, 5.0), step=1.0, min_overlap=0.5)
    data.setup()
    return data


def first_fold(made: Sequence[Recording], cv: str = "loso") -> Fold:
    if cv == "loso":
        return leave_one_subject_out(made, val_blocks=8, window=5.0, guard=5.0, seed=0)[0]
    return k_fold(made, k=10, window=5.0, guard=5.0, seed=0)[0]


def everything(fold: Fold, i: int) -> Intervals:
    return union([fold.train[i], fold.val[i]])


@pytest.mark.parametrize(("cv", "whole"), [("loso", True), ("kfold", False)])
def test_detections_lie_in_the_record_or_in_the_blocks_that_are_tested(
    cv: str, whole: bool
) -> None:
    settings, made = config(), recordings()
    fold = first_fold(made, cv)
    found = detect_events(settings, prepared(made, fold), trained(made), LOW)
    assert len(found.events) > 0
    assert set(found.record) <= set(found.tested) == set(found.activations)
    for i, activation in found.activations.items():
        kept = intervals([(0, 240)]) if whole else fold.test[i]
        assert np.array_equal(found.tested[i], fold.test[i])
        assert contains(kept, found.events[found.record == i].mean(axis=1)).all()
        known = np.isfinite(activation.probability)
        assert np.array_equal(known, contains(kept, CENTRES))


def test_what_was_detected_survives_being_stored() -> None:
    settings, made = config(), recordings()
    data = prepared(made, first_fold(made))
    found = detect_events(settings, data, trained(made), LOW)
    again = type(found).stored(found.arrays())
    for name, array in found.arrays().items():
        assert np.array_equal(array, again.arrays()[name], equal_nan=True)


@pytest.mark.parametrize("cv", ["loso", "kfold"])
def test_test_time_has_no_part_in_the_choice(cv: str) -> None:
    """Neither its signals nor its events, nor what lies between the parts of the fold."""
    settings, made = config("detector.min_events=1000"), recordings()
    fold = first_fold(made, cv)
    classifier = trained(made)
    chosen = choose(settings, prepared(made, fold), classifier)
    elsewhere = tuple(
        subtraction(intervals([(0, 240)]), everything(fold, i)) for i in range(len(made))
    )
    other = [
        replace(r, events=r.events[contains(everything(fold, i), r.events.mean(axis=1))])
        for i, r in enumerate(planted(made, [elsewhere], 500.0))
    ]
    assert any(len(a.events) > len(b.events) for a, b in zip(made, other, strict=True))
    assert chosen == choose(settings, prepared(other, fold), classifier)
    assert chosen.events > 0


@pytest.mark.parametrize(("least", "time"), [(0, "validation"), (1000, "validation and training")])
def test_validation_alone_chooses_where_it_holds_enough_events(least: int, time: str) -> None:
    settings, made = config(f"detector.min_events={least}"), recordings()
    fold = first_fold(made, "kfold")
    choice = choose(settings, prepared(made, fold), trained(made))
    looked_at = [
        fold.val[i] if time == "validation" else everything(fold, i) for i in range(len(made))
    ]
    expected = sum(
        contains(when, r.events.mean(axis=1)).sum() for r, when in zip(made, looked_at, strict=True)
    )
    assert (choice.chosen_on, choice.events) == (time, expected)


def test_the_detector_chosen_is_the_one_that_detects_and_the_classifier_keeps_it() -> None:
    settings, made = config("detector.activation=product"), recordings()
    data, classifier = prepared(made, first_fold(made)), trained(made)
    events, choice = find_events(settings, data, classifier)
    assert choice.detector.activation == "product"
    assert choice.f1 is not None
    (activation,) = events.activations.values()
    assert np.array_equal(choice.detector.find(activation).events, events.events)
    assert detector_of([classifier]) == choice.detector
    assert classifier.detector["step"] == settings.step
    assert classifier.detector["map"] == settings.map


@pytest.mark.parametrize("name", ["gradcam", "hirescam"])
def test_relevance_is_that_of_the_map_asked_for(name: str) -> None:
    """The two differ where a network ends in dense layers."""
    settings, made = config(f"detector/map={name}"), recordings()
    fold = first_fold(made)
    data, classifier = prepared(made, fold), trained(made)
    windows = cut(made, fold.test, length=5.0, step=0.5, to_the_end=True)
    relevance = {
        each: slide(reading_of(classifier, by), data.in_order(windows), windows, [240.0] * 2)[0]
        for each, by in (("gradcam", grad_cam), ("hirescam", hires_cam))
    }
    assert not np.allclose(
        relevance["gradcam"].relevance, relevance["hirescam"].relevance, equal_nan=True
    )
    found = activate(settings, data, classifier, fold.test)[0]
    np.testing.assert_array_equal(found.relevance, relevance[name].relevance)


def test_a_record_without_an_event_is_searched_all_the_same() -> None:
    made = [replace(r, events=r.events[:0] if r.record == "a" else r.events) for r in recordings()]
    data = prepared(made, first_fold(made))
    events, _ = find_events(config(), data, trained(made))
    assert np.isfinite(events.activations[0].probability).all()


def test_guards_around_a_test_block_are_looked_at_but_not_reported() -> None:
    """So that the network sees what straddles the border; training time it does not see."""
    settings, made = config(), recordings()
    fold = first_fold(made, "kfold")
    classifier = trained(made)
    before = detect_events(settings, prepared(made, fold), classifier, LOW)
    seen = tuple(intersection(everything(fold, i), made[i].scored) for i in range(len(made)))
    data = prepared(made, fold)
    data.store = Store(planted(made, [seen], 990.0))
    after = detect_events(settings, data, classifier, LOW)
    assert np.array_equal(before.events, after.events)
