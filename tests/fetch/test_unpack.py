"""What an archive may hold, and that nothing else gets anywhere."""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.rar import FOLDER, LINK, PIPE, Member, write_rar
from xai_sleep.errors import InputError
from xai_sleep.fetch.unpack import tools, unpack

SAMPLES = bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def needs_a_tool() -> None:
    try:
        tools()
    except InputError as error:
        pytest.skip(str(error))


def tree(root: Path) -> dict[str, bytes]:
    """All files below a folder, by their path."""
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("within", ["", "Database/"])
def test_an_archive_becomes_a_folder(tmp_path: Path, within: str, packed: bool) -> None:
    members = [
        Member("Database", mode=FOLDER),
        Member(f"{within}excerpt1.edf", SAMPLES, packed=packed),
        Member(f"{within}sub/a.txt", b"1 2\r\n", packed=packed),
    ][not within :]
    archive = write_rar(tmp_path / "a.rar", *members)
    unpack(archive, tmp_path / "out")
    assert tree(tmp_path / "out") == {"excerpt1.edf": SAMPLES, "sub/a.txt": b"1 2\r\n"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.rar", "out"]


HARMLESS = Member("a/good.txt", b"good")


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([Member("../evil", b"x")], r"'\.\./evil', which would lie outside"),
        ([Member("a/../../evil", b"x")], "would lie outside"),
        ([Member("a\\..\\..\\evil", b"x")], "would lie outside"),
        ([Member("/tmp/evil", b"x")], "would lie outside"),
        ([Member("C:evil", b"x")], "would lie outside"),
        ([Member("\\\\host\\share\\evil", b"x")], "would lie outside"),
        ([Member("a/out", b"/etc", mode=LINK)], "'a/out', which is a link or a device"),
        ([Member("a/out", b"..", mode=LINK), Member("a/out/evil", b"x")], "link or a device"),
        ([Member("a/pipe", mode=PIPE)], "link or a device"),
        ([Member("a/x", b"1"), Member("a/X", b"2")], "'a/X' and 'a/x', one file on some disks"),
        ([Member("A/x", b"1")], "'A' and 'a', one file on some disks"),
        ([Member("a/good.txt", b"evil")], "holds 'a/good.txt' more than once"),
        ([Member("a/x", b"1", claims=2**31)], r"unpack to \d+ bytes, more than any database"),
        ([Member("a/x", b"1", flags=4)], "'a/x', which is encrypted"),
        ([Member("a/x", SAMPLES, packed=True, claims=20)], "cannot be unpacked"),
        ([Member("a/x", SAMPLES, packed=True, claims=len(SAMPLES) + 1)], "cannot be unpacked"),
    ],
)
def test_what_is_no_plain_file_with_a_place_is_refused_and_nothing_left(
    tmp_path: Path, members: list[Member], said: str
) -> None:
    root = tmp_path / "deep" / "root"
    root.mkdir(parents=True)
    archive = write_rar(root / "a.rar", HARMLESS, *members)
    with pytest.raises(InputError, match=said) as caught:
        unpack(archive, root / "out")
    assert "\n" not in str(caught.value)
    assert [p.name for p in tmp_path.rglob("*")] == ["deep", "root", "a.rar"]


def test_a_damaged_archive_is_refused_wherever_it_is_damaged(tmp_path: Path) -> None:
    """Cut short or with a byte changed: unpacked as it was, or refused, and nothing left."""
    members = (HARMLESS, Member("b.bin", SAMPLES[:300], packed=True))
    whole = write_rar(tmp_path / "a.rar", *members).read_bytes()
    refused = 0
    for at in range(0, len(whole) - 1, 17):
        for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]):
            (tmp_path / "a.rar").write_bytes(damaged)
            try:
                unpack(tmp_path / "a.rar", tmp_path / "out")
            except InputError:
                refused += 1
            else:
                assert (
                    tree(tmp_path / "out").items() <= {m.name: m.content for m in members}.items()
                )
                shutil.rmtree(tmp_path / "out")
            assert [p.name for p in tmp_path.iterdir()] == ["a.rar"]
    assert refused > 30


def test_a_folder_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    with pytest.raises(OSError, match="not empty"):
        unpack(write_rar(tmp_path / "a.rar", HARMLESS), tmp_path / "out")
    assert tree(tmp_path / "out") == {"mine": b"mine"}


def test_what_a_killed_attempt_left_is_gone_after_the_next(tmp_path: Path) -> None:
    (tmp_path / "unpacked" / "files").mkdir(parents=True)
    (tmp_path / "unpacked" / "files" / "half").write_text("half")
    unpack(write_rar(tmp_path / "a.rar", HARMLESS), tmp_path / "out")
    assert tree(tmp_path) == {
        "a.rar": (tmp_path / "a.rar").read_bytes(),
        "out/good.txt": b"good",
    }


def tool(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_a_tool_that_cannot_is_followed_by_one_that_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the 7z and unrar of some distributions, which lack RAR."""
    tool(tmp_path / "bin", "unrar", 'test "$2" = "-?"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert tools()[0] == "unrar"
    unpack(write_rar(tmp_path / "a.rar", Member("x", b"1", packed=True)), tmp_path / "out")
    assert tree(tmp_path / "out") == {"x": b"1"}


def test_without_a_tool_one_line_says_which_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"apt install .*brew install .*choco install"):
        tools()
