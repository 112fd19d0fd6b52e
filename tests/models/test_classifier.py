"""Training, testing and storing a network with real Trainers."""

import math
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from scipy.special import expit, log_softmax, softmax
from sklearn.metrics import average_precision_score, f1_score
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from xai_sleep.errors import InputError
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.models.cnn1d import CNN1d
from xai_sleep.models.cnn1d_marks import MarksCNN1d

N_TIMES = 200


class RateWatch(pl.Callback):
    """Notes the learning rate of every step."""

    def __init__(self) -> None:
        self.rates: list[float] = []

    def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:
        """Note the rate that this step will use."""
        self.rates.append(trainer.optimizers[0].param_groups[0]["lr"])


def build_trainer(max_epochs: int = 1, *callbacks: pl.Callback) -> pl.Trainer:
    return pl.Trainer(
        accelerator="cpu",
        max_epochs=max_epochs,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        num_sanity_val_steps=0,
        callbacks=list(callbacks),
    )


def build_classifier(seed: int = 0, dropout: float = 0.0) -> EventClassifier:
    torch.manual_seed(seed)
    return EventClassifier(CNN1d(1, N_TIMES, dropout), learning_rate=0.005)


def toy_windows(n: int, seed: int) -> TensorDataset:
    """Noise; every second window holds a burst that no eye would miss."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % 2
    burst = 3 * torch.sin(torch.arange(60) * 0.8)
    signals = torch.randn(n, 1, N_TIMES, generator=generator)
    signals[labels == 1, :, 70:130] += burst
    return TensorDataset(signals, labels)


def loader_of(data: TensorDataset, batch_size: int = 16) -> DataLoader[Any]:
    return DataLoader(data, batch_size)


def fit(classifier: EventClassifier, n_windows: int, trainer: pl.Trainer) -> None:
    trainer.fit(classifier, loader_of(toy_windows(n_windows, 1)), loader_of(toy_windows(16, 2)))


def logits_of(classifier: EventClassifier, signals: Tensor) -> NDArray[np.float64]:
    with torch.no_grad():
        logits: Tensor = classifier.eval()(signals)
    return logits.double().numpy()


def cross_entropy(logits: NDArray[np.float64], labels: Tensor) -> float:
    return -float(log_softmax(logits, axis=1)[np.arange(len(logits)), labels].mean())


def probabilities_of(classifier: EventClassifier, loader: DataLoader[Any]) -> Tensor:
    batches = build_trainer().predict(classifier, loader)
    return torch.cat(cast(list[Tensor], batches))


@pytest.fixture(scope="module")
def trained() -> tuple[EventClassifier, pl.Trainer]:
    classifier, trainer = build_classifier(), build_trainer(2)
    fit(classifier, 256, trainer)
    return classifier, trainer


def test_it_learns_what_is_easy(trained: tuple[EventClassifier, pl.Trainer]) -> None:
    classifier, trainer = trained
    assert classifier.first_loss is not None
    assert trainer.current_epoch == 2
    assert trainer.callback_metrics["train/loss"] < classifier.first_loss / 2
    assert trainer.callback_metrics["val/loss"] < classifier.first_loss / 2
    assert trainer.callback_metrics["val/average_precision"] == 1
    assert trainer.callback_metrics["val/f1"] == 1


def test_the_first_loss_is_that_of_fresh_weights(
    trained: tuple[EventClassifier, pl.Trainer],
) -> None:
    first_loss = trained[0].first_loss
    assert first_loss == pytest.approx(math.log(2), abs=0.1)
    signals, labels = toy_windows(256, 1)[:16]
    fresh = logits_of(build_classifier(), signals)
    assert first_loss == pytest.approx(cross_entropy(fresh, labels), abs=1e-6)


def test_predictions_are_the_softmax_of_logits(
    trained: tuple[EventClassifier, pl.Trainer],
) -> None:
    windows = toy_windows(21, 3)
    probabilities = probabilities_of(trained[0], loader_of(windows, 8))
    assert probabilities.shape == (21,)
    assert probabilities.min() >= 0
    assert probabilities.max() <= 1
    expected = softmax(logits_of(trained[0], windows.tensors[0]), axis=1)[:, 1]
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    assert (probabilities > 0.5).long().equal(windows.tensors[1])


def test_scores_of_validation_and_test_equal_scikit_learn(
    trained: tuple[EventClassifier, pl.Trainer],
) -> None:
    classifier = trained[0]
    # Labels often unlike what the windows hold, and a last batch of another size.
    labels = (torch.arange(45) % 3 == 0).long()
    data = TensorDataset(toy_windows(45, 4).tensors[0], labels)
    trainer = build_trainer()
    (found,) = trainer.validate(classifier, loader_of(data), verbose=False)
    (tested,) = trainer.test(classifier, loader_of(data), verbose=False)
    logits = logits_of(classifier, data.tensors[0])
    probability = softmax(logits, axis=1)[:, 1]
    expected = {
        "val/loss": cross_entropy(logits, labels),
        "val/average_precision": average_precision_score(labels, probability),
        "val/f1": f1_score(labels, probability > 0.5),
    }
    assert found == pytest.approx(expected, abs=1e-6)
    assert tested == pytest.approx({"test/loss": expected["val/loss"]}, abs=1e-6)


def test_the_learning_rate_runs_through_one_cycle() -> None:
    watch, classifier = RateWatch(), build_classifier()
    fit(classifier, 160, build_trainer(2, watch))
    assert len(watch.rates) == 20
    peak = int(np.argmax(watch.rates))
    assert watch.rates[peak] == pytest.approx(classifier.learning_rate)
    assert 0 < peak < 19
    assert np.all(np.diff(watch.rates[: peak + 1]) > 0)
    assert np.all(np.diff(watch.rates[peak:]) < 0)
    assert watch.rates[-1] < classifier.learning_rate / 1000


def test_weight_decay_shrinks_weights() -> None:
    sizes = []
    for weight_decay in (0.0, 50.0):
        torch.manual_seed(0)
        network = CNN1d(1, N_TIMES, dropout=0.0)
        classifier = EventClassifier(network, learning_rate=0.005, weight_decay=weight_decay)
        fit(classifier, 64, build_trainer())
        sizes.append(sum(float(p.detach().square().sum()) for p in network.parameters()))
    assert sizes[1] < 0.9 * sizes[0]


def test_training_follows_the_seed() -> None:
    weights = []
    for seed in (0, 0, 1):
        classifier = build_classifier(seed, dropout=0.5)
        fit(classifier, 32, build_trainer())
        weights.append(torch.cat([p.detach().flatten() for p in classifier.parameters()]))
    assert torch.equal(weights[0], weights[1])
    assert not torch.allclose(weights[0], weights[2])


def test_a_checkpoint_holds_weights_alone(
    trained: tuple[EventClassifier, pl.Trainer], tmp_path: Path
) -> None:
    classifier, trainer = trained
    file = tmp_path / "model.ckpt"
    trainer.save_checkpoint(file, weights_only=True)
    stored = torch.load(file, weights_only=True)
    assert "optimizer_states" not in stored
    weights = {f"network.{name}" for name in CNN1d(1, 200).state_dict()}
    assert set(stored["state_dict"]) == weights | {"threshold"}
    windows = loader_of(toy_windows(21, 3))
    expected = probabilities_of(classifier, windows)
    other = build_classifier(seed=1)
    assert not torch.allclose(probabilities_of(other, windows), expected, atol=1e-3)
    other.load_state_dict(stored["state_dict"])
    assert torch.equal(probabilities_of(other, windows), expected)


def test_a_test_begins_with_the_stored_weights(
    trained: tuple[EventClassifier, pl.Trainer], tmp_path: Path
) -> None:
    file, windows = tmp_path / "model.ckpt", loader_of(toy_windows(21, 3))
    trained[1].save_checkpoint(file, weights_only=True)
    expected = build_trainer().test(trained[0], windows, verbose=False)
    other = build_classifier(seed=1)
    found = build_trainer().test(
        other, windows, ckpt_path=str(file), weights_only=True, verbose=False
    )
    assert found == expected


SEEN = {
    "_target_": "xai_sleep.windows.inputs.SignalInput",
    "channels": [["C3", "C4"]],
    "band": [0.5, 30.0],
    "window": 2.0,
    "sfreq": 100.0,
    "scale": "train",
}
NETWORK = {"_target_": "xai_sleep.models.cnn1d.CNN1d", "dropout": 0.1}


def test_a_checkpoint_alone_is_the_whole_classifier(tmp_path: Path) -> None:
    """Network and input are built anew of their settings, with all that was learnt and chosen."""
    torch.manual_seed(0)
    classifier = EventClassifier(NETWORK, SEEN, learning_rate=0.01, weight_decay=0.1)
    trainer, file = build_trainer(), tmp_path / "model.ckpt"
    fit(classifier, 64, trainer)
    classifier.threshold.fill_(1 / 3)
    classifier.input.amplitude.fill_(7)  # type: ignore[operator]
    classifier.detector = {"activation": "product", "high": 0.4, "map": {"_target_": "a.b"}}
    trainer.save_checkpoint(file, weights_only=True)
    again = EventClassifier.load_from_checkpoint(file)
    assert (again.learning_rate, again.weight_decay) == (0.01, 0.1)
    assert float(again.threshold) == 1 / 3  # in float64
    assert again.detector == classifier.detector
    state = again.state_dict()
    assert set(state) > {"input.amplitude", "threshold"}
    for name, value in classifier.state_dict().items():
        assert torch.equal(state[name], value), name


def test_weights_carried_over_are_those_of_the_network_alone(tmp_path: Path) -> None:
    one, other = (EventClassifier(NETWORK, SEEN) for _ in range(2))
    trainer, file = build_trainer(), tmp_path / "model.ckpt"
    fit(one, 32, trainer)
    one.threshold.fill_(0.7)
    trainer.save_checkpoint(file, weights_only=True)
    other.start_from(file)
    assert other.threshold.isnan()
    for a, b in zip(one.network.parameters(), other.network.parameters(), strict=True):  # type: ignore[attr-defined]
        assert torch.equal(a, b)


def marked_classifier(marks: float) -> EventClassifier:
    torch.manual_seed(0)
    return EventClassifier(MarksCNN1d(1, N_TIMES, dropout=0.0), marks=marks)


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_the_loss_of_marks_is_that_of_each_cell(share: float) -> None:
    classifier = marked_classifier(share).eval()
    signals, labels = toy_windows(6, 3).tensors
    marks = torch.zeros(6, N_TIMES)
    marks[1::2, 70:130] = 1
    marks[5] = torch.nan  # a synthetic window
    with torch.no_grad():
        loss = float(classifier._marked_loss(signals, labels, marks))
        evidence = cast(MarksCNN1d, classifier.network).over_time(signals).double().numpy()
        whether = float(torch.nn.functional.cross_entropy(classifier(signals), labels))
    event = expit(evidence[:, 1] - evidence[:, 0])
    edges = np.linspace(0, N_TIMES, event.shape[1] + 1)
    cells = []
    for a, b in pairwise(edges):
        inside = marks.numpy()[:, int(np.floor(a)) : int(np.ceil(b))]
        cells.append(inside.mean(axis=1))
    target = np.stack(cells, axis=1)[:5]
    when = -(target * np.log(event[:5]) + (1 - target) * np.log(1 - event[:5])).mean()
    assert loss == pytest.approx((1 - share) * whether + share * when, rel=1e-4)


def test_synthetic_windows_alone_are_judged_as_windows() -> None:
    classifier = marked_classifier(0.9).eval()
    signals, labels = toy_windows(4, 3).tensors
    with torch.no_grad():
        loss = classifier._marked_loss(signals, labels, torch.full((4, N_TIMES), torch.nan))
        assert loss == torch.nn.functional.cross_entropy(classifier(signals), labels)


def test_marks_teach_a_network_when() -> None:
    signals, labels = toy_windows(256, 1).tensors
    marks = torch.zeros(len(labels), N_TIMES)
    marks[labels == 1, 70:130] = 1
    torch.manual_seed(0)
    classifier = EventClassifier(MarksCNN1d(1, N_TIMES), learning_rate=0.01, marks=1.0)
    loader: DataLoader[Any] = DataLoader(TensorDataset(signals, labels, marks), batch_size=32)
    build_trainer(8).fit(classifier, loader, loader_of(toy_windows(16, 3)))
    signals, labels = toy_windows(32, 2).tensors
    with torch.no_grad():
        evidence = cast(MarksCNN1d, classifier.eval().network).over_time(signals)
    event = evidence.softmax(1)[labels == 1, 1].mean(0)
    inside = torch.arange(len(event)).sub(len(event) // 2).abs() <= 2
    outside = torch.arange(len(event)).sub(len(event) // 2).abs() >= 8
    assert event[inside].min() > 0.9
    assert event[outside].max() < 0.4


def test_a_network_that_says_nothing_over_time_cannot_learn_from_marks() -> None:
    with pytest.raises(InputError, match=r"trainer\.marks=0\.5, but CNN1d says nothing over time"):
        EventClassifier(CNN1d(1, N_TIMES), marks=0.5)
