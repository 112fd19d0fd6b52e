"""Choices made on the windows that are then scored."""

from xai_sleep.windows.folds import Fold, Times
from xai_sleep.windows.practice import Leak, Parts, Practice


class TestAsValidation(Practice):
    """Validates on the test windows."""

    leak = Leak(
        "test_as_validation",
        "stopping, weights, threshold and detector are chosen on the test windows",
    )

    def parts(self, parts: Parts, fold: Fold) -> Parts:  # noqa: ARG002
        """Take the test windows for validation."""
        return parts._replace(val=parts.test)

    def choosing(self, fold: Fold) -> Times:
        """Choose a detector by test time."""
        return fold.test
