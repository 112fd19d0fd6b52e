"""Tables of many runs, from results made up by hand."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from xai_sleep.evaluate.windows import SCHEMA
from xai_sleep.report import style
from xai_sleep.report.__main__ import main
from xai_sleep.report.comparison import SHOWN, Row, load
from xai_sleep.report.comparison_figure import comparison_figure
from xai_sleep.report.comparison_tables import comparison_csv, markdown, terminal_tables

MODELS = "xai_sleep.models.cnn1d.CNN1d", "xai_sleep.models.cnn2d_evidence.EvidenceCNN2d"


def score(mean: float | None, ci95: list[float] | None) -> dict[str, Any]:
    sd = None if mean is None else 0.05
    pooled = None if mean is None else mean + 0.01
    return {"mean": mean, "std": sd, "pooled": pooled, "ci95": ci95}


def results(
    data: str = "synthetic", *, model: str = MODELS[0], maps: bool = True, events: bool = True
) -> dict[str, Any]:
    """Content of a ``results.json``: scores .1, .2, … in the order shown."""
    windows = {name: score((i + 1) / 10, [i / 10, (i + 2) / 10]) for i, name in enumerate(SHOWN)}
    summary: dict[str, Any] = {"windows": windows}
    if events:
        summary["events"] = {"f1": score(0.65, [0.55, 0.75])}
    if maps:
        pointing = {"pointing": score(0.7, [0.6, 0.8]), "pointing_uniform": score(0.3, None)}
        summary["maps"] = {"true_positives": pointing}
    config = {"task": {"name": "rem"}, "model": {"_target_": model}, "cv": {"scheme": "loso"}}
    folds = [{"name": "a"}, {"name": "b"}]
    return {
        "schema": SCHEMA,
        "data": data,
        "config": config,
        "folds": folds,
        "summary": summary,
    }


def write(directory: Path, content: Any) -> Path:
    directory.mkdir(parents=True)
    (directory / "results.json").write_text(json.dumps(content))
    return directory


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Directory of a sweep on simulated records and of a run on real ones."""
    write(tmp_path / "sweep" / "rem" / "seed=0", results())
    write(tmp_path / "sweep" / "rem" / "seed=1", results(model=MODELS[1], maps=False, events=False))
    write(tmp_path / "real", results("dreams"))
    return tmp_path


def only(path: Path) -> Row:
    rows, skipped = load([path])
    assert skipped == []
    (row,) = rows
    return row


def test_a_row_holds_what_the_file_says(tmp_path: Path) -> None:
    row = only(write(tmp_path / "run", results()))
    assert (row.name, row.data, row.folds) == ("rem CNN1d loso", "synthetic", 2)
    f1 = row.windows["f1"]
    assert (f1.mean, f1.sd, f1.pooled, f1.low, f1.high) == (0.5, 0.05, 0.51, 0.4, 0.6)
    assert (row.event_f1.pooled, row.event_f1.low) == (0.66, 0.55)
    assert (row.pointing.pooled, row.chance.pooled) == (0.71, 0.31)


def test_a_run_that_is_named_twice_counts_once(runs: Path) -> None:
    rows, skipped = load([runs, runs / "sweep", runs / "sweep" / "rem" / "seed=0"])
    assert len(rows) == len({row.run for row in rows}) == 3
    assert skipped == []


def test_sources_never_share_a_table(runs: Path) -> None:
    rows, _ = load([runs])
    tables = terminal_tables(rows)
    assert [str(table.title).split(" data")[0] for table in tables] == ["dreams", "synthetic"]
    assert [table.row_count for table in tables] == [1, 2]
    text = markdown(rows)
    real, simulated = text.index("## dreams data"), text.index("## synthetic data: SIMULATED")
    for row in rows:
        assert (text.index(f"| {row.run} |") > simulated) == (row.data == "synthetic")
        assert text.index(f"| {row.run} | {row.data} |") > real


def test_folders_of_own_recordings_never_share_a_table_nor_a_baseline(tmp_path: Path) -> None:
    for number, folder in enumerate(("ward", "lab", "lab/")):
        found = results("files")
        found["config"]["data"] = {"root": f"/home/anna/{folder}"}
        found["records"] = [{"record": f"{folder[:3]}1", "scored_seconds": 60.0}]
        windows = found["summary"]["windows"]
        found["baselines"] = {"always": {"windows": windows, "folds": found["folds"]}}
        write(tmp_path / f"run-{number}", found)
    rows, _ = load([tmp_path])
    found_in = [(row.data, row.is_baseline) for row in rows]
    ward, lab = ("files ward", False), ("files lab", False)
    assert found_in == [lab, lab, ("files lab", True), ward, ("files ward", True)]
    text = markdown(rows)
    assert text.count("## ") == 2
    assert "## files ward data: recordings of the user's own\n" in text
    assert "anna" not in text


@pytest.mark.parametrize("width", [80, 120])
def test_no_number_is_broken_on_a_terminal(runs: Path, width: int) -> None:
    console = Console(width=width, record=True, file=io.StringIO())
    for table in terminal_tables(load([runs])[0]):
        console.print(table)
    text = console.export_text()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    (chance,) = (line for line in text.split("synthetic data")[1].splitlines() if "chance" in line)
    assert chance.split() == ["chance", ".310"]
    means = [line for line in text.splitlines() if " mean " in line]
    assert len(means) == 3
    for line in means:
        assert line.split("mean")[1].split()[:6] == [".100", ".200", ".300", ".400", ".500", ".600"]


def test_markdown_has_a_row_a_run_of_as_many_cells(runs: Path) -> None:
    table = [line for line in markdown(load([runs])[0]).splitlines() if line.startswith("|")]
    assert len(table) == 2 * 2 + 3
    assert {line.count("|") for line in table} == {len(SHOWN) + 11}
    assert ".500 ± .050<br>.510 [.400–.600]" in table[2]
    assert sum(line.endswith("| – | – | – |") for line in table) == 1


def test_csv_holds_every_number_in_full(runs: Path) -> None:
    rows, _ = load([runs])
    read = list(csv.DictReader(comparison_csv(rows).splitlines()))
    assert [(r["run"], r["data"]) for r in read] == [(row.run, row.data) for row in rows]
    for written, row in zip(read, rows, strict=True):
        for name in SHOWN:
            assert float(written[f"{name}_pooled"]) == row.windows[name].pooled
    assert [r["event_f1_pooled"] for r in read] == ["0.66", "0.66", ""]
    assert [r["pointing_pooled"] for r in read] == ["0.71", "0.71", ""]
    assert {r["pointing_chance_low"] for r in read} == {""}


def test_an_undefined_score_is_a_dash_and_never_a_zero(tmp_path: Path) -> None:
    content = results()
    content["summary"]["windows"]["auroc"] = score(None, None)
    row = only(write(tmp_path / "run", content))
    cells = markdown([row]).splitlines()[4].split(" | ")
    assert cells[6 + list(SHOWN).index("auroc") + 1] == "–"
    assert next(csv.DictReader(comparison_csv([row]).splitlines()))["auroc_pooled"] == ""
    assert style.save(comparison_figure([row]), tmp_path / "table.png").exists()


def test_the_figure_has_a_block_a_source_and_a_dot_a_score(runs: Path) -> None:
    figure = comparison_figure(load([runs])[0])
    style.save(figure, runs / "table.png")
    blocks = figure.subfigs
    assert [len(block.axes[0].get_yticks()) for block in blocks] == [1, 2]
    dots = [line for line in blocks[1].axes[4].lines if line.get_marker() == "D"]
    assert [np.asarray(line.get_xdata()).tolist() for line in dots] == [[0.51], [0.51]]


def unfinished(run: Path) -> None:
    (run / "results.json").unlink()
    (run / "run.lock").touch()


def half_written(run: Path) -> None:
    text = (run / "results.json").read_text()
    (run / "results.json").write_text(text[: len(text) // 2])


def other_schema(run: Path) -> None:
    (run / "results.json").write_text(json.dumps(results() | {"schema": SCHEMA + 1}))


def no_scores(run: Path) -> None:
    (run / "results.json").write_text(json.dumps(results() | {"summary": {}}))


def a_list(run: Path) -> None:
    (run / "results.json").write_text("[]")


def no_text(run: Path) -> None:
    (run / "results.json").write_bytes(b"\xff\xfe\x00")


def a_folder(run: Path) -> None:
    (run / "results.json").unlink()
    (run / "results.json").mkdir()


DAMAGES = [
    (unfinished, "holds no results.json; its run is not finished"),
    (half_written, "results.json cannot be used (JSONDecodeError: "),
    (other_schema, f"(ValueError: schema {SCHEMA + 1}, expected {SCHEMA})"),
    (no_scores, "results.json cannot be used (KeyError: 'windows')"),
    (a_list, "results.json cannot be used (TypeError: "),
    (no_text, "results.json cannot be used (UnicodeDecodeError: "),
    (a_folder, "results.json cannot be used (IsADirectoryError: "),
]


@pytest.mark.parametrize(("damage", "said"), DAMAGES)
def test_a_run_that_cannot_be_used_is_left_out_by_name(
    runs: Path, damage: Any, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(runs / "real")
    main([str(runs)])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"xai_sleep: left out: {runs / 'real'}")
    assert said in line
    assert len((runs / "table.csv").read_text().splitlines()) == 1 + 2


def test_no_usable_run_is_one_line_and_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main([str(tmp_path)])
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"xai_sleep: no finished run in {tmp_path}; name directories")
    assert list(tmp_path.iterdir()) == []


def test_tables_are_written_where_asked(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = runs / "nowhere"
    main([str(missing), str(runs / "sweep"), "--out", str(runs / "a" / "b")])
    printed = capsys.readouterr()
    assert printed.err == f"xai_sleep: left out: {missing} is no directory\n"
    assert f"1 {runs / 'sweep' / 'rem' / 'seed=0'}\n" in printed.out
    assert sorted(path.name for path in (runs / "a" / "b").iterdir()) == [
        *("report.html", "table.csv", "table.md", "table.png")
    ]
    with Image.open(runs / "a" / "b" / "table.png") as picture:
        assert min(picture.size) > 200
    main([str(missing), str(runs / "sweep")])
    assert (runs / "sweep" / "table.md").exists()
    assert not missing.exists()


def test_the_page_lists_runs_and_what_was_left_out(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It links to the pages that there are, and says which recordings are simulated."""
    strange = runs / "sweep" / "a b<i>"
    write(strange, results())
    (strange / "report.html").write_text("a page")
    (runs / "real" / "results.json").write_text("{")
    main([str(runs)])
    assert "report.html in" in capsys.readouterr().out
    text = (runs / "report.html").read_text(encoding="utf-8")
    assert '<a href="sweep/a%20b%3Ci%3E/report.html">rem CNN1d loso</a>' in text
    assert "a b&lt;i&gt;" in text
    assert "<i>" not in text
    assert f"{runs / 'real'}/results.json cannot be used" in text
    assert '<p class="stamp"' in text
    assert "0.510 [0.400 to 0.600]; 0.500 ± 0.050" in text


def test_a_page_of_both_sources_says_so_and_one_of_real_runs_has_no_stamp(runs: Path) -> None:
    main([str(runs)])
    assert "some of these runs" in (runs / "report.html").read_text(encoding="utf-8")
    main([str(runs / "real"), "--out", str(runs / "out")])
    assert "SIMULATED" not in (runs / "out" / "report.html").read_text(encoding="utf-8")


def test_the_page_of_a_run_is_not_overwritten(runs: Path) -> None:
    (runs / "real" / "report.html").write_text("its own")
    main([str(runs / "real")])
    assert (runs / "real" / "report.html").read_text() == "its own"
    assert (runs / "real" / "table.md").exists()


def test_a_place_that_cannot_be_written_is_one_line(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (runs / "file").write_text("")
    with pytest.raises(SystemExit) as end:
        main([str(runs), "--out", str(runs / "file" / "table")])
    assert end.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith("(Not a directory); choose another directory with --out")


def test_help_says_what_is_read_and_written(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for word in ("results.json", "table.csv", "--out DIR", "example: python -m xai_sleep.report"):
        assert word in text


def leaky(**settings: Any) -> dict[str, Any]:
    return results("dreams", **settings) | {"leaks": ["carried_weights", "scaling_on_all"]}


def test_runs_with_leaks_stand_in_a_table_of_their_own(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(runs / "wrong", leaky())
    rows, _ = load([runs])
    assert [bool(row.leaks) for row in rows] == [False, True, False, False]
    assert rows[1].name == "LEAKY rem CNN1d loso 2 leaks"
    clean, wrong, simulated = markdown(rows).split("## ")[1:]
    assert wrong.startswith("LEAKY dreams data")
    assert wrong.count("LEAKY carried_weights scaling_on_all") == 1
    assert "LEAKY" not in clean + simulated
    table = list(csv.DictReader(io.StringIO(comparison_csv(rows))))
    said = "LEAKY carried_weights scaling_on_all"
    assert [row["leaks"] for row in table] == ["", said, "", ""]
    main([str(runs)])
    assert "LEAKY dreams data" in capsys.readouterr().out
    page = (runs / "report.html").read_text()
    assert "<title>LEAKY: " in page
    assert "they stand in a table of their own" in page


def test_clean_runs_have_no_column_for_leaks(runs: Path) -> None:
    rows, _ = load([runs])
    assert "| leaks |" not in markdown(rows)
    assert ",leaks" not in comparison_csv(rows)
