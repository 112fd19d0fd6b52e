"""Fixtures that several test files share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def dreams_root() -> Path:
    """Folder of the real DREAMS databases; tests that need it are skipped without."""
    default = Path(__file__).parents[2] / "shared" / "data" / "dreams"
    root = Path(os.environ.get("XAI_SLEEP_DREAMS", default))
    if not (root / "DatabaseSpindles").is_dir():
        pytest.skip("the DREAMS databases are not here (set XAI_SLEEP_DREAMS to their folder)")
    return root
