"""Which practices are followed, and several as one."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from xai_sleep.errors import InputError
from xai_sleep.recordings.recording import Recording, Signals
from xai_sleep.schema import Config
from xai_sleep.windows.folds import Fold, Times
from xai_sleep.windows.practice import Balance, Balanced, Leak, Parts, Practice
from xai_sleep.windows.windows import Windows

# Here one answer is used whole; elsewhere a practice goes on with what another gives.
EXCLUSIVE = ("normalising", "choosing", "balanced", "start")


def chosen(practices: Iterable[Practice], config: Config) -> list[Practice]:
    """Check the practices asked for.

    Parameters
    ----------
    practices : iterable of Practice
        Each a leak.
    config : Config
        The settings they are to be followed with.

    Returns
    -------
    list of Practice
        In the order of their names, whatever order they were asked for in; without those that are
        wanted where possible and are not.

    Raises
    ------
    InputError
        If one does not say what it is, or cannot be followed here.
    """
    possible = {}
    for each in practices:
        name = _leak(each).name
        obstacle = each.obstacle(config)
        if obstacle and not each.where_possible:
            raise InputError(
                f"leak={name} cannot be made here: {obstacle}; leave it out or choose otherwise"
            )
        if not obstacle:
            possible[name] = each
    return [possible[name] for name in sorted(possible)]


def leaks(practices: Iterable[Practice]) -> tuple[Leak, ...]:
    """Name the mistakes that results are to be marked with."""
    return tuple(_leak(each) for each in practices)


def together(practices: Sequence[Practice]) -> Practice:
    """Make one practice of several, each handed what the one before it gives.

    Raises InputError if two change what only one can.
    """
    return _Together(practices) if practices else Practice()


def _leak(practice: Practice) -> Leak:
    """Account of a practice that is not the clean one."""
    if practice.leak is None:
        raise InputError(
            f"leak: {type(practice).__name__} does not say what it is, and results made with it "
            "must; give the class leak = Leak(name, about)"
        )
    return practice.leak


class _Together(Practice):
    def __init__(self, practices: Sequence[Practice]) -> None:
        super().__init__()
        self.practices = tuple(practices)
        self.only = {seam: self._only(seam) for seam in EXCLUSIVE}

    def _only(self, seam: str) -> Practice:
        """Practice that has its own way here, or the clean one."""
        clean = getattr(Practice, seam)
        found = [each for each in self.practices if getattr(type(each), seam) is not clean]
        if len(found) > 1:
            names = " and ".join(_leak(each).name for each in found)
            raise InputError(f"leak holds {names}, which both change {seam}; choose one of them")
        return found[0] if found else Practice()

    def recordings(self, recordings: list[Recording]) -> list[Recording]:
        for each in self.practices:
            recordings = each.recordings(recordings)
        return recordings

    def folds(
        self, folds: list[Fold], recordings: Sequence[Recording], config: Config
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
        return self.only["normalising"].normalising(parts)

    def choosing(self, fold: Fold) -> Times:
        return self.only["choosing"].choosing(fold)

    def balanced(
        self, balance: Balance, parts: Parts, cut: Callable[[Windows], Signals], seed: int
    ) -> Balanced:
        return self.only["balanced"].balanced(balance, parts, cut, seed)

    def start(self, weights: Path | None) -> Path | None:
        return self.only["start"].start(weights)
