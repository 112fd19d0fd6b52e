"""Simulated recordings with known truth: tasks run without a file, and tests know the answer.

Waves are added one after another, never two at once, to a coloured background: the events, and
distractors that share with them what a threshold would look at. Signals are µV, times s,
frequencies Hz; waves are drawn at ``times`` from their onset and are ``(channel, time)``.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import chosen, pick_channels
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.recording import Recording, Scoring
from xai_sleep.recordings.sources import DataSource, Wanted, name_list

Array = NDArray[np.float64]
Range = tuple[float, float]

MARGIN = 0.25  # s that an expert marks before and after a rapid eye movement


def noise(rng: Generator, n_times: int, sfreq: float, low: float, high: float = np.inf) -> Array:
    """Draw noise of unit variance: power 1/f from ``low`` to ``high`` Hz, next to none beyond."""
    freqs = np.fft.rfftfreq(n_times, 1 / sfreq)
    power = np.where(freqs < low, (freqs / low) ** 4, low / np.maximum(freqs, low))
    spectrum = np.fft.rfft(rng.standard_normal(n_times)) * np.sqrt(power * (freqs <= high))
    noise = np.fft.irfft(spectrum, n_times)
    return np.asarray(noise / noise.std())


def eeg(rng: Generator, n_times: int, sfreq: float) -> Array:
    """Draw two EEG channels that share delta waves and half of their 1/f power."""
    shared, *own = (noise(rng, n_times, sfreq, 0.3) for _ in range(3))
    delta = noise(rng, n_times, sfreq, 0.6, 2.0)
    return np.stack([12 * (0.7 * shared + 0.7 * mine) + 12 * delta for mine in own])


def eog(rng: Generator, n_times: int, sfreq: float) -> Array:
    """Draw two EOG channels: EEG that leaks into both alike, and noise of their own."""
    leak = 14 * noise(rng, n_times, sfreq, 0.3) + 10 * noise(rng, n_times, sfreq, 0.6, 2.0)
    return np.stack([leak + 9 * noise(rng, n_times, sfreq, 0.3) for _ in range(2)])


def _progress(times: Array, seconds: float) -> Array:
    return np.clip(times / seconds, 0, 1)


def _swell(times: Array, seconds: float) -> Array:
    """Rise from 0 to 1 in the middle and fall back to 0; 0 outside."""
    return np.sin(np.pi * _progress(times, seconds))


def _travel(rng: Generator, wave: Callable[[Array], Array], times: Array) -> Array:
    """Show an EEG wave at the central electrode, and later and weaker at the frontal one."""
    delay, gain = rng.uniform(0.01, 0.04), rng.uniform(0.5, 0.9)
    return np.stack([wave(times), gain * wave(times - delay)])


def oscillation(
    rng: Generator, times: Array, seconds: float, *, band: Range, peaks: Range, lines: int = 1
) -> Array:
    """Sum cosines that wax and wane together, with the mean power of a single one."""
    freqs, phases = rng.uniform(*band, (lines, 1)), rng.uniform(0, 2 * np.pi, (lines, 1))
    peak = rng.uniform(*peaks) / np.sqrt(lines)

    def wave(at: Array) -> Array:
        carrier = np.cos(2 * np.pi * freqs * at + phases).sum(axis=0)
        return np.asarray(peak * carrier * np.sqrt(_swell(at, seconds)))

    return _travel(rng, wave, times)


def k_complex(rng: Generator, times: Array, seconds: float, *, peaks: Range = (60, 130)) -> Array:
    """Draw a sharp negative wave, then a longer positive one."""
    peak = rng.uniform(*peaks)
    return _travel(rng, lambda at: -peak * np.sin(2 * np.pi * _progress(at, seconds) ** 0.7), times)


def slow_wave(rng: Generator, times: Array, seconds: float, *, peaks: Range) -> Array:
    """Draw one smooth delta wave, that begins with either sign and is as steep going as coming."""
    peak = rng.choice([-1, 1]) * rng.uniform(*peaks)

    def wave(at: Array) -> Array:
        swing = np.sin(2 * np.pi * _progress(at, seconds))
        return np.asarray(peak * swing * np.sqrt(_swell(at, seconds)))

    return _travel(rng, wave, times)


def eye_swing(rng: Generator, times: Array, seconds: float, *, peaks: Range) -> Array:
    """Draw what eyes leave in the EEG: one smooth swing, larger at the frontal electrode."""
    swing = rng.uniform(*peaks) * _swell(times, seconds) ** 2
    return np.outer([1, rng.uniform(1.5, 2.5)], rng.choice([-1, 1]) * swing)


def rapid_movement(rng: Generator, times: Array, seconds: float) -> Array:
    """Draw a saccade, a hold and the slower way back; opposite signs on the two channels."""
    there, back = rng.uniform(0.05, 0.12), rng.uniform(0.1, 0.4) * seconds
    since, left = times - MARGIN, seconds - MARGIN - times
    ramps = np.clip(since / there, 0, 1) * np.clip(left / back, 0, 1)
    step = rng.choice([-1, 1]) * rng.uniform(70, 215) * np.sin(np.pi / 2 * ramps) ** 2
    return np.outer([1, -rng.uniform(0.7, 1.0)], step)


def slow_movement(rng: Generator, times: Array, seconds: float) -> Array:
    """Draw one smooth swing of the eyes to either side (0.2-0.5 Hz); opposite signs."""
    swing = np.sin(2 * np.pi * _progress(times, seconds)) * _swell(times, seconds)
    peak = rng.choice([-1, 1]) * rng.uniform(70, 300)
    return np.outer([1, -rng.uniform(0.7, 1.0)], peak * swing)


def blink(rng: Generator, times: Array, seconds: float) -> Array:
    """Draw a short peak; same sign on both channels."""
    return np.outer([1, rng.uniform(0.4, 0.9)], rng.uniform(150, 350) * _swell(times, seconds) ** 2)


_SCORED = 0.9  # share of a recording that the expert scored; waves go on after it
_REST = 0.3  # s without a wave, at least, around each run of waves
_PAUSES = (0.1, 0.3)  # s between the waves of a run
_EPOCH = 5.0  # s


class Wave(NamedTuple):
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
            remedy = "too low to hold 30 Hz; simulate at more than 60 Hz"
            raise InputError(f"task.sfreq is {sfreq:g} Hz: {remedy}")
        if seed < 0:
            raise InputError(f"seed is {seed}; choose 0 or a positive whole number")
        rngs = {number: np.random.default_rng([seed, number]) for number in range(1, subjects + 1)}
        return [_record(self, number, minutes, sfreq, rng) for number, rng in rngs.items()]


_SPINDLE = partial(oscillation, band=(12.0, 15.0), peaks=(15.0, 40.0))
_ALPHA = partial(oscillation, band=(8.0, 10.5), peaks=(20.0, 70.0))
_MUSCLE = partial(oscillation, band=(7.0, 30.0), peaks=(20.0, 60.0), lines=12)

_AMONG_SPINDLES = (
    Wave(_SPINDLE, (1.5, 3.3), (0.5, 2.0)),
    Wave(_ALPHA, (2.0, 4.0), (0.5, 2.5)),
    Wave(_MUSCLE, (2.0, 4.0), (0.5, 2.0)),
    Wave(k_complex, (1.0, 2.0), (0.8, 1.3)),
)
spindles = Scene(("CZ-A1", "FP1-A1"), 2, eeg, _AMONG_SPINDLES)
_AMONG_MOVEMENTS = (
    Wave(rapid_movement, (0.8, 1.8), (0.8, 2.0), longest_run=4),
    Wave(slow_movement, (1.5, 2.5), (2.0, 5.0)),
    Wave(blink, (4.0, 7.0), (0.2, 0.4)),
)
rapid_eye_movements = Scene(("EOG1", "EOG2"), 4, eog, _AMONG_MOVEMENTS)
_AMONG_COMPLEXES = (
    Wave(partial(k_complex, peaks=(60.0, 200.0)), (1.5, 3.0), (0.5, 1.3)),
    Wave(partial(slow_wave, peaks=(60.0, 220.0)), (1.5, 3.0), (0.8, 2.0), longest_run=3),
    Wave(partial(eye_swing, peaks=(60.0, 180.0)), (1.0, 2.0), (0.5, 1.5)),
    Wave(_ALPHA, (1.0, 2.0), (0.5, 2.0)),
    Wave(_SPINDLE, (1.0, 2.0), (0.5, 1.5)),
)
k_complexes = Scene(("CZ-A1", "FP1-A1"), 2, eeg, _AMONG_COMPLEXES)

# by event, for notebooks; an experiment takes the one that its task names
SIMULATORS = {"spindle": spindles, "rem": rapid_eye_movements, "kcomplex": k_complexes}


def simulate(
    event: str, *, subjects: int = 8, minutes: float = 10.0, sfreq: float = 100.0, seed: int = 0
) -> list[Recording]:
    """Simulate one recording per subject: spindle, kcomplex (two EEGs) or rem (two EOGs).

    A recording (``synthetic1`` …) does not depend on how many are simulated. Each holds at least
    two events; the last tenth is unscored.

    Parameters
    ----------
    event : {"spindle", "kcomplex", "rem"}
        What is marked.
    subjects : int
        Recordings, one a subject.
    minutes, sfreq : float
        Length of each, and its sampling rate in Hz.
    seed : int
        Of the random numbers.

    Raises
    ------
    InputError
        If a setting leaves no room for a subject, two events or 30 Hz.
    """
    if event not in SIMULATORS:
        raise InputError(f"event is {event!r}; {', '.join(SIMULATORS)} can be simulated")
    return SIMULATORS[event](subjects=subjects, minutes=minutes, sfreq=sfreq, seed=seed)


class Simulated(DataSource):
    """Recordings made by the simulator of the task: one per subject, or those named."""

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

    def load(self, wanted: Wanted) -> Iterator[Recording]:
        """Simulate, and take the wanted channels; InputError if there are none to simulate."""
        if wanted.simulator is None:
            lacking = f"the task has no simulator of {wanted.event} (task.simulator is null)"
            remedy = "name one, or choose data=dreams or data=files"
            raise InputError(f"{lacking}, so data=synthetic has nothing to read; {remedy}")
        made = wanted.simulator(
            subjects=self.subjects, minutes=self.minutes, sfreq=wanted.sfreq, seed=wanted.seed
        )
        asked = chosen(self.records, [one.record for one in made], "the simulation")
        whole = {one.record: one for one in made if one.record in asked}
        self.expected = len(whole)
        picked = pick_channels(whole, wanted.channels, wanted.setting)
        return (
            replace(one, signals=one.signals[list(map(one.channels.index, names))], channels=names)
            for one, names in zip(whole.values(), picked.values(), strict=True)
        )


def _require_room(subjects: int, minutes: float) -> None:
    if not isinstance(subjects, int) or subjects < 1:
        raise InputError(f"data.subjects is {subjects!r}; simulate at least 1 subject")
    if not isinstance(minutes, int | float) or not 1 <= minutes < np.inf:  # two events need room
        raise InputError(f"data.minutes is {minutes!r}; simulate at least 1 minute")


def _record(scene: Scene, number: int, minutes: float, sfreq: float, rng: Generator) -> Recording:
    name, n_times = f"synthetic{number}", round(minutes * 60 * sfreq)
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
    """Order runs of waves at random in a span of time; yield kind, onset and length of each."""
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
