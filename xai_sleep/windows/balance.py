"""Class balance: synthetic windows for the training set, and for nothing else.

Any imbalanced-learn sampler can be named. Resampling after the split, on training windows alone,
is what keeps near-copies of test windows out of training (Vandewiele et al. 2021).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from hydra.utils import get_class
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.recording import Signals


def balance(
    signals: Signals,
    labels: NDArray[np.int64],
    *,
    sampler: Mapping[str, Any] | None,
    noise: float,
    seed: int,
    where: str,
) -> tuple[Signals, NDArray[np.int64]]:
    """Even out the classes of training windows.

    Parameters
    ----------
    signals : float32 array of shape (window, channel, time)
        Scaled training windows.
    labels : int64 array of shape (window,)
        0 or 1.
    sampler : mapping or None
        ``_target_`` names an imbalanced-learn sampler, the rest are its arguments; None leaves
        everything as it is.
    noise : float
        Standard deviation of white noise added to synthetic windows, in units of ``signals``.
    seed : int
        Of the sampler and the noise.
    where : str
        The fold, for messages.

    Returns
    -------
    signals, labels
        The windows given, then the synthetic ones; with an under-sampler those it keeps.

    Raises
    ------
    InputError
        If there is no positive window, fewer than the sampler needs, or the sampler fails.
    """
    n_positive = int(labels.sum())
    if n_positive == 0:
        raise InputError(
            f"{where}: none of the {len(labels)} training windows holds an event; check the "
            "annotations, or choose other records (data.records) or another scheme (cv)"
        )
    if sampler is None:
        return signals, labels
    n_real = len(signals)
    rows, new_labels = _resample(signals.reshape(n_real, -1), labels, sampler, seed, where)
    resampled = rows.reshape(-1, *signals.shape[1:]).astype(np.float32)
    if noise > 0:
        if not np.array_equal(resampled[:n_real], signals):
            raise InputError(
                f"balance.noise={noise:g} is for synthetic windows added to the real ones, but "
                f"{sampler['_target_']} takes windows away; set balance.noise=0"
            )
        synthetic = resampled[n_real:]
        synthetic += np.random.default_rng(seed).normal(0, noise, synthetic.shape)
    return resampled, np.asarray(new_labels, dtype=np.int64)


def _resample(
    rows: Signals, labels: NDArray[np.int64], sampler: Mapping[str, Any], seed: int, where: str
) -> tuple[Signals, NDArray[np.int64]]:
    """Call the sampler; what goes wrong there is said in words of the settings."""
    options = dict(sampler)
    name = options.pop("_target_")
    n_positive = int(labels.sum())
    for neighbours in ("k_neighbors", "n_neighbors"):
        number = options.get(neighbours)
        if isinstance(number, int) and n_positive <= number:
            raise InputError(
                f"{where}: {n_positive} positive training windows, but "
                f"balance.sampler.{neighbours}={number} needs at least {number + 1}; "
                "lower it or use balance=none"
            )
    try:
        method = get_class(name)(random_state=seed, **options)
        resampled, new_labels = method.fit_resample(rows, labels)
    except (AttributeError, ImportError, RuntimeError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{where}: {name} failed on {n_positive} positive of {len(labels)} training windows "
            f"({reason}); change balance.sampler or use balance=none"
        ) from error
    return resampled, new_labels
