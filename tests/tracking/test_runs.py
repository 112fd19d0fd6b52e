"""That a run is always closed, says nothing of the machine, and asks nobody for a login."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import wandb
from rich.console import Console

from tests.support.runs import TINY, composed
from tests.support.wandb_log import read_runs
from xai_sleep.errors import InputError
from xai_sleep.experiment.run import run
from xai_sleep.schema import LoggerConfig
from xai_sleep.tracking.runs import (
    TRACKED,
    group_name,
    no_login,
    require_login,
    sync_command,
    tracked_run,
    wandb_run,
)


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take away every login, and the service that may remember one."""
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_PROJECT", "WANDB_ENTITY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NETRC", str(tmp_path / "home" / "netrc"))
    wandb.teardown()
    yield
    wandb.teardown()


def tracked(settings: LoggerConfig, directory: Path, name: str, *, fail: bool = False) -> None:
    with wandb_run(settings, directory, group="g", name=name, config={"a": 1}, tags=["t"]) as run:
        run.log({"loss": 0.5, "table": wandb.Table(columns=["x"], data=[[1]])})
        if fail:
            raise KeyboardInterrupt


def losses(directory: Path) -> dict[str, list[float]]:
    runs = read_runs(directory)
    return {each.name: [entry["loss"] for entry in each.history] for each in runs}


def test_a_run_that_fails_is_closed_and_the_next_is_another(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        tracked(LoggerConfig(), tmp_path, "failed", fail=True)
    assert wandb.run is None
    tracked(LoggerConfig(), tmp_path, "next")
    assert wandb.run is None
    runs = {each.name: each for each in read_runs(tmp_path)}
    assert (runs["failed"].exit_code, runs["next"].exit_code) == (1, 0)
    assert losses(tmp_path) == {"failed": [0.5], "next": [0.5]}


def test_a_fold_that_fails_closes_its_run(tmp_path: Path) -> None:
    model = ("model._target_=tests.support.networks.BrokenNetwork", "~model.dropout")
    config = composed(*TINY, "explain=none", "logger=wandb", *model, output=tmp_path / "run")
    with pytest.raises(FloatingPointError, match="broken"):
        run(config, Console(quiet=True))
    assert wandb.run is None
    (fold,) = read_runs(tmp_path / "run")
    assert (fold.name, fold.exit_code) == ("synthetic1", 1)


def test_a_run_left_open_by_others_is_not_logged_into(tmp_path: Path) -> None:
    wandb.init(mode="offline", dir=tmp_path, name="others", settings=wandb.Settings(silent=True))
    tracked(LoggerConfig(), tmp_path, "ours")
    assert losses(tmp_path) == {"others": [], "ours": [0.5]}


def test_what_waits_for_its_upload_lies_beside_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table is uploaded from a copy, which W&B would keep in the home of the user."""
    monkeypatch.delenv("WANDB_DATA_DIR", raising=False)
    tracked(LoggerConfig(), tmp_path, "x")
    (found,) = read_runs(tmp_path)
    (table,) = (each.artifact for each in found.records if each.HasField("artifact"))
    copies = [Path(entry.local_path) for entry in table.manifest.contents]
    assert [copy.is_file() for copy in copies] == [True]
    assert all(copy.is_relative_to(tmp_path / "wandb") for copy in copies)


def test_a_run_belongs_to_the_group_of_its_directory(tmp_path: Path) -> None:
    """Directories of the same name, as sweeps make them, are not one group."""
    config = composed(*TINY, "logger=wandb")
    names = {group_name(config, "synthetic", tmp_path / each / "seed=0") for each in "ab"}
    assert len(names) == 2
    assert all(name.startswith("spindle-CNN1d-loso (synthetic data) seed=0 ") for name in names)
    assert group_name(config, "synthetic", tmp_path / "a" / "seed=0") in names  # always the same
    assert len(group_name(config, "synthetic", tmp_path / ("x" * 200))) <= 128  # what W&B takes


def test_a_group_can_be_named(tmp_path: Path) -> None:
    config = composed(*TINY, "logger=wandb", "logger.group=mine", "logger.project=other")
    with tracked_run(config, "synthetic", tmp_path, "fold1"):
        pass
    (found,) = read_runs(tmp_path)
    assert (found.group, found.project, found.name, found.job_type) == (
        *("mine", "other", "fold1", "fold"),
    )


def test_disabled_leaves_nothing(tmp_path: Path) -> None:
    config = composed(*TINY)
    assert config.logger.mode == "disabled"
    with tracked_run(config, "synthetic", tmp_path, "fold1") as found:
        found.log({"loss": 0.5})
    tracked(LoggerConfig(mode="disabled"), tmp_path, "x")
    assert not list(tmp_path.iterdir())
    assert sync_command(tmp_path) is None
    assert not (tmp_path / TRACKED).exists()


def test_the_command_to_upload_is_one_that_wandb_understands(tmp_path: Path) -> None:
    directory = tmp_path / "a run"  # with a space
    directory.mkdir()
    tracked(LoggerConfig(), directory, "x")
    wandb.teardown()
    command = sync_command(directory)
    assert command is not None
    words = shlex.split(command)
    assert words == ["wandb", "sync", f"{directory}/wandb/offline-run-*"]
    program = f"{shlex.quote(sys.executable)} -m {command} --dry-run"
    found = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True)
    assert "1 run" in found.stdout + found.stderr


def test_nobody_is_asked_for_a_login(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match=r"nobody is logged in .*; run `wandb login` first, or"):
        require_login(LoggerConfig(mode="online"))
    assert no_login() == "nobody is logged in to Weights & Biases here"
    assert capsys.readouterr() == ("", "")


def test_a_key_that_cannot_be_one_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "short")
    with pytest.raises(InputError, match=r"mode=online, but WANDB_API_KEY invalid: .*; run `wandb"):
        require_login(LoggerConfig(mode="online"))


@pytest.mark.parametrize("mode", ["offline", "disabled"])
def test_other_modes_need_no_login(mode: str) -> None:
    assert require_login(LoggerConfig(mode=mode)) is None  # type: ignore[func-returns-value]


def test_a_leaky_run_is_tagged_and_never_named_like_a_clean_one(tmp_path: Path) -> None:
    config = composed(*TINY, "logger=wandb", "leak=carried_weights")
    with tracked_run(config, "synthetic", tmp_path):
        pass
    (found,) = read_runs(tmp_path)
    assert {"LEAKY", "carried_weights"} < set(found.tags)
    assert found.group.startswith("LEAKY spindle-CNN1d-loso (synthetic data)")
    assert found.config["experiment"] == "LEAKY spindle-CNN1d-loso"
