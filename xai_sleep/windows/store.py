"""Windows of recordings in µV, as they are before a fold scales them: shared by all folds."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.windows import Index, Windows, cut_signals


class Store:
    """Signals of windows of prepared recordings, cut when they are asked for."""

    # whether windows cost more to make than to look up, so that no fold holds copies of them
    looked_up: ClassVar[bool] = False

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self.recordings = recordings
        self.signals = [recording.signals for recording in recordings]

    def remember(self, windows: Sequence[Windows]) -> None:
        """Be told of windows that several folds will ask for."""

    def of(self, windows: Windows, index: Index) -> Tensor:
        """Return chosen windows: float32 of shape (window, channel, time)."""
        return torch.from_numpy(cut_signals(self.signals, windows, index))
