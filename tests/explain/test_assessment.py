"""Explanations of a real small experiment: what is stored, scored, and the same when resumed."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from rich.console import Console

from tests.support.runs import TINY, composed
from xai_sleep.config import METHODS
from xai_sleep.experiment.run import divide, read, run
from xai_sleep.experiment.training import build_classifier, fold_data
from xai_sleep.explain.assessment import DRAWS, inputs_of
from xai_sleep.explain.attribution import attributable
from xai_sleep.explain.explainers import EXPLAINERS
from xai_sleep.explain.faithfulness import SEGMENTS
from xai_sleep.metrics.maps import localisation, mean_scores
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.progress import Progress
from xai_sleep.schema import Config
from xai_sleep.windows.datamodule import FoldDataModule

QUIET = Console(quiet=True)
SHUFFLED = ("explain=all", "explain.shuffled_labels=true", "explain.figures=0")


def experiment(*overrides: str, output: Path) -> tuple[Config, dict[str, Any]]:
    config = composed(*TINY, *overrides, output=output)
    return config, run(config, QUIET)


def arrays(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path) as stored:
        return dict(stored)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[Config, dict[str, Any]]:
    """Run and explain in every way."""
    return experiment(*SHUFFLED, output=tmp_path_factory.mktemp("run"))


def trained(config: Config, number: int) -> tuple[FoldDataModule, EventClassifier]:
    """Windows and trained network of a fold."""
    recordings, inputs = read(config, Progress(QUIET))
    fold = divide(config, recordings)[number]
    data = fold_data(config, inputs, fold)
    data.setup()
    classifier = build_classifier(config, inputs)
    path = Path(config.output_dir) / "folds" / fold.name / "model.ckpt"
    classifier.load_state_dict(torch.load(path, weights_only=True)["state_dict"])
    return data, classifier


def test_every_method_is_stored_and_scored(everything: tuple[Config, dict[str, Any]]) -> None:
    config, found = everything
    stored = arrays(Path(config.output_dir) / "maps.npz")
    others = {f"profiles_{method}" for method in METHODS[1:]}
    assert set(stored) == {"maps", "profiles", "inside", "index"} | others
    assert {stored[key].shape for key in others} == {stored["profiles"].shape}
    assert list(found["summary"]["explainers"]) == list(METHODS)
    for scores in found["summary"]["explainers"].values():
        assert set(scores) == {"maps", "faithfulness", "sanity"}
        assert set(scores["sanity"]) == {"random_weights", "shuffled_labels"}
    assert (
        found["summary"]["maps"].items()
        <= found["summary"]["explainers"]["gradcam"]["maps"].items()
    )


def test_stored_profiles_give_the_figures_of_the_summary(
    everything: tuple[Config, dict[str, Any]],
) -> None:
    config, found = everything
    stored = arrays(Path(config.output_dir) / "maps.npz")
    with (Path(config.output_dir) / "predictions.csv").open() as file:
        positive = np.array([row["label"] == "1" for row in csv.DictReader(file)])
    for method in METHODS:
        profiles = stored.get(f"profiles_{method}", stored["profiles"])
        means = mean_scores(localisation(profiles, stored["inside"]), positive)
        maps = found["summary"]["explainers"][method]["maps"]["positives"]
        for name, value in means.items():
            assert maps[name]["pooled"] == pytest.approx(value, abs=1e-9), (method, name)


def test_stored_profiles_are_those_of_the_stored_network(
    everything: tuple[Config, dict[str, Any]],
) -> None:
    config, _ = everything
    data, classifier = trained(config, 1)
    stored = arrays(Path(config.output_dir) / "folds" / data.fold.name / "test.npz")
    inputs = inputs_of(data, np.arange(len(data.test)))
    with attributable(classifier):
        for method in ("gradcam", "saliency", "random"):
            maps = EXPLAINERS[method](classifier.network, inputs)
            kept = stored.get(f"profiles_{method}", stored["maps"])
            np.testing.assert_allclose(kept, maps, atol=2e-3)


def test_floors_do_not_depend_on_the_network(everything: tuple[Config, dict[str, Any]]) -> None:
    _, found = everything
    for method in ("random", "uniform"):
        for sanity in found["summary"]["explainers"][method]["sanity"].values():
            assert set(sanity["similarity"]) == {1.0}
            assert sanity["passed"] is False
    layers = found["summary"]["explainers"]["gradcam"]["sanity"]["random_weights"]["layers"]
    assert layers[0] == "head.2"
    assert layers[-1] == "features.0"


def test_arrays_of_a_fold_have_a_row_for_every_positive_window(
    everything: tuple[Config, dict[str, Any]],
) -> None:
    config, found = everything
    for fold in found["folds"]:
        stored = arrays(Path(config.output_dir) / "folds" / fold["name"] / "test.npz")
        n = fold["counts"]["test"]["positive"]
        length = stored["maps"].shape[1]
        for method in METHODS:
            assert stored[f"curves_{method}"].shape == (n, 2, SEGMENTS + 1)
            assert stored[f"similarity_{method}"].shape == (n, len(stored["layers"]))
            assert stored[f"randomised_{method}"].shape == (DRAWS, n, length)
            assert stored[f"shuffled_{method}"].shape == (n, length)
        assert stored["chance_curves"].shape == (n, SEGMENTS + 1)


def test_a_curve_starts_at_the_probability_and_ends_at_the_donor(
    everything: tuple[Config, dict[str, Any]],
) -> None:
    config, _ = everything
    data, _ = trained(config, 0)
    stored = arrays(Path(config.output_dir) / "folds" / data.fold.name / "test.npz")
    probability, label = stored["probability"], data.test.label
    for key in ("curves_gradcam", "curves_random"):
        for order in (0, 1):
            ends = stored[key][:, order]
            np.testing.assert_allclose(ends[:, 0], probability[label == 1], atol=1e-5)
            gaps = np.abs(ends[:, -1, None] - probability[label == 0])
            assert gaps.min(axis=1).max() < 1e-5


def test_a_resumed_run_writes_the_same(
    everything: tuple[Config, dict[str, Any]], tmp_path: Path
) -> None:
    config, _ = everything
    whole = Path(config.output_dir)
    shutil.copytree(whole, tmp_path / "run")
    (tmp_path / "run" / "results.json").unlink()
    shutil.rmtree(tmp_path / "run" / "folds" / "synthetic2")
    experiment(*SHUFFLED, output=tmp_path / "run")
    one, other = (json.loads((p / "results.json").read_text()) for p in (whole, tmp_path / "run"))
    for key in ("folds", "summary"):
        assert one[key] == other[key]
    before, after = (arrays(path / "maps.npz") for path in (whole, tmp_path / "run"))
    for key, values in before.items():
        np.testing.assert_array_equal(after[key], values)


def test_methods_may_be_chosen_one_by_one_and_judged_by_nothing_but_marks(tmp_path: Path) -> None:
    _, found = experiment(
        *("explain=hirescam", "explain.faithfulness=false", "explain.sanity=false"),
        *("trainer.max_epochs=1", "explain.figures=0", "explain.tolerance=0.1"),
        output=tmp_path,
    )
    assert found["config"]["explain"]["methods"] == ["hirescam"]
    assert set(found["summary"]["explainers"]["hirescam"]) == {"maps"}
    assert set(arrays(tmp_path / "maps.npz")) == {"maps", "profiles", "inside", "index"}


def test_a_network_that_sees_images_is_judged_alike(tmp_path: Path) -> None:
    _, found = experiment(
        *("task=rem", "model=cnn2d_evidence", "task.image_size=16", "trainer.max_epochs=1"),
        *("data.minutes=2", "explain.methods=[hirescam,random]", "explain.figures=0"),
        output=tmp_path,
    )
    scores = found["summary"]["explainers"]
    assert scores["hirescam"]["faithfulness"]["positives"]["deletion"]["pooled"] is not None
    assert scores["random"]["sanity"]["random_weights"]["similarity"] == [1.0] * 5
