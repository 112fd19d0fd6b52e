"""Real sweeps: jobs that fail alone, resuming, other launchers, and a tuner that sees no test."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from tests.support.outcomes import fold_record, run_record
from tests.support.runs import composed, launch
from tests.support.wandb_log import read_runs
from xai_sleep.config import config_dir
from xai_sleep.errors import InputError
from xai_sleep.results.run import RunRecord
from xai_sleep.sweep import ERROR, Sweep, accounted, alone, validation_score
from xai_sleep.tracking.names import PREDICTIONS

FAST = (
    *("data=synthetic", "data.subjects=2", "data.minutes=2", "trainer.max_epochs=1"),
    *("logger=none", "explain=none"),
)


@dataclass(frozen=True)
class Swept:
    """What a sweep left."""

    code: int
    errors: str
    path: Path

    @property
    def finished(self) -> dict[str, RunRecord]:
        """Record of each job that finished."""
        return {
            str(path.parent.relative_to(self.path)): RunRecord.load(path.parent)
            for path in self.path.rglob("results.json")
        }

    @property
    def last_words(self) -> list[str]:
        """Lines that the command line itself wrote."""
        return [line for line in self.errors.splitlines() if line.startswith("xai_sleep: ")]


def sweep(cwd: Path, *arguments: str) -> Swept:
    process = launch(*arguments[:1], *FAST, *arguments[1:], "hydra.sweep.dir=all", cwd=cwd)
    out, errors = process.communicate(timeout=300)
    assert "Traceback" not in out + errors
    return Swept(process.returncode, errors, cwd / "all")


def times(path: Path) -> dict[Path, int]:
    """When each file of a finished fold or run was written."""
    patterns = ("folds/*/*", "results.json")
    return {file: file.stat().st_mtime_ns for pattern in patterns for file in path.rglob(pattern)}


@pytest.mark.slow
def test_a_job_fails_alone_and_a_restart_does_what_is_left(tmp_path: Path) -> None:
    """REM records have no central channel; mended, the sweep repeats nothing that is finished."""
    cells = ("-m", "task=spindle,rem", "seed=0,1", "task.channels=[[CZ-A1]]")
    first = sweep(tmp_path, *cells)
    assert first.code == 2
    assert set(first.finished) == {"spindle-cnn1d-loso/seed=0", "spindle-cnn1d-loso/seed=1"}
    head, *failed = first.last_words
    assert head.startswith("xai_sleep: 2 of the jobs failed, the others are finished; ")
    said = (
        "task.channels: there is no channel CZ-A1 in synthetic1, synthetic2 (found there: EOG1, "
        "EOG2); name a channel that they hold, or leave these records out (data.records)"
    )
    assert failed == [f"xai_sleep: rem-cnn1d-loso/seed={seed}: {said}" for seed in (0, 1)]
    assert (first.path / "rem-cnn1d-loso/seed=0" / ERROR).read_text() == f"{said}\n"
    assert [run.config.seed for _, run in sorted(first.finished.items())] == [0, 1]
    before = times(first.path)

    again = sweep(tmp_path, "-m", "task=spindle,rem", "seed=0,1", "task.channels=[[CZ-A1],[EOG1]]")
    assert again.code == 2  # settings that are not swept over must stay as they were
    assert times(first.path) == before
    mended = sweep(tmp_path, "-m", "task=spindle", "seed=0,1", "task.channels=[[CZ-A1]]")
    assert (mended.code, mended.last_words) == (0, [])
    assert times(first.path) == before
    assert not list(first.path.rglob(ERROR))


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["joblib", "submitit_local"])
def test_jobs_in_other_processes_fail_alone_as_well(launcher: str, tmp_path: Path) -> None:
    pytest.importorskip(f"hydra_plugins.hydra_{launcher.split('_')[0]}_launcher")
    own = (f"hydra/launcher={launcher}", "logger.mode=offline")
    found = sweep(tmp_path, "-m", *own, "task.channels=[[CZ-A1]],[[XX]]")
    assert found.code == 2
    job = "spindle-cnn1d-loso/task.channels=[[CZ-A1]]"
    assert set(found.finished) == {job}
    tracked = read_runs(found.path / job)
    assert sorted(run.name for run in tracked) == ["summary", "synthetic1", "synthetic2"]
    assert {run.exit_code for run in tracked} == {0}
    assert all(run.table(PREDICTIONS)[1] for run in tracked if run.job_type == "fold")
    assert len(found.last_words) == 2
    assert "loso/task.channels=[[XX]]: task.channels: there is no" in found.last_words[-1]


@pytest.mark.slow
def test_a_tuner_sees_validation_scores_alone(tmp_path: Path) -> None:
    """What Optuna calls the best value is the best mean validation score, and no test score."""
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    several_steps = ("data.minutes=4", "trainer.batch_size=16", "trainer.max_epochs=2")
    found = sweep(tmp_path, "+experiment=tuning", "hydra.sweeper.n_trials=2", *several_steps)
    assert found.code == 0, found.errors
    runs = list(found.finished.values())
    scores = [validation_score(run) for run in runs]
    fold = runs[0].folds[0].name
    assert len({run.table.one("windows", "brier", fold=fold).value for run in runs}) == 2
    best: Any = OmegaConf.load(found.path / "optimization_results.yaml")
    assert best["best_value"] == max(score for score in scores if score is not None)
    config = runs[int(np.argmax([score or 0.0 for score in scores]))].config
    assert best["best_params"] == {
        "trainer.learning_rate": config.trainer.learning_rate,
        "model.dropout": config.model["dropout"],
    }


def test_a_tuner_that_minimises_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    found = sweep(tmp_path, "-m", "hydra/sweeper=optuna", "seed=0,1")
    assert found.code == 2
    (line,) = found.last_words
    assert line.startswith("xai_sleep: hydra.sweeper.direction is minimize, but a job's score is")


def test_a_second_sweep_in_the_same_directory_is_refused_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    with FileLock(tmp_path / "all" / "sweep.lock"):
        found = sweep(tmp_path, "-m", "seed=0,1")
    assert found.code == 2
    assert found.last_words == [
        "xai_sleep: another sweep is at work in all; wait for it or choose another directory "
        "(hydra.sweep.dir)"
    ]
    assert [path.name for path in found.path.iterdir()] == ["sweep.lock"]


def test_a_sweep_directory_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "all").write_text("")
    found = sweep(tmp_path, "-m", "seed=0,1")
    assert found.code == 2
    (line,) = found.last_words
    assert "hydra.sweep.dir=…" in line


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Directory of a job of a sweep that this process has begun."""
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        config = compose("config", [f"hydra.sweep.dir={tmp_path}"], return_hydra_config=True)
    directory = tmp_path / "job"
    directory.mkdir()
    OmegaConf.set_readonly(config.hydra, False)
    OmegaConf.update(config, "hydra.runtime.output_dir", str(directory), force_add=True)
    monkeypatch.setattr(HydraConfig.instance(), "cfg", config)
    Sweep().on_multirun_start(config)
    return directory


def broken(_: DictConfig) -> float:
    raise ZeroDivisionError("once\nand again")


def mistaken(_: DictConfig) -> float:
    raise InputError("a setting is wrong; mend it")


def stopped(_: DictConfig) -> float:
    raise KeyboardInterrupt


def test_a_defect_is_one_line_with_its_traceback_on_file(
    job: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end, accounted():
        assert alone(broken, DictConfig({})) is None
    assert end.value.code == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("xai_sleep: job: ZeroDivisionError: once (a defect; ")
    assert 'raise ZeroDivisionError("once' in (job / ERROR).read_text()


def test_a_job_that_succeeds_takes_its_note_away(job: Path) -> None:
    with accounted():
        alone(mistaken, DictConfig({}))
        assert (job / ERROR).read_text() == "a setting is wrong; mend it\n"
        assert alone(lambda _: 0.5, DictConfig({})) == 0.5
        assert not (job / ERROR).exists()


def test_a_mistake_ends_with_2_and_the_directory_is_free_again(job: Path) -> None:
    alone(mistaken, DictConfig({}))
    with pytest.raises(SystemExit) as end, accounted():
        raise ValueError("No trials are completed yet.")  # as Optuna does then
    assert end.value.code == 2
    with FileLock(job.parent / "sweep.lock", timeout=0):
        pass


def test_ctrl_c_stops_the_sweep(job: Path) -> None:
    with pytest.raises(KeyboardInterrupt), accounted():
        alone(stopped, DictConfig({}))
    assert not (job / ERROR).exists()


@pytest.mark.parametrize(
    ("failed", "finished", "said"),
    [
        (["a"], [], "the only job failed; "),
        (["a", "b"], [], "all 2 jobs failed; "),
        (["a", "b"], ["b"], "all 2 jobs failed; "),  # finished once, with other settings
        (["a"], ["b", "c"], "1 of the jobs failed, the others are finished; "),
    ],
)
def test_the_last_words_are_true_of_all_jobs(
    failed: list[str], finished: list[str], said: str, job: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for names, file in ((failed, ERROR), (finished, "results.json")):
        for name in names:
            (job.parent / name).mkdir(exist_ok=True)
            (job.parent / name / file).write_text("a mistake\n")
    with pytest.raises(SystemExit), accounted():
        pass
    assert capsys.readouterr().err.startswith(f"xai_sleep: {said}")


def test_the_validation_score_is_the_mean_over_folds_that_have_one() -> None:
    folds = [fold_record(str(i), validation=score) for i, score in enumerate((0.2, None, 0.6))]
    score = validation_score(run_record(folds=folds))
    assert score is not None
    assert math.isclose(score, 0.4)
    assert validation_score(run_record(folds=folds[1:2])) is None


@pytest.mark.parametrize("model", ["cnn1d", "cnn2d"])
@pytest.mark.parametrize("task", ["rem", "spindle"])
def test_the_replication_sets_the_published_protocol(task: str, model: str) -> None:
    config = composed(f"task={task}", f"model={model}", "+experiment=replication")
    assert (config.task.sfreq, config.task.window, config.task.step) == (200.0, 5.0, 1.0)
    assert config.task.input_bands is None
    assert config.trainer.batch_size == 256
    assert config.balance.sampler is not None
    assert config.balance.sampler["_target_"].endswith("SMOTE")
    assert config.balance.noise > 0
