"""Windows of recordings in µV, shared by all folds: their signals, or images computed once.

Scaling puts a factor before signals: coherence does not see it, a scalogram is shifted by it. So
images of signals in µV are kept as float16, and an input shifts them.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xai_sleep import __version__
from xai_sleep.coherence.wtc import Scalogram, WaveletCoherence
from xai_sleep.errors import InputError
from xai_sleep.recordings.cache import GIB, Cache, Handle, SignalsOf
from xai_sleep.recordings.recording import Recording, Signals
from xai_sleep.windows.windows import Index, Windows, cut_signals

Transform: TypeAlias = WaveletCoherence | Scalogram
Stack: TypeAlias = NDArray[np.float16]
Stored: TypeAlias = tuple[NDArray[np.int64], Handle[np.float16]]  # first samples, ascending, images
BATCH = 256
IMAGES = {"coherence": 3, "scalogram": 1}  # channels of a kind of image


def image_transform(
    kind: str,
    n_chans: int,
    n_times: int,
    sfreq: float,
    band: Sequence[float],
    size: int,
    semantics: str = "pycwt",
) -> Transform:
    """Make the transform of a task, or InputError; ``band`` in Hz, ``size`` rows and columns."""
    wanted = (WaveletCoherence if kind == "coherence" else Scalogram).n_channels
    if n_chans != wanted:
        made = f"made of {wanted} channel{'s' * (wanted > 1)}, but {n_chans} are named"
        remedy = "set task.image_channels, or the other kind of image"
        raise InputError(f"task.image={kind} is {made}; {remedy}")
    grid = (n_times, sfreq, float(band[0]), float(band[1]), size, size)
    return WaveletCoherence(*grid, semantics) if kind == "coherence" else Scalogram(*grid)


def images_of(transform: Transform, signals: Signals) -> Tensor:
    """Images, float32 of shape (window, image, freq, time), of (window, channel, time)."""
    with torch.no_grad():
        batches = [signals[i : i + BATCH] for i in range(0, len(signals), BATCH)]
        return torch.cat([transform(torch.from_numpy(b.copy())) for b in batches])


class Store:
    """Signals of windows of prepared recordings, cut when they are asked for."""

    looked_up: ClassVar[bool] = False  # whether that costs less than to make: folds hold no copies

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self.recordings = recordings
        self.signals = SignalsOf(recordings)

    def remember(self, windows: Iterable[Windows]) -> None:
        """Be told of windows that several folds will ask for."""

    def of(self, windows: Windows, index: Index) -> Tensor:
        """Return chosen windows: float32 of shape (window, channel, time)."""
        return torch.from_numpy(cut_signals(self.signals, windows, index))


class Images(Store):
    """Images of windows, kept if announced; beyond ``memory`` GiB as files of a cache."""

    looked_up = True

    def __init__(
        self,
        recordings: Sequence[Recording],
        transform: Transform,
        cache: Cache | None = None,
        memory: float = math.inf,
    ) -> None:
        super().__init__(recordings)
        self.transform, self.cache, self.memory = transform, cache, memory
        nothing = np.zeros((1, transform.n_channels, transform.grid.n_times), dtype=np.float32)
        self.shape = tuple(self.compute(nothing).shape[1:])
        self._stored: dict[int, Stored] = {}

    def compute(self, signals: Signals) -> Tensor:
        """Images of any windows, as float32."""
        return images_of(self.transform, signals)

    def remember(self, windows: Iterable[Windows]) -> None:
        """Compute the images of all these windows, or find them in files, unless they are known."""
        wanted = {index: known for index, (known, _) in self._stored.items()}
        for part in windows:
            like = part
            for index in np.unique(part.record).tolist():
                starts = part.start[part.record == index]
                wanted[index] = np.union1d(wanted.get(index, starts), starts)
        bytes_in_all = sum(map(len, wanted.values())) * int(np.prod(self.shape)) * 2
        for index, starts in wanted.items():
            if index in self._stored and len(self._stored[index][0]) == len(starts):
                continue
            of_record = replace(
                like, record=np.full_like(starts, index), start=starts, label=starts * 0
            )
            make = self._compute_all if bytes_in_all <= self.memory * GIB else self._in_file
            self._stored[index] = (starts, Handle(make(of_record)))

    def of(self, windows: Windows, index: Index) -> Tensor:
        """Look up chosen windows, or compute them: float32 of shape (window, image, freq, time)."""
        chosen = windows.take(index)
        out = torch.empty(len(chosen), *self.shape)
        for one in np.unique(chosen.record):
            rows = np.flatnonzero(chosen.record == one)
            images = self._found(int(one), chosen.start[rows])
            if images is None:
                images = self.compute(cut_signals(self.signals, chosen, rows))
            out[torch.from_numpy(rows)] = images
        return out

    def _found(self, record: int, start: NDArray[np.int64]) -> Tensor | None:
        """Images of windows of a record; None if any is missing."""
        known, images = self._stored.get(record, (start[:0], None))
        at = np.searchsorted(known, start)
        if images is None or at.max() >= len(known) or not np.array_equal(known[at], start):
            return None
        return torch.from_numpy(images.array[at].astype(np.float32))

    def _compute_all(self, windows: Windows) -> Stack:
        """Compute what is not known of these windows, all of one recording."""
        images = np.empty((len(windows), *self.shape), dtype=np.float16)
        known, there = self._stored.get(int(windows.record[0]), (windows.start[:0], None))
        old = np.isin(windows.start, known)
        images[old], new = images[:0] if there is None else there.array, np.flatnonzero(~old)
        for first in range(0, len(new), BATCH):
            part = new[first : first + BATCH]
            images[part] = self.compute(cut_signals(self.signals, windows, part)).numpy()
        return images

    def _in_file(self, windows: Windows) -> Stack:
        if self.cache is None:
            return self._compute_all(windows)
        signals = self.signals[windows.record[0]]
        key = file_key(self.transform.parameters_key, signals, windows.start)
        return self.cache.kept(key, lambda: self._compute_all(windows))


def file_key(parameters: tuple[object, ...], signals: Signals, starts: NDArray[np.int64]) -> str:
    """Name of a file: alike in every process, and different when anything differs."""
    key = hashlib.sha256(f"{__version__} {parameters} {signals.shape} {len(starts)}".encode())
    key.update(np.ascontiguousarray(signals).tobytes())
    key.update(starts.tobytes())
    return key.hexdigest()[:32]
