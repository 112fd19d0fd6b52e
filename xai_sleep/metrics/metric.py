"""What a score is called and how it is read: declared once, where the score is computed."""

from dataclasses import dataclass
from typing import Literal

Best = Literal["high", "low", "zero", "none"]


@dataclass(frozen=True)
class Metric:
    """A score by name."""

    name: str  # in tables and files
    label: str  # in prose and on axes
    unit: str = ""  # empty for shares and scores without a unit
    best: Best = "high"  # which values are good; of a count none is

    @property
    def title(self) -> str:
        """Label with unit, as ``onset error (s)``."""
        return f"{self.label} ({self.unit})" if self.unit else self.label
