"""MATLAB files that are whole, of another level, and damaged where SciPy would crash."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from scipy.sparse import eye_array

from xai_sleep.errors import InputError
from xai_sleep.recordings.matlab import require_sound

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


def test_files_that_scipy_ships_to_test_itself_are_sound() -> None:
    """Of all levels, machines and kinds of array."""
    folder = Path(scipy.io.matlab.__file__).parent / "tests/data"
    files = sorted(set(folder.glob("*.mat")) - set(folder.glob("bad_*")))
    if not files:
        pytest.skip("SciPy came without its tests")
    for path in files:
        require_sound(path)


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
    for content in (b"", b"MATLAB 7.3 MAT-file".ljust(126) + b"IM" + b"\x89HDF", b"x" * 500):
        (tmp_path / "n.set").write_bytes(content)
        require_sound(tmp_path / "n.set")
