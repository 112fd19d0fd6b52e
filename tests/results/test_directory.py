"""One process, one set of settings, whole files only."""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.outcomes import fold_record, outcome, recording
from xai_sleep.detect.detector import Activation
from xai_sleep.errors import InputError
from xai_sleep.recordings.cache import mapped
from xai_sleep.recordings.recording import Recording, Scoring, fingerprint
from xai_sleep.results.directory import RunDirectory
from xai_sleep.results.files import Leak, Stamp, read_json, write_arrays, write_json, write_text
from xai_sleep.results.outcome import FoldOutcome

SETTINGS: dict[str, Any] = {"seed": 0, "task": {"name": "rem", "band": [0.5, 15.0]}}
OUTCOME = outcome("a", [0, 1, 1], [0.25, 1.0, 0.5], threshold=0.6)

# Holds the directory until its standard input is closed.
HOLD = """
import sys
from collections.abc import Mapping
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


def same(one: Any, other: Any) -> None:
    """Equal to the last bit and of the same kind, field by field."""
    assert type(one) is type(other)
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, Mapping):
        assert one.keys() == other.keys()
        for key in one:
            same(one[key], other[key])
    elif dataclasses.is_dataclass(one):
        for each in dataclasses.fields(one):
            same(getattr(one, each.name), getattr(other, each.name))
    else:
        assert one == other


def with_activation(evidence: bool) -> FoldOutcome:
    """Its detector looked at an activation; some networks offer evidence as well."""
    cells = np.linspace(0, 1, 60).astype(np.float16)
    activation = Activation(cells, cells[::-1], cells**2 if evidence else None)
    events = dataclasses.replace(OUTCOME.events, activations={0: activation})  # type: ignore[type-var]
    return dataclasses.replace(OUTCOME, events=events)


@pytest.mark.parametrize(
    "fresh",
    [
        OUTCOME,
        with_activation(evidence=False),
        with_activation(evidence=True),
        dataclasses.replace(OUTCOME, maps=np.empty((0, 0), dtype=np.float16), explained={}),
        dataclasses.replace(OUTCOME, events=None),
        dataclasses.replace(OUTCOME, record=fold_record("a", 0.6, validation=None)),
    ],
)
def test_a_fold_taken_up_again_is_the_fresh_one(fresh: FoldOutcome, tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    assert not directory.finished("a")
    directory.write_fold(fresh)
    assert directory.finished("a")
    assert not directory.finished("b")
    same(directory.read_fold("a"), fresh)
    assert files(tmp_path) == {"run.lock", "folds/a/test.npz", "folds/a/metrics.json"}


def mapped_maps(directory: RunDirectory) -> FoldOutcome:
    """Store the maps of a fold in their own file, as a network with many test windows does."""
    np.save(directory.fold("a") / "maps.npy", OUTCOME.maps)
    return dataclasses.replace(OUTCOME, maps=mapped(directory.fold("a") / "maps.npy"))


def test_maps_that_are_mapped_stay_in_their_file(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    directory.write_fold(mapped_maps(directory))
    with np.load(directory.fold("a") / "test.npz") as stored:
        assert "maps" not in stored
    found = directory.read_fold("a")
    assert isinstance(found.maps, np.memmap)
    same(dataclasses.replace(found, maps=np.array(found.maps)), OUTCOME)


@pytest.mark.parametrize("content", [None, b"", b"half"])
def test_maps_that_did_not_come_along_are_named(content: bytes | None, tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    directory.write_fold(mapped_maps(directory))
    file = directory.fold("a") / "maps.npy"
    whole = file.read_bytes()
    file.unlink()
    if content is not None:
        file.write_bytes(whole[:-1] if content == b"half" else content)
    with pytest.raises(InputError, match=rf"^{file} is damaged .*; copy .* repeat"):
        directory.read_fold("a")


def test_a_fold_is_finished_by_its_record(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    write_arrays(directory.fold("a") / "test.npz", OUTCOME.arrays())
    assert not directory.finished("a")


def test_a_fold_begins_in_an_empty_directory(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    (directory.fresh_fold("b") / "model.ckpt").write_text("half")
    directory.write_fold(OUTCOME)
    assert files(directory.fresh_fold("b")) == set()
    assert files(tmp_path) == {"run.lock", "folds/a/test.npz", "folds/a/metrics.json"}


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n"


@pytest.mark.parametrize("content", [b"", POINTER, "half", b"[1]", b"\xff\xfe"])
@pytest.mark.parametrize("name", ["test.npz", "metrics.json"])
def test_a_damaged_fold_is_one_line_that_names_the_file(
    name: str, content: bytes | str, tmp_path: Path
) -> None:
    directory = RunDirectory(tmp_path)
    directory.write_fold(OUTCOME)
    file = directory.fold("a") / name
    whole = file.read_bytes()
    file.write_bytes(content if isinstance(content, bytes) else whole[: len(whole) // 2])
    with pytest.raises(InputError, match=rf"^{file} is damaged .*; copy .* repeat") as refused:
        directory.read_fold("a")
    assert "\n" not in str(refused.value)


def test_arrays_of_another_version_are_named(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    directory.write_fold(OUTCOME)
    arrays = OUTCOME.arrays()
    del arrays["window_label"]
    write_arrays(directory.fold("a") / "test.npz", arrays)
    with pytest.raises(InputError, match=r"test.npz is damaged \(it lacks 'window_label'\)"):
        directory.read_fold("a")


@pytest.mark.parametrize("content", [b"", POINTER, b'{"seed": 0', b"[]"])
def test_damaged_settings_are_one_line_that_names_the_file(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_bytes(content)
    refused = pytest.raises(InputError, match=rf"^{tmp_path}/settings.json is damaged \(.*; copy")
    with refused, RunDirectory(tmp_path).claimed(SETTINGS):
        raise AssertionError("claimed with damaged settings")


def prints(recordings: list[Recording]) -> dict[str, dict[str, str]]:
    return {each.record: fingerprint(each) for each in recordings}


def changed(**parts: Any) -> list[Recording]:
    return [recording("one"), dataclasses.replace(recording("two"), **parts)]


def test_the_same_recordings_come_in_again(tmp_path: Path) -> None:
    RunDirectory(tmp_path).require_same(prints(changed()))
    begun = (tmp_path / "recordings.json").read_bytes()
    for again in (changed(), changed(notes=("said otherwise",))[::-1]):
        RunDirectory(tmp_path).require_same(prints(again))
        assert (tmp_path / "recordings.json").read_bytes() == begun


MARKS = np.array([[2.5, 3.25]])


@pytest.mark.parametrize(
    ("recordings", "said"),
    [
        (changed(events=MARKS), "two: other marks"),
        (changed(scored=np.array([[0.0, 50.0]])), "two: other scored time"),
        (changed(signals=recording("two").signals * np.float32(1.001)), "two: other signals"),
        (changed(sfreq=200.0), "two: other signals"),
        (changed(channels=("C4",)), "two: other signals"),
        (changed(subject="one"), "two: other subject"),
        (changed(stages=np.array([2], dtype=np.int8)), "two: other stages"),
        (
            changed(scorers={"expert1": Scoring(MARKS, MARKS)}),
            "two: other marks, scored time",
        ),
        (changed(record="three"), "three is new; two is gone"),
        ([recording("one")], "two is gone"),
        ([*changed(), recording("three")], "three is new"),
    ],
)
def test_recordings_that_changed_are_named_and_refused(
    recordings: list[Recording], said: str, tmp_path: Path
) -> None:
    directory = RunDirectory(tmp_path)
    directory.require_same(prints(changed()))
    message = rf"recordings are not those .* begun with \({said}\); to resume it restore"
    with pytest.raises(InputError, match=message):
        directory.require_same(prints(recordings))
    directory.require_same(prints(changed()))


def test_fingerprints_hold_nothing_that_can_be_read(tmp_path: Path) -> None:
    RunDirectory(tmp_path).require_same(prints([recording("one", subject="who it is")]))
    assert "who" not in (tmp_path / "recordings.json").read_text()


def test_what_a_leaky_run_keeps_says_so(tmp_path: Path) -> None:
    stamp = Stamp("synthetic", (Leak("carried_weights", "…"),))
    directory = RunDirectory(tmp_path, stamp)
    directory.require_same(prints([recording("data")]))
    directory.require_same(prints([recording("data")]))
    assert (
        json.loads((tmp_path / "recordings.json").read_text())["leaks"] == "LEAKY carried_weights"
    )
    directory.write_fold(OUTCOME)
    with np.load(tmp_path / "folds" / OUTCOME.name / "test.npz") as stored:
        assert (str(stored["leaks"]), str(stored["data"])) == (
            "LEAKY carried_weights",
            "SIMULATED",
        )
    assert np.array_equal(directory.read_fold(OUTCOME.name).detected, OUTCOME.detected)


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
    write_json(path, {"content": content})
    assert read_json(path) == {"content": content}
