"""XML as readers of marks see it: elements by name, nothing expanded, fetched or passed over."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from xai_sleep.errors import InputError
from xai_sleep.recordings.marks.reader import head

LARGEST = 256 * 2**20  # bytes; marks of a night are a few megabytes
_BEFORE = re.compile(r"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*<([\w.:-]+)", re.DOTALL)


def root_name(path: Path) -> str:
    """Name of the outermost element; empty if it is no XML."""
    found = _BEFORE.match(head(path))
    return found[1].rpartition(":")[2] if found else ""


def parsed(path: Path) -> Element:
    """Read a file without entities of its own or a DTD, or InputError; names without namespace."""
    from defusedxml import DefusedXmlException  # late, so that --help need not wait
    from defusedxml.ElementTree import fromstring

    if path.stat().st_size > LARGEST:
        raise InputError(f"{path} is larger than {LARGEST >> 20} MB; is it the right file?")
    try:
        root: Element = fromstring(path.read_bytes(), forbid_dtd=True)
    except DefusedXmlException:
        why = "defines entities or a document type, which files of marks never need"
        raise InputError(f"{path} {why}; export it again") from None
    except (ParseError, ValueError, LookupError) as error:
        damaged = f"cannot be read as XML ({error}); copy it again, or export it again as UTF-8"
        raise InputError(f"{path} {damaged}") from None
    for element in root.iter():
        element.tag = str(element.tag).rpartition("}")[2]
    return root


def said(element: Element, *names: str) -> str:
    """Text under the first of some names that is there; empty if none is.

    What is said twice is put together, so that two times are none.
    """
    for name in names:
        if there := element.findall(name):
            return " ".join("".join(child.itertext()).strip() for child in there)
    return ""


def each(path: Path, elements: Iterable[Element]) -> Iterator[tuple[str, Element]]:
    """Name each of some elements by its number, for messages."""
    for number, element in enumerate(elements, 1):
        yield f"{path}, {element.tag} {number}", element


def unread(path: Path, elements: Iterable[Element], known: Iterable[str]) -> tuple[str, ...]:
    """Note, by name, what elements hold that is not known; attributes as ``@name``."""
    names = Counter[str]()
    for element in elements:
        names.update(f"@{name}" for name in element.attrib if "}" not in name)
        for child in element:
            names[child.tag] += 1
            names.update(f"{child.tag}@{name}" for name in child.attrib if not len(child))
    odd = ", ".join(f"{name} ({n})" for name, n in names.items() if name not in set(known))
    return (f"elements of {path.name} not used: {odd}",) if odd else ()


def began(path: Path, told: datetime | None, start: datetime | None) -> tuple[str, ...]:
    """Note that a file of marks tells another time for the start of the recording."""
    if told is None or start is None or abs((told - start).total_seconds()) < 1:
        return ()
    other = f"{path.name} says that the recording began {told:%Y-%m-%d %H:%M:%S}"
    return (f"{other}, its signals {start:%Y-%m-%d %H:%M:%S}; times are from the first sample",)
