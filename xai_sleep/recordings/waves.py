"""Waves of simulated recordings, and the noise that they are added to.

Signals are µV, times s, frequencies Hz; waveforms have shape ``(channel, time)`` for two channels.
A wave is drawn at ``times`` from its onset and lasts ``seconds``; its form is random.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

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


def k_complex(
    rng: Generator, times: Array, seconds: float, *, peaks: Range = (60.0, 130.0)
) -> Array:
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
