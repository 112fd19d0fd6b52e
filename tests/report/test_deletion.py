"""Curves of deletion and insertion."""

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

from xai_sleep.report.deletion import deletion_figure
from xai_sleep.report.style import CHANCE, METHODS


def method(most: list[float]) -> dict[str, Any]:
    orders = {"most": most, "least": [0.9, 0.8, 0.1], "random": [0.9, 0.5, 0.1]}
    backwards = {order: values[::-1] for order, values in orders.items()}
    curves = {"share": [0, 0.5, 1], "deletion": orders, "insertion": backwards}
    return {"faithfulness": {"curves": curves}}


def lines(axes: Axes) -> dict[str, list[float]]:
    return {str(line.get_label()): np.asarray(line.get_ydata()).tolist() for line in axes.lines}


def test_every_method_is_a_line_beside_random_order() -> None:
    explainers = {"gradcam": method([0.9, 0.2, 0.1]), "saliency": method([0.9, 0.4, 0.1])}
    figure = deletion_figure(explainers)
    assert figure
    deletion, insertion = figure.axes
    expected = {
        "gradcam": [0.9, 0.2, 0.1],
        "saliency": [0.9, 0.4, 0.1],
        "random order": [0.9, 0.5, 0.1],
    }
    assert lines(deletion) == expected
    assert lines(insertion) == {name: values[::-1] for name, values in expected.items()}
    colours = [line.get_color() for line in deletion.lines]
    assert colours == [*METHODS[:2], CHANCE]


@pytest.mark.parametrize(
    "explainers",
    [
        {},
        {"gradcam": {"maps": {}}},
        {"gradcam": {"faithfulness": {"curves": {"undefined": "no true positive"}}}},
    ],
)
def test_without_curves_there_is_no_figure(explainers: dict[str, Any]) -> None:
    assert deletion_figure(explainers) is None
