"""The table on the terminal: every number in full, a dash for what is undefined."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from rich.console import Console

from xai_sleep.report.tables import SHOWN, run_table

Row = Mapping[str, Any]


def scores(values: Sequence[float | None]) -> dict[str, float | None]:
    return dict(zip(SHOWN, values, strict=True))


FOLDS = [
    {
        "name": "excerpt1",
        "windows": scores([0.5, 0.25, 1.0, None, 0.0, -0.1234, 0.9996]),
        "events": {"f1": 0.625},
    },
    {
        "name": "excerpt10",
        "windows": scores([0.125, 0.75, 0.0, 0.3, 0.4, 0.05, None]),
        "events": {"f1": 0.0},
    },
]
SCORE = {"mean": 0.3125, "std": 0.2651, "pooled": 0.4321, "ci95": [-0.0123, 0.5]}
SUMMARY = {"windows": dict.fromkeys(SHOWN, SCORE), "events": {"f1": SCORE}}
HEADER = [
    *("sensi-", "speci-", "event"),
    *("fold", "accuracy", "tivity", "ficity", "precision", "F1", "kappa", "AUROC", "F1"),
]


def drawn(summary: Row = SUMMARY, folds: Sequence[Row] = FOLDS, width: int = 80) -> list[list[str]]:
    """Words of each line between title and caption."""
    written = io.StringIO()
    console = Console(file=written, width=width)
    console.print(run_table("spindle-CNN1d-loso (synthetic data)", folds, summary))
    title, *lines, caption = written.getvalue().splitlines()
    assert title.strip() == "spindle-CNN1d-loso (synthetic data)"
    assert caption.strip() == "windows, last column events; thresholds chosen on validation data"
    assert max(len(line) for line in lines) <= width
    above, header, *rows = [line.split() for line in lines if line.strip(" ─━")]
    return [above + header, *rows]


def test_folds_then_their_mean_then_all_together() -> None:
    header, *rows = drawn()
    assert header == HEADER
    assert rows == [
        ["excerpt1", ".500", ".250", "1.000", "–", ".000", "-.123", "1.000", ".625"],
        ["excerpt10", ".125", ".750", ".000", ".300", ".400", ".050", "–", ".000"],
        ["mean", *[".312"] * 8],
        ["sd", *[".265"] * 8],
        ["pooled", *[".432"] * 8],
        ["95", "%", "from", *["-.012"] * 8],
        ["to", *[".500"] * 8],
    ]


def test_baselines_stand_below_and_those_left_out_are_named() -> None:
    windows = {name: {"pooled": None if name == "auroc" else 0.25} for name in SHOWN}
    baselines = {
        "experts": {"windows": windows, "events": {"f1": {"pooled": 0.5}}},
        "yasa": {"skipped": "it is not installed"},
        "threshold": {"windows": windows},
    }
    written = io.StringIO()
    table = run_table("title", FOLDS, SUMMARY, baselines)
    Console(file=written, width=80).print(table)
    lines = [line.split() for line in written.getvalue().splitlines() if line.strip()]
    at = lines.index(["baselines"])
    assert lines[at + 1] == ["experts", *[".250"] * 6, "–", ".500"]
    assert lines[at + 2] == ["threshold", *[".250"] * 6, "–", "–"]
    caption = [" ".join(words) for words in lines[at + 3 :]]
    assert "experts: the second against the first, where both scored" in caption
    assert "baselines left out: yasa (results.json says why)" in caption


def test_what_is_undefined_is_a_dash() -> None:
    nothing = dict.fromkeys(("mean", "std", "pooled", "ci95"))
    summary = {**SUMMARY, "windows": {**SUMMARY["windows"], "f1": nothing}}
    column = 1 + list(SHOWN).index("f1")
    below = drawn(summary)[3:]
    assert [line[column + (2 if "%" in line else 0)] for line in below] == ["–"] * 5
    assert all(line.count("–") == 1 for line in below)


@pytest.mark.parametrize("name", ["s", "a-subject-with-a-name-of-forty-letters---"])
def test_long_names_give_way_and_never_a_number(name: str) -> None:
    folds = [{**fold, "name": name} for fold in FOLDS]
    header, *rows = drawn(folds=folds)
    assert header == HEADER
    assert [row[-8:] for row in rows if len(row) > 8] == [row[-8:] for row in drawn()[1:]]
