"""One fold at work: fresh weights, early stopping, threshold, test.

Everything that is chosen while training is chosen on the fold's validation windows: when to stop,
which weights to keep, and the threshold of a detection.
"""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytorch_lightning as pl
import torch
from hydra.errors import InstantiationException
from hydra.utils import get_class, instantiate
from lightning_fabric.utilities.exceptions import MisconfigurationException
from numpy.typing import NDArray
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from pytorch_lightning.loggers import Logger
from pytorch_lightning.loggers.logger import DummyLogger
from torch.utils.data import DataLoader

from xai_sleep.errors import InputError
from xai_sleep.evaluate.windows import score_windows
from xai_sleep.experiment.history import History
from xai_sleep.metrics.windows import choose_threshold
from xai_sleep.models.classifier import EventClassifier, TimedNetwork
from xai_sleep.recordings.filtering import prepare
from xai_sleep.recordings.recording import Recording
from xai_sleep.schema import Config
from xai_sleep.windows.chosen import chosen, together
from xai_sleep.windows.datamodule import FoldDataModule
from xai_sleep.windows.folds import Fold
from xai_sleep.windows.images import SETTINGS, Images, image_transform
from xai_sleep.windows.practice import Practice


def sees_images(config: Config) -> bool:
    """Whether the model named works on images."""
    try:
        network: Any = get_class(config.model["_target_"])
        return bool(network.input_kind == "image")
    except (ImportError, ValueError, AttributeError) as error:
        raise InputError(
            f"model._target_={config.model['_target_']} is no network ({str(error).splitlines()[0]}"
            "); name a class with an input_kind"
        ) from error


def channels_wanted(config: Config) -> tuple[list[list[str]], str]:
    """Name what each channel of the network may be called, and the setting that says so."""
    task = config.task
    if sees_images(config):
        return task.image_channels[task.image], SETTINGS[task.image]
    return task.channels, "task.channels"


def bands_seen(config: Config) -> list[tuple[float, float]]:
    """Bands in Hz in which a network sees every channel."""
    task = config.task
    several = None if sees_images(config) else task.input_bands
    return [(low, high) for low, high in several or [task.band]]


def prepared(config: Config, recording: Recording) -> tuple[Recording, Recording]:
    """Resample a recording: broad-band, as figures show it, and in the bands the network sees."""
    task = config.task
    return (
        prepare(recording, sfreq=task.sfreq, bands=[(task.band[0], task.band[1])]),
        prepare(recording, sfreq=task.sfreq, bands=bands_seen(config)),
    )


def build_images(config: Config, recordings: Sequence[Recording]) -> Images:
    """Images of the recordings' windows, by the task's settings."""
    task, data = config.task, config.data
    transform = image_transform(
        task.image,
        n_chans=len(recordings[0].channels),
        n_times=round(task.window * task.sfreq),
        sfreq=task.sfreq,
        band=(task.image_band[0], task.image_band[1]),
        size=task.image_size,
        semantics=task.image_semantics,
    )
    directory = Path(data.image_cache).expanduser()
    return Images(recordings, transform, memory=data.image_memory, directory=directory)


def practice_of(config: Config) -> Practice:
    """How the experiment is done."""
    return together(chosen([instantiate(each) for each in config.leak.values()], config))


def fold_data(
    config: Config, recordings: Sequence[Recording], fold: Fold, images: Images | None = None
) -> FoldDataModule:
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
        images=images,
        shift=config.trainer.shift,
        marks=config.trainer.marks > 0,
        practice=practice_of(config),
    )


def build_classifier(
    config: Config, recordings: Sequence[Recording], images: Images | None = None
) -> EventClassifier:
    """Fresh network for the recordings' channels, or for their images, ready to be trained."""
    shape = {
        "n_chans": len(recordings[0].channels),
        "n_times": round(config.task.window * config.task.sfreq),
    }
    if images:
        shape = dict(zip(("n_chans", "n_freqs", "n_times"), images.shape, strict=True))
    try:
        network = instantiate(config.model, **shape)
    except InstantiationException as error:
        reason = str(error.__cause__ or error).splitlines()[0].rstrip(":")
        raise InputError(f"model: {reason}") from error
    if config.detector.activation == "evidence" and not isinstance(network, TimedNetwork):
        raise InputError(
            f"detector.activation=evidence, but {type(network).__name__} gives no evidence over "
            "time; choose another activation or another model"
        )
    return EventClassifier(
        network,
        learning_rate=config.trainer.learning_rate,
        weight_decay=config.trainer.weight_decay,
        marks=config.trainer.marks,
    )


def build_trainer(
    config: Config,
    data: FoldDataModule,
    directory: Path,
    *,
    logger: Logger,
    callbacks: Sequence[pl.Callback] = (),
) -> pl.Trainer:
    """Trainer that stops early and keeps the best or the last weights, by validation alone."""
    # Without both classes in validation there is no ranking to improve, but there is a loss.
    ranked = 0 < data.val.label.sum() < len(data.val)
    monitor, mode = ("val/average_precision", "max") if ranked else ("val/loss", "min")
    stop = EarlyStopping(monitor, mode=mode, patience=config.trainer.patience)
    keep = ModelCheckpoint(
        directory,
        "model",
        monitor=monitor if config.trainer.keep == "best" else None,
        mode=mode,
        save_weights_only=True,
        enable_version_counter=False,
    )
    try:
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
            callbacks=[*callbacks, History(ranked=ranked), stop, keep],
        )
    except MisconfigurationException as error:
        raise InputError(
            f"trainer.accelerator is {config.trainer.accelerator}, but Lightning says: {error} "
            "Use trainer.accelerator=cpu"
        ) from error


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C be an interruption: Lightning makes it exit code 1 and deafens the process."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as error:
        if not isinstance(error.__context__, KeyboardInterrupt):
            raise
        signal.signal(signal.SIGINT, handler)
        raise KeyboardInterrupt from error


@interruptible()
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
        "val_average_precision": _validation(trainer),
        "history": _history(trainer),
        "counts": {
            part: {"windows": len(w), "positive": int(w.label.sum())}
            for part, w in (("train", data.train), ("val", data.val), ("test", data.test))
        },
    }


def score_held_out(
    classifier: EventClassifier,
    data: FoldDataModule,
    probability: NDArray[np.float32],
    threshold: float,
) -> dict[str, Any]:
    """Score test windows and the synthetic ones held out with them, if there are any."""
    if data.held_out is None:
        return {}
    classifier.eval()
    with torch.no_grad():
        found = [classifier.predict_step(b, 0).cpu() for b in data.held_out_dataloader()]
    labels = np.concatenate([data.test.label, data.held_out[1]])
    every = np.concatenate([probability, *(each.numpy() for each in found)])
    return {"windows_oversampled": score_windows(labels, every, threshold)}


def shuffled_labels(
    config: Config, recordings: Sequence[Recording], fold: Fold, images: Images | None, seed: int
) -> FoldDataModule:
    """Permute the labels of a fold's training windows, and those of its validation windows.

    Test windows keep theirs. The experts' marks, which would still tell, are not shown.
    """
    config = replace(config, trainer=replace(config.trainer, marks=0.0))
    data = fold_data(config, recordings, fold, images)
    rng = np.random.default_rng(seed)
    for part in ("train", "val"):
        windows = getattr(data, part)
        setattr(data, part, replace(windows, label=rng.permutation(windows.label)))
    return data


@interruptible()
def train_on_shuffled_labels(
    config: Config,
    recordings: Sequence[Recording],
    fold: Fold,
    images: Images | None,
    directory: Path,
    seed: int,
) -> EventClassifier:
    """Train a fresh network on :func:`shuffled_labels`, otherwise as :func:`fit_and_test`."""
    pl.seed_everything(seed, verbose=False)
    data = shuffled_labels(config, recordings, fold, images, seed)
    classifier = build_classifier(config, recordings, images)
    trainer = build_trainer(config, data, directory, logger=DummyLogger())
    trainer.fit(classifier, datamodule=data)
    best = torch.load(cast("ModelCheckpoint", trainer.checkpoint_callback).best_model_path)
    classifier.load_state_dict(best["state_dict"])
    return classifier


def _validation(trainer: pl.Trainer) -> float | None:
    """Average precision of the weights kept; None where validation windows are of one class."""
    keep = cast("ModelCheckpoint", trainer.checkpoint_callback)
    if keep.monitor is None:
        return _history(trainer)["val_average_precision"][-1]
    if keep.monitor != "val/average_precision" or keep.best_model_score is None:
        return None
    return float(keep.best_model_score)


def _history(trainer: pl.Trainer) -> dict[str, list[float | None]]:
    callbacks: list[pl.Callback] = trainer.callbacks  # type: ignore[attr-defined]
    return next(each.epochs for each in callbacks if isinstance(each, History))


def _predict(
    trainer: pl.Trainer, classifier: EventClassifier, loader: DataLoader[Any]
) -> NDArray[np.float32]:
    batches = cast("list[torch.Tensor]", trainer.predict(classifier, loader))
    return np.asarray(torch.cat(batches).cpu())
