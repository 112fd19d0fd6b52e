"""Summaries as text."""

from typing import Any

from xai_sleep.report.page_tables import flat, fold_table, name_of, score_table, score_tables


def summary(**changes: Any) -> dict[str, Any]:
    plain = {"mean": 0.5, "std": 0.25, "ci95": [0.4, 0.6], "pooled": 0.52, "folds": 3}
    return {**plain, "undefined": {}, **changes}


def test_a_score_is_a_row_of_text() -> None:
    (row,) = score_table("t", {"f1": summary()}).rows
    assert (row.name, row.pooled, row.interval, row.mean, row.folds) == (
        *("F1", "0.520", "0.400 to 0.600", "0.500 ± 0.250", "3"),
    )


def test_what_is_missing_is_a_dash_with_its_reason_once() -> None:
    why = {"ci95": "needs two subjects to resample, found 1"}
    scores = {name: summary(ci95=None, undefined=why) for name in ("f1", "kappa")}
    scores["mcc"] = summary(pooled=None, mean=None, std=None, undefined={"pooled": "no events"})
    table = score_table("t", {**scores, "counts": {"windows": 3}})
    assert [row.interval for row in table.rows] == ["–", "–", "0.400 to 0.600"]
    assert (table.rows[2].pooled, table.rows[2].mean) == ("–", "–")
    assert table.reasons == [
        "No 95 % interval (F1, Cohen's κ): needs two subjects to resample, found 1",
        "Not pooled (Matthews correlation): no events",
    ]
    assert (
        score_table("t", {"f1": scores["f1"]})
        .reasons[0]
        .startswith("No 95 % interval (all scores)")
    )


def test_tables_are_found_wherever_they_stand() -> None:
    tree = {"iou_20": {"f1": summary(), "by": {"expert1": {"f1": summary()}}}, "count": 3}
    titles = [table.title for table in score_tables("Events", tree)]
    assert titles == ["Events: iou 20", "Events: iou 20: by: expert1"]
    assert list(score_tables("Events", None)) == []


def test_a_fold_is_a_row() -> None:
    fold = {
        "name": "a",
        "windows": {"f1": None, "auroc": 0.75, "undefined": {"f1": "…"}},
        "counts": {"test": {"windows": 5, "positive": 2}},
        "threshold": 0.5,
    }
    assert fold_table([fold]) == {
        "head": ["fold", "windows", "with an event", "threshold", "F1", "AUROC"],
        "rows": [["a", 5, 2, "0.500", "–", "0.750"]],
    }


def test_settings_have_the_names_of_the_command_line() -> None:
    tree = {"task": {"band": [0.5, 15], "step": 1.0}, "seed": 0, "records": None, "sampler": {}}
    assert list(flat(tree)) == [
        *[("task.band", "[0.5, 15]"), ("task.step", "1.0"), ("seed", "0")],
        *[("records", "None"), ("sampler", "{}")],
    ]


def test_a_score_without_a_name_of_its_own_is_its_key() -> None:
    assert name_of("false_alarms_per_hour") == "false alarms per hour"
