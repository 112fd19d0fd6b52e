"""Scores as text: every number in full, a dash for what is undefined, its reason once."""

import io

from rich.console import Console

from tests.support.outcomes import run_record
from xai_sleep.metrics.metric import Metric
from xai_sleep.report.tables import Table, on_terminal, score_table, score_tables
from xai_sleep.results.run import RunRecord
from xai_sleep.results.scores import MEAN, POOLED, Score

ALONE = "needs two subjects to resample, found 1"


def record(*rows: Score) -> RunRecord:
    found = run_record(rows)
    found.metrics.extend([Metric("f1", "F1"), Metric("onset_error", "onset error", "s", "low")])
    return found


def score(metric: str, *, low: float | None = 0.4, reason: str = "") -> list[Score]:
    key = ("events", "model", "all", metric)
    high = None if low is None else 0.6
    pooled = Score(*key, POOLED, 0.52, low, high, reason=reason)
    return [pooled, Score(*key, MEAN, 0.5, sd=0.25, n=3), Score(*key, "a", 0.1)]


def table(*rows: Score) -> Table:
    found = record(*rows)
    return score_table("t", found, found.table, "events", "model", ["all"])


def test_a_score_is_a_row_of_text_named_by_its_metric() -> None:
    rows = table(*score("f1"), *score("onset_error"), *score("odd_one")).rows
    said = ["0.520", "0.400 to 0.600", "0.500 ± 0.250", "3"]
    assert rows == [["F1", *said], ["onset error (s)", *said], ["odd one", *said]]


def test_what_is_missing_is_a_dash_with_its_reason_once() -> None:
    nothing = ("events", "model", "all", "kappa")
    found = table(
        *score("f1", low=None, reason=ALONE),
        *score("mcc", low=None, reason=ALONE),
        Score(*nothing, POOLED, reason="no events"),
        Score(*nothing, MEAN, n=0, reason="undefined in every fold"),
    )
    assert [row[2] for row in found.rows] == ["–", "–", "–"]
    assert found.rows[2] == ["kappa", "–", "–", "–", ""]
    assert found.notes == [
        f"No 95 % interval (F1, mcc): {ALONE}",
        "Not pooled (kappa): no events",
        "No mean (kappa): undefined in every fold",
    ]
    assert table(*score("f1", low=None, reason=ALONE)).notes == [
        f"No 95 % interval (all scores): {ALONE}"
    ]


def test_a_count_is_a_whole_number() -> None:
    rows = table(Score("events", "model", "all", "windows", POOLED, 7)).rows
    assert rows == [["windows", "7", "–", "–", ""]]


def test_there_is_a_table_for_all_that_a_part_is_over_but_for_single_subjects() -> None:
    overs = ("true_positives", "stage N2", "subject a", "record b")
    found = record(*(Score("maps", "gradcam", over, "f1", POOLED, 0.5) for over in overs))
    tables = list(score_tables("Localisation", found, found.table, "maps", "gradcam"))
    assert [one.title for one in tables] == [
        "Localisation: true positives",
        "Localisation: stage N2",
    ]


def test_of_several_kinds_each_row_says_its_own() -> None:
    overs = ["random_weights", "random_weights head.2"]
    found = record(*(Score("sanity", "g", over, "f1", POOLED, 0.5) for over in overs))
    rows = score_table("t", found, found.table, "sanity", "g", overs).rows
    assert [row[0] for row in rows] == ["random weights: F1", "random weights head.2: F1"]


def test_markdown_keeps_its_columns_whatever_the_names() -> None:
    text = Table("runs", ["a", "b"], [["x | y", "1"]], ["a note"]).markdown
    title, _, head, rule, row, _, note = text.splitlines()
    assert (title, head, rule, note) == ("## runs", "| a | b |", "| --- | --- |", "a note.")
    assert row == "| x &#124; y | 1 |"


def test_a_terminal_breaks_names_and_never_a_number() -> None:
    name, numbers = "a-name-of-forty-letters-----------------", [".123"] * 12
    shown = on_terminal("t", ["fold", *"abcdefghijkl"], [[[name, *numbers]], [["b"]]], ["below"])
    console = Console(file=io.StringIO(), width=80)
    console.print(shown)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert text.count(".123") == 12
    assert "…" not in text
    assert max(len(line) for line in text.splitlines()) <= 80
