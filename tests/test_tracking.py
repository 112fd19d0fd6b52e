"""What Weights & Biases is told, read back from its own files; and that a run is always closed."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
import wandb
from rich.console import Console

from tests.support.runs import TINY, composed
from tests.support.wandb_log import OfflineRun, read_runs
from xai_sleep.config import LoggerConfig
from xai_sleep.errors import InputError
from xai_sleep.experiment import run
from xai_sleep.metrics.windows import SCORES
from xai_sleep.tracking import require_login, wandb_run

HISTORY = {"epoch", "train/loss", "val/loss", "val/average_precision", "val/f1", "test/loss"}


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


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[OfflineRun], Path]:
    """Three folds tracked offline."""
    path = tmp_path_factory.mktemp("tracked") / "run"
    config = composed(*TINY, "explain=none", "logger=wandb", "logger.project=study", output=path)
    run(config, Console(quiet=True))
    return read_runs(path), path


def test_every_fold_and_the_summary_are_runs_of_one_group(
    found: tuple[list[OfflineRun], Path],
) -> None:
    runs, path = found
    names = ["summary", "synthetic1", "synthetic2", "synthetic3"]
    assert sorted(each.name for each in runs) == names
    assert {each.group for each in runs} == {"spindle-CNN1d-loso (synthetic data) run"}
    assert {each.project for each in runs} == {"study"}
    assert {each.exit_code for each in runs} == {0}
    settings = asdict(composed(*TINY))
    for tracked in runs:
        assert sorted(tracked.tags) == ["loso", "spindle", "synthetic"]
        assert tracked.config["output_dir"] == str(path)
        for group in ("task", "model", "cv", "trainer", "balance", "seed"):
            assert tracked.config[group] == settings[group]


def test_folds_tell_how_they_were_trained_and_how_they_did(
    found: tuple[list[OfflineRun], Path],
) -> None:
    for fold in (each for each in found[0] if each.name != "summary"):
        assert set().union(*fold.history) == HISTORY | {"trainer/global_step"}
        epochs = [entry["train/loss"] for entry in fold.history if "train/loss" in entry]
        assert len(epochs) == 2
        assert epochs[0] != epochs[1]
        assert set(fold.summary["test"]) == {*SCORES, "undefined"}
        assert 0 <= fold.summary["threshold"] <= 1
        assert 0 <= fold.summary["test"]["accuracy"] <= 1


def test_the_summary_holds_the_scores_over_folds(found: tuple[list[OfflineRun], Path]) -> None:
    (summary,) = (each for each in found[0] if each.name == "summary")
    assert set(summary.summary) == {"windows", "windows_at_half"}
    scores = summary.summary["windows"]
    assert set(scores) == set(SCORES)
    accuracies = [r.summary["test"]["accuracy"] for r in found[0] if r is not summary]
    assert scores["accuracy"]["mean"] == pytest.approx(sum(accuracies) / 3)


def tracked(settings: LoggerConfig, directory: Path, name: str, *, fail: bool = False) -> None:
    with wandb_run(settings, directory, group="g", name=name, config={"a": 1}, tags=["t"]) as run:
        run.log({"loss": 0.5})
        if fail:
            raise KeyboardInterrupt


def test_a_run_that_fails_is_closed_and_the_next_is_another(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        tracked(LoggerConfig(), tmp_path, "failed", fail=True)
    assert wandb.run is None
    tracked(LoggerConfig(), tmp_path, "next")
    assert wandb.run is None
    runs = {each.name: each for each in read_runs(tmp_path)}
    assert (runs["failed"].exit_code, runs["next"].exit_code) == (1, 0)
    assert runs["failed"].history == runs["next"].history == [{"loss": 0.5}]


def test_a_run_left_open_by_others_is_not_logged_into(tmp_path: Path) -> None:
    wandb.init(mode="offline", dir=tmp_path, name="others", settings=wandb.Settings(silent=True))
    tracked(LoggerConfig(), tmp_path, "ours")
    histories = {each.name: each.history for each in read_runs(tmp_path)}
    assert histories == {"others": [], "ours": [{"loss": 0.5}]}


def test_a_group_can_be_named(tmp_path: Path) -> None:
    tracked(LoggerConfig(group="mine", project="other"), tmp_path, "x")
    (found,) = read_runs(tmp_path)
    assert (found.group, found.project, found.tags) == ("mine", "other", ("t",))
    assert found.config == {"a": 1}


def test_disabled_leaves_nothing(tmp_path: Path) -> None:
    tracked(LoggerConfig(mode="disabled"), tmp_path, "x")
    assert not list(tmp_path.iterdir())


def test_nobody_is_asked_for_a_login(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match=r"nobody is logged in .*; run `wandb login` first, or"):
        require_login(LoggerConfig(mode="online"))
    assert capsys.readouterr() == ("", "")


def test_a_key_that_cannot_be_one_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "short")
    with pytest.raises(InputError, match=r"mode=online, but WANDB_API_KEY invalid: .*; run `wandb"):
        require_login(LoggerConfig(mode="online"))


@pytest.mark.parametrize("mode", ["offline", "disabled"])
def test_other_modes_need_no_login(mode: str) -> None:
    assert require_login(LoggerConfig(mode=mode)) is None  # type: ignore[func-returns-value]
