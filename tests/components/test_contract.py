"""Whatever a YAML under ``conf`` names can be imported and made, and does what its group asks.

Files are found, not listed: a new one is under contract by itself. What networks must do beyond
that is in ``tests/models/test_contract.py``.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import get_object, instantiate
from omegaconf import OmegaConf

from xai_sleep.baselines.baseline import Baseline
from xai_sleep.baselines.rules import Rule
from xai_sleep.config import config_dir
from xai_sleep.explain.attribution import attributable
from xai_sleep.metrics.metric import Metric
from xai_sleep.models.cnn1d import CNN1d
from xai_sleep.models.contract import Network
from xai_sleep.recordings.marks.reader import MarksReader
from xai_sleep.recordings.simulated import simulate
from xai_sleep.recordings.sources import DataSource, Wanted
from xai_sleep.windows.folds import Fold
from xai_sleep.windows.inputs import Input
from xai_sleep.windows.practice import Practice

NO_COMPONENTS = ("detector", "experiment", "hydra", "logger", "trainer")
GROUPS = sorted(
    path.name for path in config_dir().iterdir() if path.is_dir() and path.name not in NO_COMPONENTS
)
TESTED = (
    "balance",
    "baselines",
    "cv",
    "data",
    "explain",
    "input",
    "leak",
    "marks",
    "metrics",
    "model",
    "task",
)
# What a choice needs beside it.
WITH = {
    "leak=overlapping_windows": ["cv=kfold"],
    "data=bids": ["data.root=."],
    "data=files": ["data.root=."],
}

Settings = dict[str, Any]


def choices(group: str) -> list[str]:
    return sorted(path.stem for path in (config_dir() / group).glob("*.yaml"))


def each(group: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", choices(group))


@cache
def chosen(group: str, name: str) -> Settings:
    """All settings with one choice made."""
    choice = f"{group}={name}"
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        composed = compose("config", [choice, "output_dir=unused", *WITH.get(choice, [])])
    settings = OmegaConf.to_container(composed, resolve=True)
    assert isinstance(settings, dict)
    return settings  # type: ignore[return-value]


def targets(settings: object) -> Iterator[str]:
    """Everything that is named by ``_target_``, however deep."""
    if isinstance(settings, dict):
        yield from ([settings["_target_"]] if "_target_" in settings else [])
        for value in settings.values():
            yield from targets(value)
    elif isinstance(settings, list):
        for value in settings:
            yield from targets(value)


def test_every_group_is_under_contract() -> None:
    assert tuple(GROUPS) == TESTED


@pytest.mark.parametrize(
    ("group", "name"), [(group, name) for group in GROUPS for name in choices(group)]
)
def test_what_a_yaml_names_is_there(group: str, name: str) -> None:
    for target in targets(chosen(group, name)):
        assert callable(get_object(target)), target


@each("balance")
def test_balances_resample_training_windows(name: str) -> None:
    sampler = chosen("balance", name)["balance"]["sampler"]
    if sampler is None:
        return
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [30, 10])
    rows = rng.normal(labels[:, None], 1, (40, 6))
    resampled, found = instantiate(sampler, random_state=0).fit_resample(rows, labels)
    assert np.array_equal(resampled[:40], rows)
    assert 0.4 < found.mean() < 0.6


@each("baselines")
def test_baselines_say_what_they_are(name: str) -> None:
    for settings in chosen("baselines", name)["baselines"].values():
        baseline = instantiate(settings)
        assert isinstance(baseline, Baseline)
        assert baseline.description
        assert isinstance(baseline.no_events, str)


@each("cv")
def test_schemes_divide_time(name: str) -> None:
    cv = chosen("cv", name)["cv"]
    assert cv["scheme"] == name
    recordings = simulate("spindle", subjects=2, minutes=5)
    folds = instantiate(cv["divide"])(recordings, window=5.0, seed=0)
    assert all(isinstance(fold, Fold) for fold in folds)
    assert len({fold.name for fold in folds}) == len(folds)
    tested = sum(np.ptp(times).item() for fold in folds for time in fold.test for times in time)
    assert tested == pytest.approx(sum(np.ptp(r.scored) for r in recordings), abs=5 * len(folds))


@each("data")
def test_sources_of_data_say_what_they_are(name: str, tmp_path: Path) -> None:
    settings = chosen("data", name)
    data = settings["data"] | ({"root": str(tmp_path)} if "root" in settings["data"] else {})
    source = instantiate(data)
    assert isinstance(source, DataSource)
    assert source.name
    assert source.describe()
    task = settings["task"]
    simulator = instantiate({**task["simulator"], "_partial_": True})
    wanted = Wanted(task["event"], task["channels"], simulator=simulator)
    assert isinstance(source.available(wanted), bool)
    assert isinstance(source.chosen(wanted), DataSource)


@each("explain")
def test_explainers_give_a_map_a_window(name: str) -> None:
    torch.manual_seed(0)
    network, windows = CNN1d(n_chans=2, n_times=500), torch.randn(3, 2, 500)
    for method in chosen("explain", name)["explain"]["methods"].values():
        with attributable(network):
            maps = instantiate(method)(network, windows)
        assert maps.shape == (3, 500)
        assert 0 <= maps.min() <= maps.max() <= 1


@each("input")
def test_inputs_show_windows_in_the_shape_they_say(name: str) -> None:
    for kind, each_input in chosen("input", name)["input"].items():
        shown = instantiate(each_input)
        assert kind == name
        assert isinstance(shown, Input)
        axes = list(shown.shape)
        assert (axes[0], axes[-1]) == ("n_chans", "n_times")
        channels = [names[0] for names in shown.channels]
        rng = np.random.default_rng(0)
        signals = rng.normal(0, 10, (2, len(channels) * len(shown.bands), shown.n_times))
        seen = shown.normalised(shown.held(signals.astype(np.float32)))
        assert seen.shape == (2, *shown.shape.values())
        assert torch.isfinite(seen).all()


@each("leak")
def test_leaks_are_practices_that_say_what_they_are(name: str) -> None:
    for key, settings in chosen("leak", name)["leak"].items():
        practice = instantiate(settings)
        assert isinstance(practice, Practice)
        assert practice.leak is not None
        assert practice.leak.name == key
        assert practice.leak.about


@each("marks")
def test_readers_of_marks_know_their_own_form_alone(name: str, tmp_path: Path) -> None:
    for reader in chosen("marks", name)["marks"].values():
        found = instantiate(reader)
        assert isinstance(found, MarksReader)
        assert found.endings
        for ending in {*found.endings, ".txt"} - {".csv", ".tsv"}:
            path = tmp_path / f"night{ending}"
            path.write_bytes(bytes(range(256)))
            assert not found.recognises(path)


@each("metrics")
def test_metrics_are_declared_and_pure(name: str) -> None:
    labels, probability = np.array([0, 1, 1, 0]), np.array([0.1, 0.9, 0.4, 0.6])
    for key, settings in chosen("metrics", name)["metrics"].items():
        metric = instantiate(settings)
        assert metric.name == key
        Metric(metric.name, metric.label, metric.unit, metric.best)
        found = [metric(labels, probability, probability >= 0.5) for _ in range(2)]
        assert found[0] == found[1]


@each("model")
def test_networks_see_an_input_that_is_there(name: str) -> None:
    settings = chosen("model", name)
    kind = get_object(settings["model"]["_target_"]).input_kind
    assert kind in settings["input"]
    shape = instantiate(settings["input"][kind]).shape
    assert isinstance(instantiate(settings["model"], **shape), Network)
    assert callable(instantiate(settings["detector"]["map"]))


@each("task")
def test_tasks_can_be_simulated_and_detected_by_a_rule(name: str) -> None:
    task = chosen("task", name)["task"]
    assert task["name"] == name
    simulator = instantiate({**task["simulator"], "_partial_": True})
    (recording,) = simulator(subjects=1, minutes=2.0, sfreq=task["sfreq"], seed=0)
    assert len(recording.events) > 0
    shown = task["image_channels"][task["image"]] or task["channels"]
    for names in (*task["channels"], *shown):
        assert set(names) & set(recording.channels)
    rule = instantiate(task["rule"])
    assert isinstance(rule, Rule)
    assert rule.activation(recording).shape == recording.signals.shape[1:]
