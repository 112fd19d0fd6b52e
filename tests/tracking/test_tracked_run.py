"""A whole experiment as a user runs it, tracked offline."""

from pathlib import Path

import pytest

from tests.support.runs import TINY, launch
from tests.support.wandb_log import read_runs
from xai_sleep.results.run import RunRecord

EPOCHS = {"train/loss", "val/loss", "val/average_precision", "val/f1"}


@pytest.mark.slow
def test_every_epoch_and_score_of_a_real_run_is_told(tmp_path: Path) -> None:
    path = tmp_path / "run"
    process = launch(*TINY, "logger=wandb", f"hydra.run.dir={path}", cwd=tmp_path)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert said.count(f"wandb sync {path}/wandb/offline-run-*\n") == 1
    record = RunRecord.load(path)
    runs = {each.name: each for each in read_runs(path)}
    assert runs.keys() == {"summary", *(fold.name for fold in record.folds)}
    for fold in record.folds:
        run = runs[fold.name]
        for key in EPOCHS:
            assert [entry["epoch"] for entry in run.history if key in entry] == [0, 1]
        losses = [entry["train/loss"] for entry in run.history if "train/loss" in entry]
        assert losses == pytest.approx(fold.history.train_loss)
        assert (
            run.summary["test/brier"] == record.table.one("windows", "brier", fold=fold.name).value
        )
        ((caption, file),) = run.images("maps/examples")
        assert file.read_bytes() == (path / f"figures/{caption}.png").read_bytes()
    drawn = {each.stem for each in (path / "figures").glob("*.png")}
    summary = runs["summary"]
    keys = {key.removesuffix("/filenames") for key in summary.keys if "filenames" in key}
    shown = {caption for key in keys for caption, _ in summary.images(key)}
    assert shown == {name for name in drawn if not name.startswith("examples-")}
    pooled = record.table.summary("windows", "brier")
    assert summary.summary["test/brier/pooled"] == pooled.pooled
    assert summary.summary["test/brier/mean"] == pooled.mean


def test_a_project_that_cannot_be_is_refused_before_data_are_read(tmp_path: Path) -> None:
    nowhere = ("data=files", "data.root=nowhere", "logger.project=sleep/spindles")
    process = launch(*nowhere, cwd=tmp_path)
    _, said = process.communicate(timeout=100)
    assert process.returncode == 2
    last = said.splitlines()[-1]
    assert last.startswith("xai_sleep: logger.project is 'sleep/spindles'; it must have 1 to 128 ")
