"""Tables of one run: on the terminal and on its page."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from tests.support.pages import OF_EVENTS, OF_WINDOWS, made_up
from xai_sleep.report.run_tables import (
    about,
    baseline_table,
    explainer_table,
    fold_table,
    run_table,
    settings_table,
)
from xai_sleep.results.files import Leak
from xai_sleep.results.run import BaselineRecord, RunRecord
from xai_sleep.results.scores import POOLED, Score, Scores

RECORD = made_up().record
SCORES = RECORD.table
HEADER = [
    *("sensi-", "speci-", "event"),
    *("fold", "accuracy", "tivity", "ficity", "precision", "F1", "kappa", "AUROC", "F1"),
]
SHOWN = ("accuracy", "sensitivity", "specificity", "precision", "f1", "kappa", "auroc")


def drawn(record: RunRecord = RECORD) -> list[list[str]]:
    """Words of each line that has any, the two lines of the header as one."""
    written = io.StringIO()
    Console(file=written, width=80).print(run_table(record))
    assert max(len(line) for line in written.getvalue().splitlines()) <= 80
    lines = [line.split() for line in written.getvalue().splitlines() if line.strip(" ─━")]
    start = lines.index(HEADER[:3])
    return [*lines[:start], lines[start] + lines[start + 1], *lines[start + 2 :]]


def texts(shift: float) -> list[str]:
    values = [*(OF_WINDOWS[name] for name in SHOWN), OF_EVENTS["f1"]]
    return [f"{value + shift:.3f}".removeprefix("0") for value in values]


def test_folds_then_their_mean_then_all_together_then_baselines() -> None:
    title, header, *rows = drawn()
    assert title == ["spindle-CNN1d-loso", "(synthetic", "data)"]
    assert header == HEADER
    assert rows[:8] == [
        ["synthetic1", *texts(-0.02)],
        ["synthetic2", *texts(-0.02)],
        ["mean", *texts(-0.01)],
        ["sd", *[".050"] * 8],
        ["pooled", *texts(0)],
        ["95", "%", "from", *texts(-0.1)],
        ["to", *texts(0.1)],
        ["baselines"],
    ]
    assert rows[8] == ["threshold", *texts(0)[:-1], "–"]
    assert [" ".join(words) for words in rows[9:]] == [
        "windows, last column events; thresholds chosen on validation data",
        "baselines: pooled, on the same windows",
        "automatic left out: the records have no automatic marks",
    ]


def test_experts_are_explained_and_without_baselines_nothing_is() -> None:
    experts = [BaselineRecord("experts", "two experts")]
    captions = [" ".join(words) for words in drawn(replace(RECORD, baselines=experts))]
    assert "experts: the second against the first, where both scored" in captions
    assert not any("baseline" in " ".join(words) for words in drawn(replace(RECORD, baselines=[])))


def test_what_is_undefined_is_a_dash() -> None:
    rows = [row for row in RECORD.scores if (row.part, row.metric) != ("windows", "kappa")]
    lines = drawn(replace(RECORD, scores=rows, baselines=[]))[2:-1]
    assert len(lines) == 7
    assert all(line.count("–") == 1 and line[-3] == "–" for line in lines)


def test_leaks_stand_in_the_title() -> None:
    leaks = [Leak("carried_weights", "weights of the fold before")]
    lines = drawn(replace(RECORD, leaks=leaks))
    assert lines[0] == ["LEAKY", "spindle-CNN1d-loso", "(synthetic", "data)"]
    assert lines[1] == ["carried_weights"]


def test_a_fold_is_a_row() -> None:
    table = fold_table(RECORD, SCORES)
    assert table.head[:5] == ["fold", "windows", "with an event", "threshold", "accuracy"]
    test = RECORD.folds[0].test
    start = ["synthetic1", str(test.windows), str(test.positive), "0.500", "0.780"]
    assert list(table.rows[0])[:5] == start
    assert len(table.rows[0]) == len(table.head) == 4 + len(OF_WINDOWS)


def test_a_baseline_that_was_left_out_says_why() -> None:
    rows = baseline_table(RECORD, SCORES).rows
    both = ["0.575 [0.475 to 0.675]", "0.650 [0.550 to 0.750]"]
    assert rows == [
        ["the network", *both, ""],
        ["threshold", both[0], "–", "root mean square"],
        ["automatic", "–", "–", "left out: the records have no automatic marks"],
    ]
    assert about(BaselineRecord("a", "words", "none")) == "words; left out: none"


@pytest.mark.parametrize(("passed", "said"), [(1.0, "passed"), (0.0, "failed"), (None, "–")])
def test_an_explainer_is_a_row_with_its_verdict(passed: float | None, said: str) -> None:
    rows = [row for row in SCORES if row.metric != "passed" and row.who != "saliency"]
    rows.append(Score("sanity", "gradcam", "random_weights", "passed", POOLED, passed))
    table = explainer_table(Scores(rows))
    expected = ["gradcam", "0.900", "0.800 to 1.000", "0.250", "0.600", said]
    assert table.rows == [[*expected, "0.850 [0.750 to 0.950]"]]
    without = explainer_table(Scores(row for row in rows if row.metric != "pointing_or_blank"))
    assert without.rows == [expected]
    assert len(without.head) == 6


def test_settings_have_the_names_of_the_command_line() -> None:
    rows = [tuple(row) for row in settings_table(RECORD).rows]
    for row in (("task.name", "spindle"), ("task.band", "[0.5, 35.0]"), ("seed", "0")):
        assert row in rows
