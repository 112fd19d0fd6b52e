"""What a page says of how a run was done is so for that run."""

from dataclasses import replace

import pytest

from tests.support.outcomes import fold_record
from tests.support.pages import Kind, made_up
from xai_sleep.recordings.subjects import UNKNOWN
from xai_sleep.report.run_tables import detectors, methods
from xai_sleep.results.files import Leak
from xai_sleep.results.run import FoldRecord, RunRecord

RECORD = made_up().record


def said(record: RunRecord = RECORD) -> str:
    return " ".join(methods(record))


def fold(activation: str, chosen_on: str) -> FoldRecord:
    one = fold_record("a")
    return replace(one, detector=replace(one.detector, activation=activation, chosen_on=chosen_on))


def test_the_guard_is_where_folds_have_one() -> None:
    assert "5 s between validation and training time" in said()
    kfold = said(made_up(Kind(settings=("cv=kfold", "cv.folds=4"))).record)
    assert "4-fold" in kfold
    assert "5 s around test and around validation time" in kfold


def test_with_the_last_weights_no_epoch_is_chosen() -> None:
    assert "Stopping, the best epoch and thresholds of windows are by validation" in said()
    last = said(made_up(Kind(settings=("trainer.keep=last",))).record)
    assert "the best epoch" not in last
    assert "the last weights are kept" in last


def test_the_time_that_detectors_were_chosen_on_is_named() -> None:
    assert "The detector of each fold was chosen on validation time." in said()
    mixed = [
        *(fold("product", "validation and training"), fold("product", "validation")),
        fold("evidence", "validation"),
    ]
    record = replace(RECORD, folds=mixed)
    assert "chosen on validation time in 2, validation and training time in 1." in said(record)
    assert detectors(record) == (
        "detected in the activation product in 2 folds, evidence in 1 fold"
    )


def test_intervals_are_qualified_by_the_number_of_subjects() -> None:
    assert "with six they hold the true value in about 85 of 100 studies, with four in" in said()
    assert "Here there are 2 subjects." in said()
    assert "Here there is 1 subject" in said(replace(RECORD, records=RECORD.records[:1]))


def test_people_whom_nobody_names_are_told_of() -> None:
    assert "nobody" not in said()
    assert "One person a record is assumed where headers name nobody." in said(
        replace(RECORD, data="dreams")
    )
    first, second = RECORD.records
    record = replace(RECORD, data="files", records=[replace(first, notes=[UNKNOWN]), second])
    assert f"Nobody is named in {first.record}: each counts as a subject" in said(record)


@pytest.mark.parametrize("leaks", [[], [Leak("carried_weights", "weights of the fold before")]])
def test_leaks_come_first(leaks: list[Leak]) -> None:
    first = methods(replace(RECORD, leaks=leaks))[0]
    assert first.startswith(
        "LEAKY: " if leaks else "Data: synthetic: made up. Recordings and events are simulated."
    )
    assert ("carried_weights (weights of the fold before)" in first) == bool(leaks)


def test_a_scheme_of_the_users_own_is_named() -> None:
    cv = replace(RECORD.config.cv, scheme="mine", divide={"_target_": "mine.halves"})
    assert "Folds are made by mine.halves." in said(
        replace(RECORD, config=replace(RECORD.config, cv=cv))
    )


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"expert": "union"}, "Events by the expert setting “union”. Unscored"),
        ({"expert": "expert1", "scored": "all"}, "“expert1”. Scored time is all of every record."),
        ({"scored": "rows"}, "made up. Scored time is what the tables say."),
        ({}, "Data: mine: made up. Unscored time"),
    ],
)
def test_marks_and_scored_time_are_told_as_far_as_settings_know(
    settings: dict[str, str], words: str
) -> None:
    config = replace(RECORD.config, data={"_target_": "mine.Source", **settings})
    assert words in said(replace(RECORD, data="mine", config=config))
