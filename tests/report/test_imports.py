"""Pages draw and compute nothing: no module of theirs knows one that computes."""

import re
from pathlib import Path

import pytest

from tests.support.runs import ROOT

COMPUTE = "evaluate|metrics|explain|detect|experiment|leaks|baselines|predict|config"
MODULES = [
    path
    for path in sorted((ROOT / "xai_sleep" / "report").glob("*.py"))
    if path.name != "__main__.py"  # an entry point puts things together
]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_pages_import_nothing_that_computes(path: Path) -> None:
    found = re.findall(rf"^(?:from|import) xai_sleep\.(?:{COMPUTE})\b.*", path.read_text(), re.M)
    assert found == []
