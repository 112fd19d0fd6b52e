"""Networks that are not fresh: each fold's has been trained on what the fold tests."""

from pathlib import Path

from xai_sleep.windows.practice import Leak, Practice


class CarriedWeights(Practice):
    """Starts from the weights of the fold before."""

    leak = Leak("carried_weights", "each fold starts from the weights of the fold before it")

    def start(self, weights: Path | None) -> Path | None:
        """Keep the weights; the first fold has none to keep."""
        return weights
