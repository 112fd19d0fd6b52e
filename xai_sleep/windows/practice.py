"""How an experiment is done, seam by seam: the clean practice, of which each leak is a variation.

::

    recordings ─▶ folds ─▶ windows, scaling, balance ─▶ first weights ─▶ detector
    recordings    folds    parts, scaling, normalising,  start           choosing
                           balanced

Every seam is handed what the clean way gives and returns what is used instead. The clean practice
returns it as it is; :mod:`xai_sleep.leaks` holds the others, and nothing else knows of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xai_sleep.recordings.recording import Recording, Signals
from xai_sleep.schema import Config
from xai_sleep.windows.folds import Fold, Times
from xai_sleep.windows.windows import Windows

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Leak:
    """A mistake made on purpose: its name, and in a sentence what is done wrong."""

    name: str
    about: str


class Parts(NamedTuple):
    """Windows of a fold by purpose."""

    train: Windows
    val: Windows
    test: Windows

    @property
    def others(self) -> list[Windows]:
        """Windows that do not train, each once."""
        return [self.test] if self.val is self.test else [self.val, self.test]


@dataclass(frozen=True, eq=False)
class Balanced:
    """Training windows once their classes are evened out."""

    signals: Signals  # (window, channel, time) the windows given, then synthetic ones
    labels: Labels  # (window,) of each
    # synthetic windows that are tested and not trained on; the clean practice makes none
    held_out: tuple[Signals, Labels] | None = None


Balance = Callable[[Signals, Labels], tuple[Signals, Labels]]
"""Evens out the classes of windows: those given, then synthetic ones."""


class Practice:
    """The clean practice; a leak overrides a seam and says what it is.

    Parameters
    ----------
    where_possible : bool
        Leave it out where it cannot be made; otherwise asking for it there is refused.

    Attributes
    ----------
    leak : Leak or None
        What output made with it is marked with; the clean practice has none.
    """

    leak: ClassVar[Leak | None] = None

    def __init__(self, *, where_possible: bool = False) -> None:
        self.where_possible = where_possible

    def obstacle(self, config: Config) -> str:  # noqa: ARG002 - for leaks, as below
        """Say why it cannot be made with these settings; empty where it can."""
        return ""

    def recordings(self, recordings: list[Recording]) -> list[Recording]:
        """Take the recordings as they were read."""
        return recordings

    def folds(
        self,
        folds: list[Fold],
        recordings: Sequence[Recording],  # noqa: ARG002
        config: Config,  # noqa: ARG002
    ) -> list[Fold]:
        """Take the folds as the scheme divides them."""
        return folds

    def parts(self, parts: Parts, fold: Fold) -> Parts:  # noqa: ARG002
        """Take the windows that were cut from the fold's times."""
        return parts

    def scaling(self, fold: Fold, recordings: Sequence[Recording]) -> Fold:  # noqa: ARG002
        """Estimate amplitudes on the fold's own training time."""
        return fold

    def normalising(self, parts: Parts) -> Windows:
        """Normalise images by training windows."""
        return parts.train

    def choosing(self, fold: Fold) -> Times:
        """Choose a detector by validation time."""
        return fold.val

    def balanced(
        self,
        balance: Balance,
        parts: Parts,
        cut: Callable[[Windows], Signals],
        seed: int,  # noqa: ARG002
    ) -> Balanced:
        """Make synthetic windows of training windows alone.

        Parameters
        ----------
        balance : callable
            The task's way to even out classes.
        parts : Parts
            Windows of the fold.
        cut : callable
            Scaled signals of windows, float32 ``(window, channel, time)``.
        seed : int
            Of the run.
        """
        return Balanced(*balance(cut(parts.train), parts.train.label))

    def start(self, weights: Path | None) -> Path | None:
        """Start from fresh weights: ``weights``, those of the fold before, are not looked at."""
        del weights
        return None
