"""One fold at work: fresh weights, early stopping, threshold, test.

Everything that is chosen while training is chosen on the fold's validation windows: when to stop,
which weights to keep, and the threshold of a detection.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytorch_lightning as pl
import torch
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from numpy.typing import NDArray
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from pytorch_lightning.loggers import Logger
from torch.utils.data import DataLoader

from xai_sleep.config import Config
from xai_sleep.data.datamodule import FoldDataModule
from xai_sleep.data.folds import Fold
from xai_sleep.data.recording import Recording
from xai_sleep.errors import InputError
from xai_sleep.metrics.windows import choose_threshold
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.report.results import score_windows


def fold_data(config: Config, recordings: Sequence[Recording], fold: Fold) -> FoldDataModule:
    """Windows of a fold; nothing is computed before its ``setup``."""
    task = config.task
    return FoldDataModule(
        recordings,
        fold,
        window=task.window,
        step=task.step,
        min_overlap=task.min_overlap,
        scale=task.scale,
        sampler=config.balance.sampler,
        noise=config.balance.noise,
        batch_size=config.trainer.batch_size,
        seed=config.seed,
    )


def build_classifier(config: Config, recordings: Sequence[Recording]) -> EventClassifier:
    """Fresh network for the recordings' channels, ready to be trained."""
    try:
        network = instantiate(
            config.model,
            n_chans=len(recordings[0].channels),
            n_times=round(config.task.window * config.task.sfreq),
        )
    except InstantiationException as error:
        reason = error.__cause__ or error
        raise InputError(f"model: {str(reason).splitlines()[0]}") from error
    return EventClassifier(
        network,
        learning_rate=config.trainer.learning_rate,
        weight_decay=config.trainer.weight_decay,
    )


def build_trainer(
    config: Config,
    data: FoldDataModule,
    directory: Path,
    *,
    logger: Logger,
    callbacks: Sequence[pl.Callback] = (),
) -> pl.Trainer:
    """Trainer that stops early and keeps the best weights, by validation windows alone."""
    # Without both classes in validation there is no ranking to improve, but there is a loss.
    ranked = 0 < data.val.label.sum() < len(data.val)
    monitor, mode = ("val/average_precision", "max") if ranked else ("val/loss", "min")
    return pl.Trainer(
        logger=logger,
        max_epochs=config.trainer.max_epochs,
        accelerator=config.trainer.accelerator,
        devices=1,
        deterministic=True,
        inference_mode=False,
        num_sanity_val_steps=0,
        log_every_n_steps=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[
            *callbacks,
            EarlyStopping(monitor, mode=mode, patience=config.trainer.patience),
            ModelCheckpoint(
                directory,
                "model",
                monitor=monitor,
                mode=mode,
                save_weights_only=True,
                enable_version_counter=False,
            ),
        ],
    )


def fit_and_test(
    trainer: pl.Trainer, classifier: EventClassifier, data: FoldDataModule
) -> tuple[NDArray[np.float32], dict[str, Any]]:
    """Fit, choose the threshold on validation windows, then test.

    Returns
    -------
    probability : float32 array of shape (window,)
        Of an event in each test window.
    metrics : dict
        Scores, threshold and counts, as JSON values.
    """
    trainer.fit(classifier, datamodule=data)
    trainer.test(classifier, datamodule=data, ckpt_path="best", weights_only=True, verbose=False)
    threshold = choose_threshold(
        data.val.label, _predict(trainer, classifier, data.val_dataloader())
    )
    probability = _predict(trainer, classifier, data.test_dataloader())
    labels = data.test.label
    return probability, {
        "name": data.fold.name,
        "windows": score_windows(labels, probability, threshold),
        "windows_at_half": score_windows(labels, probability, 0.5),
        "threshold": threshold,
        "first_loss": classifier.first_loss,
        "epochs": trainer.current_epoch,
        "counts": {
            part: {"windows": len(w), "positive": int(w.label.sum())}
            for part, w in (("train", data.train), ("val", data.val), ("test", data.test))
        },
    }


def _predict(
    trainer: pl.Trainer, classifier: EventClassifier, loader: DataLoader[Any]
) -> NDArray[np.float32]:
    batches = cast("list[torch.Tensor]", trainer.predict(classifier, loader))
    return np.asarray(torch.cat(batches).cpu())
