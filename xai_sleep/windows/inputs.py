"""Inputs: what a network sees of a window, and what a fold learns to scale it.

::

    recording ─▶ prepare ─▶ store ─▶ scaled by an amplitude ─▶ (images) z-scored ─▶ network
                            all folds share it                 learnt in training

What is learnt is the state of the module.
"""

import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xai_sleep.recordings.cache import Cache
from xai_sleep.recordings.filtering import prepare, require_fast_enough
from xai_sleep.recordings.intervals import Intervals
from xai_sleep.recordings.recording import Recording, Signals
from xai_sleep.windows.folds import Fold
from xai_sleep.windows.images import (
    BATCH,
    IMAGES,
    Images,
    Store,
    Transform,
    image_transform,
    images_of,
)
from xai_sleep.windows.windows import Index, Windows

log = logging.getLogger(__name__)

NORMAL = 1.4826  # standard deviation over median absolute deviation of a normal distribution

Amplitude = NDArray[np.float32]  # (channel, 1) in µV: what signals are to be divided by


def amplitudes_by_record(recordings: Sequence[Recording], fold: Fold) -> list[Amplitude]:
    """Estimate each record's own amplitude in training time and nowhere else.

    A record that only validates or tests is measured by its own signal in that role, as if it came
    from a new person. One that is in no part is measured as a whole.
    """
    found = []
    for one, *times in zip(recordings, fold.train, fold.val, fold.test, strict=True):
        pieces = (_samples(one, time) for time in times)
        found.append(amplitude([next((p for p in pieces if p.size), one.signals)]))
    return found


def amplitude(pieces: Iterable[Signals]) -> Amplitude:
    """Robust standard deviation per channel: signals are band-passed, their median is near zero.

    A channel that is zero more than half of the time is measured by its standard deviation instead.
    """
    joined = np.concatenate([*pieces], axis=1)
    robust = NORMAL * np.median(np.abs(joined), axis=1, keepdims=True, overwrite_input=True)
    scale = np.where(robust > 0, robust, joined.std(axis=1, keepdims=True))
    return np.where(scale > 0, scale, 1.0).astype(np.float32)


def _samples(recording: Recording, time: Intervals, channels: slice = slice(None)) -> Signals:
    edges = np.round(time * recording.sfreq).astype(int)
    signals = recording.signals[channels]
    pieces = [signals[:, a:b] for a, b in edges]
    return np.ascontiguousarray(np.concatenate([signals[:, :0], *pieces], axis=1))


Bands = Sequence[Sequence[float]]
Names = Sequence[Sequence[str]]


class Input(nn.Module, ABC):
    """What all inputs share: signals in bands, divided by an amplitude.

    ``channels`` holds accepted names, set where ``setting`` says; each is seen once in each band.
    """

    amplitude: Tensor | None

    def __init__(
        self, channels: Names, setting: str, bands: Bands, window: float, sfreq: float, scale: str
    ) -> None:
        super().__init__()
        self.channels, self.setting = channels, setting
        self.bands = [(float(low), float(high)) for low, high in bands]
        self.window, self.sfreq, self.n_times = window, sfreq, round(window * sfreq)
        learnt = torch.ones(len(channels) * len(bands), 1) if scale == "train" else None
        self.register_buffer("amplitude", learnt)

    @property
    @abstractmethod
    def shape(self) -> Mapping[str, int]:
        """Sizes of a window as the network sees it, in order: ``n_chans``, …, ``n_times``."""

    @abstractmethod
    def check(self, recordings: Sequence[Recording]) -> None:
        """Refuse recordings, or warn of them, that hold too little at their own rate."""

    def prepare(self, recording: Recording) -> Recording:
        """Resample and filter a recording: every channel once per band."""
        return prepare(recording, sfreq=self.sfreq, bands=self.bands)

    def store(
        self,
        recordings: Sequence[Recording],
        cache: Cache | None = None,  # noqa: ARG002 - for images
        memory: float = math.inf,  # noqa: ARG002
    ) -> Store:
        """Hold the windows of prepared recordings, for all folds."""
        return Store(recordings)

    def fit(self, store: Store, fold: Fold, windows: Windows) -> None:  # noqa: ARG002 - for images
        """Learn amplitudes in the fold's training time, and to normalise images by windows."""
        if self.amplitude is not None:
            for channel in range(len(self.amplitude)):  # all of one may take much memory
                pairs = zip(store.recordings, fold.train, strict=True)
                only = slice(channel, channel + 1)
                learnt = amplitude(_samples(one, time, only) for one, time in pairs)
                self.amplitude[channel] = torch.from_numpy(learnt[0])

    def amplitudes(self, recordings: Sequence[Recording], fold: Fold) -> list[Amplitude]:
        """Say what the signals of each prepared recording are divided by, in µV."""
        if self.amplitude is not None:
            return [self.amplitude.cpu().numpy()] * len(recordings)
        return amplitudes_by_record(recordings, fold)

    @abstractmethod
    def forward(self, stored: Tensor, amplitude: Amplitude) -> Tensor:
        """Scale windows of a store, all of one recording."""

    def seen(
        self, store: Store, windows: Windows, index: Index, amplitudes: Sequence[Amplitude]
    ) -> Tensor:
        """Show chosen windows as the network sees them, in the order asked for."""
        out, record = store.of(windows, index), windows.record[index]
        records = np.unique(record)
        if len(records) == 1:  # no copies of a part
            return self.forward(out, amplitudes[records[0]])
        for one in records:
            rows = torch.from_numpy(np.flatnonzero(record == one))
            out[rows] = self(out[rows], amplitudes[one])
        return out

    def held(self, signals: Signals) -> Tensor:
        """Keep windows that have no place in a recording, of scaled signals."""
        return torch.from_numpy(signals)

    def normalised(self, held: Tensor) -> Tensor:
        """Show windows that were kept by :meth:`held` as the network sees them."""
        return held


class SignalInput(Input):
    """Signals in ``band``, or in each of ``input_bands``: ``(window, channel, time)``."""

    def __init__(
        self,
        channels: Names,
        band: Sequence[float],
        input_bands: Bands | None = None,
        *,
        window: float,
        sfreq: float,
        scale: str = "record",
    ) -> None:
        super().__init__(channels, "task.channels", input_bands or [band], window, sfreq, scale)

    @property
    def shape(self) -> Mapping[str, int]:
        """Channels times bands, and samples."""
        return {"n_chans": len(self.channels) * len(self.bands), "n_times": self.n_times}

    def check(self, recordings: Sequence[Recording]) -> None:
        """Refuse what was sampled too slowly."""
        for one in recordings:
            require_fast_enough(one, f"record {one.record}", bands=self.bands)

    def forward(self, stored: Tensor, amplitude: Amplitude) -> Tensor:
        """Divide by the amplitude."""
        return stored / torch.from_numpy(amplitude)


class ImageInput(Input):
    """Images, ``(window, image, freq, time)``, each row z-scored by training windows.

    An ``image`` is the ``coherence`` of two channels, or the ``scalogram`` of one, in ``band``.
    They are ``image_channels`` of that kind where these are told, else ``channels``, or the first.
    """

    mean: Tensor
    sd: Tensor

    def __init__(
        self,
        image: str,
        image_channels: Mapping[str, Names | None],
        image_band: Sequence[float],
        image_size: int = 128,
        image_semantics: str = "pycwt",
        *,
        channels: Names = (),
        band: Sequence[float],
        window: float,
        sfreq: float,
        scale: str = "record",
    ) -> None:
        other = "" if image == "scalogram" else " (or task.image=scalogram, of one channel)"
        names, setting = image_channels.get(image), f"task.image_channels.{image}{other}"
        if names is None:
            names = channels[:1] if image == "scalogram" else channels
            setting = f"task.channels{other}"
        super().__init__(names, setting, [band], window, sfreq, scale)
        self.image_size = image_size
        grid = (self.n_times, sfreq, image_band, image_size, image_semantics)
        # in a tuple it is no part of the module
        self._transform = (image_transform(image, len(self.channels), *grid),)
        rows = (IMAGES[image], image_size, 1)
        self.register_buffer("mean", torch.zeros(rows))
        self.register_buffer("sd", torch.ones(rows))

    @property
    def transform(self) -> Transform:
        """From signals to images; it stays on the processor, whatever device the network is on."""
        return self._transform[0]

    @property
    def shape(self) -> Mapping[str, int]:
        """Images of a window, rows and columns."""
        size = self.image_size
        return {"n_chans": len(self.mean), "n_freqs": size, "n_times": size}

    def check(self, recordings: Sequence[Recording]) -> None:
        """Warn of records whose own sampling rate leaves the upper rows of their images empty."""
        fmax = min(self.transform.grid.fmax, self.sfreq / 2)
        slow = [f"{r.record} ({r.sfreq:g} Hz)" for r in recordings if r.sfreq / 2 < fmax]
        if slow:
            high = "task.image_band reaches up to %g Hz, which is more than half the sampling rate"
            empty = "of %s: the rows above show nothing of these records; lower task.image_band or"
            log.warning(f"{high} {empty} leave them out (data.records)", fmax, ", ".join(slow))

    def store(
        self,
        recordings: Sequence[Recording],
        cache: Cache | None = None,
        memory: float = math.inf,
    ) -> Images:
        """Compute images when they are asked for, once if they were announced.

        Beyond ``memory`` GiB they go to files of the cache.
        """
        return Images(recordings, self.transform, cache, memory)

    def fit(self, store: Store, fold: Fold, windows: Windows) -> None:
        """Learn mean and sd of each row over the windows and time as well."""
        super().fit(store, fold, windows)
        self.mean.zero_()
        self.sd.fill_(1)
        amplitudes = self.amplitudes(store.recordings, fold)
        sums = torch.zeros(2, *self.mean.shape, dtype=torch.float64)
        for index in np.array_split(np.arange(len(windows)), len(windows) // 256 + 1):
            batch = self.seen(store, windows, index, amplitudes).double()
            sums += torch.stack([(batch**power).mean(3, keepdim=True).sum(0) for power in (1, 2)])
        mean, square = sums / len(windows)
        # Images are kept as float16: what varies less than it can tell does not vary.
        self.sd.copy_((square - mean**2).clamp_min(1e-6).sqrt())
        self.mean.copy_(mean)

    def forward(self, stored: Tensor, amplitude: Amplitude) -> Tensor:
        """Shift images as if their signals had been divided by the amplitude, and z-score them."""
        return self.normalised(self.transform.rescaled(stored, amplitude))

    def held(self, signals: Signals) -> Tensor:
        """Compute images, in float16."""
        images = torch.empty(len(signals), *self.shape.values(), dtype=torch.float16)
        for i in range(0, len(signals), BATCH):
            images[i : i + BATCH] = images_of(self.transform, signals[i : i + BATCH])
        return images

    def normalised(self, held: Tensor) -> Tensor:
        """Z-score images."""
        return (held.float() - self.mean.to(held.device)).div_(self.sd.to(held.device))
