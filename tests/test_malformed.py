"""Malformed files of every kind, made from a seed: one line each, and nothing else happens."""

import os
import random
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.support.cli import Cli, complaint
from tests.support.edf import annotations, write_edf
from tests.support.forms import ONE, RATE, at, edf, stored, truth
from tests.support.marks import EVENTS, luna, nsrr, readers, table, wonambi
from tests.support.own import write_table
from tests.support.rar import Member, write_rar
from xai_sleep.errors import InputError
from xai_sleep.fetch.unpack import tools, unpack
from xai_sleep.recordings.cache import Cache
from xai_sleep.recordings.files import Files
from xai_sleep.recordings.sources import Wanted

Dice = random.Random
Malform = Callable[[Path, Dice], None]
SPINDLES = [mark for mark in EVENTS if mark.kind == "spindle"]
NUMBERS = (b"x", b"nan", b"1e999", b"-1", b"0", b"", b"9" * 8)


def _cell(at: int, width: int, said: tuple[bytes, ...], path: Path, dice: Dice) -> None:
    """Overwrite a cell of an EDF header."""
    content = bytearray((path / "night.edf").read_bytes())
    content[at : at + width] = dice.choice(said)[:width].ljust(width)
    (path / "night.edf").write_bytes(content)


def _cut(name: str, path: Path, dice: Dice) -> None:
    content = (path / name).read_bytes()
    (path / name).write_bytes(content[: dice.randrange(len(content) - 1)])


def _noise(name: str, path: Path, dice: Dice) -> None:
    (path / name).write_bytes(dice.randbytes(dice.randint(1, 3000)))


def _late(path: Path, dice: Dice) -> None:
    """Let the time that a file keeps contradict its length."""
    first, by = dice.randint(100, 300), dice.randint(2, 9)
    starts = [second + by * (second >= first) for second in range(600)]
    channels = [stored("C3-M2", truth(at(RATE)), int(RATE)), annotations([], 600, starts=starts)]
    write_edf(path / "night.edf", channels, kind="EDF+C")


ODD_CELLS = ("", "x", "nan", "-inf", "1e400", "-5", "0x1", "1_0", "601", "25:61:00", "\u0661")


def _time(column: str, path: Path, dice: Dice) -> None:
    row = {"onset": "5", "duration": "1"} | {column: dice.choice(ODD_CELLS)}
    if row["duration"] == "601" or row["onset"] == "":
        row["onset"] = "x"
    write_table(path / "night.csv", "onset,duration", list(row.values()))


def _lines(text: str, path: Path, dice: Dice) -> None:
    """Write a table that cannot be one, after some good rows."""
    good = "".join(f"{5 + 3 * i},1\n" for i in range(dice.randint(0, 9)))
    (path / "night.csv").write_bytes((text.format(good=good)).encode("latin-1"))


def _marked(
    ending: str, text: str, damage: Callable[[str, Dice], str], path: Path, dice: Dice
) -> None:
    (path / "night.csv").unlink()
    (path / f"night.{ending}").write_text(damage(text, dice))


def _number(text: str, dice: Dice) -> str:
    """Put something odd in the place of the time of a mark."""
    return text.replace("12.5", dice.choice(["x", "nan", "1e999", "-4", "1_0", "12,5,1"]), 1)


def _half(text: str, dice: Dice) -> str:
    return text[: dice.randrange(len(text) // 2, len(text) - 30)]


def _entities(text: str, dice: Dice) -> str:
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, dice.randint(5, 9)))
    declared = dice.choice(
        [
            f'<!DOCTYPE a [<!ENTITY l0 "ha">{laughs}]>',
            '<!DOCTYPE a [<!ENTITY l0 SYSTEM "file:///etc/hostname">]>',
            '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">',
        ]
    )
    head, _, rest = text.partition("?>")
    return f"{head}?>{declared}{rest}"


def _tags(text: str, dice: Dice) -> str:
    """Close an element by another name."""
    ends = [match.start() for match in re.finditer("</", text)]
    at = dice.choice(ends) + 2
    return f"{text[:at]}q{text[at:]}"


N, HEAD = 1, 256  # channels of the file, and bytes of what is said of the file
READ: dict[str, Malform] = {
    "no EDF": partial(_noise, "night.edf"),
    "EDF cut short": partial(_cut, "night.edf"),
    "number of channels": partial(_cell, 252, 4, (b"x", b"nan", b"-1", b"0", b"99", b"")),
    "length of the header": partial(_cell, 184, 8, NUMBERS),
    "number of records": partial(_cell, 236, 8, NUMBERS),
    "length of a record": partial(_cell, 244, 8, (b"x", b"nan", b"-1", b"0", b"")),
    "unit": partial(_cell, HEAD + 96 * N, 8, (b"degC", b"%", b"pT", b"", b"\xff\xfe")),
    "physical range": partial(_cell, HEAD + 104 * N, 8, (b"x", b"nan", b"800", b"")),
    "digital range": partial(_cell, HEAD + 120 * N, 8, (b"x", b"nan", b"32767", b"40000")),
    "samples of a record": partial(_cell, HEAD + 216 * N, 8, NUMBERS),
    "time of records": _late,
    "onset": partial(_time, "onset"),
    "duration": partial(_time, "duration"),
    "a heading twice": partial(_lines, "onset,onset,duration\n{good}"),
    "no heading": partial(_lines, "{good}1,2,3\n"),
    "an unknown column": partial(_lines, "onset,duration,colour\n5,1,red\n"),
    "two columns that disagree": partial(_lines, "onset,duration,type,label\n5,1,spindle,jump\n"),
    "too many cells": partial(_lines, "onset,duration\n{good}7,1,spindle,C3,9\n"),
    "an open quote": partial(_lines, 'onset,duration\n{good}"7,1\n'),
    "no text": partial(_lines, "onset,duration\n{good}\0\0\0,\xff\n"),
    "XML cut short": partial(_marked, "xml", nsrr(SPINDLES), _half),
    "XML with entities": partial(_marked, "xml", nsrr(SPINDLES), _entities),
    "XML of wrong tags": partial(_marked, "xml", wonambi(SPINDLES), _tags),
    "XML of wrong numbers": partial(_marked, "xml", nsrr(SPINDLES), _number),
    "Luna of wrong numbers": partial(_marked, "annot", luna(SPINDLES), _number),
}


@pytest.mark.parametrize("what", [*READ][::3])  # through the command, which takes its time
def test_malformed_recordings_and_marks_are_refused_in_one_line(
    what: str, look: Cli, tmp_path: Path
) -> None:
    root = malformed(tmp_path / "nights", what, 1)
    before = _tree(tmp_path)
    said = complaint(look(str(root), "data.scored=all", "task.channels=C3-M2"))
    assert str(root) in said or "night" in said
    assert _tree(tmp_path) == before


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("what", READ)
def test_they_are_refused_whatever_the_dice(what: str, seed: int, tmp_path: Path) -> None:
    root = malformed(tmp_path / "nights", what, seed)
    source = Files(str(root), scored="all", marks=readers())
    with pytest.raises(InputError, match="night"):
        list(source.read(Wanted("spindle", [["C3-M2"]])))


def malformed(root: Path, what: str, seed: int) -> Path:
    """Write a night and its marks, and damage one of them."""
    root.mkdir()
    edf(root / "night.edf", ONE)
    (root / "night.csv").write_text(table(SPINDLES))
    READ[what](root, Dice(f"{what} {seed}"))
    return root


def _tree(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*.*")
        if path.is_file()
    }


def _flip(content: bytes, dice: Dice) -> bytes:
    """Damage what is packed, behind the headers."""
    at = dice.randrange(len(content) // 3, len(content) * 2 // 3)
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


ARCHIVES: dict[str, Callable[[bytes, Dice], bytes]] = {
    "cut": lambda content, dice: content[: dice.randrange(len(content) - 30)],
    "flipped": _flip,
    "noise": lambda content, dice: dice.randbytes(len(content)),
    "noise after its name": lambda content, dice: content[:7] + dice.randbytes(500),
}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("what", ARCHIVES)
def test_malformed_archives_leave_nothing(what: str, seed: int, tmp_path: Path) -> None:
    try:
        tools()
    except InputError as error:
        pytest.skip(str(error))
    dice = Dice(f"{what} {seed}")
    archive = write_rar(tmp_path / "a.rar", Member("a/x.txt", dice.randbytes(3000)))
    archive.write_bytes(ARCHIVES[what](archive.read_bytes(), dice))
    before = _tree(tmp_path)
    with pytest.raises(InputError, match=r"a\.rar"):
        unpack(archive, tmp_path / "out")
    assert _tree(tmp_path) == before
    assert not (tmp_path / "out").exists()


class Canary:
    """What would run a command, were it ever unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch '{self.file}'",)


CACHED: dict[str, Callable[[Path, Dice], object]] = {
    "cut": lambda path, dice: _cut(path.name, path.parent, dice),
    "noise": lambda path, dice: _noise(path.name, path.parent, dice),
    "flipped": lambda path, dice: path.write_bytes(_flip(path.read_bytes(), dice)),
    "a pickle": lambda path, _: np.save(
        path, np.array([Canary(path.with_name("sung"))], dtype=object), allow_pickle=True
    ),
    "Python for a header": lambda path, _: path.write_bytes(
        b"\x93NUMPY\x01\x00\x30\x00__import__('os').system('touch sung')".ljust(58) + b"\n"
    ),
}


@pytest.mark.parametrize("what", CACHED)
def test_malformed_caches_are_made_again(
    what: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    right = np.arange(6000, dtype=np.float32).reshape(2, -1)
    Cache(tmp_path, 1.0).kept("key", lambda: right)
    CACHED[what](tmp_path / "key.npy", Dice(what))
    again = Cache(tmp_path, 1.0).kept("key", lambda: right)
    np.testing.assert_array_equal(again, right)
    assert "key.npy cannot be used" in caplog.text
    assert "is made again" in caplog.text
    assert not (tmp_path / "sung").exists()
