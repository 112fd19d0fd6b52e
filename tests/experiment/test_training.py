"""A fold at work: what it watches, and how it takes an interruption and a missing GPU."""

import gc
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger

from tests.support.cli import hearing_ctrl_c
from tests.support.recordings import make_recording
from tests.support.runs import composed
from xai_sleep.detect.slide import input_of
from xai_sleep.errors import InputError
from xai_sleep.experiment.training import (
    Plan,
    build_classifier,
    build_input,
    build_trainer,
    collect_garbage,
    fit_and_test,
    predicted,
    train_on_shuffled_labels,
)
from xai_sleep.metrics.windows import choose_threshold, decide
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.models.cnn1d import CNN1d
from xai_sleep.schema import Config
from xai_sleep.windows.datamodule import FoldDataModule
from xai_sleep.windows.folds import Fold, leave_one_subject_out

EVENTS = [(float(onset), onset + 0.5) for onset in range(3, 80, 9)]


class Interrupting(pl.Callback):
    """Ctrl-C in the middle of an epoch."""

    def on_train_batch_start(self, *_: Any) -> None:
        """Interrupt as the signal would."""
        signal.raise_signal(signal.SIGINT)


def planned(*overrides: str, events: Sequence[tuple[float, float]] = EVENTS) -> tuple[Plan, Fold]:
    """Two short records at 100 Hz and their first fold; ``events`` are those of both records."""
    config = composed("task.step=2", "balance=none", "trainer.max_epochs=1", *overrides)
    recordings = [
        make_recording(name, seconds=90, sfreq=100, channels=["CZ"], events=events, seed=seed)
        for seed, name in enumerate("ab")
    ]
    seen = build_input(config)
    prepared = [seen.prepare(one) for one in recordings]
    fold = leave_one_subject_out(prepared, val_blocks=3, window=5.0, guard=5.0, seed=0)[0]
    return Plan(config, seen.store(prepared)), fold


def prepared(
    events: Sequence[tuple[float, float]] = EVENTS,
) -> tuple[Config, EventClassifier, FoldDataModule]:
    plan, fold = planned(events=events)
    classifier = build_classifier(plan.config)
    return plan.config, classifier, plan.data(fold, input_of(classifier))


def trainer(
    config: Config, data: FoldDataModule, path: Path, *callbacks: pl.Callback
) -> pl.Trainer:
    return build_trainer(config, data, path / "fold", logger=CSVLogger(path), callbacks=callbacks)


@pytest.mark.parametrize(
    ("events", "watched"),
    [(EVENTS, ("val/average_precision", "max")), ([], ("val/loss", "min"))],
)
def test_validation_alone_decides_and_by_its_loss_where_it_holds_one_class(
    events: Sequence[tuple[float, float]], watched: tuple[str, str], tmp_path: Path
) -> None:
    config, _, data = prepared(events)
    built = trainer(config, data, tmp_path)
    stop, keep = built.early_stopping_callback, built.checkpoint_callback
    assert isinstance(stop, EarlyStopping)
    assert isinstance(keep, ModelCheckpoint)
    assert (stop.monitor, stop.mode) == (keep.monitor, keep.mode) == watched
    assert stop.patience == config.trainer.patience


@pytest.mark.parametrize("keep", ["best", "last"])
def test_the_weights_tested_are_those_of_the_epoch_asked_for(keep: str, tmp_path: Path) -> None:
    """Every epoch turns the network's opinion round, so the last one is as good as the first."""

    class Contrary(pl.Callback):
        def __init__(self) -> None:
            self.after: list[torch.Tensor] = []

        def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            if trainer.current_epoch:
                for weights in list(pl_module.parameters())[-2:]:
                    weights.data.neg_()

        def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
            self.after.append(list(pl_module.parameters())[-2].detach().clone())

    contrary = Contrary()
    config, classifier, data = prepared()
    classifier.learning_rate = 1e-12
    config = replace(config, trainer=replace(config.trainer, keep=keep, max_epochs=3))
    built = trainer(config, data, tmp_path, contrary)
    record = fit_and_test(built, classifier, data, config.detector).record
    assert record is not None
    scores = np.array(record.history.val_average_precision, dtype=float)
    epoch = {"best": int(np.argmax(scores)), "last": 2}[keep]
    assert np.argmax(scores) < 2
    assert record.val_average_precision == pytest.approx(scores[epoch])
    stored = EventClassifier.load_from_checkpoint(tmp_path / "fold" / "model.ckpt")
    assert torch.equal(list(stored.parameters())[-2], contrary.after[epoch])


@pytest.mark.filterwarnings("ignore:No positive samples")
def test_ranking_validation_windows_of_one_class_is_undefined_in_every_epoch(
    tmp_path: Path,
) -> None:
    training_time = prepared()[2].fold.train[1]
    config, classifier, data = prepared([(start + 1, start + 2) for start, _ in training_time])
    assert not data.val.label.any()
    record = fit_and_test(trainer(config, data, tmp_path), classifier, data, config.detector).record
    assert record is not None
    assert record.history.val_average_precision == [None]
    assert record.val_average_precision is None
    assert (record.history.val_loss[0] or 0) > 0


def test_ctrl_c_is_not_lost_in_the_garbage_collector() -> None:
    """What is raised in there is printed and forgotten."""

    def press(phase: str, _: object) -> None:
        if phase == "start":
            signal.raise_signal(signal.SIGINT)

    gc.callbacks.append(press)
    try:
        with hearing_ctrl_c(), pytest.raises(KeyboardInterrupt):
            collect_garbage()
    finally:
        gc.callbacks.remove(press)


def test_an_interruption_is_passed_on_and_can_be_repeated(tmp_path: Path) -> None:
    with hearing_ctrl_c():
        for path in (tmp_path / "first", tmp_path / "second"):
            config, classifier, data = prepared()
            built = trainer(config, data, path, Interrupting())
            with pytest.raises(KeyboardInterrupt):
                fit_and_test(built, classifier, data, config.detector)
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_exit_for_another_reason_stays_one(tmp_path: Path) -> None:
    class Leaving(pl.Callback):
        def on_train_batch_start(self, *_: Any) -> None:
            raise SystemExit(3)

    config, classifier, data = prepared()
    built = trainer(config, data, tmp_path, Leaving())
    with pytest.raises(SystemExit, match="3"):
        fit_and_test(built, classifier, data, config.detector)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_missing_gpu_is_named(tmp_path: Path) -> None:
    config, _, data = prepared()
    config.trainer.accelerator = "gpu"
    with pytest.raises(
        InputError, match=r"trainer.accelerator is gpu, but .* Use trainer.accelerator=cpu"
    ):
        trainer(config, data, tmp_path)


def test_a_network_that_cannot_be_built_is_named() -> None:
    config = planned()[0].config
    config.model["dropout"] = 7
    with pytest.raises(InputError, match="model: dropout probability has to be between 0 and 1"):
        build_classifier(config)


def test_evidence_needs_a_network_that_gives_some() -> None:
    with pytest.raises(InputError, match=r"^detector\.activation=evidence, but CNN1d gives no"):
        build_classifier(composed("detector.activation=evidence"))


class Hearing(CNN1d):
    """A network on sounds."""

    input_kind = "sound"  # type: ignore[assignment]


def test_an_input_that_is_not_there_is_named_with_those_there_are() -> None:
    model = f"model._target_={__name__}.Hearing"
    with pytest.raises(InputError, match=r"Hearing sees 'sound' .*, but input has signal, image; "):
        build_input(composed(model))
    other = "+input.sound={_target_: torch.nn.Identity}"
    with pytest.raises(InputError, match=r"^input: torch\.nn\.Identity is no Input; derive"):
        build_input(composed(model, other))
    missing = "+input.sound={_target_: nowhere.Input}"
    with pytest.raises(InputError, match=r"^input\._target_=nowhere\.Input cannot be imported"):
        build_input(composed(model, missing))


def test_threshold_and_probabilities_are_those_of_the_checkpoint(tmp_path: Path) -> None:
    """Of a classifier that was built anew of the file, on windows scaled by what it learnt."""
    plan, fold = planned("task.scale=train")
    classifier = build_classifier(plan.config)
    data = plan.data(fold, input_of(classifier))
    outcome = fit_and_test(
        trainer(plan.config, data, tmp_path), classifier, data, plan.config.detector
    )
    again = EventClassifier.load_from_checkpoint(tmp_path / "fold" / "model.ckpt")
    anew = trainer(plan.config, data, tmp_path)
    amplitude = input_of(again).amplitude
    assert amplitude is not None
    assert torch.equal(amplitude, torch.from_numpy(data.amplitudes[0]))
    probability = predicted(anew, again, data.test_dataloader())
    assert outcome.probability is not None
    np.testing.assert_array_equal(probability, outcome.probability)
    threshold = choose_threshold(data.val.label, predicted(anew, again, data.val_dataloader()))
    assert threshold == outcome.threshold == float(again.threshold)
    assert np.array_equal(outcome.detected, decide(probability, threshold))
    record = outcome.record
    assert record is not None
    assert record.first_loss == pytest.approx(np.log(2), abs=0.1)
    for part in ("train", "val", "test"):
        windows, count = getattr(data, part), getattr(record, part)
        assert (count.windows, count.positive) == (len(windows), windows.label.sum())
    assert (record.epochs, len(record.history.train_loss)) == (1, 1)
    assert again.detector["high"] == record.detector.high


def test_a_checkpoint_names_no_place_on_the_machine(tmp_path: Path) -> None:
    cache = f"cache.folder={tmp_path}/secret"
    config = composed("model=cnn2d", "task.image_size=16", cache)
    assert "secret" not in str(build_classifier(config).hparams)


def test_the_tasks_of_a_slurm_job_are_none_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slurm = {"NTASKS": "4", "JOB_ID": "12", "JOB_NAME": "train", "PROCID": "1", "LOCALID": "1"}
    for name, value in (slurm | {"NODEID": "0", "NODELIST": "n1"}).items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    config, classifier, data = prepared()
    built = trainer(config, data, tmp_path)
    assert (built.world_size, built.global_rank) == (1, 0)
    fit_and_test(built, classifier, data, config.detector)
    assert (tmp_path / "fold" / "model.ckpt").exists()


@pytest.mark.parametrize("model", ["cnn1d", "cnn1d_marks"])
def test_shuffled_labels_tell_nothing_and_train_alike_each_time(model: str, tmp_path: Path) -> None:
    """Neither the windows' labels nor the marks in them."""
    plan, fold = planned(f"model={model}", "balance=none", "trainer.max_epochs=1")
    data = plan.data(fold, build_input(plan.config), shuffled=1)
    data.setup()
    assert len(next(iter(data.train_dataloader()))) == 2
    one, same = (
        train_on_shuffled_labels(plan, fold, tmp_path / name, seed=1).state_dict() for name in "ab"
    )
    assert all(torch.equal(one[key], same[key]) for key in one if key != "threshold")
