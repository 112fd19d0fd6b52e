"""Files of marks damaged at random, from a seed: refused in one line, or read."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.marks import NIGHT, SAMPLES, START, profusion, readers, written
from xai_sleep.errors import InputError

READERS = readers()
FORMS = {**SAMPLES, "profusion": (".xml", profusion(NIGHT[:3]))}
ODD = (
    *(
        b"nan",
        b"-inf",
        b"1e999",
        b"9" * 5000,
        b"-5",
        b"0x10",
        b"1,5",
        b"1_0",
        b"",
        b" ",
        b"25:61:61",
    ),
    *(b"99999-99-99T99:99:99", b"\xff\xfe", b"\0", b'"', b"<", b"&b;", b"]]>", b"\xe9", b"\t" * 40),
    *(b"e:99999999999", b"...", b"9999:59:59", "\u0663\u0664".encode(), b"2024-02-30T00:00:00"),
)


def cut(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(len(content))]


def flip(content: bytes, dice: random.Random) -> bytes:
    flipped = bytearray(content)
    for _ in range(dice.randint(1, 12)):
        flipped[dice.randrange(len(flipped))] ^= 1 << dice.randrange(8)
    return bytes(flipped)


def replace(content: bytes, dice: random.Random) -> bytes:
    """Put something odd in the place of a word."""
    at = dice.randrange(len(content))
    return content[:at] + dice.choice(ODD) + content[at + dice.randint(0, 12) :]


def shuffle(content: bytes, dice: random.Random) -> bytes:
    """Repeat, drop and swap lines, headings among them."""
    lines = content.replace(b"><", b">\n<").split(b"\n")
    for _ in range(dice.randint(1, 5)):
        lines.insert(dice.randrange(len(lines)), lines[dice.randrange(min(len(lines), 4))])
        lines.pop(dice.randrange(len(lines)))
    return b"\n".join(lines)


def encode(content: bytes, dice: random.Random) -> bytes:
    return content.decode().encode(dice.choice(["utf-16", "utf-16-le", "utf-32", "utf-7", "cp037"]))


DAMAGE: tuple[Callable[[bytes, random.Random], bytes], ...] = (cut, flip, replace, shuffle, encode)


def tried(path: Path, name: str) -> str:
    """Read a file as its reader's users do: what is refused, or read to numbers."""
    reader = READERS["nsrr" if name == "profusion" else name]
    began = time.process_time()
    try:
        reader.recognises(path)
        for row in reader.read(path, START, 600.0).rows:
            with suppress(InputError):
                row.span()
        said = ""
    except InputError as error:
        said = str(error)
        assert path.name in said
        assert "\n" not in said
        assert len(said) < 700
    assert time.process_time() - began < 2
    return said


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", FORMS)
def test_damage_at_random(tmp_path: Path, name: str, seed: int) -> None:
    ending, whole = FORMS[name]
    dice = random.Random(f"{name} {seed}")
    for damage in DAMAGE:
        content = damage(whole.encode(), dice)
        if seed % 2:
            content = dice.choice(DAMAGE[:4])(content or b" ", dice)
        tried(written(tmp_path / f"a{ending}", content), name)
    assert [path.name for path in tmp_path.iterdir()] == [f"a{ending}"]


BILLION = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
LAUGHS = f'<!DOCTYPE a [<!ENTITY l0 "ha">{BILLION}]>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY l9 SYSTEM "file:///etc/hostname">]>'
FETCHED = '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">'


@pytest.mark.parametrize("name", ["edfbrowser_xml", "nsrr", "profusion", "wonambi"])
@pytest.mark.parametrize("declared", [LAUGHS, OUTSIDE, FETCHED])
def test_nothing_is_expanded_or_fetched(tmp_path: Path, name: str, declared: str) -> None:
    whole = FORMS[name][1]
    first = whole.index("<", whole.rfind("?>") + 1) if "?>" in whole else 0
    content = whole[:first] + declared + whole[first:].replace("spindle", "&l9;")
    said = tried(written(tmp_path / "a.xml", content), name)
    assert "defines entities or a document type" in said


@pytest.mark.parametrize("name", ["edfbrowser_xml", "nsrr", "profusion", "wonambi"])
def test_depth_harms_nobody(tmp_path: Path, name: str) -> None:
    whole = FORMS[name][1]
    at = whole.rindex("</")
    deep = "<a>" * 50_000 + "x" + "</a>" * 50_000
    said = tried(written(tmp_path / "a.xml", whole[:at] + deep + whole[at:]), name)
    assert said == "" or "cannot be read as XML" in said


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("content", [b"", b"\0" * 5000, b"<" * 5000, b"[" * 5000, b"a\n" * 5000])
def test_what_is_nothing_of_the_kind(tmp_path: Path, name: str, content: bytes) -> None:
    tried(written(tmp_path / f"a{FORMS[name][0]}", content), name)
