"""Many runs in tables, a figure and a page."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from tests.support.rows import LEAKS, PAIR, WINDOWS, row, scores_of_run
from xai_sleep.report import style
from xai_sleep.report.comparison import (
    comparison_csv,
    comparison_figure,
    comparison_page,
    markdown,
    pairs_csv,
    pairs_table,
    tables,
    terminal_tables,
)
from xai_sleep.results.scores import Pair, Row

ROWS = [
    row("real", "dreams"),
    row("sweep/0"),
    row("sweep/1", model="EvidenceCNN2d", scores=scores_of_run(maps=False, events=False)),
]
MADE_WITH = ("python -m xai_sleep.report sweep", None)


def printed(rows: list[Row], pairs: list[Pair], width: int = 80) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    for table in terminal_tables(rows, pairs):
        console.print(table)
    text = console.export_text()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    return text


def page(rows: list[Row], out: Path, pairs: tuple[Pair, ...] = ()) -> str:
    style.save(comparison_figure(rows), out / "table.png")
    return comparison_page(rows, pairs, ["x is no directory"], out, MADE_WITH)


def test_sources_never_share_a_table() -> None:
    real, simulated = tables(ROWS)
    assert real.title == "dreams data: recordings of the DREAMS databases"
    assert simulated.title == "synthetic data: SIMULATED recordings"
    assert [line[0] for line in real.rows] == ["1 rem CNN1d loso"]
    assert [line[0] for line in simulated.rows] == ["2 rem CNN1d loso", "3 rem EvidenceCNN2d loso"]
    text = markdown(ROWS, [])
    assert text.index("## dreams data") < text.index("## synthetic data: SIMULATED")
    for number, run in enumerate(ROWS, 1):
        assert f"{number}. {run.name}, {run.data} data, 2 folds: {run.run}\n" in text


def test_own_recordings_are_called_so() -> None:
    assert tables([row("a", "files ward")])[0].title == (
        "files ward data: recordings of the user's own"
    )


@pytest.mark.parametrize("width", [80, 120])
def test_no_number_is_broken_on_a_terminal(width: int) -> None:
    text = printed(ROWS, [], width)
    (chance,) = (line for line in text.split("synthetic data")[1].splitlines() if "chance" in line)
    assert chance.split() == ["chance", ".310"]
    means = [line for line in text.splitlines() if " mean " in line]
    assert len(means) == 3
    for line in means:
        assert line.split("mean")[1].split()[:6] == [".100", ".200", ".300", ".400", ".500", ".600"]


def test_an_undefined_score_is_a_dash_and_never_a_zero(tmp_path: Path) -> None:
    run = row("a", scores=scores_of_run(auroc=False))
    assert tables([run])[0].rows[0][1 + WINDOWS.index("auroc")] == "–"
    assert next(csv.DictReader(comparison_csv([run]).splitlines()))["auroc_pooled"] == ""
    assert style.save(comparison_figure([run]), tmp_path / "table.png").exists()


def test_a_cell_says_pooled_interval_and_mean() -> None:
    real, simulated = tables(ROWS)
    f1 = real.rows[0][1 + WINDOWS.index("f1")]
    assert f1 == "0.510 [0.410 to 0.610]; 0.500 ± 0.050"
    assert real.rows[0][-1] == "0.310"
    assert list(simulated.rows[1][-3:]) == ["–", "–", "–"]
    assert {len(line) for table in (real, simulated) for line in table.rows} == {len(real.head)}


def test_csv_holds_every_number_in_full() -> None:
    read = list(csv.DictReader(comparison_csv(ROWS).splitlines()))
    assert [(r["run"], r["data"], r["folds"]) for r in read] == [(r.run, r.data, "2") for r in ROWS]
    for written, run in zip(read, ROWS, strict=True):
        for name in WINDOWS:
            assert float(written[f"{name}_pooled"]) == run.score("windows", name).pooled
    assert [r["event_f1_pooled"] for r in read] == ["0.66", "0.66", ""]
    assert [r["pointing_pooled"] for r in read] == ["0.71", "0.71", ""]
    assert [r["pointing_chance_pooled"] for r in read] == ["0.31", "0.31", ""]
    assert "leaks" not in read[0]


def test_the_figure_has_a_block_a_source_and_a_dot_a_score() -> None:
    blocks = comparison_figure(ROWS).subfigs
    assert [len(block.axes[0].get_yticks()) for block in blocks] == [1, 2]
    dots = [line for line in blocks[1].axes[4].lines if line.get_marker() == "D"]
    assert [np.asarray(line.get_xdata()).tolist() for line in dots] == [[0.51], [0.51]]
    assert [text.get_text() for text in blocks[1].axes[-1].texts] == ["undefined"]
    chance = [line for line in blocks[0].axes[-1].lines if line.get_marker() == "|"]
    assert [np.asarray(line.get_xdata()).tolist() for line in chance] == [[0.31]]


def test_runs_with_leaks_stand_in_a_table_of_their_own(tmp_path: Path) -> None:
    rows = [ROWS[0], row("wrong", "dreams", leaks=LEAKS), *ROWS[1:]]
    assert [table.title.split(":")[0] for table in tables(rows)] == [
        *("dreams data", "LEAKY dreams data", "synthetic data")
    ]
    assert rows[1].name == "LEAKY rem CNN1d loso 2 leaks"
    said = "LEAKY carried_weights scaling_on_all"
    assert markdown(rows, []).count(said) == 1
    written = list(csv.DictReader(io.StringIO(comparison_csv(rows))))
    assert [one["leaks"] for one in written] == ["", said, "", ""]
    assert "LEAKY dreams data" in printed(rows, [])
    text = page(rows, tmp_path)
    assert "<title>LEAKY: " in text
    assert "they stand in a table of their own" in text
    assert said in text


def test_baselines_are_explained_and_are_no_runs(tmp_path: Path) -> None:
    rows = [ROWS[0], row("", "dreams", model="baseline always", baseline=True)]
    text = markdown(rows, [])
    assert "`experts` is the second expert" in text
    assert "2. rem" not in text
    assert "<p>1 run. " in page(rows, tmp_path)
    assert "`experts`" not in markdown(ROWS, [])


def test_pairs_stand_in_a_table_and_in_full_in_csv() -> None:
    assert pairs_table([PAIR]).rows == [
        ["1 – 2", "F1", ".500", ".375", ".125", "[.062, .250]", ".016", "7"],
        ["1 – 2", "AUROC", ".875", ".750", ".125", "–", "–", "0"],
        ["1 – 2", "event F1", ".250", ".500", "-.250", "[-.500, -.125]", ".031", "6"],
    ]
    f1, auroc, events = csv.DictReader(pairs_csv([PAIR], ROWS).splitlines())
    assert (f1["first_run"], f1["second_run"]) == ("real", "sweep/0")
    assert [one["score"] for one in (f1, auroc, events)] == ["f1", "auroc", "event_f1"]
    assert (float(events["difference"]), events["subjects"]) == (-0.25, "6")
    assert (auroc["low"], auroc["p"]) == ("", "")
    assert "2^(1-k)" in markdown(ROWS, [PAIR])


def test_pairs_fit_a_terminal() -> None:
    text = printed(ROWS, [Pair(11, 12, PAIR.differences)])
    assert text.count("11 – 12") == 1
    assert "[-.500, -.125]" in text


def test_the_page_lists_runs_and_what_was_left_out(tmp_path: Path) -> None:
    """It links to the pages that there are, and says which recordings are simulated."""
    strange = tmp_path / "a b<i>"
    strange.mkdir()
    (strange / "report.html").write_text("a page")
    text = page([*ROWS[:1], row(str(strange))], tmp_path, (PAIR,))
    assert '<a href="a%20b%3Ci%3E/report.html">rem CNN1d loso, synthetic data' in text
    assert "<i>" not in text
    assert "<li>x is no directory</li>" in text
    assert "some of these runs are on SIMULATED recordings" in text
    assert "0.510 [0.410 to 0.610]; 0.500 ± 0.050" in text
    assert "exchanging the two runs" in text
    assert MADE_WITH[0] in text
    assert "unknown: not a git checkout" in text


def test_a_page_of_real_runs_has_no_stamp(tmp_path: Path) -> None:
    text = page(ROWS[:1], tmp_path)
    assert "SIMULATED" not in text
    assert "LEAKY" not in text
    assert "exchanging the two runs" not in text
    with Image.open(tmp_path / "table.png") as picture:
        assert min(picture.size) > 200
