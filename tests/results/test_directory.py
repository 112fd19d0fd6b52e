"""One process, one set of settings, whole files only."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from xai_sleep.errors import InputError
from xai_sleep.results.directory import RunDirectory, write_arrays, write_json, write_text

SETTINGS: dict[str, Any] = {"seed": 0, "task": {"name": "rem", "band": [0.5, 15.0]}}
ARRAYS: dict[str, NDArray[Any]] = {
    "probability": np.array([0.25, 1.0], dtype=np.float32),
    "maps": np.empty((0, 0)),
}

# Holds the directory until its standard input is closed.
HOLD = """
import sys
from pathlib import Path
from xai_sleep.results.directory import RunDirectory
with RunDirectory(Path(sys.argv[1])).claimed({}):
    print("held", flush=True)
    sys.stdin.read()
"""


def files(path: Path) -> set[str]:
    return {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}


def test_a_directory_is_made_with_its_parents(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path / "a" / "b")
    assert directory.fold("x") == tmp_path / "a" / "b" / "folds" / "x"
    assert directory.fold("x").is_dir()
    assert (tmp_path / "a" / "b" / "figures").is_dir()
    RunDirectory(tmp_path / "a" / "b")


def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot write to the output directory .*/file/run \(Not"):
        RunDirectory(tmp_path / "file" / "run")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_without_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="Permission denied"):
        RunDirectory(tmp_path / "run")


def test_the_same_settings_come_in_again(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    for _ in range(2):
        with directory.claimed(SETTINGS):
            assert json.loads((tmp_path / "settings.json").read_text()) == SETTINGS
    # A tuple is a list to JSON: no other setting.
    with directory.claimed({"seed": 0, "task": {"name": "rem", "band": (0.5, 15.0)}}):
        pass


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"seed": 1, "task": {"name": "rem", "band": [0.5, 15.0]}}, "seed"),
        ({"seed": 0, "task": {"name": "spindle", "band": [0.5, 14]}}, "task.band, task.name"),
        ({"seed": 0, "task": {"name": "rem", "band": [0.5, 15.0]}, "cv": {"k": 3}}, "cv.k"),
        ({"task": {"name": "rem", "band": [0.5, 15.0]}}, "seed"),
    ],
)
def test_other_settings_are_named_and_refused(
    settings: dict[str, Any], named: str, tmp_path: Path
) -> None:
    directory = RunDirectory(tmp_path)
    with directory.claimed(SETTINGS):
        pass
    said = rf"other settings \({named}\); to resume it repeat them"
    with pytest.raises(InputError, match=said), directory.claimed(settings):
        raise AssertionError("claimed with other settings")
    assert json.loads((tmp_path / "settings.json").read_text()) == SETTINGS
    with directory.claimed(SETTINGS):
        pass


def test_a_claim_ends_with_an_error(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    with pytest.raises(KeyError), directory.claimed(SETTINGS):
        raise KeyError
    with directory.claimed(SETTINGS):
        pass


def test_one_process_at_a_time(tmp_path: Path) -> None:
    """Another process is refused while the first one lives, and let in when it is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        complaint = rf"another run is at work in {tmp_path}; wait for it or choose another"
        with pytest.raises(InputError, match=complaint), RunDirectory(tmp_path).claimed({}):
            raise AssertionError("claimed twice")
        process.kill()
    with RunDirectory(tmp_path).claimed({}):
        pass


def test_a_fold_is_finished_by_its_metrics(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    write_arrays(directory.fold("a") / "test.npz", ARRAYS)
    assert not directory.finished("a")
    directory.write_fold("a", ARRAYS, {"name": "a", "f1": None})
    assert directory.finished("a")
    assert not directory.finished("b")
    arrays, metrics = directory.read_fold("a")
    assert metrics == {"name": "a", "f1": None}
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype
    assert files(tmp_path) == {"run.lock", "folds/a/test.npz", "folds/a/metrics.json"}


def test_a_fold_begins_in_an_empty_directory(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    (directory.fresh_fold("a") / "model.ckpt").write_text("half")
    directory.write_fold("b", ARRAYS, {})
    assert files(directory.fresh_fold("a")) == set()
    assert files(tmp_path) == {"run.lock", "folds/b/test.npz", "folds/b/metrics.json"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"f1": [float("nan")]}, object()])
def test_what_json_cannot_hold_leaves_the_old_file(value: Any, tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"f1": 1.0})
    with pytest.raises((ValueError, TypeError)):
        write_json(tmp_path / "x.json", value)
    assert json.loads((tmp_path / "x.json").read_text()) == {"f1": 1.0}
    assert files(tmp_path) == {"x.json"}


def test_files_are_replaced_and_never_written_to(tmp_path: Path) -> None:
    """A reader that has a file open keeps the old one, whole."""
    path = tmp_path / "x.txt"
    write_text(path, "old")
    with path.open() as reader:
        write_text(path, "longer than before: µV")
        assert reader.read() == "old"
    assert path.read_text(encoding="utf-8") == "longer than before: µV"
    assert files(tmp_path) == {"x.txt"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(content=JSON)
def test_json_comes_back_as_it_was(content: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    write_json(path, content)
    assert json.loads(path.read_text(encoding="utf-8")) == content
