"""What a run was made with."""

import subprocess
from pathlib import Path

import torch

from xai_sleep.experiment.run import command, commit, versions


def git(root: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    done = subprocess.run(
        ["git", *who, *arguments], cwd=root, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_checkout_has_a_commit_and_says_if_it_was_changed(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "--quiet", "--message", "one")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert commit(tmp_path) == head
    (tmp_path / "file").write_text("two")
    assert commit(tmp_path) == f"{head} with changes"


def test_elsewhere_there_is_no_commit(tmp_path: Path) -> None:
    assert commit(tmp_path) is None
    (tmp_path / ".git").write_text("no repository")
    assert commit(tmp_path) is None


def test_an_installed_package_does_not_borrow_the_commit_around_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    inside = tmp_path / "site-packages"
    inside.mkdir()
    assert commit(inside) is None


def test_versions_are_those_that_run() -> None:
    assert versions()["torch"] == torch.__version__


def test_called_from_python_there_is_no_command() -> None:
    assert command() is None
