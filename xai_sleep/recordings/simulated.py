"""Simulated recordings with known truth: tasks run without a file, and tests know the answer.

A recording is a coloured background to which waves are added one after another, never two at once:
the events, and distractors that share with them what a threshold would look at. Spindles come among
alpha bursts (stronger, but slower), muscle bursts (as strong at the same frequencies, but at others
too) and K-complexes; rapid eye movements among slow ones (as large, but smooth) and blinks (as
sharp, but of the same sign on both channels); K-complexes among delta waves and swings of the eyes
(as large, but smooth), alpha bursts (as steep, but no single wave) and spindles. Subjects differ in
amplitude, noise and rates.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

import numpy as np
from numpy.random import Generator

from xai_sleep.errors import InputError
from xai_sleep.recordings import waves
from xai_sleep.recordings.channels import pick_channels
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.names import chosen
from xai_sleep.recordings.recording import Recording, Scoring
from xai_sleep.recordings.sources import DataSource, Wanted, name_list
from xai_sleep.recordings.waves import Array, Range

_SCORED = 0.9  # share of a recording that the expert scored; waves go on after it
_REST = 0.3  # s without a wave, at least, around each run of waves
_PAUSES = (0.1, 0.3)  # s between the waves of a run
_EPOCH = 5.0  # s


@dataclass(frozen=True)
class Wave:
    """A kind of wave: how often runs of it come, how many make a run, how long each lasts."""

    draw: Callable[[Generator, Array, float], Array]  # (rng, times, seconds) -> (channel, time)
    runs_per_minute: Range  # over subjects
    seconds: Range
    longest_run: int = 1


@dataclass(frozen=True)
class Scene:
    """What the recordings of a task consist of; calling it simulates them."""

    channels: tuple[str, str]
    stage: int
    background: Callable[[Generator, int, float], Array]
    kinds: tuple[Wave, ...]  # the first one is the event, the others are distractors

    def __call__(
        self, *, subjects: int = 8, minutes: float = 10.0, sfreq: float = 100.0, seed: int = 0
    ) -> list[Recording]:
        """Simulate one recording per subject, see :func:`simulate`."""
        _require_room(subjects, minutes)
        if not sfreq > 60:
            raise InputError(
                f"task.sfreq is {sfreq:g} Hz: too low to hold 30 Hz; simulate at more than 60 Hz"
            )
        if seed < 0:
            raise InputError(f"seed is {seed}; choose 0 or a positive whole number")
        return [
            _record(self, number, minutes, sfreq, np.random.default_rng([seed, number]))
            for number in range(1, subjects + 1)
        ]


_SPINDLE = partial(waves.oscillation, band=(12.0, 15.0), peaks=(15.0, 40.0))
_ALPHA = partial(waves.oscillation, band=(8.0, 10.5), peaks=(20.0, 70.0))
_MUSCLE = partial(waves.oscillation, band=(7.0, 30.0), peaks=(20.0, 60.0), lines=12)

_AMONG_SPINDLES = (
    Wave(_SPINDLE, (1.5, 3.3), (0.5, 2.0)),
    Wave(_ALPHA, (2.0, 4.0), (0.5, 2.5)),
    Wave(_MUSCLE, (2.0, 4.0), (0.5, 2.0)),
    Wave(waves.k_complex, (1.0, 2.0), (0.8, 1.3)),
)
spindles = Scene(("CZ-A1", "FP1-A1"), 2, waves.eeg, _AMONG_SPINDLES)
_AMONG_MOVEMENTS = (
    Wave(waves.rapid_movement, (0.8, 1.8), (0.8, 2.0), longest_run=4),
    Wave(waves.slow_movement, (1.5, 2.5), (2.0, 5.0)),
    Wave(waves.blink, (4.0, 7.0), (0.2, 0.4)),
)
rapid_eye_movements = Scene(("EOG1", "EOG2"), 4, waves.eog, _AMONG_MOVEMENTS)
_AMONG_COMPLEXES = (
    Wave(partial(waves.k_complex, peaks=(60.0, 200.0)), (1.5, 3.0), (0.5, 1.3)),
    Wave(partial(waves.slow_wave, peaks=(60.0, 220.0)), (1.5, 3.0), (0.8, 2.0), longest_run=3),
    Wave(partial(waves.eye_swing, peaks=(60.0, 180.0)), (1.0, 2.0), (0.5, 1.5)),
    Wave(_ALPHA, (1.0, 2.0), (0.5, 2.0)),
    Wave(_SPINDLE, (1.0, 2.0), (0.5, 1.5)),
)
k_complexes = Scene(("CZ-A1", "FP1-A1"), 2, waves.eeg, _AMONG_COMPLEXES)

# by event, for notebooks; an experiment takes the one that its task names
SIMULATORS = {"spindle": spindles, "rem": rapid_eye_movements, "kcomplex": k_complexes}


def simulate(
    event: str, *, subjects: int = 8, minutes: float = 10.0, sfreq: float = 100.0, seed: int = 0
) -> list[Recording]:
    """Simulate one recording per subject: spindle, kcomplex (two EEGs) or rem (two EOGs).

    A recording (``synthetic1`` …) depends on the seed, its own number and the other settings, not
    on how many subjects are simulated with it. Each holds at least two events; the last tenth is
    unscored: its events are not listed.

    Raises InputError if a setting leaves no room for a subject, two events or 30 Hz.
    """
    if event not in SIMULATORS:
        raise InputError(f"event is {event!r}; {', '.join(SIMULATORS)} can be simulated")
    return SIMULATORS[event](subjects=subjects, minutes=minutes, sfreq=sfreq, seed=seed)


class Simulated(DataSource):
    """Recordings made by the simulator of the task: one per subject, or those named.

    Raises InputError if a setting cannot be used. ``others`` are ignored, see :class:`DataSource`.
    """

    name = "synthetic"

    def __init__(
        self,
        subjects: int = 8,
        minutes: float = 10.0,
        records: Sequence[str] | None = None,
        **others: object,  # noqa: ARG002
    ) -> None:
        _require_room(subjects, minutes)
        self.subjects, self.minutes = subjects, minutes
        self.records = name_list("data.records", records)

    def available(self, wanted: Wanted) -> bool:
        """Whether the task has a simulator."""
        return wanted.simulator is not None

    def describe(self) -> str:
        """Say that nothing is real."""
        return f"SIMULATED recordings ({self.subjects} of {self.minutes:g} min)"

    def load(self, wanted: Wanted) -> list[Recording]:
        """Simulate, and take the wanted channels; InputError if there are none to simulate."""
        if wanted.simulator is None:
            raise InputError(
                f"the task has no simulator of {wanted.event} (task.simulator is null), so "
                "data=synthetic has nothing to read; name one, or choose data=dreams or data=files"
            )
        made = wanted.simulator(
            subjects=self.subjects, minutes=self.minutes, sfreq=wanted.sfreq, seed=wanted.seed
        )
        asked = chosen(self.records, [one.record for one in made], "the simulation")
        whole = {one.record: one for one in made if one.record in asked}
        picked = pick_channels(whole, wanted.channels, wanted.setting)
        return [
            replace(one, signals=one.signals[list(map(one.channels.index, names))], channels=names)
            for one, names in zip(whole.values(), picked.values(), strict=True)
        ]


def _require_room(subjects: int, minutes: float) -> None:
    if not isinstance(subjects, int) or subjects < 1:
        raise InputError(f"data.subjects is {subjects!r}; simulate at least 1 subject")
    if not isinstance(minutes, int | float) or not 1 <= minutes < np.inf:  # two events need room
        raise InputError(f"data.minutes is {minutes!r}; simulate at least 1 minute")


def _record(scene: Scene, number: int, minutes: float, sfreq: float, rng: Generator) -> Recording:
    name = f"synthetic{number}"
    n_times = round(minutes * 60 * sfreq)
    duration = n_times / sfreq
    border = _SCORED * duration
    loudness, noise = rng.uniform(0.75, 1.35, size=2)
    rates = [rng.uniform(*kind.runs_per_minute) for kind in scene.kinds]
    signals = noise * scene.background(rng, n_times, sfreq)
    events = []
    # Two layouts, so that no wave crosses the border of scored time.
    scored = _layout(rng, scene.kinds, rates, (0.0, border), least=2)
    unscored = _layout(rng, scene.kinds, rates, (border, duration), least=0)
    for kind, onset, seconds in chain(scored, unscored):
        first, last = np.ceil(np.array([onset, onset + seconds + _REST]) * sfreq).astype(int)
        times = np.arange(first, last) / sfreq - onset
        signals[:, first:last] += loudness * kind.draw(rng, times, seconds)
        if kind is scene.kinds[0] and onset < border:
            events.append((onset, onset + seconds))
    scoring = Scoring(intervals(events), intervals([(0, border)]))
    stages = np.full(int(duration // _EPOCH), scene.stage, dtype=np.int8)
    known = (scoring.events, scoring.scored, stages, _EPOCH, {"expert1": scoring})
    return Recording(name, name, signals.astype(np.float32), scene.channels, sfreq, *known)


def _layout(
    rng: Generator, kinds: tuple[Wave, ...], rates: list[float], span: Range, *, least: int
) -> Iterator[tuple[Wave, float, float]]:
    """Order runs of waves at random in a span of time; yield kind, onset and length of each.

    Counts are rounded down, so that the longest runs of every kind still fit into a minute.
    """
    start, stop = span
    counts = [int(rate * (stop - start) / 60) for rate in rates]
    counts[0] = max(counts[0], least)
    runs = []
    for which in rng.permutation(np.repeat(np.arange(len(kinds)), counts)):
        kind = kinds[int(which)]
        size = int(rng.integers(1, kind.longest_run + 1))
        runs.append((kind, rng.uniform(*kind.seconds, size), rng.uniform(*_PAUSES, size)))
    busy = _REST + sum(float((lengths + pauses).sum()) + _REST for _, lengths, pauses in runs)
    shifts = np.sort(rng.uniform(0, stop - start - busy, len(runs)))
    time = start
    for (kind, lengths, pauses), wait in zip(runs, np.diff(shifts, prepend=0.0), strict=True):
        time += wait + _REST
        for length, pause in zip(lengths, pauses, strict=True):
            yield kind, time, length
            time += length + pause
