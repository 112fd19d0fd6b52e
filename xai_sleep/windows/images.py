"""Images of real windows, computed once per experiment however many folds use them.

The image of a window does not depend on the fold, only on the recording, up to a factor that
scaling puts before its signals: coherence does not see it and a scalogram is shifted by it. So
images are computed from signals in µV and kept as float16 in memory up to a budget and else in
files (:mod:`xai_sleep.windows.image_files`); an input shifts them.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xai_sleep.coherence.wtc import Scalogram, WaveletCoherence
from xai_sleep.errors import InputError
from xai_sleep.recordings.recording import Recording, Signals
from xai_sleep.windows.image_files import file_key, kept
from xai_sleep.windows.store import Index, Store
from xai_sleep.windows.windows import Windows, cut_signals

log = logging.getLogger(__name__)

Transform: TypeAlias = WaveletCoherence | Scalogram
BATCH = 256
SIGNALS = {"coherence": 2, "scalogram": 1}
"""Channels that a kind of image is made of."""
IMAGES = {"coherence": 3, "scalogram": 1}
"""Channels that it has itself."""


def image_transform(
    kind: str,
    *,
    n_chans: int,
    n_times: int,
    sfreq: float,
    band: tuple[float, float],
    size: int,
    semantics: str = "pycwt",
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
    semantics : {"pycwt", "grinsted"}
        Of coherence.

    Raises
    ------
    InputError
        If the number of channels does not fit the kind, or the band does not fit the window.
    """
    wanted = SIGNALS[kind]
    if n_chans != wanted:
        raise InputError(
            f"task.image={kind} is made of {wanted} channel{'s' * (wanted > 1)}, but "
            f"{n_chans} are named; set task.image_channels, or the other kind of image"
        )
    grid = (n_times, sfreq, *band, size, size)
    return WaveletCoherence(*grid, semantics) if kind == "coherence" else Scalogram(*grid)


def warn_of_empty_rows(recordings: Sequence[Recording], fmax: float) -> None:
    """Name the records whose own sampling rate leaves the upper rows of their images empty.

    Parameters
    ----------
    recordings : sequence of Recording
        As read, before they are resampled to one rate.
    fmax : float
        Highest frequency shown, in Hz.
    """
    slow = [f"{r.record} ({r.sfreq:g} Hz)" for r in recordings if r.sfreq / 2 < fmax]
    if slow:
        log.warning(
            "task.image_band reaches up to %g Hz, which is more than half the sampling rate of %s: "
            "the rows above show nothing of these records; lower task.image_band or leave them out "
            "(data.records)",
            fmax,
            ", ".join(slow),
        )


def images_of(transform: Transform, signals: Signals) -> Tensor:
    """Images, float32 of shape (window, image, freq, time), of (window, channel, time)."""
    with torch.no_grad():
        batches = [signals[i : i + BATCH] for i in range(0, len(signals), BATCH)]
        return torch.cat([transform(torch.from_numpy(b.copy())) for b in batches])


@dataclass(frozen=True, eq=False)
class _Stored:
    start: NDArray[np.int64]  # first sample of each window, ascending
    images: NDArray[np.float16]

    def find(self, wanted: NDArray[np.int64]) -> NDArray[np.intp] | None:
        """Where the images of these windows are; None if any is missing."""
        at = np.searchsorted(self.start, wanted)
        found = np.all(at < len(self.start)) and np.array_equal(self.start[at], wanted)
        return at if found else None


class Images(Store):
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

    looked_up = True

    def __init__(
        self,
        recordings: Sequence[Recording],
        transform: Transform,
        *,
        memory: float,
        directory: Path,
    ) -> None:
        super().__init__(recordings)
        self.transform, self.memory, self.directory = transform, memory, directory
        nothing = np.zeros((1, transform.n_channels, transform.grid.n_times), dtype=np.float32)
        self.shape = tuple(self.compute(nothing).shape[1:])
        self._stored: dict[int, _Stored] = {}

    def compute(self, signals: Signals) -> Tensor:
        """Images of any windows, as float32."""
        return images_of(self.transform, signals)

    def remember(self, windows: Sequence[Windows]) -> None:
        """Compute the images of all these windows, or find them in files, unless they are known.

        To announce the windows of all folds at once costs least: what is known of a recording is
        kept, but a file is made for each larger set of its windows.
        """
        length, sfreq = windows[0].length, windows[0].sfreq
        record = np.concatenate([w.record for w in windows])
        start = np.concatenate([w.start for w in windows])
        wanted = {int(i): np.unique(start[record == i]) for i in np.unique(record)}
        for index, stored in self._stored.items():
            wanted[index] = np.union1d(stored.start, wanted.get(index, stored.start))
        bytes_in_all = sum(map(len, wanted.values())) * int(np.prod(self.shape)) * 2
        for index, starts in wanted.items():
            known = self._stored.get(index)
            if known is not None and len(known.start) == len(starts):
                continue
            of_record = Windows(np.full_like(starts, index), starts, starts * 0, length, sfreq)
            if bytes_in_all <= self.memory * 2**30:
                images = self._compute_all(of_record)
            else:
                images = self._in_file(of_record)
            self._stored[index] = _Stored(starts, images)

    def of(self, windows: Windows, index: Index) -> Tensor:
        """Look up chosen windows, or compute them: float32 of shape (window, image, freq, time)."""
        chosen = windows.take(index)
        out = torch.empty(len(chosen), *self.shape)
        for one in np.unique(chosen.record):
            rows = np.flatnonzero(chosen.record == one)
            stored = self._stored.get(int(one))
            at = None if stored is None else stored.find(chosen.start[rows])
            if stored is None or at is None:
                images = self.compute(cut_signals(self.signals, chosen, rows))
            else:
                images = torch.from_numpy(stored.images[at].astype(np.float32))
            out[torch.from_numpy(rows)] = images
        return out

    def _compute_all(self, windows: Windows) -> NDArray[np.float16]:
        """Compute what is not known of these windows, all of one recording."""
        known = self._stored.get(int(windows.record[0]))
        old = np.zeros(len(windows), dtype=np.bool_)
        images = np.empty((len(windows), *self.shape), dtype=np.float16)
        if known is not None:
            old = np.isin(windows.start, known.start)
            images[old] = known.images
        new = np.flatnonzero(~old)
        for first in range(0, len(new), BATCH):
            part = new[first : first + BATCH]
            images[part] = self.compute(cut_signals(self.signals, windows, part)).numpy()
        return images

    def _in_file(self, windows: Windows) -> NDArray[np.float16]:
        key = file_key(
            self.transform.parameters_key, self.signals[windows.record[0]], windows.start
        )
        shape = (len(windows), *self.shape)
        return kept(self.directory / f"{key}.npy", shape, lambda: self._compute_all(windows))
