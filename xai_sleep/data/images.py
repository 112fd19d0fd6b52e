"""Images of real windows, computed once per experiment however many folds use them.

The image of a window does not depend on the fold, only on the recording, up to a factor that
scaling puts before its signals: coherence does not see it and a scalogram is shifted by it. So
images are computed from signals in µV, kept as float16 in memory up to a budget and else in files,
and shifted when they are asked for. Files are named after content and parameters and written by
rename: jobs in parallel can share them.
"""

import hashlib
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xai_sleep.data.recording import Recording, Signals
from xai_sleep.data.scaling import Amplitude
from xai_sleep.data.windows import Windows, cut_signals
from xai_sleep.data.wtc import Scalogram, WaveletCoherence
from xai_sleep.errors import InputError

log = logging.getLogger(__name__)

Transform: TypeAlias = WaveletCoherence | Scalogram
BATCH = 256


def image_transform(
    kind: str, *, n_chans: int, n_times: int, sfreq: float, band: tuple[float, float], size: int
) -> Transform:
    """Make the transform that a task names.

    Parameters
    ----------
    kind : {"coherence", "scalogram"}
        Of a pair of channels, or of one.
    n_chans : int
        Channels there are.
    n_times : int
        Samples per window.
    sfreq : float
        In Hz.
    band : (low, high)
        Frequencies shown, in Hz.
    size : int
        Rows and columns.

    Raises
    ------
    InputError
        If the number of channels does not fit the kind, or the band does not fit the window.
    """
    wanted = {"coherence": 2, "scalogram": 1}[kind]
    if n_chans != wanted:
        raise InputError(
            f"task.image={kind} is made of {wanted} channel{'s' * (wanted > 1)}, but "
            f"{n_chans} are named; set task.image_channels, or the other kind of image"
        )
    make = WaveletCoherence if kind == "coherence" else Scalogram
    return make(n_times, sfreq, fmin=band[0], fmax=band[1], n_freqs=size, n_out=size)


@dataclass(frozen=True, eq=False)
class _Stored:
    start: NDArray[np.int64]  # first sample of each window, ascending
    images: NDArray[np.float16]


class Images:
    """Images of windows over recordings, remembered for windows that were announced.

    Parameters
    ----------
    recordings : sequence of Recording
        Signals in µV.
    transform : Transform
        From signals ``(window, channel, time)`` to images ``(window, image, freq, time)``.
    memory : float
        Budget in GiB; beyond it images go to files.
    directory : Path
        Where these files are.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        transform: Transform,
        *,
        memory: float,
        directory: Path,
    ) -> None:
        self.signals = [recording.signals for recording in recordings]
        self.transform, self.memory, self.directory = transform, memory, directory
        first = self.signals[0][:, : transform.grid.n_times]
        self.shape = tuple(self.compute(first[np.newaxis]).shape[1:])
        self._stored: dict[int, _Stored] = {}

    def compute(self, signals: Signals) -> Tensor:
        """Images of any windows, as float32."""
        with torch.no_grad():
            batches = [signals[i : i + BATCH] for i in range(0, len(signals), BATCH)]
            return torch.cat([self.transform(torch.from_numpy(b.copy())) for b in batches])

    def remember(self, windows: Sequence[Windows]) -> None:
        """Compute the images of all these windows, or find them in files, once."""
        length, sfreq = windows[0].length, windows[0].sfreq
        record = np.concatenate([w.record for w in windows])
        start = np.concatenate([w.start for w in windows])
        pairs = np.unique(np.column_stack([record, start]), axis=0)
        bytes_in_all = len(pairs) * int(np.prod(self.shape)) * 2
        in_memory = bytes_in_all <= self.memory * 2**30
        for index in np.unique(pairs[:, 0]):
            starts = pairs[pairs[:, 0] == index, 1]
            of_record = Windows(np.full_like(starts, index), starts, starts * 0, length, sfreq)
            images = self._compute_all(of_record) if in_memory else self._in_file(of_record)
            self._stored[int(index)] = _Stored(starts, images)

    def of(
        self,
        windows: Windows,
        index: NDArray[np.int64] | slice,
        amplitudes: Sequence[Amplitude],
    ) -> Tensor:
        """Images of chosen windows as if the signals had been divided by their amplitude.

        Parameters
        ----------
        windows : Windows
            Of these recordings.
        index : int array or slice
            Which windows.
        amplitudes : sequence of arrays of shape (channel, 1)
            One per recording, in µV.

        Returns
        -------
        float32 Tensor of shape (window, image, freq, time)
        """
        record, start = windows.record[index], windows.start[index]
        out = torch.empty(len(record), *self.shape)
        for one in np.unique(record):
            rows = np.flatnonzero(record == one)
            stored = self._stored.get(int(one))
            at = None if stored is None else np.searchsorted(stored.start, start[rows])
            if stored is None or at is None or not _all_at(stored.start, at, start[rows]):
                chosen = np.arange(len(windows))[index][rows]
                images = self.compute(cut_signals(self.signals, windows, chosen))
            else:
                images = torch.from_numpy(stored.images[at].astype(np.float32))
            if isinstance(self.transform, Scalogram):  # its values are log10 of squared signals
                images -= 2 * float(np.log10(amplitudes[one][0, 0]))
            out[torch.from_numpy(rows)] = images
        return out

    def _compute_all(self, windows: Windows) -> NDArray[np.float16]:
        images = np.empty((len(windows), *self.shape), dtype=np.float16)
        for first in range(0, len(windows), BATCH):
            part = slice(first, first + BATCH)
            images[part] = self.compute(cut_signals(self.signals, windows, part)).numpy()
        return images

    def _in_file(self, windows: Windows) -> NDArray[np.float16]:
        key = hashlib.sha256(self.signals[windows.record[0]].tobytes())
        key.update(f"{type(self.transform).__name__} {self.transform.grid}".encode())
        key.update(windows.start.tobytes())
        path = self.directory / f"{key.hexdigest()[:32]}.npy"
        expected = (len(windows), *self.shape)
        try:
            images: NDArray[np.float16] = np.load(path, mmap_mode="r")
            if images.shape == expected and images.dtype == np.float16:
                return images
            raise ValueError(f"holds {images.shape} instead of {expected}")
        except FileNotFoundError:
            pass
        except (ValueError, OSError, EOFError) as error:
            log.warning("image cache: %s is damaged (%s) and is made again", path, error)
        images = self._compute_all(windows)
        beside = path.with_name(f".{os.getpid()}.{path.name}")
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            np.save(beside, images)
            beside.replace(path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            log.warning(
                "image cache: cannot write to %s (%s); its images stay in memory",
                self.directory,
                error.strerror,
            )
            return images
        return np.asarray(np.load(path, mmap_mode="r"))


def _all_at(starts: NDArray[np.int64], at: NDArray[np.intp], wanted: NDArray[np.int64]) -> bool:
    return bool(np.all(at < len(starts)) and np.array_equal(starts[at], wanted))
