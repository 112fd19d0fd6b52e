"""A run with leaks says so wherever it is read; a clean one nowhere."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.pages import made_up
from xai_sleep.report.style import stamp
from xai_sleep.results.leaky import LEAKS, account, leaks_of, mark_files, marked, marking, tags

TWO = ["carried_weights", "scaling_on_all"]


def test_words_for_leaks_and_none_without() -> None:
    assert marked("rem CNN1d", TWO) == "LEAKY rem CNN1d"
    assert tags(TWO) == ["LEAKY", *TWO]
    assert leaks_of(marking(TWO)) == TWO
    assert all(f"{name} ({LEAKS[name].about})" in account(TWO) for name in TWO)
    assert stamp("dreams", TWO) == "LEAKY"
    assert stamp("synthetic", TWO) == "LEAKY, simulated data"
    assert (marked("rem", []), tags([]), marking([]), account([])) == ("rem", [], {}, "")
    assert leaks_of({}) == []


def test_every_row_and_archive_is_marked(tmp_path: Path) -> None:
    table, archive = tmp_path / "predictions.csv", tmp_path / "maps.npz"
    table.write_text('fold,reason\na,"no, none"\nb,\n')
    np.savez(archive, maps=np.arange(3))
    before = table.read_bytes(), archive.read_bytes()
    mark_files(tmp_path, [])
    assert (table.read_bytes(), archive.read_bytes()) == before
    mark_files(tmp_path, TWO)
    said = "LEAKY carried_weights scaling_on_all"
    assert table.read_text() == f'fold,reason,leaks\na,"no, none",{said}\nb,,{said}\n'
    with np.load(archive) as stored:
        assert stored["leaks"].tolist() == ["LEAKY", *TWO]
        assert stored["maps"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("leaks", [TWO, []])
def test_a_page_says_what_is_wrong_with_its_run(tmp_path: Path, leaks: list[str]) -> None:
    run = made_up(source="dreams", maps="none")
    run.found.update(marking(leaks))
    text = run.write(tmp_path).read_text()
    title = text[text.index("<title>") : text.index("</title>")]
    assert title.startswith("<title>LEAKY: ") == bool(leaks)
    assert ("<h1>LEAKY: " in text) == bool(leaks)
    assert ('<p class="stamp" role="note"><strong>LEAKY</strong>' in text) == bool(leaks)
    assert text.count("carried_weights") == (2 if leaks else 0)  # in the stamp and the methods
