"""The command line of the dashboard: what it sends to a server, and what it says without one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.runs import ROOT
from tests.support.wandb_server import serving


def dashboard(
    home: Path, *arguments: str, path: str = str(ROOT), **variables: str
) -> tuple[int, str, str]:
    """Run the command as somebody who never logged in; exit code, stdout and stderr."""
    known = {k: v for k, v in os.environ.items() if not k.startswith("WANDB_")}
    own = {"HOME": str(home), "NETRC": str(home / "netrc"), "PYTHONPATH": path}
    command = [sys.executable, "-m", "xai_sleep.dashboard", *arguments]
    found = subprocess.run(
        command,
        env=known | own | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    return found.returncode, found.stdout, found.stderr


def test_a_workspace_and_a_report_are_saved(tmp_path: Path) -> None:
    pytest.importorskip("wandb_workspaces")
    with serving("study") as server:
        login = {"WANDB_BASE_URL": server.address, "WANDB_API_KEY": "a" * 40}
        code, said, errors = dashboard(tmp_path, "one", "two", "--project=study", **login)
    assert (code, errors) == (0, "")
    assert {view["type"] for view in server.views} == {"runs", "project-view"}
    for view in server.views:
        assert (view["entityName"], view["projectName"]) == ("me", "study")
        assert '"value":["one","two"]' in json.dumps(
            json.loads(view["spec"]), separators=(",", ":")
        )
    names = [line.partition(": ")[0] for line in said.splitlines()]
    assert names == ["workspace", "report"]
    assert said.count(f"{server.address}/me/study") == 2


def test_a_project_that_does_not_exist_is_one_line_and_nothing_is_saved(tmp_path: Path) -> None:
    pytest.importorskip("wandb_workspaces")
    with serving("study") as server:
        login = {"WANDB_BASE_URL": server.address, "WANDB_API_KEY": "a" * 40}
        code, said, errors = dashboard(tmp_path, "one", "--project=other", **login)
    assert (code, said, server.views) == (2, "", [])
    assert errors.startswith("xai_sleep: Weights & Biases made no dashboard (")
    assert "project 'me/other' not found" in errors
    assert errors.count("\n") == 1


def test_without_a_login_it_says_so_in_one_line(tmp_path: Path) -> None:
    pytest.importorskip("wandb_workspaces")
    said = "xai_sleep: nobody is logged in to Weights & Biases here; run `wandb login` first\n"
    assert dashboard(tmp_path, "group") == (2, "", said)


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    """Hidden by an entry that says there is no such module, as where it is not installed."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['wandb_workspaces'] = None\n"
    )
    code, _, said = dashboard(tmp_path, "group", path=f"{tmp_path}{os.pathsep}{ROOT}")
    assert code == 2
    assert said.endswith("not installed; pip install 'xai_sleep[dashboard]'\n")
    assert said.count("\n") == 1
