"""Resampling before splitting: synthetic training windows are mixtures of test windows."""

from collections.abc import Callable

import numpy as np

from xai_sleep.errors import InputError
from xai_sleep.recordings.recording import Signals
from xai_sleep.schema import Config
from xai_sleep.windows.practice import Balance, Balanced, Leak, Parts, Practice
from xai_sleep.windows.windows import Windows


class SmoteBeforeSplit(Practice):
    """Makes synthetic windows of all windows, then splits."""

    leak = Leak(
        "smote_before_split",
        "synthetic windows are made of training, validation and test windows, then split",
    )

    def obstacle(self, config: Config) -> str:
        """Require a sampler."""
        return (
            "" if config.balance.sampler else "balance.sampler is null, so no window is synthetic"
        )

    def balanced(
        self, balance: Balance, parts: Parts, cut: Callable[[Windows], Signals], seed: int
    ) -> Balanced:
        """Deal synthetic windows to training and test, as many as these are of all windows."""
        every = [parts.train, *parts.others]
        signals = np.concatenate([cut(part) for part in every])
        mixed, labels = balance(signals, np.concatenate([part.label for part in every]))
        n_train, n_all = len(parts.train), len(signals)
        if not np.array_equal(mixed[:n_all], signals):
            raise InputError(
                f"leak={self.leak.name} cannot be made here: balance.sampler takes windows away "
                "and makes none; choose balance=smote"
            )
        tested = np.random.default_rng(seed).random(len(mixed) - n_all) < len(parts.test) / n_all
        synthetic, of_class = mixed[n_all:], labels[n_all:]
        return Balanced(
            np.concatenate([mixed[:n_train], synthetic[~tested]]),
            np.concatenate([labels[:n_train], of_class[~tested]]),
            (synthetic[tested], of_class[tested]),
        )
