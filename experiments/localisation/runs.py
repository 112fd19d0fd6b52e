"""Finished runs as the study needs them: their maps' scores, window by window."""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from hydra.utils import get_class
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.metrics.maps import MEASURES, localisation

Window = tuple[str, str, str, str]


@dataclass(frozen=True, eq=False)
class Run:
    """One run directory.

    Parameters
    ----------
    path : Path
        Holds ``results.json``, ``predictions.csv`` and ``maps.npz``.
    results : dict
        Content of ``results.json``.
    """

    path: Path
    results: dict[str, Any]

    @property
    def model(self) -> str:
        """Class of the network."""
        return str(self.results["config"]["model"]["_target_"]).rpartition(".")[2]

    @property
    def sees_images(self) -> bool:
        """Whether the network is two-dimensional."""
        network: Any = get_class(self.results["config"]["model"]["_target_"])
        return bool(network.input_kind == "image")

    @property
    def protocol(self) -> tuple[str, str, str, int]:
        """What runs must share to be compared: data, task, scheme, seed."""
        config = self.results["config"]
        return (
            self.results["data"],
            config["task"]["name"],
            config["cv"]["scheme"],
            config["seed"],
        )

    @property
    def explainers(self) -> dict[str, Any]:
        """Summaries by method."""
        found: dict[str, Any] = self.results["summary"]["explainers"]
        return found

    @cached_property
    def rows(self) -> list[dict[str, str]]:
        """Rows of ``predictions.csv``."""
        with (self.path / "predictions.csv").open(encoding="utf-8") as file:
            return list(csv.DictReader(file))

    @property
    def windows(self) -> list[Window]:
        """Record, start, end and label of each test window."""
        return [(r["record"], r["start"], r["end"], r["label"]) for r in self.rows]

    @property
    def subject(self) -> NDArray[np.str_]:
        """Of each test window."""
        return np.array([row["subject"] for row in self.rows])

    @property
    def true_positive(self) -> NDArray[np.bool_]:
        """Test windows that hold an event and are called positive."""
        return np.array([row["label"] == row["detected"] == "1" for row in self.rows])

    def scores(self, method: str, measure: str) -> NDArray[np.float64]:
        """Localisation of each test window: NaN where a map is blank or there is no event."""
        with np.load(self.path / "maps.npz") as stored:
            main = method == self.results["config"]["explain"]["methods"][0]
            profiles = stored["profiles" if main else f"profiles_{method}"]
            inside = stored["inside"]
        config = self.results["config"]
        near = round(config["explain"]["tolerance"] * config["task"]["sfreq"])
        return localisation(profiles, inside, near).score[:, MEASURES.index(measure)]


def load(directories: Sequence[Path]) -> list[Run]:
    """Find the runs below some directories that were explained, by task, scheme and model.

    Raises
    ------
    InputError
        If there is none.
    """
    found = [run for directory in directories for run in _below(directory)]
    if not found:
        raise InputError(
            f"no explained run in {', '.join(map(str, directories))}; name directories of runs "
            "made with explain=all, which hold results.json and maps.npz"
        )
    return sorted(found, key=lambda run: (*run.protocol, run.sees_images, run.model))


def _below(directory: Path) -> Iterator[Run]:
    for path in sorted(directory.rglob("results.json")):
        results = json.loads(path.read_text(encoding="utf-8"))
        maps = (path.parent / "maps.npz").exists()
        if maps and "explainers" in results.get("summary", {}):
            yield Run(path.parent, results)
