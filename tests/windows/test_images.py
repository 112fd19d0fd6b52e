"""Images equal the transform of the scaled signals, are computed once, and survive bad files."""

import errno
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.images import LENGTH, SFREQ, Counted, directly, make_images, transform
from tests.support.inputs import image_input
from tests.support.recordings import make_recording
from tests.support.runs import ROOT
from xai_sleep.coherence.wtc import Scalogram, WaveletCoherence
from xai_sleep.errors import InputError
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.images import Images, file_key, image_transform
from xai_sleep.windows.inputs import ImageInput
from xai_sleep.windows.windows import Windows, cut

CHANNELS = {"coherence": ("one", "two"), "scalogram": ("one",)}
# Half a unit in the last place of float16, of values below 1 and below 8.
HALF = {"coherence": 2**-11, "scalogram": 2**-8}
KINDS = pytest.mark.parametrize("kind", CHANNELS)


def cohort(kind: str) -> list[Recording]:
    return [
        make_recording(name, seconds=40 + 7 * i, sfreq=SFREQ, channels=CHANNELS[kind], seed=i)
        for i, name in enumerate("abc")
    ]


def windows_of(recordings: list[Recording], step: float = 1.0) -> Windows:
    return cut(recordings, [r.scored for r in recordings], length=LENGTH / SFREQ, step=step)


def scales_of(recordings: list[Recording]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.uniform(5, 30, (len(r.channels), 1)).astype(np.float32) for r in recordings]


def stored(images: Images, windows: Windows) -> np.ndarray:
    return images.of(windows, slice(None)).numpy()


def seen(
    images: Images, windows: Windows, index: np.ndarray | slice, scales: list[np.ndarray]
) -> torch.Tensor:
    """Show images of scaled signals, by an input that was not fitted."""
    kind = "coherence" if images.transform.n_channels == 2 else "scalogram"
    return image_input(list(images.recordings), kind).seen(images, windows, index, scales)


@KINDS
@pytest.mark.parametrize("memory", [1.0, 0.0])
@pytest.mark.parametrize("remembered", ["all", "none", "every second", "those of one record"])
def test_images_are_those_of_the_scaled_signals(
    kind: str, memory: float, remembered: str, tmp_path: Path
) -> None:
    recordings = cohort(kind)
    windows, scales = windows_of(recordings), scales_of(recordings)
    images = make_images(recordings, kind, tmp_path, memory=memory)
    known = {
        "all": windows,
        "none": None,
        "every second": windows.take(slice(0, None, 2)),
        "those of one record": windows.take(np.flatnonzero(windows.record == 1)),
    }[remembered]
    if known is not None:
        images.remember([known.take(slice(20, None)), known.take(slice(30))])
    assert bool(list(tmp_path.iterdir())) == (memory == 0 and known is not None)
    index = np.random.default_rng(1).permutation(len(windows))[:60]
    shown = seen(images, windows, index, scales)
    expected = directly(recordings, windows.take(index), scales, kind)
    assert shown.dtype == torch.float32
    assert (shown - expected).abs().max() <= HALF[kind]
    if known is None:
        torch.testing.assert_close(shown, expected, rtol=0, atol=1e-5)
    assert len(seen(images, windows, index[:0], scales)) == 0
    assert torch.equal(
        seen(images, windows, slice(3, 9), scales), seen(images, windows, ROWS, scales)
    )


ROWS = np.arange(3, 9)


def test_scaling_leaves_coherence_alone_and_shifts_a_scalogram(tmp_path: Path) -> None:
    for kind in CHANNELS:
        recordings = cohort(kind)
        windows, images = windows_of(recordings), make_images(recordings, kind, tmp_path)
        one, ten = (
            seen(images, windows, slice(5), [np.full((len(r.channels), 1), x)] * 3)
            for r in recordings[:1]
            for x in (np.float32(1), np.float32(10))
        )
        shift = {"coherence": 0.0, "scalogram": 2.0}[kind]
        torch.testing.assert_close(ten, one - shift, rtol=0, atol=1e-6)


@pytest.mark.parametrize("memory", [1.0, 0.0])
def test_images_are_computed_once_however_many_folds_ask(memory: float, tmp_path: Path) -> None:
    recordings = cohort("coherence")
    windows = windows_of(recordings)
    folds = [windows.take(np.flatnonzero(windows.record != fold)) for fold in range(3)]
    images = make_images(recordings, "coherence", tmp_path, memory=memory)
    counted = images.transform
    assert isinstance(counted, Counted)
    counted.seen = 0
    for fold in folds:
        images.remember([fold.take(slice(None, None, 2)), fold.take(slice(1, None, 2))])
        stored(images, fold)
    assert counted.seen == len(windows)
    images.remember([windows_of(recordings, 0.5)])
    assert counted.seen == len(windows_of(recordings, 0.5))


def test_beyond_the_budget_images_come_from_files_with_equal_values(tmp_path: Path) -> None:
    recordings = cohort("coherence")
    windows = windows_of(recordings)
    held, filed = (make_images(recordings, "coherence", tmp_path, memory=m) for m in (1, 0))
    held.remember([windows])
    assert not list(tmp_path.iterdir())
    filed.remember([windows])
    assert len(list(tmp_path.glob("*.npy"))) == 3
    assert np.array_equal(stored(filed, windows), stored(held, windows))
    again = make_images(recordings, "coherence", tmp_path, memory=0)
    again.remember([windows])
    assert isinstance(again.transform, Counted)
    assert again.transform.seen == 1  # to learn the shape
    assert np.array_equal(stored(again, windows), stored(held, windows))


def garbage(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04" + bytes(1000))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def no_header(path: Path) -> None:
    path.write_bytes(b"\x93NUMPY\x01\x00\x76\x00{'descr': nonsense" + bytes(500))


def other_shape(path: Path) -> None:
    np.save(path, np.load(path)[:-1])


def other_dtype(path: Path) -> None:
    np.save(path, np.load(path).astype(np.float32))


@pytest.mark.parametrize("damage", [garbage, empty, truncated, no_header, other_shape, other_dtype])
def test_a_damaged_file_is_made_again_with_a_warning(
    damage: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recordings = cohort("coherence")[:1]
    windows = windows_of(recordings)
    make_images(recordings, "coherence", tmp_path, memory=0).remember([windows])
    (path,) = tmp_path.glob("*.npy")
    content = path.read_bytes()
    damage(path)
    images = make_images(recordings, "coherence", tmp_path, memory=0)
    images.remember([windows])
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert f"{path} cannot be used (" in caplog.text
    assert path.read_bytes() == content
    held = make_images(recordings, "coherence", tmp_path)
    held.remember([windows])
    assert np.array_equal(stored(images, windows), stored(held, windows))


def full(*_arguments: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("fault", ["Not a directory", "No space left on device"])
def test_a_cache_that_cannot_be_written_costs_a_warning(
    fault: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recordings, directory = cohort("coherence")[:1], tmp_path / "cache"
    windows = windows_of(recordings)
    if fault == "Not a directory":
        (tmp_path / "file").write_text("")
        directory = tmp_path / "file" / "cache"
    else:
        monkeypatch.setattr(np, "save", full)
    images = make_images(recordings, "coherence", directory, memory=0)
    images.remember([windows])
    assert len(caplog.messages) == 1
    assert fault in caplog.text or "File exists" in caplog.text
    assert "cache.folder" in caplog.text
    assert not [path for path in tmp_path.rglob("*") if path.suffix == ".npy"]
    assert isinstance(images.transform, Counted)
    seen = images.transform.seen
    held = make_images(recordings, "coherence", tmp_path)
    held.remember([windows])
    assert np.array_equal(stored(images, windows), stored(held, windows))
    images.remember([windows])
    assert images.transform.seen == seen


FILL = """
import sys
from pathlib import Path
from tests.windows.test_images import cohort, make_images, stored, windows_of
recordings = cohort("coherence")
windows = windows_of(recordings, 0.25)
images = make_images(recordings, "coherence", Path(sys.argv[1]), memory=0)
print("ready", flush=True)
sys.stdin.readline()
images.remember([windows])
sys.stdout.write(repr(float(stored(images, windows).astype("float64").sum())))
"""


def test_two_processes_can_fill_one_cache(tmp_path: Path) -> None:
    both = [
        subprocess.Popen(
            [sys.executable, "-c", FILL, str(tmp_path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    sums = {float(process.communicate(timeout=60)[0]) for process in both}
    recordings = cohort("coherence")
    held = make_images(recordings, "coherence", tmp_path)
    windows = windows_of(recordings, 0.25)
    held.remember([windows])
    assert sums == {float(stored(held, windows).astype(np.float64).sum())}
    assert len(list(tmp_path.glob("[!.]*.npy"))) == 3
    assert not list(tmp_path.glob(".*"))


def test_files_differ_when_anything_differs() -> None:
    signals = np.arange(200, dtype=np.float32).reshape(2, 100)
    starts = np.arange(5)
    coherence, scalogram = transform("coherence").parameters_key, transform("scalogram")
    grinsted = WaveletCoherence(LENGTH, SFREQ, 0.5, 8.0, 8, 8, "grinsted").parameters_key
    finer = WaveletCoherence(LENGTH, SFREQ, 0.5, 8.0, 9, 8).parameters_key
    changed = signals.copy()
    changed[1, 3] += 1e-4
    keys = [
        file_key(coherence, signals, starts),
        file_key(scalogram.parameters_key, signals, starts),
        file_key(grinsted, signals, starts),
        file_key(finer, signals, starts),
        file_key(coherence, changed, starts),
        file_key(coherence, signals.reshape(1, -1), starts),
        file_key(coherence, signals, starts[1:]),
    ]
    assert len(set(keys)) == len(keys)
    assert keys[0] == file_key(transform("coherence").parameters_key, signals.copy(), starts.copy())


def test_a_transform_is_made_of_the_settings() -> None:
    made = image_transform(
        "coherence",
        n_chans=2,
        n_times=500,
        sfreq=100,
        band=(1, 20),
        size=32,
        semantics="grinsted",
    )
    assert isinstance(made, WaveletCoherence)
    assert made.semantics == "grinsted"
    assert (made.freqs[0].item(), made.freqs[-1].item()) == pytest.approx((20, 1))
    assert made(torch.zeros(1, 2, 500)).shape == (1, 3, 32, 32)
    single = image_transform("scalogram", n_chans=1, n_times=500, sfreq=100, band=(1, 20), size=32)
    assert isinstance(single, Scalogram)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"n_chans": 1}, r"task\.image=coherence is made of 2 channels, but 1 are named; set task"),
        ({"kind": "scalogram"}, r"task\.image=scalogram is made of 1 channel, but 2 are named"),
        (
            {"band": (1, 60)},
            r"up to 60 Hz of signals at 100 Hz.*task\.image_band or raise task\.sf",
        ),
        ({"band": (0.1, 20)}, r"5 s is shorter than .* 0\.1 Hz; raise the lower frequency of task"),
        (
            {"size": 501},
            r"501 columns from windows of 500 samples; task\.image_size is 500 at most",
        ),
        ({"semantics": "matlab"}, r"task\.image_semantics is one of pycwt, grinsted"),
    ],
)
def test_settings_that_cannot_be_met_are_named(changed: dict[str, object], said: str) -> None:
    usual: dict[str, object] = {
        "kind": "coherence",
        "n_chans": 2,
        "n_times": 500,
        "sfreq": 100.0,
        "band": (1.0, 20.0),
        "size": 32,
    }
    make: Callable[..., object] = image_transform
    with pytest.raises(InputError, match=said):
        make(**(usual | changed))


def test_slow_records_are_named(caplog: pytest.LogCaptureFixture) -> None:
    rates = {"fast": 100.0, "slow": 50.0, "just": 60.0, "slower": 40.0}
    recordings = [make_recording(name, seconds=1, sfreq=rate) for name, rate in rates.items()]
    _images_up_to(30.0).check(recordings)
    (line,) = caplog.messages
    assert line.startswith("task.image_band reaches up to 30 Hz, which is more than half the samp")
    assert "slow (50 Hz), slower (40 Hz):" in line
    caplog.clear()
    _images_up_to(20.0).check(recordings)
    assert not caplog.messages


def _images_up_to(fmax: float) -> ImageInput:
    band = (1.0, fmax)
    return ImageInput("scalogram", {"scalogram": [["a"]]}, band, 8, band=band, window=5, sfreq=100)
