"""How an experiment is done, seam by seam: the clean practice, of which each leak is a variation.

Every seam is handed what the clean way gives and returns what is used instead.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from xai_sleep.errors import InputError
from xai_sleep.recordings.recording import Recording, Signals
from xai_sleep.schema import Config
from xai_sleep.windows.folds import Fold, Records, Times
from xai_sleep.windows.windows import Labels, Windows


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


class Balanced(NamedTuple):
    """Training windows once their classes are evened out."""

    signals: Signals  # (window, channel, time) the windows given, then synthetic ones
    labels: Labels  # (window,) of each
    held_out: tuple[Signals, Labels] | None = None  # synthetic ones that are tested: a leak's


# evens out the classes of windows: those given, then synthetic ones
Balance = Callable[[Signals, Labels], tuple[Signals, Labels]]

# Here a practice goes on with what another gives; elsewhere one answer is used whole.
PASSED_ON = ("recordings", "folds", "parts", "scaling")
EXCLUSIVE = ("normalising", "choosing", "balanced", "start")


class Practice:
    """The clean practice; a leak overrides a seam. ``where_possible``: else it is left out."""

    leak: ClassVar[Leak | None] = None  # what output made with it is marked with

    def __init__(self, *, where_possible: bool = False) -> None:
        self.where_possible = where_possible

    def obstacle(self, config: Config) -> str:  # noqa: ARG002 - for leaks, as below
        """Say why it cannot be made with these settings; empty where it can."""
        return ""

    def recordings(self, recordings: Iterable[Recording]) -> Iterable[Recording]:
        """Take the recordings as they are read, one at a time."""
        return recordings

    def folds(self, folds: list[Fold], recordings: Records, config: Config) -> list[Fold]:
        """Take the folds as the scheme divides them."""
        del recordings, config
        return folds

    def parts(self, parts: Parts, fold: Fold) -> Parts:  # noqa: ARG002
        """Take the windows that were cut from the fold's times."""
        return parts

    def scaling(self, fold: Fold, recordings: Records) -> Fold:  # noqa: ARG002
        """Estimate amplitudes on the fold's own training time."""
        return fold

    def normalising(self, parts: Parts) -> Windows:
        """Normalise images by training windows."""
        return parts.train

    def choosing(self, fold: Fold) -> Times:
        """Choose a detector by validation time."""
        return fold.val

    def balanced(
        self, balance: Balance, parts: Parts, cut: Callable[[Windows], Signals], seed: int
    ) -> Balanced:
        """Make synthetic windows of training windows alone; ``cut`` gives scaled signals."""
        del seed
        return Balanced(*balance(cut(parts.train), parts.train.label))

    def start(self, weights: Path | None) -> Path | None:
        """Start from fresh weights: ``weights``, those of the fold before, are not looked at."""
        del weights
        return None


def chosen(practices: Iterable[Practice], config: Config) -> list[Practice]:
    """Check the leaks asked for, or InputError; sort by name, without those left out."""
    possible = {}
    for each in practices:
        name, obstacle = _leak(each).name, each.obstacle(config)
        if obstacle and not each.where_possible:
            remedy = "leave it out or choose otherwise"
            raise InputError(f"leak={name} cannot be made here: {obstacle}; {remedy}")
        if not obstacle:
            possible[name] = each
    return [possible[name] for name in sorted(possible)]


def leaks(practices: Iterable[Practice]) -> tuple[Leak, ...]:
    """Name the mistakes that results are to be marked with."""
    return tuple(map(_leak, practices))


def together(practices: Sequence[Practice]) -> Practice:
    """Make one practice of several; InputError if two change what only one can."""
    one = Practice()
    for seam in PASSED_ON:
        setattr(one, seam, partial(_through, [getattr(each, seam) for each in practices]))
    for seam in EXCLUSIVE:
        setattr(one, seam, getattr(_only(seam, practices), seam))
    return one


def _leak(practice: Practice) -> Leak:
    """Account of a practice that is not the clean one."""
    if practice.leak is None:
        silent = f"leak: {type(practice).__name__} does not say what it is"
        remedy = "give the class leak = Leak(name, about)"
        raise InputError(f"{silent}, and results made with it must; {remedy}")
    return practice.leak


def _through(steps: Sequence[Any], value: object, *rest: object) -> object:
    return reduce(lambda given, step: step(given, *rest), steps, value)


def _only(seam: str, practices: Sequence[Practice]) -> Practice:
    """Practice that has its own way here, or the clean one."""
    clean = getattr(Practice, seam)
    own = [each for each in practices if getattr(type(each), seam) is not clean]
    if len(own) > 1:
        names = " and ".join(_leak(each).name for each in own)
        raise InputError(f"leak holds {names}, which both change {seam}; choose one of them")
    return own[0] if own else Practice()
