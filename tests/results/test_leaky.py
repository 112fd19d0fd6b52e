"""A run with leaks says so wherever it is read; a clean one nowhere."""

from pathlib import Path

import numpy as np

from xai_sleep.leaks.names import LEAKS
from xai_sleep.results.leaky import account, leaks_of, mark_files, marked, marking, tags

TWO = ["carried_weights", "scaling_on_all"]


def test_words_for_leaks_and_none_without() -> None:
    assert marked("rem CNN1d", TWO) == "LEAKY rem CNN1d"
    assert tags(TWO) == ["LEAKY", *TWO]
    assert leaks_of(marking(TWO)) == TWO
    assert all(f"{name} ({LEAKS[name].about})" in account(TWO) for name in TWO)
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
