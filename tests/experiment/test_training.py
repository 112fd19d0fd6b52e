"""A fold at work: what it watches, and how it takes an interruption and a missing GPU."""

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

from tests.support.recordings import make_recording
from tests.support.runs import composed
from xai_sleep.errors import InputError
from xai_sleep.experiment.training import (
    build_classifier,
    build_trainer,
    fit_and_test,
    fold_data,
    shuffled_labels,
    train_on_shuffled_labels,
)
from xai_sleep.recordings.recording import Recording
from xai_sleep.schema import Config
from xai_sleep.windows.datamodule import FoldDataModule
from xai_sleep.windows.folds import leave_one_subject_out

EVENTS = [(float(onset), onset + 0.5) for onset in range(3, 80, 9)]


class Interrupting(pl.Callback):
    """Ctrl-C in the middle of an epoch."""

    def on_train_batch_start(self, *_: Any) -> None:
        """Interrupt as the signal would."""
        signal.raise_signal(signal.SIGINT)


def prepared(
    events: Sequence[tuple[float, float]] = EVENTS,
) -> tuple[Config, list[Recording], FoldDataModule]:
    """Two short records at 100 Hz and their first fold; ``events`` are those of both records."""
    config = composed("task.step=2", "balance=none", "trainer.max_epochs=1")
    recordings = [
        make_recording(name, seconds=90, sfreq=100, events=events, seed=seed)
        for seed, name in enumerate("ab")
    ]
    fold = leave_one_subject_out(recordings, val_blocks=3, window=5.0, guard=5.0, seed=0)[0]
    return config, recordings, fold_data(config, recordings, fold)


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
    config, recordings, data = prepared()
    settings = replace(config.trainer, keep=keep, max_epochs=3, learning_rate=1e-12)
    config = replace(config, trainer=settings)
    data.setup()
    classifier = build_classifier(config, recordings)
    _, metrics = fit_and_test(trainer(config, data, tmp_path, contrary), classifier, data)
    scores = metrics["history"]["val_average_precision"]
    epoch = {"best": int(np.argmax(scores)), "last": 2}[keep]
    assert np.argmax(scores) < 2
    assert metrics["val_average_precision"] == pytest.approx(scores[epoch])
    stored = torch.load(tmp_path / "fold" / "model.ckpt", weights_only=True)["state_dict"]
    assert torch.equal(list(stored.values())[-2], contrary.after[epoch])


@pytest.mark.filterwarnings("ignore:No positive samples")
def test_ranking_validation_windows_of_one_class_is_undefined_in_every_epoch(
    tmp_path: Path,
) -> None:
    training_time = prepared()[2].fold.train[1]
    config, recordings, data = prepared([(start + 1, start + 2) for start, _ in training_time])
    assert not data.val.label.any()
    data.setup()
    history = fit_and_test(
        trainer(config, data, tmp_path), build_classifier(config, recordings), data
    )[1]["history"]
    assert history["val_average_precision"] == [None]
    assert history["val_loss"][0] > 0


def test_an_interruption_is_passed_on_and_can_be_repeated(tmp_path: Path) -> None:
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        config, recordings, data = prepared()
        data.setup()
        for path in (tmp_path / "first", tmp_path / "second"):
            classifier = build_classifier(config, recordings)
            with pytest.raises(KeyboardInterrupt):
                fit_and_test(trainer(config, data, path, Interrupting()), classifier, data)
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, handler)


def test_an_exit_for_another_reason_stays_one(tmp_path: Path) -> None:
    class Leaving(pl.Callback):
        def on_train_batch_start(self, *_: Any) -> None:
            raise SystemExit(3)

    config, recordings, data = prepared()
    data.setup()
    classifier = build_classifier(config, recordings)
    with pytest.raises(SystemExit, match="3"):
        fit_and_test(trainer(config, data, tmp_path, Leaving()), classifier, data)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_missing_gpu_is_named(tmp_path: Path) -> None:
    config, _, data = prepared()
    config.trainer.accelerator = "gpu"
    with pytest.raises(
        InputError, match=r"trainer.accelerator is gpu, but .* Use trainer.accelerator=cpu"
    ):
        trainer(config, data, tmp_path)


def test_a_network_that_cannot_be_built_is_named() -> None:
    config, recordings, _ = prepared()
    config.model["dropout"] = 7
    with pytest.raises(InputError, match="model: dropout probability has to be between 0 and 1"):
        build_classifier(config, recordings)


@pytest.mark.parametrize("model", ["cnn1d", "cnn1d_marks"])
def test_shuffled_labels_keep_their_number_and_tell_nothing(model: str, tmp_path: Path) -> None:
    """Neither the windows' labels nor the marks in them; test windows keep theirs."""
    _, recordings, _ = prepared()
    config = composed(f"model={model}", "task.step=2", "balance=none", "trainer.max_epochs=1")
    (fold, *_) = leave_one_subject_out(recordings, val_blocks=4, window=5, guard=5, seed=0)
    real = fold_data(config, recordings, fold)
    data = shuffled_labels(config, recordings, fold, None, seed=1)
    for part in ("train", "val"):
        one, other = getattr(real, part).label, getattr(data, part).label
        assert one.sum() == other.sum()
    assert (real.train.label != data.train.label).any()
    assert (real.test.label == data.test.label).all()
    data.setup()
    assert len(next(iter(data.train_dataloader()))) == 2
    own = (config, recordings, fold, None)
    one, same = (
        train_on_shuffled_labels(*own, tmp_path / name, seed=1).state_dict() for name in "ab"
    )
    assert all(torch.equal(one[key], same[key]) for key in one)
