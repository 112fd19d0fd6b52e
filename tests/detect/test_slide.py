"""Windows slid over records and averaged: against loops, a hand-made network, at the borders."""

import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.support.networks import WEIGHTS
from tests.support.recordings import make_recording
from tests.support.runs import ROOT
from xai_sleep.detect.detector import RATE
from xai_sleep.detect.slide import Values, reading_of, slide
from xai_sleep.explain.attribution import attributable
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.recordings.intervals import intervals
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.images import Store
from xai_sleep.windows.windows import Windows, cut

LENGTH = 4.0


def batches(recordings: list[Recording], windows: Windows, size: int) -> Iterator[list[Tensor]]:
    store = Store(recordings)
    for first in range(0, len(windows), size):
        yield [store.of(windows, slice(first, first + size))]


def classifier() -> EventClassifier:
    return EventClassifier(WEIGHTS.network())


def recordings(sfreq: float) -> list[Recording]:
    return [
        make_recording("a", seconds=20.0, sfreq=sfreq, seed=1),
        make_recording("b", seconds=13.3, sfreq=sfreq, seed=2),
        make_recording("c", seconds=9.0, sfreq=sfreq, seed=3),
    ]


@pytest.mark.parametrize("sfreq", [10.0, 16.0, 100.0])
@pytest.mark.parametrize("size", [3, 1000])
def test_a_cell_is_the_mean_of_the_windows_that_cover_it(sfreq: float, size: int) -> None:
    """Of a sample in each, the one at the centre of the cell."""
    made = recordings(sfreq)
    within = [intervals([(0, 20)]), intervals([(0.5, 6.7), (7.3, 12)]), np.empty((0, 2))]
    windows = cut(made, within, length=LENGTH, step=0.5, to_the_end=True)
    model = classifier()
    found = slide(
        reading_of(model), batches(made, windows, size), windows, [r.duration for r in made]
    )
    assert sorted(found) == [0, 1]
    (everything,) = batches(made, windows, 10_000)
    read = reading_of(model)(everything[0], windows.length)
    for i, activation in found.items():
        assert len(activation.probability) == int(made[i].duration * RATE)
        for cell in range(len(activation.probability)):
            centre = (cell + 0.5) / RATE
            here = (windows.record == i) & (windows.start_time <= centre + 1e-9)
            here &= centre + 1e-9 < windows.end_time
            rows = np.flatnonzero(here)
            sample = ((centre - windows.start_time[rows]) * sfreq + 1e-6).astype(int)
            for name in ("probability", "relevance"):
                value = getattr(activation, name)[cell]
                if len(rows) == 0:
                    assert np.isnan(value)
                else:
                    assert value == pytest.approx(read[name][rows, sample].mean(), abs=1e-3)


def test_probability_and_relevance_are_those_of_the_network() -> None:
    windows = np.random.default_rng(0).normal(size=(6, 1, 40))
    model = classifier()
    found = reading_of(model)(torch.from_numpy(windows.astype(np.float32)), 40)
    with attributable(model):
        logits = model.network(torch.from_numpy(windows.astype(np.float32)))
    probability = logits.softmax(1)[:, 1].detach().numpy()[:, None]
    np.testing.assert_allclose(found["probability"], np.repeat(probability, 40, axis=1), rtol=1e-5)
    np.testing.assert_allclose(
        found["relevance"], probability * WEIGHTS.grad_cam(windows), atol=1e-5
    )


@pytest.mark.parametrize("end", [19.7, 20.0, 18.05])
def test_the_end_of_the_allowed_time_is_reached(end: float) -> None:
    (made,) = recordings(100.0)[:1]
    windows = cut([made], [intervals([(0, end)])], length=LENGTH, step=3.0, to_the_end=True)
    (found,) = slide(
        reading_of(classifier()), batches([made], windows, 99), windows, [20.0]
    ).values()
    known = np.flatnonzero(np.isfinite(found.probability))
    assert np.array_equal(known, np.arange(round(end * RATE)))


def test_no_window_is_no_activation() -> None:
    (made,) = recordings(10.0)[:1]
    windows = cut([made], [intervals([(0, 3.9)])], length=LENGTH, step=1.0, to_the_end=True)
    assert slide(reading_of(classifier()), [], windows, [20.0]) == {}


def test_any_reading_can_be_slid() -> None:
    """A ramp within each window averages to the windows' mean position."""

    def ramp(inputs: Tensor, n_times: int) -> dict[str, Values]:
        place = np.tile(np.arange(n_times) / n_times, (len(inputs), 1))
        return {"probability": place, "relevance": 1 - place}

    (made,) = recordings(10.0)[:1]
    windows = cut([made], [made.scored], length=LENGTH, step=1.0)
    (found,) = slide(ramp, batches([made], windows, 7), windows, [20.0]).values()
    np.testing.assert_allclose(found.probability + found.relevance, 1, atol=2e-3)
    assert found.probability[0] == 0
    assert found.probability[-1] == pytest.approx(0.975, abs=1e-3)
    # in the middle four windows cover a cell, at four places 1 s apart
    assert found.probability[100] == pytest.approx((0 + 0.25 + 0.5 + 0.75) / 4, abs=1e-3)


def test_the_network_is_left_in_the_mode_it_was_in() -> None:
    model = classifier()
    (made,) = recordings(10.0)[:1]
    windows = cut([made], [made.scored], length=LENGTH, step=1.0)
    for training in (True, False):
        model.train(training)
        slide(reading_of(model), batches([made], windows, 99), windows, [20.0])
        assert {part.training for part in model.modules()} == {training}


NIGHT = """
import resource
import numpy as np, torch
from tests.support.networks import WEIGHTS
from tests.support.recordings import make_recording
from tests.detect.test_slide import LENGTH, batches, classifier
from xai_sleep.detect.slide import reading_of, slide
from xai_sleep.windows.windows import cut
torch.set_num_threads(1)
night = make_recording(seconds=8 * 3600.0, sfreq=100.0)
windows = cut([night], [night.scored], length=5.0, step=0.1, to_the_end=True)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
reading, data = reading_of(classifier()), batches([night], windows, 256)
(found,) = slide(reading, data, windows, [night.duration]).values()
assert len(windows) > 287_000 and np.isfinite(found.relevance).all()
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(before / 2**20, after / 2**20)
"""


@pytest.mark.slow
def test_a_night_in_steps_of_a_tenth_of_a_second_fits_into_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NIGHT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    before, after = map(float, done.stdout.split())
    assert after < 1.5
    assert after - before < 0.25
