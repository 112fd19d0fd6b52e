"""Trained models on new recordings: what a run said of its own records, and all that goes wrong."""

import csv
import shutil
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import mne
import numpy as np
import pytest
import pytorch_lightning as pl

from tests.support import training
from tests.support.edf import Channel, write_edf
from xai_sleep.detect.slide import find_events
from xai_sleep.errors import InputError
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.predict.__main__ import main, read_recording
from xai_sleep.predict.bundle import POINTER, load_run
from xai_sleep.recordings.recording import Recording
from xai_sleep.results.files import Leak
from xai_sleep.results.run import RunRecord

PATIENT = "Doe, woman - 01/02/1960 - 4711"
IMAGES = ("model=cnn2d", "task.image_size=16", "trainer.learning_rate=0.003")
SIGNALS = ("model=cnn1d_power",)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a run of a network on signals."""
    path = tmp_path_factory.mktemp("trained") / "run"
    training.finished(path, *SIGNALS)
    return path


@pytest.fixture(scope="session")
def recorded() -> Recording:
    """First record of the runs."""
    return training.night("a", 0)


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
def night(tmp_path: Path, recorded: Recording) -> Path:
    """EDF file of the first record."""
    return as_edf(tmp_path / "night.edf", recorded)


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
    (fold, *_) = training.finished(tmp_path / "run", *overrides)
    one = load_run(tmp_path / "run", "a")
    recording = read_recording(night, one.input)
    activation, detections = find_events([*one.classifiers.values()], recording)
    assert fold.outcome.events is not None
    (before,) = fold.outcome.events.activations.values()
    for kind, then in before.parts.items():
        np.testing.assert_allclose(activation.parts[kind], then, atol=0.02)
    assert abs(len(detections.events) - len(fold.outcome.events.events)) <= 1


def test_a_checkpoint_alone_says_to_the_last_bit_what_the_fold_said(tmp_path: Path) -> None:
    """No EDF between them: the same numbers in, the same numbers out."""
    plan, folds = training.planned(training.settings("explain=none", "task.scale=train"))
    fold = training.train(plan, folds[0], tmp_path)
    classifier = EventClassifier.load_from_checkpoint(tmp_path / "model.ckpt")
    activation, detections = find_events([classifier], training.night("a", 0))
    assert fold.outcome.events is not None
    (before,) = fold.outcome.events.activations.values()
    for kind, then in before.parts.items():
        np.testing.assert_array_equal(activation.parts[kind], then)
    np.testing.assert_array_equal(detections.events, fold.outcome.events.events)
    np.testing.assert_array_equal(detections.confidence, fold.outcome.events.confidence)


def test_events_and_activation_are_written(
    finished: Path, night: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(finished), str(night), "--out", str(tmp_path / "a" / "found.csv")])
    rows = rows_of(tmp_path / "a" / "found.csv")
    assert len(rows) > 0
    assert list(rows[0]) == ["record", "onset", "duration", "confidence", "data"]
    assert {row["data"] for row in rows} == {"SIMULATED"}
    assert {row["record"] for row in rows} == {"night"}
    with np.load(tmp_path / "a" / "found_activation.npz") as stored:
        assert set(stored) == {"step", "night", "night_relevance", "night_evidence", "data"}
        assert len(stored["night"]) == 180 / stored["step"]
        assert np.isfinite(stored["night"]).all()
    written = "".join(path.read_text("latin-1") for path in (tmp_path / "a").iterdir())
    printed = capsys.readouterr()
    for word in ("Doe", "01/02/", "woman"):
        assert word not in written + printed.out + printed.err
    assert f"{len(rows)} spindle events in 3.0 min" in printed.err
    assert "SIMULATED: the models were trained on simulated recordings" in printed.err


def test_all_models_together_are_their_mean(finished: Path, night: Path) -> None:
    everything = load_run(finished)
    recording = read_recording(night, everything.input)
    alone = [find_events([one], recording)[0] for one in everything.classifiers.values()]
    together, _ = find_events([*everything.classifiers.values()], recording)
    assert len(alone) == 3
    for kind in ("probability", "relevance", "evidence"):
        mean = np.mean([getattr(one, kind).astype(np.float64) for one in alone], axis=0)
        np.testing.assert_allclose(getattr(together, kind), mean, atol=1e-3)


def test_a_channel_of_another_name_is_used_where_it_is_named(
    finished: Path, tmp_path: Path, recorded: Recording
) -> None:
    seen = load_run(finished).input
    usual = as_edf(tmp_path / "a.edf", recorded)
    renamed = write_edf(
        tmp_path / "b.edf",
        [Channel("Central", np.round(recorded.signals[0] * 100).astype(np.int16), 100)],
    )
    with pytest.raises(SystemExit):
        main([str(finished), str(renamed), "--out", str(tmp_path / "x.csv")])
    assert not (tmp_path / "x.csv").exists()
    one, other = read_recording(usual, seen), read_recording(renamed, seen, ["central"])
    assert np.array_equal(one.signals, other.signals)


def test_a_channel_without_its_reference_is_warned_of_and_derived_on_demand(
    finished: Path, tmp_path: Path, recorded: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    seen = load_run(finished).input
    rng = np.random.default_rng(0)
    derived = np.round(recorded.signals[0] * 100).astype(np.int16)
    ear = rng.integers(-999, 999, len(derived)).astype(np.int16)
    pair = [Channel("C3", derived + ear, 100), Channel("M2", ear, 100)]
    path = write_edf(tmp_path / "n.edf", pair)
    bare = read_recording(path, seen, ["c3"])
    (said,) = [r.getMessage() for r in caplog.records]
    assert said.startswith("C3 is used as it is, with no reference taken from it, but the run was ")
    assert said.endswith("; derive it with --channel C3-M2")
    assert "trained on C3-A1 or CZ-A1" in said
    caplog.clear()
    usual = read_recording(as_edf(tmp_path / "a.edf", recorded), seen)
    for asked in (["C3-M2"], ["c3-a2"], []):
        found = read_recording(path, seen, asked)
        assert found.channels == ("C3-M2",)
        length = usual.signals.shape[1]
        np.testing.assert_allclose(found.signals[:, :length], usual.signals, atol=1e-3)
        assert "channel C3-M2 derived: C3 minus M2" in caplog.text
        assert "as it is" not in caplog.text
    assert not np.allclose(bare.signals, found.signals, atol=1)
    alone = write_edf(tmp_path / "b.edf", pair[:1])
    read_recording(alone, seen, ["C3"])
    assert "make sure that the file holds it referenced in that way" in caplog.text


def test_a_recording_of_another_format_is_read_by_the_same_door(
    finished: Path, tmp_path: Path, night: Path, recorded: Recording
) -> None:
    """FIF in µV that calls them volts, which the user must say."""
    values, rate = recorded.signals[:, : 180 * int(recorded.sfreq)], recorded.sfreq
    info = mne.create_info(list(recorded.channels), rate, "eeg")
    path = tmp_path / "night.fif"
    mne.io.RawArray(values.astype(np.float64), info, verbose="ERROR").save(path, verbose="ERROR")
    for recording, more in ((night, []), (path, ["--unit", "uV"])):
        main([str(finished), str(recording), "--out", str(tmp_path / recording.suffix[1:]), *more])
    (edf, fif) = (rows_of(tmp_path / ending) for ending in ("edf", "fif"))
    assert len(edf) > 2
    assert [row["onset"] for row in edf] == [row["onset"] for row in fif]
    with pytest.raises(InputError, match=r"values look like microvolts: .* \(--unit uV in a pred"):
        read_recording(path, load_run(finished).input)


def test_nothing_is_found_where_there_is_no_signal(
    finished: Path, tmp_path: Path, recorded: Recording
) -> None:
    signals = recorded.signals.copy()
    lost = slice(round(50 * recorded.sfreq), round(80.5 * recorded.sfreq))
    signals[:, lost] = 300
    path = as_edf(tmp_path / "n.edf", replace(recorded, signals=signals))
    run = load_run(finished)
    recording = read_recording(path, run.input)
    assert recording.scored.tolist() == [[0, 50], [80.5, 180]]
    assert "flat or clipped, unscored" in " ".join(recording.notes)
    activation, _ = find_events([*run.classifiers.values()], recording, within=recording.scored)
    nowhere = np.flatnonzero(np.isnan(activation.probability))
    assert nowhere.tolist() == list(range(500, 805))
    rate = int(recorded.sfreq)
    for start in range(0, 180, 4):  # a second of signal, and three of none
        signals[:, (start + 1) * rate : (start + 4) * rate] = 300
    path = as_edf(tmp_path / "n.edf", replace(recorded, signals=signals))
    with pytest.raises(InputError, match=r"nowhere do its channels hold a signal for a window"):
        read_recording(path, run.input)


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
        (5, 100, "5 s long; at least 7.5 s are needed for a window of 5 s and the filters"),
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
    run = load_run(finished)
    recording = read_recording(path, run.input)
    assert "n.edf: sampled at 50 Hz, which holds nothing above 25 Hz" in caplog.text
    activation, _ = find_events([*run.classifiers.values()], recording)
    assert len(activation.probability) == 600


def no_results(path: Path) -> None:
    (path / "results.json").unlink()


def half_results(path: Path) -> None:
    (path / "results.json").write_text((path / "results.json").read_text()[:100])


def other_schema(path: Path) -> None:
    text = (path / "results.json").read_text()
    (path / "results.json").write_text(text.replace('"folds"', '"falten"'))


FOLD = Path("folds") / "b"


def replaced(name: str, content: bytes | None) -> Callable[[Path], None]:
    """Write something else in place of a file of a fold; None takes it away."""

    def damage(path: Path) -> None:
        (path / FOLD / name).unlink()
        if content is not None:
            (path / FOLD / name).write_bytes(content)

    return damage


def half(name: str) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        file = path / FOLD / name
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    return damage


def other_archive(path: Path) -> None:
    with zipfile.ZipFile(path / FOLD / "model.ckpt", "w") as archive:
        archive.writestr("nothing", b"")


def no_detector(path: Path) -> None:
    file = path / FOLD / "model.ckpt"
    classifier = EventClassifier.load_from_checkpoint(file)
    trainer = pl.Trainer(logger=False, enable_checkpointing=False, accelerator="cpu")
    trainer.strategy.connect(classifier)
    classifier.detector = {}
    trainer.save_checkpoint(file, weights_only=True)


LFS = POINTER + b".github.com/spec/v1\noid sha256:00\nsize 12345\n"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (no_results, "holds no results.json; name the directory of a finished run"),
        (half_results, "results.json is damaged"),
        (other_schema, "results.json is damaged or was written by another version of xai_sleep"),
        (replaced("model.ckpt", None), "b/model.ckpt is missing; copy the whole run, or repeat it"),
        (replaced("model.ckpt", b""), "b/model.ckpt is damaged: of its content 0 bytes are here"),
        (half("model.ckpt"), "b/model.ckpt is damaged: of its content"),
        (replaced("model.ckpt", LFS), "b/model.ckpt is a Git LFS pointer, not the file itself; "),
        (other_archive, "b/model.ckpt cannot be loaded ("),
        (no_detector, "b/model.ckpt cannot be loaded ("),
        (replaced("test.npz", None), "b/test.npz is missing; copy the whole run, or repeat it"),
        (half("test.npz"), "b/test.npz is damaged: of its content"),
        (replaced("test.npz", LFS), "b' lfs pull"),
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
    copy = tmp_path / "a copy"
    shutil.copytree(finished, copy)
    damage(copy)
    assert said in refused([str(copy), str(night), "--out", str(tmp_path / "e.csv")], capsys)
    assert not (tmp_path / "e.csv").exists()


def test_a_leaky_run_is_refused_by_name(
    finished: Path, night: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(finished, tmp_path / "run")
    record = RunRecord.load(tmp_path / "run")
    leaky = replace(record, leaks=[Leak("carried_weights", "…")])
    leaky.save(tmp_path / "run")
    assert "is a LEAKY run (carried_weights): its" in refused(
        [str(tmp_path / "run"), str(night)], capsys
    )


def test_nothing_is_replaced_but_a_prediction_of_the_same_recording(
    finished: Path,
    night: Path,
    recorded: Recording,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    marks = night.with_suffix(".csv")
    marks.write_text("onset,duration,trial_type\n1,1,spindle\n")
    (tmp_path / "x_activation.npz").write_bytes(b"mine")
    before = {path: path.read_bytes() for path in (marks, night, tmp_path / "x_activation.npz")}
    for out, said in (
        (
            marks,
            "night.csv is there already and holds no prediction of night; choose another --out",
        ),
        (night, "night.edf is there already"),
        (tmp_path / "x.csv", "x_activation.npz is there already"),
        (tmp_path, "is no file that could be written"),
        (Path("/dev/null"), "/dev/null is no file that could be written"),
    ):
        assert said in refused([str(finished), str(night), "--out", str(out)], capsys)
    assert Path("/dev/null").is_char_device()
    monkeypatch.chdir(tmp_path)
    arguments = [str(finished), str(night), "--fold", "a"]
    for _ in range(2):  # the second time over the first
        main(arguments)
    other = as_edf(tmp_path / "other.edf", recorded)
    capsys.readouterr()
    said = refused([str(finished), str(other), "--fold", "a"], capsys)
    assert "events.csv is there already and holds no prediction of other" in said
    for path, content in before.items():
        assert path.read_bytes() == content


def test_a_fold_or_file_that_is_not_there_is_one_line(
    finished: Path, night: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused([str(finished), str(night), "--fold", "x"], capsys)
    assert said.endswith("has no fold x; --fold is one of a, b, c")
    said = refused([str(finished), str(night.with_name("none.edf"))], capsys)
    assert "none.edf is no file; name a recording" in said
    night.write_bytes(b"no EDF")
    assert "is not an EDF file" in refused([str(finished), str(night)], capsys)


@pytest.mark.slow
def test_half_an_hour_takes_less_than_five_seconds(
    finished: Path, tmp_path: Path, recorded: Recording
) -> None:
    """Processor time after loading: windows, maps and events, by three models."""
    long = np.tile(recorded.signals, (1, 10))
    path = write_edf(
        tmp_path / "n.edf", [Channel("CZ-A1", np.round(long[0] * 100).astype(np.int16), 100)]
    )
    everything = load_run(finished)
    recording = read_recording(path, everything.input)
    assert recording.duration == 1800
    began = time.process_time()
    find_events([*everything.classifiers.values()], recording)
    assert time.process_time() - began < 5
