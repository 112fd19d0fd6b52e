"""Which groups are meant by names and directories, and what is said of those that cannot be."""

import json
from pathlib import Path

import pytest

from xai_sleep.errors import InputError
from xai_sleep.tracking.runs import TRACKED, Groups, find_groups


def tracked(directory: Path, group: str, project: str = "study", runs: int = 0) -> Path:
    """Make what is left of a run whose offline runs are uploaded."""
    directory.mkdir(parents=True)
    told = {"project": project, "entity": None, "group": group, "data": "synthetic"}
    (directory / TRACKED).write_text(json.dumps(told))
    for i in range(runs):
        run = directory / f"wandb/offline-run-{i}"
        run.mkdir(parents=True)
        (run / f"run-{i}.wandb.synced").touch()
    return directory


def test_a_name_is_a_group_of_the_project_given() -> None:
    assert find_groups(["a", "b", "a"], "p", "me") == Groups("p", "me", ("a", "b"))


def test_a_sweep_is_the_groups_of_its_jobs(tmp_path: Path) -> None:
    tracked(tmp_path / "sweep/one", "first", runs=2)
    tracked(tmp_path / "sweep/two", "second")
    found = find_groups([str(tmp_path / "sweep"), "third"], "study")
    assert found == Groups("study", None, ("first", "second", "third"))


def test_runs_of_several_projects_are_refused(tmp_path: Path) -> None:
    paths = [tracked(tmp_path / name, name, project=name) for name in "ab"]
    with pytest.raises(InputError, match=r"several projects \(a, b\); name those of one"):
        find_groups([str(path) for path in paths], "p")


def test_a_directory_without_a_tracked_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no run that was tracked .*; name a directory"):
        find_groups([str(tmp_path)], "p")


def test_runs_that_wait_for_their_upload_are_refused_with_the_command(tmp_path: Path) -> None:
    paths = [tracked(tmp_path / "sweep" / name, name, runs=2) for name in "abc"]
    for path in paths[:2]:
        (path / "wandb/offline-run-1/run-1.wandb.synced").unlink()
    with pytest.raises(InputError) as refused:
        find_groups([str(tmp_path / "sweep")], "p")
    waiting = sorted(f"{path}/wandb/offline-run-*" for path in paths[:2])
    assert str(refused.value) == (
        "2 of 6 offline runs are not uploaded yet; first run: wandb sync " + " ".join(waiting)
    )
