"""Files that are whole, and those that would crash their reader or never end."""

import gzip
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from scipy.sparse import eye_array

from xai_sleep.errors import InputError
from xai_sleep.recordings.sound import require_sound

HELD: dict[str, Any] = {
    "data": np.ones((3, 100), "f4"),
    "chanlocs": np.array([(1, "C3"), (2, "M2")], dtype=[("labels", "O"), ("type", "O")]),
    "cells": np.array([1, "é研", np.zeros((0, 0))], dtype=object),
    "complex": np.array([1 + 2j]),
    "true": np.array([True]),
    "nested": {"a": [{"b": 1}, {"b": 2}]},
    "sparse": eye_array(3),
}


@pytest.mark.parametrize("compressed", [False, True])
def test_a_whole_file_is_sound_and_of_a_cut_one_it_is_told(
    tmp_path: Path, compressed: bool
) -> None:
    path = tmp_path / "n.set"
    scipy.io.savemat(path, HELD, appendmat=False, do_compression=compressed)
    require_sound(path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"n\.set is damaged: its parts do not fit"):
        require_sound(path)


def test_files_that_scipy_ships_to_test_itself_are_sound(tmp_path: Path) -> None:
    """Of all levels, machines and kinds of array."""
    folder = Path(scipy.io.matlab.__file__).parent / "tests/data"
    files = [p for p in folder.glob("*.mat") if not p.name.startswith(("bad_", "malformed"))]
    if not files:
        pytest.skip("SciPy came without its tests")
    for path in files:
        shutil.copy(path, tmp_path / "n.set")
        require_sound(tmp_path / "n.set")


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (176, 54),  # type of the samples
        (145, 8),  # they are complex, but nothing follows
        (180, 255),  # more samples than the file holds
        (152, 255),  # size of the shape
    ],
)
def test_damage_is_told(tmp_path: Path, at: int, value: int) -> None:
    path = tmp_path / "n.set"
    scipy.io.savemat(path, {"data": HELD["data"]}, appendmat=False)
    content = bytearray(path.read_bytes())
    content[at] = value
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match=r"n\.set is damaged"):
        require_sound(path)


def test_what_is_no_such_file_is_left_to_its_readers(tmp_path: Path) -> None:
    for content in (b"", b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM" + b"\x89HDF", b"x" * 500):
        (tmp_path / "n.set").write_bytes(content)
        require_sound(tmp_path / "n.set")


@pytest.mark.parametrize("name", ["n.fif", "n.fif.gz"])
def test_elements_that_lead_back_are_told(tmp_path: Path, name: str) -> None:
    """As MNE follows them, it would never come to an end."""
    first, last = struct.pack(">iiii", 100, 3, 4, 0) + b"abcd", struct.pack(">iiii", 100, 3, 0, 0)
    for after, size, damaged in ((-1, 0, False), (0, 0, False), (20, 0, True), (0, -36, True)):
        content = first + last + struct.pack(">iiii", 108, 0, size, after)
        packed = gzip.compress(content) if name.endswith("gz") else content
        (tmp_path / name).write_bytes(packed)
        if damaged:
            with pytest.raises(InputError, match="is damaged: its element at byte 36 leads back"):
                require_sound(tmp_path / name)
        elif after == -1:
            require_sound(tmp_path / name)
        else:
            with pytest.raises(InputError, match="is truncated: its last element is missing"):
                require_sound(tmp_path / name)
