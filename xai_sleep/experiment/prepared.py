"""Recordings prepared one after another: in memory while they are few, else in files.

Of each the raw signals are let go before the next is read.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from importlib.metadata import version
from uuid import uuid4

import numpy as np

from xai_sleep import __version__
from xai_sleep.recordings.cache import GIB, Cache, Mapped
from xai_sleep.recordings.filtering import Bands, in_bands, prepare, require_long_enough
from xai_sleep.recordings.recording import Recording, fingerprint
from xai_sleep.schema import TaskConfig
from xai_sleep.windows.inputs import Input

log = logging.getLogger(__name__)


@dataclass
class Prepared:
    """Recordings, ready to be worked on."""

    recordings: list[Recording] = field(default_factory=list)  # broad-band: what figures show
    inputs: list[Recording] = field(default_factory=list)  # as the network sees them
    prints: dict[str, dict[str, str]] = field(default_factory=dict)  # of each as it was read


def prepared(
    stream: Iterable[Recording], task: TaskConfig, seen: Input, cache: Cache, memory: float
) -> Prepared:
    """Check and prepare recordings as they come; beyond ``memory`` GiB they go to the cache.

    InputError if one cannot be used.
    """
    found, filed, held = Prepared(), False, 0
    ways = [_Way(cache, task.sfreq, [(task.band[0], task.band[1])]), _Way.of(seen, cache)]
    if ways[0].alike(ways[1]):
        ways.pop()
    lists = [found.recordings, found.inputs][: len(ways)]
    for one in stream:
        require_long_enough(one, f"record {one.record}", bands=seen.bands, window=task.window)
        seen.check([one])
        found.prints[one.record] = fingerprint(one)
        key = found.prints[one.record]["signals"]
        for way, ready in zip(ways, lists, strict=True):
            ready.append(way.filed(one, key) if filed else way.prepare(one))
            held += ready[-1].signals.nbytes
        if not filed and held > memory * GIB:
            filed = True
            keys = [prints["signals"] for prints in found.prints.values()]
            for way, ready in zip(ways, lists, strict=True):
                ready[:] = (way.filed(each, k, each) for each, k in zip(ready, keys, strict=True))
    if filed:
        log.info("prepared signals are mapped from %s", cache)
    return found if len(ways) > 1 else replace(found, inputs=found.recordings)


@dataclass(frozen=True)
class _Way:
    """A way to prepare recordings."""

    cache: Cache
    sfreq: float
    bands: Bands
    own: Callable[[Recording], Recording] | None = None  # how an input of a user's own does it

    @classmethod
    def of(cls, seen: Input, cache: Cache) -> "_Way":
        """Prepare what a network sees."""
        own = None if type(seen).prepare is Input.prepare else seen.prepare
        return cls(cache, seen.sfreq, seen.bands, own)

    def alike(self, other: "_Way") -> bool:
        """Whether the other comes to the same."""
        mine, others = ((w.sfreq, list(w.bands), w.own) for w in (self, other))
        return mine == others

    def prepare(self, one: Recording) -> Recording:
        """Prepare in memory."""
        return self.own(one) if self.own else prepare(one, sfreq=self.sfreq, bands=self.bands)

    def filed(self, one: Recording, digest: str, ready: Recording | None = None) -> Recording:
        """Prepare into a file, unless it is there; from memory if it is ``ready``."""
        of_all = (
            f"{__version__} {version('scipy')} {version('mne')} {digest} {self.sfreq} {self.bands}"
        )
        if self.own:  # nobody knows what that depends on, so no other run may take it up
            ready, of_all = ready or self.own(one), uuid4().hex
        head = ready or replace(one, channels=in_bands(one.channels, self.bands), sfreq=self.sfreq)
        signals = self.cache.kept(
            hashlib.sha256(of_all.encode()).hexdigest()[:32],
            lambda: np.asfortranarray((ready or self.prepare(one)).signals),
        )
        parts = {each.name: getattr(head, each.name) for each in fields(head)}
        return Mapped(**parts | {"signals": signals})
