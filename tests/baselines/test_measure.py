"""Baselines are scored as networks are: on the same windows, as scikit-learn would."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf
from sklearn.metrics import f1_score, precision_score

from tests.support.runs import ROOT
from tests.support.trials import EVENTS, Given, Seen, loso, noise, scored_by
from xai_sleep.baselines.baseline import Baseline, Training, Trial, measure
from xai_sleep.baselines.marks import Automatic
from xai_sleep.baselines.rules import Rule, Values
from xai_sleep.baselines.trivial import Always, Never
from xai_sleep.metrics.windows import NO_RANKING, RANKING
from xai_sleep.recordings.intervals import Intervals, intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.results.scores import Scores
from xai_sleep.windows.folds import k_fold

CONF = ROOT / "conf"
LISTS = {"default", "all", "none"}
FILES = sorted(f for f in (CONF / "baselines").glob("*.yaml") if f.stem not in LISTS)

Marks = dict[str, Intervals]


class AnyRule(Rule):
    """An event is where the signal is high."""

    description = "the signal itself, thresholds chosen in training"
    highs, drops = (10.0, 20.0), (5.0,)
    min_duration, max_duration, merge_gap = 0.1, 5.0, 0.5

    def activation(self, recording: Recording) -> Values:
        """Take the first channel."""
        return np.asarray(recording.signals[0], dtype=np.float64)


RULE = {"_target_": f"{__name__}.AnyRule"}


def random_marks(trial: Trial, seed: int = 0) -> Marks:
    """Half of the events, and as many marks elsewhere, by record."""
    rng = np.random.default_rng(seed)
    return {
        r.record: intervals(
            [
                *r.events[rng.random(len(r.events)) < 0.5],
                *[(t, t + 1) for t in rng.uniform(0, 190, 5)],
            ]
        )
        for r in trial.recordings
    }


def by_hand(trial: Trial, marks: Marks) -> tuple[list[int], list[int]]:
    """Labels and decisions of all 5-s windows, window by window."""

    def meets(start: float, rows: Intervals) -> int:
        return int(any(min(start + 5, b) - max(start, a) >= trial.min_overlap for a, b in rows))

    cells = [(r, marks[r.record], t) for r in trial.recordings for t in range(0, 200, 5)]
    return [meets(t, r.events) for r, _, t in cells], [meets(t, m) for _, m, t in cells]


def test_pooled_window_scores_are_those_counted_by_hand() -> None:
    trial = loso(noise(), min_overlap=0.4)
    marks = random_marks(trial)
    found = Seen(Given(marks), trial)
    truth, decided = by_hand(trial, marks)
    assert found.pooled("windows") == pytest.approx(f1_score(truth, decided))
    assert found.pooled("windows", "precision") == pytest.approx(precision_score(truth, decided))


def test_marks_have_no_ranking_scores_and_say_so() -> None:
    trial = loso(noise())
    marks = random_marks(trial)
    found, ranked = Seen(Given(marks), trial), Seen(Given(marks, 0.5), trial)
    for name in RANKING:
        score = found.summary("windows", name)
        assert score.pooled is score.mean is score.low is None
        assert score.reason == score.mean_reason == NO_RANKING
        assert ranked.summary("windows", name).pooled is not None
    assert ranked.pooled("windows") == found.pooled("windows")


def test_folds_of_blocks_count_every_event_once() -> None:
    recordings = noise(events=(*EVENTS, (79.5, 80.4)))
    folds = k_fold(recordings, k=5, window=5.0, guard=5.0, seed=0)
    trial = Trial(recordings, folds, 5.0, 0.0, 0)
    # One event and its mark lie in the test blocks of two folds.
    marks = {name: intervals([*rows, (79.8, 80.9)]) for name, rows in random_marks(trial).items()}
    found, whole = (Seen(Given(marks), each) for each in (trial, loso(recordings)))
    assert len(found.record.parameters) == 5
    for part in ("windows", "events"):
        for name in ("f1", "precision"):
            assert found.pooled(part, name) == pytest.approx(whole.pooled(part, name))


def test_a_record_without_an_event_is_scored_too() -> None:
    recordings = [*noise(), *noise(["none"], events=())]
    found = Seen(Given({r.record: r.events for r in recordings}), loso(recordings))
    assert found.pooled("windows") == found.pooled("events") == 1.0
    assert found.summary("windows", "f1").folds == 3


def test_what_is_learnt_from_holds_no_test_time() -> None:
    trial = loso(noise())
    training = Training.of(trial, 1)
    assert training.trial.folds == ()
    assert (training.name, training.number) == ("b", 1)
    assert len(training.both[1]) == 0
    assert np.array_equal(training.train[0], trial.folds[1].train[0])


def component(file: Path, task: Mapping[str, object]) -> Baseline:
    node = OmegaConf.create({"task": task, "baselines": OmegaConf.load(file)})
    assert list(node.baselines) == [file.stem]
    made: Baseline = instantiate(node.baselines[file.stem], _convert_="all")
    return made


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_baseline_of_the_configuration_is_scored_or_says_why_not(file: Path) -> None:
    """With the task of most use to it, and with one that it knows nothing of."""
    recordings = [
        scored_by(r, automatic=(EVENTS, 200), expert1=(EVENTS, 200), expert2=(EVENTS, 150))
        for r in noise()
    ]
    for task in ({"event": "thing", "rule": None}, {"event": "thing", "rule": RULE}):
        baseline = component(file, task)
        first, again = (measure({file.stem: baseline}, loso(recordings)) for _ in range(2))
        assert first == again
        (record,) = first.records
        assert record.name == file.stem
        assert len(record.description) > len(file.stem) + 10
        scores = Scores(first.scores)
        assert scores.distinct("who") == ([] if record.skipped else [file.stem])
        if not record.skipped:
            assert {"windows", "events"} == set(scores.distinct("part"))
            assert scores.summary("windows", "f1", who=file.stem).folds
            assert all(row.value is not None or row.reason for row in scores)


@pytest.mark.parametrize("name", ["default", "all", "none"])
def test_lists_name_baselines_that_there_are(name: str) -> None:
    composed = OmegaConf.to_container(OmegaConf.load(CONF / "baselines" / f"{name}.yaml"))
    assert isinstance(composed, dict)
    listed = composed.get("defaults", [])
    assert set(listed) <= {file.stem for file in FILES}
    if name == "all":
        assert set(listed) == {file.stem for file in FILES}


def test_what_cannot_be_had_is_named_with_its_reason() -> None:
    found = measure(
        {"always": Always(), "automatic": Automatic()},
        loso(noise()),
    )
    always, automatic = found.records
    assert (always.skipped, automatic.skipped) == ("", "the records have no automatic marks")
    assert automatic.description == "automatic detection that came with the recordings"
    assert {row.who for row in found.scores} == {"always"}


def test_none_asked_for() -> None:
    found = measure({}, loso(noise()))
    assert (found.records, found.scores) == ([], [])


def test_scores_of_baselines_do_not_depend_on_one_another() -> None:
    trial = loso(noise())
    both = measure({"never": Never(), "always": Always()}, trial)
    alone = measure({"always": Always()}, trial)
    assert [row for row in both.scores if row.who == "always"] == alone.scores
