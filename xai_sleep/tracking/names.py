"""Keys of a tracked run: one scheme for folds, summaries and baselines.

::

    train/loss  val/loss  val/f1 …          every epoch of a fold
    test/f1  events/f1  maps/…/pointing …   once a fold
    test/f1/mean  …/std  …/low  …/high      over folds, and the interval over subjects
    test/f1/pooled                          all test windows together
    baselines/<name>/test/f1/mean …         the same of a baseline
"""

from collections.abc import Iterator, Mapping
from typing import Any

PARTS = {
    "windows": "test",
    "windows_at_half": "test_at_half",
    "events": "events",
    "events_n2n3": "events_n2n3",
    "maps": "maps",
}
"""Blocks of figures, in a fold or a summary, and the first word of their keys."""

PREDICTIONS, DETECTIONS = "test/predictions", "events/detections"
ROC, PRECISION_RECALL, CONFUSION = "test/roc", "test/precision_recall", "test/confusion"
EXAMPLES, FIGURES = "maps/examples", "figures"
SCORES, FOLDS = "tables/scores", "tables/folds"


def numbers(tree: Mapping[str, Any], prefix: str) -> dict[str, float]:
    """Numbers of a tree of figures by key; an interval becomes ``low`` and ``high``.

    Examples
    --------
    >>> numbers({"f1": {"mean": 0.5, "ci95": [0.4, 0.6], "std": None}}, "test")
    {'test/f1/mean': 0.5, 'test/f1/low': 0.4, 'test/f1/high': 0.6}
    """
    found: dict[str, float] = {}
    for name, value in tree.items():
        key = f"{prefix}/{name}"
        if name == "ci95" and value is not None:
            found |= {f"{prefix}/low": value[0], f"{prefix}/high": value[1]}
        elif isinstance(value, Mapping):
            found |= numbers(value, key)
        elif isinstance(value, int | float) and name != "folds":
            found[key] = value
    return found


def reasons(tree: Mapping[str, Any], prefix: str) -> dict[str, str]:
    """Why a figure is undefined, by key: undefined figures are left out, never 0.

    Examples
    --------
    >>> reasons({"f1": None, "undefined": {"f1": "no positive window"}}, "test")
    {'test/f1': 'no positive window'}
    """
    found: dict[str, str] = {}
    for name, value in tree.items():
        if name == "undefined":
            found |= {f"{prefix}/{figure}": str(why) for figure, why in value.items()}
        elif isinstance(value, Mapping):
            found |= reasons(value, f"{prefix}/{name}")
    return found


def summaries(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every score over folds in a tree, by key."""
    for name, value in tree.items():
        if not isinstance(value, Mapping):
            continue
        key = f"{prefix}/{PARTS.get(name, name)}" if prefix else PARTS.get(name, name)
        if {"mean", "pooled"} <= value.keys():
            yield key, value
        else:
            yield from summaries(value, key)


def figures_of(metrics: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, str]]:
    """Figures of a fold or a summary by key, and why the others are undefined."""
    parts = [(metrics[part], name) for part, name in PARTS.items() if part in metrics]
    scores = {key: value for tree, name in parts for key, value in numbers(tree, name).items()}
    why = {key: value for tree, name in parts for key, value in reasons(tree, name).items()}
    return scores, why
