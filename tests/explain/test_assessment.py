"""A fold explained in every way: which arrays there are, and that each says what it should."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.training import Trained, planned, settings, train
from xai_sleep.experiment.training import train_on_shuffled_labels
from xai_sleep.explain.assessment import DRAWS, explain_fold, inputs_of
from xai_sleep.explain.attribution import attributable
from xai_sleep.explain.faithfulness import SEGMENTS

Arrays = dict[str, NDArray[Any]]


def explained(directory: Path, *overrides: str) -> tuple[Trained, Arrays]:
    """Train on a fold and judge its maps."""
    plan, folds = planned(settings(*overrides))
    fold = train(plan, folds[1], directory)
    arrays = explain_fold(
        plan.config.explain,
        fold.classifier,
        fold.data,
        fold.explainer,
        fold.outcome.detected,
        3,
        lambda: train_on_shuffled_labels(plan, folds[1], directory / "shuffled", 3),
    )
    return fold, arrays


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, Arrays]:
    """Judge every method in every way."""
    every = ("explain=all", "explain.shuffled_labels=true")
    return explained(tmp_path_factory.mktemp("fold"), "model=cnn2d", "task.image_size=16", *every)


def test_arrays_have_a_row_for_every_window_or_every_positive_one(
    everything: tuple[Trained, Arrays],
) -> None:
    fold, arrays = everything
    n, length = int(fold.data.test.label.sum()), fold.data.test.length
    methods = list(fold.explainer.methods)
    assert len(methods) == 8
    for method in methods:
        assert arrays[f"curves_{method}"].shape == (n, 2, SEGMENTS + 1)
        assert arrays[f"similarity_{method}"].shape == (n, len(arrays["layers"]))
        assert arrays[f"randomised_{method}"].shape == (DRAWS, n, length)
        assert arrays[f"shuffled_{method}"].shape == (n, length)
        assert arrays[f"similarity_shuffled_{method}"].shape == (n, 1)
    assert arrays["chance_curves"].shape == (n, SEGMENTS + 1)
    others = {name for name in arrays if name.startswith("profiles_")}
    assert others == {f"profiles_{method}" for method in methods[1:]}
    assert {arrays[name].shape for name in others} == {(len(fold.data.test), length)}


def test_maps_are_those_of_the_trained_network(everything: tuple[Trained, Arrays]) -> None:
    fold, _ = everything
    inputs = inputs_of(fold.data, np.arange(len(fold.data.test)))
    with attributable(fold.classifier):
        for method, explainer in fold.explainer.methods.items():
            maps = explainer(fold.classifier.network, inputs)
            np.testing.assert_allclose(fold.explainer.by_method[method], maps, atol=2e-3)


def test_floors_do_not_depend_on_the_network(everything: tuple[Trained, Arrays]) -> None:
    _, arrays = everything
    for method in ("random", "uniform"):
        for kind in ("similarity", "similarity_shuffled"):
            rho = arrays[f"{kind}_{method}"]
            assert (rho == 1).all()
    assert arrays["layers"][0].startswith("head")
    assert arrays["layers"][-1] == "features.0"


def test_a_curve_starts_at_the_probability_and_ends_at_the_donor(
    everything: tuple[Trained, Arrays],
) -> None:
    fold, arrays = everything
    probability, label = fold.outcome.probability, fold.data.test.label
    assert probability is not None
    for key in ("curves_gradcam", "curves_random"):
        for order in (0, 1):
            ends = arrays[key][:, order]
            np.testing.assert_allclose(ends[:, 0], probability[label == 1], atol=1e-5)
            gaps = np.abs(ends[:, -1, None] - probability[label == 0])
            assert gaps.min(axis=1).max() < 1e-5


def test_a_fold_is_judged_by_what_is_asked_for_and_alike_each_time(tmp_path: Path) -> None:
    less = ("model=cnn1d", "explain=[hirescam,random]", "explain.sanity=false")
    (one, arrays), (_, again) = (explained(tmp_path / name, *less) for name in "ab")
    assert list(one.explainer.methods) == ["hirescam", "random"]
    expected = {"profiles_random", "chance_curves", "curves_hirescam", "curves_random"}
    assert set(arrays) == set(again) == expected
    for name in expected:
        np.testing.assert_array_equal(arrays[name], again[name])


def test_inputs_come_in_the_order_asked_for(everything: tuple[Trained, Arrays]) -> None:
    data = everything[0].data
    rows = np.array([5, 0, 3, 3])
    every = inputs_of(data, np.arange(len(data.test)))
    assert inputs_of(data, rows).equal(every[rows])
