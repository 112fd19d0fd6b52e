"""Mistakes of published practice that can be made on purpose, and which scheme can make them.

What each does is in :mod:`xai_sleep.leaks.practices`; how results made with one are marked is in
:mod:`xai_sleep.results.stamp`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xai_sleep.errors import InputError


@dataclass(frozen=True)
class Leak:
    """One mistake.

    Parameters
    ----------
    about : str
        What is done wrong.
    scheme : str or None
        The only cross-validation that can make it; None: any.
    why : str
        Why the other one cannot.
    """

    about: str
    scheme: str | None = None
    why: str = ""


LEAKS: Mapping[str, Leak] = {
    "smote_before_split": Leak(
        "synthetic windows are made of training, validation and test windows, then split"
    ),
    "overlapping_windows": Leak(
        "overlapping windows are dealt to folds at random, without a guard",
        "kfold",
        "cv=loso keeps all windows of a subject in one fold",
    ),
    "shared_subjects": Leak(
        "the other half of each test subject's time is in training",
        "loso",
        "cv=kfold has every subject on both sides as it is",
    ),
    "scaling_on_all": Leak(
        "amplitudes, and the normalisation of images, are estimated on training and test time alike"
    ),
    "test_as_validation": Leak(
        "stopping, weights, threshold and detector are chosen on the test windows"
    ),
    "carried_weights": Leak("each fold starts from the weights of the fold before it"),
    "unscored_as_negative": Leak("where no expert looked there is said to be no event"),
}


def chosen_leaks(asked: Sequence[str], scheme: str, *, synthetic: bool) -> list[str]:
    """Check the leaks asked for.

    Parameters
    ----------
    asked : sequence of str
        Names of :data:`LEAKS`, or ``all`` for every one that can be made.
    scheme : str
        The cross-validation, ``kfold`` or ``loso``.
    synthetic : bool
        Whether synthetic windows are made.

    Returns
    -------
    list of str
        In the order of :data:`LEAKS`, each once.

    Raises
    ------
    InputError
        If a name is unknown, or the mistake cannot be made here.

    Examples
    --------
    >>> chosen_leaks(["carried_weights", "scaling_on_all"], "loso", synthetic=True)
    ['scaling_on_all', 'carried_weights']
    """
    cannot = {n: leak.why for n, leak in LEAKS.items() if leak.scheme not in (None, scheme)}
    if not synthetic:
        cannot["smote_before_split"] = "balance.sampler is null, so no window is synthetic"
    for name in asked:
        if name not in LEAKS and name != "all":
            raise InputError(
                f"leak.names holds {name!r}; each must be one of all, {', '.join(LEAKS)}"
            )
        if name in cannot:
            raise InputError(
                f"leak.names holds {name}, which cannot be made here: {cannot[name]}; leave it out "
                "or choose otherwise"
            )
    return [name for name in LEAKS if name in asked or ("all" in asked and name not in cannot)]


def leaky_prefix(names: Any) -> str:
    """First part of the name of a run's directory, whatever stands in ``leak.names``."""
    return "LEAKY-" if names else ""
