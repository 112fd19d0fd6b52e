"""The command line of the dashboard, where there is no login."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.runs import ROOT


def dashboard(home: Path, *arguments: str, path: Path = ROOT) -> tuple[int, str]:
    """Run the command as somebody who never logged in, and return its exit code and stderr."""
    known = {k: v for k, v in os.environ.items() if not k.startswith("WANDB_")}
    own = {"HOME": str(home), "NETRC": str(home / "netrc"), "PYTHONPATH": str(path)}
    command = [sys.executable, "-m", "xai_sleep.dashboard", *arguments]
    found = subprocess.run(
        command, env=known | own, capture_output=True, text=True, check=False, timeout=100
    )
    assert found.stdout == ""
    return found.returncode, found.stderr


def test_without_a_login_it_says_so_in_one_line(tmp_path: Path) -> None:
    pytest.importorskip("wandb_workspaces")
    said = "xai_sleep: nobody is logged in to Weights & Biases here; run `wandb login` first\n"
    assert dashboard(tmp_path, "group") == (2, said)


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    """Hidden by a finder that knows no such package, as where it is not installed."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['wandb_workspaces'] = None\n"
    )
    code, said = dashboard(tmp_path, "group", path=Path(f"{tmp_path}{os.pathsep}{ROOT}"))
    assert code == 2
    assert said.endswith("not installed; pip install 'xai_sleep[dashboard]'\n")
    assert said.count("\n") == 1
