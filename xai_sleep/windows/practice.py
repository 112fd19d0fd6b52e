"""How an experiment is done, seam by seam: the clean practice, of which each leak is a variation.

::

    recordings ─▶ folds ─▶ windows, scaling, balance ─▶ first weights ─▶ further scores
    recordings    folds    parts, scaling, normalising,  start           further
                           choosing, balanced

Every seam is handed what the clean way gives and returns what is used instead. The clean practice
returns it as it is; :mod:`xai_sleep.leaks` holds the others, and nothing else knows of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xai_sleep.recordings.recording import Recording, Signals
from xai_sleep.windows.folds import Fold, Times
from xai_sleep.windows.windows import Windows

if TYPE_CHECKING:  # what follows is only named here
    from xai_sleep.schema import Config

Labels = NDArray[np.int64]


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
    """Training windows once their classes are evened out.

    Parameters
    ----------
    signals : float32 array of shape (window, channel, time)
        The windows given, then synthetic ones.
    labels : int64 array of shape (window,)
        Of each.
    held_out : tuple of (signals, labels), optional
        Synthetic windows that are tested and not trained on; the clean practice makes none.
    """

    signals: Signals
    labels: Labels
    held_out: tuple[Signals, Labels] | None = None


Balance = Callable[[Signals, Labels], tuple[Signals, Labels]]
"""Evens out the classes of windows: those given, then synthetic ones."""


class Practice:
    """The clean practice."""

    def recordings(self, recordings: list[Recording]) -> list[Recording]:
        """Take the recordings as they were read."""
        return recordings

    def folds(
        self,
        folds: list[Fold],
        recordings: Sequence[Recording],  # noqa: ARG002 - for leaks, as below
        config: "Config",  # noqa: ARG002
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


def together(practices: Sequence[Practice]) -> Practice:
    """Make one practice of several, each handed what the one before it gives."""
    return _Together(practices) if practices else Practice()


class _Together(Practice):
    def __init__(self, practices: Sequence[Practice]) -> None:
        self.practices = tuple(practices)

    def recordings(self, recordings: list[Recording]) -> list[Recording]:
        for each in self.practices:
            recordings = each.recordings(recordings)
        return recordings

    def folds(
        self, folds: list[Fold], recordings: Sequence[Recording], config: "Config"
    ) -> list[Fold]:
        for each in self.practices:
            folds = each.folds(folds, recordings, config)
        return folds

    def parts(self, parts: Parts, fold: Fold) -> Parts:
        for each in self.practices:
            parts = each.parts(parts, fold)
        return parts

    def scaling(self, fold: Fold, recordings: Sequence[Recording]) -> Fold:
        for each in self.practices:
            fold = each.scaling(fold, recordings)
        return fold

    def normalising(self, parts: Parts) -> Windows:
        chosen = [each.normalising(parts) for each in self.practices]
        return next((w for w in chosen if w is not parts.train), parts.train)

    def choosing(self, fold: Fold) -> Times:
        chosen = [each.choosing(fold) for each in self.practices]
        return next((time for time in chosen if time is not fold.val), fold.val)

    def balanced(
        self, balance: Balance, parts: Parts, cut: Callable[[Windows], Signals], seed: int
    ) -> Balanced:
        chosen = [each.balanced(balance, parts, cut, seed) for each in self.practices]
        return next((b for b in chosen if b.held_out is not None), chosen[0])

    def start(self, weights: Path | None) -> Path | None:
        chosen = [each.start(weights) for each in self.practices]
        return next((path for path in chosen if path is not None), None)
