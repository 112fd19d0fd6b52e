"""The command that compares runs, from their directories to its files."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.pages import Kind, made_up
from xai_sleep.report.__main__ import main
from xai_sleep.results.finished import Finished


@pytest.fixture(scope="module")
def made() -> dict[str, Finished]:
    real = made_up(Kind(source="dreams"))
    other = replace(real.record, config=replace(real.record.config, model={"_target_": "a.Other"}))
    return {
        "real/one": real,
        "real/two": replace(real, record=other),
        "simulated": made_up(Kind(maps="none")),
    }


@pytest.fixture
def runs(tmp_path: Path, made: dict[str, Finished]) -> Path:
    """Directories of two real runs on the same windows and of one on simulated records."""
    for name, run in made.items():
        (tmp_path / name).mkdir(parents=True)
        run.record.save(tmp_path / name)
        run.windows.write(tmp_path / name / "predictions.csv", run.record.stamp)
    return tmp_path


def test_all_files_are_written_and_named(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(runs)])
    said = capsys.readouterr().out
    names = ["table.csv", "table.md", "pairs.csv", "table.png", "report.html"]
    assert f"{', '.join(names)} in {runs}\n" in said
    assert all((runs / name).stat().st_size for name in names)
    assert "pairs of runs on the same test windows" in said
    assert f"1 {runs / 'real' / 'one'}\n" in said
    assert "some of these runs" in (runs / "report.html").read_text(encoding="utf-8")


def test_a_run_that_cannot_be_used_is_left_out_by_name(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (runs / "simulated" / "results.json").write_text("{")
    main([str(runs), str(runs / "nowhere")])
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    for line, where in zip(sorted(lines), (runs / "nowhere", runs / "simulated"), strict=True):
        assert line.startswith(f"xai_sleep: left out: {where}")
    assert str(runs / "simulated") in (runs / "report.html").read_text(encoding="utf-8")


def test_no_usable_run_is_one_line_and_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main([str(tmp_path)])
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"xai_sleep: no finished run in {tmp_path}; name directories")
    assert list(tmp_path.iterdir()) == []


def test_tables_are_written_where_asked_and_the_page_of_a_run_stays(runs: Path) -> None:
    one = runs / "real" / "one"
    (one / "report.html").write_text("its own")
    main([str(one)])
    assert (one / "report.html").read_text() == "its own"
    assert (one / "table.md").exists()
    assert not (one / "pairs.csv").exists()
    main([str(one), "--out", str(runs / "a" / "b")])
    assert '<a href="../../real/one/report.html">' in (runs / "a" / "b" / "report.html").read_text()


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
