"""That a run is always closed, says nothing of the machine, and asks nobody for a login."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import wandb

from tests.support.runs import TINY, composed
from tests.support.wandb_log import read_runs
from xai_sleep.errors import InputError
from xai_sleep.results.files import Stamp
from xai_sleep.schema import LoggerConfig
from xai_sleep.tracking.runs import (
    group_name,
    no_login,
    require_loggable,
    sync_command,
    tracked_run,
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


def tracked(directory: Path, name: str, *settings: str, fail: bool = False) -> None:
    config = composed(*TINY, "logger=wandb", *settings)
    with tracked_run(config, Stamp("synthetic"), directory, name) as run:
        run.log({"loss": 0.5, "table": wandb.Table(columns=["x"], data=[[1]])})
        if fail:
            raise KeyboardInterrupt


def losses(directory: Path) -> dict[str, list[float]]:
    runs = read_runs(directory)
    return {each.name: [entry["loss"] for entry in each.history] for each in runs}


def test_a_run_that_fails_is_closed_and_the_next_is_another(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        tracked(tmp_path, "failed", fail=True)
    assert wandb.run is None
    tracked(tmp_path, "next")
    assert wandb.run is None
    runs = {each.name: each for each in read_runs(tmp_path)}
    assert (runs["failed"].exit_code, runs["next"].exit_code) == (1, 0)
    assert losses(tmp_path) == {"failed": [0.5], "next": [0.5]}


def test_a_run_left_open_by_others_is_not_logged_into(tmp_path: Path) -> None:
    wandb.init(mode="offline", dir=tmp_path, name="others", settings=wandb.Settings(silent=True))
    tracked(tmp_path, "ours")
    assert losses(tmp_path) == {"others": [], "ours": [0.5]}


def test_what_waits_for_its_upload_lies_beside_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table is uploaded from a copy, which W&B would keep in the home of the user."""
    monkeypatch.delenv("WANDB_DATA_DIR", raising=False)
    tracked(tmp_path, "x")
    (found,) = read_runs(tmp_path)
    (table,) = (each.artifact for each in found.records if each.HasField("artifact"))
    copies = [Path(entry.local_path) for entry in table.manifest.contents]
    assert [copy.is_file() for copy in copies] == [True]
    assert all(copy.is_relative_to(tmp_path / "wandb") for copy in copies)


def test_a_run_belongs_to_the_group_of_its_directory(tmp_path: Path) -> None:
    """Directories of the same name, as sweeps make them, are not one group."""
    config = composed(*TINY, "logger=wandb")
    stamp = Stamp("synthetic")
    names = {group_name(config, stamp, tmp_path / each / "seed=0") for each in "ab"}
    assert len(names) == 2
    assert all(name.startswith("spindle-CNN1d-loso (synthetic data) seed=0 ") for name in names)
    assert group_name(config, stamp, tmp_path / "a" / "seed=0") in names  # always the same
    assert len(group_name(config, stamp, tmp_path / ("x" * 200))) <= 128  # what W&B takes


def test_a_group_can_be_named(tmp_path: Path) -> None:
    tracked(tmp_path, "fold1", "logger.group=mine", "logger.project=other")
    (found,) = read_runs(tmp_path)
    assert (found.group, found.project, found.name, found.job_type) == (
        *("mine", "other", "fold1", "fold"),
    )


def test_without_offline_runs_there_is_nothing_to_upload(tmp_path: Path) -> None:
    assert sync_command(tmp_path) is None


def test_the_command_to_upload_is_one_that_wandb_understands(tmp_path: Path) -> None:
    directory = tmp_path / "a run"  # with a space
    directory.mkdir()
    tracked(directory, "x")
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
        require_loggable(LoggerConfig(mode="online"))
    assert no_login() == "nobody is logged in to Weights & Biases here"
    assert capsys.readouterr() == ("", "")


def test_a_key_that_cannot_be_one_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "short")
    with pytest.raises(InputError, match=r"mode=online, but WANDB_API_KEY invalid: .*; run `wandb"):
        require_loggable(LoggerConfig(mode="online"))


@pytest.mark.parametrize("mode", ["offline", "disabled"])
def test_other_modes_need_no_login(mode: str) -> None:
    assert require_loggable(LoggerConfig(mode=mode)) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        *(("project", name) for name in ("sleep/spindles", "a\\b", "50%", "x" * 129, "")),
        ("entity", "me/you"),
    ],
)
def test_a_name_that_no_project_can_have_is_refused_as_it_was_typed(
    setting: str, value: str
) -> None:
    """Before data are read, and without a word of a server that nobody asked."""
    settings = LoggerConfig(**{setting: value})
    with pytest.raises(InputError) as refused:
        require_loggable(settings)
    said = str(refused.value)
    assert said.startswith(f"logger.{setting} is {value!r}; it must have 1 to 128 characters, ")
    assert "logger.entity the user or team that owns it" in said
    assert "answer" not in said
    require_loggable(LoggerConfig(mode="disabled", **{setting: value}))


def test_what_offline_logging_meets_is_no_matter_of_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_RUN_ID", "no/id")
    with pytest.raises(InputError, match=r"cannot begin a run \(.*\); use logger=none$"):
        tracked(tmp_path, "x")


def test_settings_that_name_a_place_are_kept_to_this_machine(tmp_path: Path) -> None:
    """Whatever the setting is called, as a data source of a user's own may have others."""
    config = composed(*TINY, "logger=wandb", "data.root=there")
    config.model |= {"table": "/private/a", "home": "~/b", "files": ["/private/c", "near"]}
    with tracked_run(config, Stamp("synthetic"), tmp_path):
        pass
    (found,) = read_runs(tmp_path)
    said = str(found.config)
    assert "private" not in said
    assert "there" not in said
    assert "near" in said
