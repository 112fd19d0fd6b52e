"""Finished runs as the study needs them: their maps' scores, window by window."""

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
from xai_sleep.results.files import read_arrays
from xai_sleep.results.run import FILE, RunRecord
from xai_sleep.results.scores import Scores
from xai_sleep.results.test_windows import TestWindows

MAPS = "maps.npz"


@dataclass(frozen=True, eq=False)
class Run:
    """One run directory, which holds ``results.json``, ``predictions.csv`` and ``maps.npz``."""

    path: Path
    record: RunRecord

    @property
    def sees_images(self) -> bool:
        """Whether the network is two-dimensional."""
        network: Any = get_class(self.record.config.model["_target_"])
        return bool(network.input_kind == "image")

    @property
    def protocol(self) -> tuple[str, str, str, int]:
        """What runs must share to be compared: data, task, scheme, seed."""
        config = self.record.config
        return (self.record.data, config.task.name, config.cv.scheme, config.seed)

    @cached_property
    def table(self) -> Scores:
        """Every figure."""
        return self.record.table

    @cached_property
    def explainers(self) -> list[str]:
        """Whose maps were scored, the main one first."""
        return self.table.select(part="maps").distinct("who")

    @cached_property
    def windows(self) -> TestWindows:
        """Test windows of all folds."""
        return TestWindows.read(self.path / "predictions.csv")

    @property
    def true_positive(self) -> NDArray[np.bool_]:
        """Test windows that hold an event and are called positive."""
        return np.asarray((self.windows.label == 1) & self.windows.detected)

    def scores(self, method: str, measure: str) -> NDArray[np.float64]:
        """Localisation of each test window: NaN where a map is blank or there is no event."""
        stored, config = read_arrays(self.path / MAPS), self.record.config
        main = method == self.explainers[0]
        profiles = stored["profiles" if main else f"profiles_{method}"]
        near = round(config.explain.tolerance * config.task.sfreq)
        return localisation(profiles, stored["inside"], near).score[:, MEASURES.index(measure)]


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
    return sorted(found, key=lambda run: (*run.protocol, run.sees_images, run.record.model))


def _below(directory: Path) -> Iterator[Run]:
    for file in sorted(directory.rglob(FILE)):
        if file.with_name(MAPS).exists():
            yield Run(file.parent, RunRecord.load(file.parent))
