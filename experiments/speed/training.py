"""An epoch of training against the same network in Keras: milliseconds a window.

Ours is a fold as experiments train it, by Lightning, with everything a batch needs: images kept as
float16 are looked up and z-scored. Keras is given ready float32 arrays. Both train the published
networks at the published batch sizes, with one thread, and validate nothing; they take turns epoch
by epoch.
"""

import time
from collections.abc import Sequence
from statistics import median

import pytorch_lightning as pl

from experiments.speed.other_side import Ask
from experiments.speed.timing import Row
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.models.cnn1d import CNN1d
from xai_sleep.models.cnn2d import CNN2d
from xai_sleep.models.contract import Network
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.simulated import simulate
from xai_sleep.windows.datamodule import FoldDataModule
from xai_sleep.windows.folds import Fold, leave_one_subject_out
from xai_sleep.windows.inputs import ImageInput, SignalInput

SFREQ, WINDOW, WARM_UP = 200.0, 5.0, 2
BAND = (0.5, 30.0)
SMOTE = {"_target_": "imblearn.over_sampling.SMOTE", "k_neighbors": 5}


class Turns(pl.Callback):
    """Times each epoch, and lets Keras train one after it."""

    def __init__(self, name: str, n_windows: int, ask: Ask | None) -> None:
        self.name, self.n_windows, self.ask = name, n_windows, ask
        self.ours: list[float] = []
        self.theirs: list[float] = []

    def on_train_epoch_start(
        self,
        trainer: pl.Trainer,  # noqa: ARG002
        pl_module: pl.LightningModule,  # noqa: ARG002
    ) -> None:
        """Start the clock."""
        self.start = time.perf_counter()

    def on_train_epoch_end(
        self,
        trainer: pl.Trainer,  # noqa: ARG002
        pl_module: pl.LightningModule,  # noqa: ARG002
    ) -> None:
        """Stop it; then it is the other's turn."""
        self.ours.append(1000 * (time.perf_counter() - self.start) / self.n_windows)
        if self.ask:
            self.theirs.append(self.ask(self.name))


def rows(ask: Ask | None, turns: int = 9) -> list[Row]:
    """Compare the 1D and the 2D network."""
    return [
        _row("cnn1d", CNN1d(2, 1000), fold(256, images=False), ask, turns),
        _row("cnn2d", CNN2d(3, 128), fold(64, images=True), ask, turns),
    ]


def fold(batch_size: int, *, images: bool) -> FoldDataModule:
    """Make a fold of simulated recordings, ready to be trained on."""
    recordings = simulate("rem", subjects=2, minutes=15, sfreq=SFREQ)
    seen = image_input(recordings) if images else signal_input(recordings)
    data = FoldDataModule(
        seen.store(recordings),
        one_fold(recordings),
        seen,
        step=1.0,
        sampler=SMOTE,
        batch_size=batch_size,
    )
    data.setup()
    return data


def signal_input(recordings: Sequence[Recording]) -> SignalInput:
    """Make all channels an input, as they are."""
    names = [[channel] for channel in recordings[0].channels]
    return SignalInput(names, BAND, window=WINDOW, sfreq=recordings[0].sfreq)


def image_input(recordings: Sequence[Recording]) -> ImageInput:
    """Make the coherence of both channels an input."""
    names = {"coherence": [[channel] for channel in recordings[0].channels]}
    return ImageInput(
        "coherence",
        names,
        BAND,
        band=BAND,
        window=WINDOW,
        sfreq=recordings[0].sfreq,
    )


def one_fold(recordings: Sequence[Recording]) -> Fold:
    """Leave the first subject out."""
    return leave_one_subject_out(recordings, val_blocks=8, window=WINDOW, guard=WINDOW, seed=0)[0]


def _row(name: str, network: Network, data: FoldDataModule, ask: Ask | None, turns: int) -> Row:
    n_windows = len(data.balanced) // data.batch_size * data.batch_size
    clock = Turns(name, n_windows, ask)
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=WARM_UP + turns,
        limit_val_batches=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[clock],
    )
    trainer.fit(EventClassifier(network), datamodule=data)
    theirs = median(clock.theirs[WARM_UP:]) if clock.theirs else None
    what = f"training of {name}, ms a window and epoch"
    return Row(what, median(clock.ours[WARM_UP:]), "Keras", theirs)
