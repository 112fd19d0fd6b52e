"""Fixtures that several test files share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from tests.support.cli import Cli, calls
from xai_sleep.inspect import main


@pytest.fixture(scope="session")
def dreams_root() -> Path:
    """Folder of the real DREAMS databases; tests that need it are skipped without."""
    default = Path(__file__).parents[2] / "shared" / "data" / "dreams"
    root = Path(os.environ.get("XAI_SLEEP_DREAMS", default))
    if not (root / "DatabaseSpindles").is_dir():
        pytest.skip("the DREAMS databases are not here (set XAI_SLEEP_DREAMS to their folder)")
    return root


@pytest.fixture
def look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Cli]:
    """Call the command in this process, in an empty working directory."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    yield from calls(main, monkeypatch, capsys)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print which forms of signals and of marks were read, if any were tried."""
    reports = [each for of in terminalreporter.stats.values() for each in of]
    properties = [p for each in reports for p in getattr(each, "user_properties", ())]
    tried = {(form, marks): said for name, (form, marks, said) in properties if name == "form"}
    forms, kinds = (list(dict.fromkeys(pair[i] for pair in sorted(tried))) for i in (0, 1))
    shown = Table("one night as", *kinds, title="read from files")
    for form in forms:
        shown.add_row(form, *(tried.get((form, marks), "not") for marks in kinds))
    if tried:
        Console(width=200).print(shown)
