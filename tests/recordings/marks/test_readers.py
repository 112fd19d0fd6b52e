"""Every reader of marks there is: known by its YAML, and to itself alone."""

from pathlib import Path

import pytest

from tests.support.marks import SAMPLES, profusion, readers, written
from xai_sleep.errors import InputError

READERS = readers()
OTHERS: dict[str, tuple[str, str | bytes]] = {
    "night.tsv": ("table", "onset\tduration\n1\t2\n"),
    "heading.txt": ("table", "Start (s),Duration,Label\n1,2,spindle\n"),
    "edfbrowser.csv": ("edfbrowser_text", "Onset;Duration;Annotation\n+1.0;2;spindle\n"),
    "profusion.xml": ("nsrr", profusion([])),
    "wide.xml": ("nsrr", ("<!-- a > b -->" + profusion([])).encode("utf-16")),
}


@pytest.fixture
def files(tmp_path: Path) -> dict[Path, str]:
    """Write samples of every form, and say what form each is of."""
    made = {
        written(tmp_path / f"{name}{ending}", content): name
        for name, (ending, content) in SAMPLES.items()
    }
    return made | {written(tmp_path / name, said): form for name, (form, said) in OTHERS.items()}


def test_each_form_has_a_sample() -> None:
    assert READERS.keys() == SAMPLES.keys()


def test_a_file_is_recognised_by_its_own_reader_and_no_other(files: dict[Path, str]) -> None:
    for path, name in files.items():
        known = [
            other
            for other, reader in READERS.items()
            if path.suffix in reader.endings and reader.recognises(path)
        ]
        assert known == [name]
        assert READERS[name].read(path, None, 600.0).rows


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"\0" * 50, b"\x89PNG", b"<", b"[a]\n1\n2"])
def test_what_is_of_no_form_is_nobody_s(tmp_path: Path, content: bytes) -> None:
    for ending in (".xml", ".txt"):
        path = written(tmp_path / f"a{ending}", content)
        for reader in READERS.values():
            assert not (ending in reader.endings and reader.recognises(path))


@pytest.mark.parametrize("name", READERS)
def test_an_empty_file_is_refused_by_name(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / f"night{SAMPLES[name][0]}", b"")
    if name == "luna":
        assert READERS[name].read(path, None, 600.0) == ([], ())
        return
    with pytest.raises(InputError, match=r"night\."):
        READERS[name].read(path, None, 600.0)
