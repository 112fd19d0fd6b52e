"""A cache of arrays: whole or not there, shared, bounded, and gone from memory once looked at."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.recordings import make_recording
from tests.support.runs import ROOT
from xai_sleep.recordings.cache import GIB, Cache, Mapped, SignalsOf, mapped

Floats = NDArray[np.float32]


def noise(seed: int = 0, order: str = "C") -> Floats:
    signals = np.random.default_rng(seed).standard_normal((3, 1000)).astype(np.float32)
    return np.asfortranarray(signals) if order == "F" else signals


def never() -> Floats:
    raise AssertionError("made again")


def files(folder: Path) -> list[str]:
    """Arrays of a folder; nothing else is in it but what says who uses them."""
    assert {path.name for path in folder.iterdir() if path.suffix != ".npy"} <= {
        "jobs",
        "cache.lock",
    }
    return sorted(path.stem for path in folder.glob("*.npy"))


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_is_made_once(order: str, tmp_path: Path) -> None:
    made = Cache(tmp_path, 1.0).kept("one", lambda: noise(order=order))
    again = Cache(tmp_path, 1.0).kept("one", never)
    for found in (made, again, np.load(tmp_path / "one.npy")):
        assert np.array_equal(found, noise())
        assert found.flags.f_contiguous == (order == "F")
    assert not made.flags.writeable
    assert files(tmp_path) == ["one"]


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)


def turned(path: Path) -> None:
    """Say that columns are stored one after another: every value is there, in another place."""
    content = path.read_bytes()
    path.write_bytes(content.replace(b"'fortran_order': False", b"'fortran_order': True "))


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("damage", [flipped, turned, cut_off])
def test_what_is_not_as_it_was_written_is_made_again(
    damage: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Cache(tmp_path, 1.0).kept("one", noise)
    content = (tmp_path / "one.npy").read_bytes()
    damage(tmp_path / "one.npy")
    assert np.array_equal(Cache(tmp_path, 1.0).kept("one", noise), noise())
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "one.npy cannot be used (" in caplog.text
    assert (tmp_path / "one.npy").read_bytes() == content


KEEP = """
import sys
from pathlib import Path
from tests.recordings.test_cache import noise
from xai_sleep.recordings.cache import Cache
def slowly():
    print("making", flush=True)
    sys.stdin.readline()
    return noise(3)
cache = Cache(Path(sys.argv[1]), float(sys.argv[2]))
cache.kept("three", slowly)
print("kept", flush=True)
sys.stdin.readline()
"""


def other_job(folder: Path, size: float) -> subprocess.Popen[str]:
    """Start a job that waits while it makes an array, and again when that is kept."""
    process = subprocess.Popen(
        [sys.executable, "-c", KEEP, str(folder), str(size)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "making\n"
    return process


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()


def test_the_folder_is_held_to_a_size_but_for_what_is_in_use(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It has room for three arrays; the one longest unused goes, another job's never does."""
    size = 3.5 * noise().nbytes / GIB
    process = other_job(tmp_path, size)
    go_on(process)
    assert process.stdout
    assert process.stdout.readline() == "kept\n"
    for key in ("one", "two"):
        Cache(tmp_path, size).kept(key, noise)
    for age, key in enumerate(("two", "one", "three")):  # the other job's is the oldest
        os.utime(tmp_path / f"{key}.npy", (1e9 - age, 1e9 - age))
    job = Cache(tmp_path, size)
    job.kept("four", noise)
    assert files(tmp_path) == ["four", "three", "two"]
    job.kept("five", noise)
    assert files(tmp_path) == ["five", "four", "three"]
    assert not caplog.messages
    job.kept("six", noise)
    assert files(tmp_path) == ["five", "four", "six", "three"]
    assert "all of it is in use by jobs at work" in caplog.text
    process.communicate("go\n", timeout=30)
    Cache(tmp_path, size).kept("seven", noise)
    assert files(tmp_path) == ["five", "four", "seven", "six"]
    assert "3 files of this run" in str(job)


def test_a_job_killed_while_it_writes_leaves_nothing_that_could_be_read(tmp_path: Path) -> None:
    process = other_job(tmp_path, 1.0)
    (job,) = (tmp_path / "jobs").glob("*.lock")
    (tmp_path / f".{job.stem}.three.npy").write_bytes(b"half of it")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    cache = Cache(tmp_path, 1.0)
    assert np.array_equal(cache.kept("three", lambda: noise(3)), noise(3))
    assert files(tmp_path) == ["three"]
    assert len(list((tmp_path / "jobs").glob("*.lock"))) == 1


def test_a_mapped_recording_holds_neither_memory_nor_files(tmp_path: Path) -> None:
    recording = make_recording(seconds=100, channels=("one", "two"))
    np.save(tmp_path / "signals.npy", np.asfortranarray(recording.signals))
    parts = {**vars(recording), "signals": mapped(tmp_path / "signals.npy")}
    one = Mapped(**parts)
    open_before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    other = replace(one, subject="other")
    many = [replace(other, record=str(i)) for i in range(50)]
    for each in (one, other, *many):
        assert isinstance(each, Mapped)
        assert np.array_equal(each.signals, recording.signals)
        assert each.duration == 100
    assert len(os.listdir("/proc/self/fd")) == open_before  # noqa: PTH208
    assert other.subject == "other"
    assert np.array_equal(SignalsOf(many)[3], recording.signals)
    in_memory = replace(one, signals=recording.signals[:1])
    assert in_memory.signals.shape == (1, 1000)
    part = replace(one, signals=one.signals[:, 10:])  # of a file is no file
    assert np.array_equal(part.signals, recording.signals[:, 10:])
