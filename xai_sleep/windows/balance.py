"""Class balance: synthetic windows for the training set, and for nothing else.

Resampling after the split keeps near-copies of test windows out of training (Vandewiele 2021).
"""

import numpy as np
from hydra.utils import get_class
from numpy.typing import NDArray

from xai_sleep.components import Component
from xai_sleep.errors import InputError
from xai_sleep.recordings.recording import Signals
from xai_sleep.windows.windows import Labels

# Times the size of all windows, real and made, that SMOTE and ADASYN take at their peak: measured.
PEAK = 3.5


def fitting(
    labels: Labels, memory: float, per_window: float, per_made: float, seed: int
) -> NDArray[np.intp] | None:
    """Choose at random as many windows as can be evened out in ``memory`` bytes; None: all can.

    Classes keep their shares. A window takes so many bytes, and a made one more where it is kept.
    """
    counts = np.bincount(labels, minlength=2)
    every, made = 2 * counts.max() * per_window, np.ptp(counts) * per_made
    share = memory / max(PEAK * every, every + made, 1)
    if share >= 1:
        return None
    rng = np.random.default_rng(seed)
    places = (np.flatnonzero(labels == one) for one in (0, 1))
    drawn = [rng.choice(p, round(share * len(p)), replace=False) for p in places]
    return np.sort(np.concatenate(drawn))


def require_positive(labels: Labels, where: str) -> None:
    """Refuse (InputError) training windows of which none holds an event."""
    if not labels.any():
        remedy = "choose other records (data.records) or another scheme (cv)"
        none = f"none of the {len(labels)} training windows holds an event"
        raise InputError(f"{where}: {none}; check the annotations, or {remedy}")


def balance(
    signals: Signals, labels: Labels, sampler: Component | None, noise: float, seed: int, where: str
) -> tuple[Signals, Labels]:
    """Even out the classes: windows given, then synthetic ones; or those an under-sampler keeps.

    Windows are scaled, (window, channel, time); ``noise`` is the sd of white noise on synthetic
    ones; ``where`` names the fold. InputError if too few are positive or the sampler fails.
    """
    require_positive(labels, where)
    if sampler is None:
        return signals, labels
    n_real = len(signals)
    rows, new_labels = _resample(signals.reshape(n_real, -1), labels, sampler, seed, where)
    resampled = rows.reshape(-1, *signals.shape[1:]).astype(np.float32, copy=False)
    if noise > 0:
        if not np.array_equal(resampled[:n_real], signals):
            needs = f"balance.noise={noise:g} is for synthetic windows added to the real ones"
            taker = f"{sampler['_target_']} takes windows away"
            raise InputError(f"{needs}, but {taker}; set balance.noise=0")
        synthetic = resampled[n_real:]
        synthetic += np.random.default_rng(seed).normal(0, noise, synthetic.shape)
    return resampled, np.asarray(new_labels, dtype=np.int64)


def _resample(
    rows: Signals, labels: Labels, sampler: Component, seed: int, where: str
) -> tuple[Signals, Labels]:
    """Call the sampler; what goes wrong there is said in words of the settings."""
    options = dict(sampler)
    name = options.pop("_target_")
    n_positive = int(labels.sum())
    for neighbours in ("k_neighbors", "n_neighbors"):
        number = options.get(neighbours)
        if isinstance(number, int) and n_positive <= number:
            needs = f"balance.sampler.{neighbours}={number} needs at least {number + 1}"
            found = f"{where}: {n_positive} positive training windows"
            raise InputError(f"{found}, but {needs}; lower it or use balance=none")
    try:
        method = get_class(str(name))(random_state=seed, **options)
        resampled: tuple[Signals, Labels] = method.fit_resample(rows, labels)
    except (AttributeError, ImportError, RuntimeError, TypeError, ValueError) as error:
        failed = f"{name} failed on {n_positive} positive of {len(labels)} training windows"
        why = f"({str(error).splitlines()[0]}); change balance.sampler or use balance=none"
        raise InputError(f"{where}: {failed} {why}") from error
    return resampled
