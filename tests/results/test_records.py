"""Records of runs and folds, and what a fold came to, are read back as they were written."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.outcomes import outcome, run_record
from xai_sleep.detect.detector import Activation, DetectedEvents
from xai_sleep.errors import InputError
from xai_sleep.metrics.metric import Metric
from xai_sleep.results.files import Leak
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.run import (
    BaselineRecord,
    ChosenDetector,
    Count,
    FoldRecord,
    History,
    RecordSummary,
    RunRecord,
)
from xai_sleep.results.scores import Score, Scores

TEXT = st.text(max_size=6)
KEY = st.text(min_size=1, max_size=6)  # part, who, over, metric, fold: never empty
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
MAYBE = st.none() | NUMBER
COUNT = st.integers(0, 10**6)
QUICK = settings(deadline=None, max_examples=25)

SCORES = st.lists(
    st.builds(Score, *[KEY] * 5, *[MAYBE] * 4, st.none() | COUNT, TEXT),
    max_size=4,
    unique_by=lambda row: (row.part, row.who, row.over, row.metric, row.fold),
)
FOLD = st.builds(
    FoldRecord,
    name=TEXT,
    threshold=NUMBER,
    train=st.builds(Count, COUNT, COUNT),
    val=st.builds(Count, COUNT, COUNT),
    test=st.builds(Count, COUNT, COUNT),
    first_loss=MAYBE,
    epochs=COUNT,
    val_average_precision=MAYBE,
    history=st.builds(History, *[st.lists(MAYBE, max_size=3)] * 3),
    detector=st.builds(ChosenDetector, TEXT, *[NUMBER] * 6, chosen_on=TEXT, f1=MAYBE, events=COUNT),
    leaks=st.lists(TEXT, max_size=2),
    scores=SCORES,
    seconds=NUMBER,
)
SUMMARY = st.builds(
    RecordSummary, TEXT, TEXT, NUMBER, NUMBER, COUNT, COUNT, st.lists(TEXT, max_size=2)
)
CHOSEN = st.dictionaries(TEXT, st.dictionaries(TEXT, NUMBER, max_size=2), max_size=2)
BASELINE = st.builds(BaselineRecord, TEXT, TEXT, TEXT, CHOSEN)
BLANK = run_record(leaks=[Leak("carried_weights", "weights of the fold before")])


@QUICK
@given(record=FOLD)
def test_a_record_of_a_fold(record: FoldRecord, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp()
    record.save(path)
    assert FoldRecord.load(path) == record


@QUICK
@given(fold=FOLD, summary=SUMMARY, baseline=BASELINE, scores=SCORES, name=TEXT)
def test_a_record_of_a_run(
    fold: FoldRecord,
    summary: RecordSummary,
    baseline: BaselineRecord,
    scores: list[Score],
    name: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.getbasetemp()
    metric = Metric(name, "a label", "s", "low")
    made = replace(
        BLANK,
        folds=[fold],
        records=[summary],
        baselines=[baseline],
        metrics=[metric],
        scores=scores,
        timing={fold.name: fold.seconds},
    )
    made.save(path)
    read = RunRecord.load(path)
    assert read == made
    assert read.table == Scores(scores)
    assert read.metric(name).title == "a label (s)"
    assert read.stamp.tags == ["LEAKY", "carried_weights"]


def test_a_metric_that_nobody_declared_is_called_by_its_name() -> None:
    assert BLANK.metric("some_other").label == "some other"


@pytest.mark.parametrize("written", ["", "[]", "{", '{"schema": 1}', "\x00"])
def test_a_record_that_is_damaged_or_of_another_version_is_named(
    written: str, tmp_path: Path
) -> None:
    (tmp_path / "results.json").write_text(written)
    with pytest.raises(InputError, match=f"^{tmp_path / 'results.json'} is damaged or was written"):
        RunRecord.load(tmp_path)


def test_a_record_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"^{tmp_path} holds no results.json; name the directory"):
        RunRecord.load(tmp_path)


def stored(one: FoldOutcome, path: Path) -> FoldOutcome:
    np.savez(path / "test.npz", **one.arrays())  # type: ignore[arg-type]
    with np.load(path / "test.npz") as arrays:
        return FoldOutcome.stored(one.name, dict(arrays), one.record)


def test_an_outcome_with_all_it_may_have(tmp_path: Path) -> None:
    made = outcome("a", [0, 1, 1], [0.25, 0.5, 0.75])
    assert made.events is not None
    half = np.array([0.5, np.nan], dtype=np.float16)
    seen = {3: Activation(half, half), 12: Activation(half, half, evidence=half)}
    made = replace(made, events=replace(made.events, activations=seen))
    read = stored(made, tmp_path)
    assert (read.name, read.record, read.threshold) == ("a", made.record, 0.5)
    assert read.windows.length == made.windows.length
    assert read.arrays().keys() == made.arrays().keys()
    for name, array in made.arrays().items():
        np.testing.assert_array_equal(read.arrays()[name], array)
        assert read.arrays()[name].dtype == array.dtype


def test_an_outcome_without_probability_events_or_maps(tmp_path: Path) -> None:
    made = outcome("a", [0, 1], [0.25, 0.5])
    bare = FoldOutcome(made.name, made.windows, made.detected)
    read = stored(bare, tmp_path)
    assert (read.probability, read.events, read.record) == (None, None, None)
    assert np.isnan([read.threshold, *read.probabilities]).all()
    assert read.maps.size == 0
    empty = stored(replace(bare, events=DetectedEvents()), tmp_path).events
    assert empty is not None
    assert (len(empty.record), len(empty.events), dict(empty.tested)) == (0, 0, {})
