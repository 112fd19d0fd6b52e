"""Components of a user: the files that ``docs/components.md`` shows, written to a folder."""

import re
from pathlib import Path

from tests.support.runs import ROOT

PAGE = ROOT / "docs" / "components.md"
FILE = re.compile(r"^`(?P<path>[\w/]+\.\w+)`\n\n```\w+\n(?P<text>.*?)^```$", re.M | re.S)


def shown() -> dict[str, str]:
    """Text of each file of the page."""
    return {match["path"]: match["text"] for match in FILE.finditer(PAGE.read_text("utf-8"))}


def write(folder: Path) -> str:
    """Write the files as a user would; return the ``PYTHONPATH`` by which they are found."""
    for name, text in shown().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return f"{ROOT}:{folder}"
