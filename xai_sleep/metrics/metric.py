"""What a score is called and how it is read: declared once, where the score is computed."""

from dataclasses import dataclass
from typing import Literal

Best = Literal["high", "low", "zero", "none"]


@dataclass(frozen=True)
class Metric:
    """A score by name.

    Parameters
    ----------
    name : str
        In tables and files.
    label : str
        In prose and on axes.
    unit : str
        Empty for shares and scores without a unit.
    best : {"high", "low", "zero", "none"}
        Which values are good; of a count none is.
    """

    name: str
    label: str
    unit: str = ""
    best: Best = "high"

    @property
    def title(self) -> str:
        """Label with unit.

        Examples
        --------
        >>> Metric("onset_error", "onset error", "s", "low").title
        'onset error (s)'
        """
        return f"{self.label} ({self.unit})" if self.unit else self.label
