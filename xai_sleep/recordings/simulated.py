"""Simulated recordings with known truth: both tasks run without a file, and tests know the answer.

Signals are µV, times s, frequencies Hz; waveforms have shape ``(channel, time)``. A recording is a
coloured background to which waves are added one after another, never two at once: the events, and
distractors that share with them what a threshold would look at. Spindles come among alpha bursts
(stronger, but slower), muscle bursts (as strong at the same frequencies, but at others too) and
K-complexes; rapid eye movements among slow ones (as large, but smooth) and blinks (as sharp, but of
the same sign on both channels). Subjects differ in amplitude, noise and rates.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.recording import Recording, Scoring

Array = NDArray[np.float64]
Range = tuple[float, float]

_SCORED = 0.9  # share of a recording that the expert scored; waves go on after it
_REST = 0.3  # s without a wave, at least, around each run of waves
_PAUSES = (0.1, 0.3)  # s between the waves of a run
_MARGIN = 0.25  # s that an expert marks before and after a rapid eye movement
_EPOCH = 5.0  # s


@dataclass(frozen=True)
class _Kind:
    """A kind of wave: how often runs of it come, how many make a run, how long each lasts."""

    draw: Callable[[Generator, Array, float], Array]  # (rng, times, seconds) -> (channel, time)
    runs_per_minute: Range  # over subjects
    seconds: Range
    longest_run: int = 1


@dataclass(frozen=True)
class _Task:
    channels: tuple[str, str]
    stage: int
    kinds: tuple[_Kind, ...]  # the first one is the event, the others are distractors
    background: Callable[[Generator, int, float], Array]


def simulate(
    event: Literal["spindle", "rem"],
    *,
    subjects: int = 8,
    minutes: float = 10.0,
    sfreq: float = 100.0,
    seed: int = 0,
) -> list[Recording]:
    """Simulate one recording per subject.

    A recording depends on the seed, its own number and the other settings, not on how many
    subjects are simulated with it. The last tenth of each is unscored: its events are not listed.

    Parameters
    ----------
    event : {"spindle", "rem"}
        What the recordings hold: spindles on two EEG channels, or rapid eye movements on two EOGs.
    subjects : int
        Number of recordings.
    minutes : float
        Length of each in minutes.
    sfreq : float
        Sampling frequency in Hz.
    seed : int
        Seed of all randomness.

    Returns
    -------
    list of Recording
        Named ``synthetic1``, ``synthetic2``, …; each holds at least two events.

    Raises
    ------
    InputError
        If a setting leaves no room for a subject, two events or frequencies up to 30 Hz.
    """
    if subjects < 1:
        raise InputError(f"data.subjects is {subjects}; simulate at least 1 subject")
    if not minutes >= 1:  # NaN included
        raise InputError(
            f"data.minutes is {minutes:g}: too short for two events; simulate at least 1 minute"
        )
    if not sfreq > 60:
        raise InputError(
            f"task.sfreq is {sfreq:g} Hz: too low to hold 30 Hz; simulate at more than 60 Hz"
        )
    if seed < 0:
        raise InputError(f"seed is {seed}; choose 0 or a positive whole number")
    return [
        _record(event, number, minutes, sfreq, np.random.default_rng([seed, number]))
        for number in range(1, subjects + 1)
    ]


def _record(event: str, number: int, minutes: float, sfreq: float, rng: Generator) -> Recording:
    task, name = _TASKS[event], f"synthetic{number}"
    n_times = round(minutes * 60 * sfreq)
    duration = n_times / sfreq
    border = _SCORED * duration
    loudness, noise = rng.uniform(0.75, 1.35, size=2)
    rates = [rng.uniform(*kind.runs_per_minute) for kind in task.kinds]
    signals = noise * task.background(rng, n_times, sfreq)
    events = []
    # Two layouts, so that no wave crosses the border of scored time.
    scored = _layout(rng, task.kinds, rates, 0.0, border, least=2)
    unscored = _layout(rng, task.kinds, rates, border, duration, least=0)
    for kind, onset, seconds in chain(scored, unscored):
        first, last = np.ceil(np.array([onset, onset + seconds + _REST]) * sfreq).astype(int)
        times = np.arange(first, last) / sfreq - onset
        signals[:, first:last] += loudness * kind.draw(rng, times, seconds)
        if kind is task.kinds[0] and onset < border:
            events.append((onset, onset + seconds))
    scoring = Scoring(intervals(events), intervals([(0, border)]))
    return Recording(
        record=name,
        subject=name,
        signals=signals.astype(np.float32),
        channels=task.channels,
        sfreq=sfreq,
        events=scoring.events,
        scored=scoring.scored,
        stages=np.full(int(duration // _EPOCH), task.stage, dtype=np.int8),
        epoch=_EPOCH,
        scorers={"expert1": scoring},
    )


def _layout(
    rng: Generator,
    kinds: tuple[_Kind, ...],
    rates: list[float],
    start: float,
    stop: float,
    least: int,
) -> Iterator[tuple[_Kind, float, float]]:
    """Order runs of waves at random in ``[start, stop)`` s; yield kind, onset and length of each.

    Counts are rounded down, so that the longest runs of every kind still fit into a minute.
    """
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


def _noise(rng: Generator, n_times: int, sfreq: float, low: float, high: float = np.inf) -> Array:
    """Draw noise of unit variance: power 1/f from ``low`` to ``high`` Hz, next to none beyond."""
    freqs = np.fft.rfftfreq(n_times, 1 / sfreq)
    power = np.where(freqs < low, (freqs / low) ** 4, low / np.maximum(freqs, low))
    spectrum = np.fft.rfft(rng.standard_normal(n_times)) * np.sqrt(power * (freqs <= high))
    noise = np.fft.irfft(spectrum, n_times)
    return np.asarray(noise / noise.std())


def _eeg(rng: Generator, n_times: int, sfreq: float) -> Array:
    """Draw two EEG channels that share delta waves and half of their 1/f power."""
    shared, *own = (_noise(rng, n_times, sfreq, 0.3) for _ in range(3))
    delta = _noise(rng, n_times, sfreq, 0.6, 2.0)
    return np.stack([12 * (0.7 * shared + 0.7 * mine) + 12 * delta for mine in own])


def _eog(rng: Generator, n_times: int, sfreq: float) -> Array:
    """Draw two EOG channels: EEG that leaks into both alike, and noise of their own."""
    leak = 14 * _noise(rng, n_times, sfreq, 0.3) + 10 * _noise(rng, n_times, sfreq, 0.6, 2.0)
    return np.stack([leak + 9 * _noise(rng, n_times, sfreq, 0.3) for _ in range(2)])


def _swell(times: Array, seconds: float) -> Array:
    """Rise from 0 to 1 in the middle and fall back to 0; 0 outside."""
    return np.sin(np.pi * np.clip(times / seconds, 0, 1))


def _travel(rng: Generator, wave: Callable[[Array], Array], times: Array) -> Array:
    """Show an EEG wave at the central electrode, and later and weaker at the frontal one."""
    delay, gain = rng.uniform(0.01, 0.04), rng.uniform(0.5, 0.9)
    return np.stack([wave(times), gain * wave(times - delay)])


def _oscillation(
    rng: Generator, times: Array, seconds: float, *, band: Range, peaks: Range, lines: int = 1
) -> Array:
    """Sum cosines that wax and wane together, with the mean power of a single one."""
    freqs, phases = rng.uniform(*band, (lines, 1)), rng.uniform(0, 2 * np.pi, (lines, 1))
    peak = rng.uniform(*peaks) / np.sqrt(lines)

    def wave(at: Array) -> Array:
        carrier = np.cos(2 * np.pi * freqs * at + phases).sum(axis=0)
        return np.asarray(peak * carrier * np.sqrt(_swell(at, seconds)))

    return _travel(rng, wave, times)


def _k_complex(rng: Generator, times: Array, seconds: float) -> Array:
    """Draw a sharp negative wave, then a longer positive one."""
    peak = rng.uniform(60, 130)

    def wave(at: Array) -> Array:
        progress = np.clip(at / seconds, 0, 1)
        return np.asarray(-peak * np.sin(2 * np.pi * progress**0.7))

    return _travel(rng, wave, times)


def _rem(rng: Generator, times: Array, seconds: float) -> Array:
    """Draw a saccade, a hold and the slower way back; opposite signs on the two channels."""
    there, back = rng.uniform(0.05, 0.12), rng.uniform(0.1, 0.4) * seconds
    since, left = times - _MARGIN, seconds - _MARGIN - times
    ramps = np.clip(since / there, 0, 1) * np.clip(left / back, 0, 1)
    step = rng.choice([-1, 1]) * rng.uniform(70, 215) * np.sin(np.pi / 2 * ramps) ** 2
    return np.outer([1, -rng.uniform(0.7, 1.0)], step)


def _slow_movement(rng: Generator, times: Array, seconds: float) -> Array:
    """Draw one smooth swing of the eyes to either side (0.2-0.5 Hz); opposite signs."""
    swing = np.sin(2 * np.pi * np.clip(times / seconds, 0, 1)) * _swell(times, seconds)
    peak = rng.choice([-1, 1]) * rng.uniform(70, 300)
    return np.outer([1, -rng.uniform(0.7, 1.0)], peak * swing)


def _blink(rng: Generator, times: Array, seconds: float) -> Array:
    """Draw a short peak; same sign on both channels."""
    return np.outer([1, rng.uniform(0.4, 0.9)], rng.uniform(150, 350) * _swell(times, seconds) ** 2)


_SPINDLE = partial(_oscillation, band=(12.0, 15.0), peaks=(15.0, 40.0))
_ALPHA = partial(_oscillation, band=(8.0, 10.5), peaks=(20.0, 70.0))
_MUSCLE = partial(_oscillation, band=(7.0, 30.0), peaks=(20.0, 60.0), lines=12)

_TASKS = {
    "spindle": _Task(
        channels=("CZ-A1", "FP1-A1"),
        stage=2,
        background=_eeg,
        kinds=(
            _Kind(_SPINDLE, (1.5, 3.3), (0.5, 2.0)),
            _Kind(_ALPHA, (2.0, 4.0), (0.5, 2.5)),
            _Kind(_MUSCLE, (2.0, 4.0), (0.5, 2.0)),
            _Kind(_k_complex, (1.0, 2.0), (0.8, 1.3)),
        ),
    ),
    "rem": _Task(
        channels=("EOG1", "EOG2"),
        stage=4,
        background=_eog,
        kinds=(
            _Kind(_rem, (0.8, 1.8), (0.8, 2.0), longest_run=4),
            _Kind(_slow_movement, (1.5, 2.5), (2.0, 5.0)),
            _Kind(_blink, (4.0, 7.0), (0.2, 0.4)),
        ),
    ),
}
