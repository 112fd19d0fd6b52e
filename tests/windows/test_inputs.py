"""Inputs: what they see, what they learn, and that one of a user's own needs no line of ours."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.support.images import LENGTH, SFREQ
from tests.support.inputs import image_input, signal_input
from tests.support.recordings import make_recording
from tests.support.runs import composed
from tests.support.training import night, planned, train
from xai_sleep.detect.slide import find_events
from xai_sleep.errors import InputError
from xai_sleep.experiment.training import build_input
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.models.cnn1d import CNN1d
from xai_sleep.recordings.intervals import NOWHERE
from xai_sleep.recordings.recording import Recording
from xai_sleep.schema import Config
from xai_sleep.windows.folds import Fold, leave_one_subject_out
from xai_sleep.windows.inputs import Amplitude, ImageInput, Input, SignalInput
from xai_sleep.windows.windows import cut

MODELS = ("model=cnn1d", "model=cnn2d")
ELSEWHERE = Fold("none", (NOWHERE,), (NOWHERE,), (NOWHERE,))


@pytest.mark.parametrize("model", MODELS)
def test_the_shape_said_before_is_that_of_what_is_seen(model: str) -> None:
    seen = build_input(composed(model, "task.image_size=32"))
    prepared = seen.prepare(night("a", 0, seconds=60))
    windows = cut([prepared], [prepared.scored], length=seen.window, step=5.0)
    scales = seen.amplitudes([prepared], ELSEWHERE)
    shown = seen.seen(seen.store([prepared]), windows, slice(3), scales)
    assert shown.shape == (3, *seen.shape.values())
    assert list(seen.shape)[-1] == "n_times"
    assert len(scales[0]) == len(seen.channels) * len(seen.bands)


def test_settings_of_the_task_reach_the_input() -> None:
    signal = build_input(composed("task=spindle", "model=cnn1d"))
    assert isinstance(signal, SignalInput)
    assert signal.bands == [(0.5, 4.0), (4.0, 10.0), (11.0, 16.0), (17.0, 30.0)]
    assert signal.setting == "task.channels"
    assert "CZ-A1" in signal.channels[0]
    power = build_input(composed("model=cnn1d_power"))
    assert power.bands == [(0.5, 35.0)]
    image = build_input(composed("task=rem", "model=cnn2d", "task.image_size=16"))
    assert isinstance(image, ImageInput)
    other = " (or task.image=scalogram, of one channel)"
    assert image.setting == f"task.channels{other}"
    assert dict(image.shape) == {"n_chans": 3, "n_freqs": 16, "n_times": 16}
    pair = build_input(composed("model=cnn2d", "task.image=coherence"))
    assert pair.setting == f"task.image_channels.coherence{other}"
    assert pair.channels[1][0] == "FP1-A1"
    alone = build_input(composed("model=cnn2d", "task.channels=[[Fz],[Cz]]"))
    assert (alone.setting, alone.channels) == ("task.channels", [["Fz"]])
    assert not list(image.parameters())
    assert set(image.state_dict()) == {"mean", "sd"}


@pytest.mark.parametrize("kind", ["signal", "coherence", "scalogram"])
@pytest.mark.parametrize("scale", ["record", "train"])
def test_what_is_learnt_is_state_and_scales_a_new_recording_alike(kind: str, scale: str) -> None:
    channels = ("one", "two") if kind == "coherence" else ("one",)
    made = [
        make_recording(n, seconds=120, sfreq=SFREQ, channels=channels, seed=i)
        for i, n in enumerate("abc")
    ]

    def fresh() -> Input:
        if kind == "signal":
            return signal_input(made, LENGTH / SFREQ, scale=scale)
        return image_input(made, kind, scale=scale)

    seen, again = fresh(), fresh()
    fold = leave_one_subject_out(made, val_blocks=3, window=4.0, guard=5.0, seed=0)[0]
    store = seen.store(made)
    windows, tested = (cut(made, time, length=4.0, step=2.0) for time in (fold.train, fold.test))
    seen.fit(store, fold, windows)
    again.load_state_dict(seen.state_dict())
    before = seen.seen(store, tested, slice(None), seen.amplitudes(made, fold))
    new = cut(made[:1], [made[0].scored], length=4.0, step=2.0)
    after = again.seen(
        again.store(made[:1]), new, slice(None), again.amplitudes(made[:1], ELSEWHERE)
    )
    assert torch.equal(before, after)
    assert ("amplitude" in seen.state_dict()) == (scale == "train")


def test_slow_records_are_refused_where_signals_are_seen() -> None:
    slow = make_recording("slow", sfreq=30.0)
    with pytest.raises(
        InputError, match=r"^record slow: sampled at 30 Hz, which holds nothing above"
    ):
        build_input(composed("model=cnn1d")).check([slow])


class Rectified(Input):
    """An input of a user's own: what the signal is without its sign."""

    def __init__(self, channels: Sequence[Sequence[str]], window: float, sfreq: float) -> None:
        super().__init__(channels, "mine", [(1, 30)], window=window, sfreq=sfreq, scale="train")

    @property
    def shape(self) -> Mapping[str, int]:
        """Of a signal."""
        return {"n_chans": len(self.channels), "n_times": self.n_times}

    def check(self, recordings: Sequence[Recording]) -> None:
        """Let everything pass."""

    def forward(self, stored: Tensor, amplitude: Amplitude) -> Tensor:
        """Take the sign off."""
        return (stored / torch.from_numpy(amplitude)).abs()

    def normalised(self, held: Tensor) -> Tensor:
        """Take the sign off."""
        return held.abs()


class RectifiedNet(CNN1d):
    """A network that sees it."""

    input_kind = "rectified"  # type: ignore[assignment]


def own() -> Config:
    mine = (
        f"+input.rectified={{_target_: {__name__}.Rectified, channels: [[C3-A1]], "
        "window: '${task.window}', sfreq: '${task.sfreq}'}"
    )
    model = (f"model._target_={__name__}.RectifiedNet", "trainer.max_epochs=1", "explain=none")
    return composed(mine, *model)


def test_an_input_of_ones_own_trains_and_predicts(tmp_path: Path) -> None:
    plan, folds = planned(own())
    fold = train(plan, folds[0], tmp_path)
    (batch, *_) = fold.data.train_dataloader()
    assert batch[0].min() >= 0
    again = EventClassifier.load_from_checkpoint(tmp_path / "model.ckpt")
    assert isinstance(again.input, Rectified)
    assert isinstance(again.network, nn.Module)
    activation, _ = find_events([again], night("a", 0))
    assert fold.outcome.events is not None
    before = fold.outcome.events.activations[0].probability
    np.testing.assert_array_equal(activation.probability, before)
