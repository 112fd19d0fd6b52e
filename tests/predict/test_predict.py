"""Trained models on new recordings: what a run said of its own records, and all that goes wrong."""

import csv
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tests.support.edf import Channel, write_edf
from tests.support.runs import TINY, composed
from xai_sleep.config import restored
from xai_sleep.experiment.run import run
from xai_sleep.predict.__main__ import main, predict, read_edf
from xai_sleep.predict.bundle import load_run
from xai_sleep.progress import Progress
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.simulated import simulate

QUIET = Console(quiet=True)
PATIENT = "Doe, woman - 01/02/1960 - 4711"
IMAGES = ("model=cnn2d", "task.image_size=16", "trainer.learning_rate=0.003")
SIGNALS = ("model=cnn1d_power", "trainer.max_epochs=4")


def trained(path: Path, *overrides: str) -> Path:
    settings = (*TINY, "explain=none", "explain.figures=0", *overrides)
    run(composed(*settings, output=path), QUIET)
    return path


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a run of a network on signals."""
    return trained(tmp_path_factory.mktemp("trained") / "run", *SIGNALS)


@pytest.fixture(scope="session")
def simulated() -> Recording:
    """First record of the runs."""
    return simulate("spindle", subjects=3, minutes=3.0, seed=0)[0]


def as_edf(path: Path, recording: Recording, seconds: int = 180) -> Path:
    """Write a recording with 0.01 µV a bit, its channels in reverse order behind another one."""
    rate = int(recording.sfreq)
    samples = np.round(recording.signals[:, : seconds * rate] * 100)
    channels = [
        Channel(name, np.clip(row, -32768, 32767).astype(np.int16), rate)
        for name, row in zip(recording.channels, samples, strict=True)
    ]
    flat = Channel("ECG", np.zeros(seconds * rate, dtype=np.int16), rate)
    return write_edf(path, [flat, *channels[::-1]], patient=PATIENT)


@pytest.fixture
def night(tmp_path: Path, simulated: Recording) -> Path:
    """EDF file of the first record."""
    return as_edf(tmp_path / "night.edf", simulated)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    "overrides", [SIGNALS, (*SIGNALS, "task.scale=train"), IMAGES, (*IMAGES, "task.scale=train")]
)
def test_the_model_of_a_fold_says_again_what_it_said_of_its_test_record(
    overrides: tuple[str, ...], tmp_path: Path, night: Path
) -> None:
    """Weights, filters, scaling, z-scores and the grid of the activation are those of the run."""
    directory = trained(tmp_path / "run", *overrides)
    one = load_run(directory, "synthetic1")
    activation, found = predict(one, read_edf(night, one.config), Progress(QUIET))
    with np.load(directory / "activation.npz") as stored:
        before = stored["synthetic1"], stored["synthetic1_relevance"]
    for now, then in zip((activation.probability, activation.relevance), before, strict=True):
        np.testing.assert_allclose(now, then, atol=0.02)
    then_found = [row for row in rows_of(directory / "events.csv") if row["fold"] == "synthetic1"]
    assert abs(len(found.events) - len(then_found)) <= 1


def test_events_and_activation_are_written(
    finished: Path, night: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(finished), str(night), "--out", str(tmp_path / "a" / "found.csv")])
    rows = rows_of(tmp_path / "a" / "found.csv")
    assert len(rows) > 0
    assert list(rows[0]) == ["record", "onset", "duration", "confidence"]
    assert {row["record"] for row in rows} == {"night"}
    with np.load(tmp_path / "a" / "activation.npz") as stored:
        assert set(stored) == {"step", "night", "night_relevance", "night_evidence"}
        assert len(stored["night"]) == 180 / stored["step"]
        assert np.isfinite(stored["night"]).all()
    written = "".join(path.read_text("latin-1") for path in (tmp_path / "a").iterdir())
    printed = capsys.readouterr()
    for word in ("Doe", "01/02/", "woman"):
        assert word not in written + printed.out + printed.err
    assert f"{len(rows)} spindle events in 3.0 min" in printed.err


def test_all_models_together_are_their_mean(finished: Path, night: Path) -> None:
    everything = load_run(finished)
    recording = read_edf(night, everything.config)
    names = [fold.name for fold in everything.folds]
    alone = [predict(load_run(finished, name), recording, Progress(QUIET))[0] for name in names]
    together, _ = predict(everything, recording, Progress(QUIET))
    assert len(alone) == 3
    for kind in ("probability", "relevance", "evidence"):
        mean = np.mean([getattr(one, kind).astype(np.float64) for one in alone], axis=0)
        np.testing.assert_allclose(getattr(together, kind), mean, atol=1e-3)


def test_a_channel_of_another_name_is_used_where_it_is_named(
    finished: Path, tmp_path: Path, simulated: Recording
) -> None:
    config = load_run(finished).config
    usual = as_edf(tmp_path / "a.edf", simulated)
    renamed = write_edf(
        tmp_path / "b.edf",
        [Channel("Central", np.round(simulated.signals[0] * 100).astype(np.int16), 100)],
    )
    with pytest.raises(SystemExit):
        main([str(finished), str(renamed), "--out", str(tmp_path / "x.csv")])
    assert not (tmp_path / "x.csv").exists()
    one, other = read_edf(usual, config), read_edf(renamed, config, ["central"])
    assert np.array_equal(one.signals, other.signals)


def test_settings_survive_being_stored(finished: Path) -> None:
    stored = json.loads((finished / "results.json").read_text())["config"]
    config = restored(stored)
    before = composed(*TINY, "explain=none", "explain.figures=0", *SIGNALS)
    for part in ("task", "model", "cv", "trainer", "detector", "seed"):
        assert getattr(config, part) == getattr(before, part)


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Message of a call that ends with exit code 2 and one line."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return str(line)


def test_a_missing_channel_is_named_with_those_there_are(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_edf(tmp_path / "n.edf", [Channel("Fz", np.ones(6000, np.int16), 100)])
    said = refused([str(finished), str(path)], capsys)
    assert "n.edf: there is no channel C3-A1 or CZ-A1 or" in said
    assert said.endswith("(found there: Fz); name the channel to use with --channel")
    said = refused([str(finished), str(path), "--channel", "Fz", "--channel", "Cz"], capsys)
    assert "--channel names 2 channels, but the run was trained on 1: C3-A1 or CZ-A1" in said


@pytest.mark.parametrize(
    ("seconds", "rate", "said"),
    [
        (5, 100, "5 s long; at least 7.1 s are needed for a window of 5 s and the filters"),
        (60, 30, "sampled at 30 Hz, which holds nothing above 15 Hz, and so too little"),
    ],
)
def test_a_recording_that_does_not_suffice_is_refused(
    finished: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    seconds: int,
    rate: int,
    said: str,
) -> None:
    noise = np.random.default_rng(0).integers(-999, 999, seconds * rate).astype(np.int16)
    path = write_edf(tmp_path / "n.edf", [Channel("CZ-A1", noise, rate)])
    assert said in refused([str(finished), str(path)], capsys)


def test_a_flat_channel_is_refused(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_edf(tmp_path / "n.edf", [Channel("CZ-A1", np.ones(6000, np.int16), 100)])
    assert "channel CZ-A1 is flat" in refused([str(finished), str(path)], capsys)


def test_a_slow_recording_is_used_with_a_warning(
    finished: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    noise = np.random.default_rng(0).integers(-999, 999, 60 * 50).astype(np.int16)
    path = write_edf(tmp_path / "n.edf", [Channel("CZ-A1", noise, 50)])
    recording = read_edf(path, load_run(finished).config)
    assert "n.edf: sampled at 50 Hz, which holds nothing above 25 Hz" in caplog.text
    activation, _ = predict(load_run(finished), recording, Progress(QUIET))
    assert len(activation.probability) == 600


def no_results(path: Path) -> None:
    (path / "results.json").unlink()


def half_results(path: Path) -> None:
    (path / "results.json").write_text((path / "results.json").read_text()[:100])


def other_schema(path: Path) -> None:
    changed(path, "schema", 99)


def no_detector(path: Path) -> None:
    content = json.loads((path / "results.json").read_text())
    del content["config"]["detector"], content["folds"][0]["detector"]
    (path / "results.json").write_text(json.dumps(content))


def no_weights(path: Path) -> None:
    (path / "folds" / "synthetic2" / "model.ckpt").unlink()


def half_weights(path: Path) -> None:
    file = path / "folds" / "synthetic2" / "model.ckpt"
    file.write_bytes(file.read_bytes()[:500])


def other_network(path: Path) -> None:
    content = json.loads((path / "results.json").read_text())
    content["config"]["model"]["width"] = 5
    (path / "results.json").write_text(json.dumps(content))


def changed(path: Path, key: str, value: int) -> None:
    content = json.loads((path / "results.json").read_text())
    (path / "results.json").write_text(json.dumps({**content, key: value}))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (no_results, "holds no results.json; name the directory of a finished run"),
        (half_results, "results.json is damaged"),
        (other_schema, "results.json was written by another version of xai_sleep"),
        (no_detector, "was made by a version of xai_sleep without a detector"),
        (no_weights, "synthetic2/model.ckpt is missing; copy the whole run, or repeat it"),
        (half_weights, "synthetic2/model.ckpt cannot be loaded"),
        (other_network, "synthetic1/model.ckpt cannot be loaded"),
    ],
)
def test_a_run_that_cannot_be_used_is_one_line(
    finished: Path,
    night: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[Path], None],
    said: str,
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    damage(copy)
    assert said in refused([str(copy), str(night), "--out", str(tmp_path / "e.csv")], capsys)
    assert not (tmp_path / "e.csv").exists()


def test_a_fold_or_file_that_is_not_there_is_one_line(
    finished: Path, night: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused([str(finished), str(night), "--fold", "x"], capsys)
    assert said.endswith("has no fold x; --fold is one of synthetic1, synthetic2, synthetic3")
    said = refused([str(finished), str(night.with_name("none.edf"))], capsys)
    assert "none.edf is no file; name an EDF recording" in said
    night.write_bytes(b"no EDF")
    assert "is not an EDF file" in refused([str(finished), str(night)], capsys)


@pytest.mark.slow
def test_half_an_hour_takes_less_than_five_seconds(
    finished: Path, tmp_path: Path, simulated: Recording
) -> None:
    """Processor time after loading: windows, maps and events, by three models."""
    long = np.tile(simulated.signals, (1, 10))
    path = write_edf(
        tmp_path / "n.edf", [Channel("CZ-A1", np.round(long[0] * 100).astype(np.int16), 100)]
    )
    everything = load_run(finished)
    recording = read_edf(path, everything.config)
    assert recording.duration == 1800
    began = time.process_time()
    predict(everything, recording, Progress(QUIET))
    assert time.process_time() - began < 5
