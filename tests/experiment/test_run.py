"""A whole experiment on simulated recordings: every file it promises, and what stands in it."""

import csv
import io
import json
import math
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from sklearn import metrics

from tests.support.runs import TINY, composed, launch, wait_for
from xai_sleep.detect.detector import RATE, Activation, Detector
from xai_sleep.errors import InputError
from xai_sleep.experiment.run import divide, read, run
from xai_sleep.experiment.training import fold_data
from xai_sleep.metrics.events import event_scores
from xai_sleep.metrics.windows import SCORES, choose_threshold
from xai_sleep.models.cnn1d import CNN1d
from xai_sleep.progress import Progress
from xai_sleep.recordings.simulated import simulate
from xai_sleep.schema import Config

QUIET = Console(quiet=True)
SUBJECTS = ["synthetic1", "synthetic2", "synthetic3"]
SIMULATED = simulate("spindle", subjects=3, minutes=3.0, seed=0)
WINDOW = 5.0
SUMMARIES = {
    *("windows", "windows_at_half", "maps", "explainers", "calibration"),
    *("events", "events_n2n3", "event_curve", "event_records"),
}

# Each score from scikit-learn: labels, probabilities, detections.
Score = Callable[[NDArray[Any], NDArray[Any], NDArray[Any]], float]
ORACLES: dict[str, Score] = {
    "accuracy": lambda y, _, d: metrics.accuracy_score(y, d),
    "balanced_accuracy": lambda y, _, d: metrics.balanced_accuracy_score(y, d),
    "sensitivity": lambda y, _, d: metrics.recall_score(y, d),
    "specificity": lambda y, _, d: metrics.recall_score(y, d, pos_label=0),
    "precision": lambda y, _, d: metrics.precision_score(y, d),
    "f1": lambda y, _, d: metrics.f1_score(y, d),
    "mcc": lambda y, _, d: metrics.matthews_corrcoef(y, d),
    "kappa": lambda y, _, d: metrics.cohen_kappa_score(y, d),
    "auroc": lambda y, p, _: metrics.roc_auc_score(y, p),
    "average_precision": lambda y, p, _: metrics.average_precision_score(y, p),
    "brier": lambda y, p, _: metrics.brier_score_loss(y, p),
}


@dataclass(frozen=True)
class Run:
    """A finished run: its settings and what it left behind."""

    config: Config
    returned: dict[str, Any]

    @property
    def path(self) -> Path:
        """Directory of the run."""
        return Path(self.config.output_dir)

    @cached_property
    def results(self) -> dict[str, Any]:
        """Content of ``results.json``."""
        return read_json(self.path / "results.json")

    @cached_property
    def predictions(self) -> list[dict[str, str]]:
        """Rows of ``predictions.csv``."""
        with (self.path / "predictions.csv").open() as file:
            return list(csv.DictReader(file))

    def column(self, name: str, kind: type = float, fold: str | None = None) -> NDArray[Any]:
        """Column of ``predictions.csv``, of one fold or of all."""
        rows = [row for row in self.predictions if fold in (None, row["fold"])]
        return np.array([kind(row[name]) for row in rows])


def read_json(path: Path) -> dict[str, Any]:
    """Read JSON as the standard has it: without NaN and infinity."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{path} holds {word}")

    content: dict[str, Any] = json.loads(path.read_text(), parse_constant=refuse)
    return content


def without_timing(results: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in results.items() if key != "timing"}


def experiment(*overrides: str, output: Path) -> Run:
    config = composed(*TINY, *overrides, output=output)
    return Run(config, run(config, QUIET))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Three simulated subjects, three folds, two epochs."""
    return experiment(output=tmp_path_factory.mktemp("runs") / "tiny")


def test_the_run_leaves_the_files_that_it_promises(tiny: Run) -> None:
    found = {str(path.relative_to(tiny.path)) for path in tiny.path.rglob("*") if path.is_file()}
    folds = {f"folds/{s}/{file}" for s in SUBJECTS for file in ("metrics.json", "model.ckpt")}
    shown = ["roc", "confusion", "scores", "calibration", "training"]
    shown += ["alignment", "localisation", "faithfulness"]
    figures = {f"figures/{name}.png" for name in (*shown, *(f"timeline-{i + 1}" for i in range(3)))}
    examples = {f"figures/examples-{subject}.png" for subject in SUBJECTS}
    tables = {"results.json", "results.csv", "predictions.csv", "maps.npz", "report.html"}
    tables |= {"events.csv", "activation.npz"}
    own = {"settings.json", "run.lock", *(f"folds/{s}/test.npz" for s in SUBJECTS)}
    assert found == folds | figures | examples | tables | own


def test_results_hold_what_the_run_returned_with_source_and_settings(tiny: Run) -> None:
    results = tiny.results
    assert results == tiny.returned
    assert set(results) == {
        *("schema", "version", "data", "config", "records", "folds", "summary", "timing")
    }
    assert (results["schema"], results["data"]) == (1, "synthetic")
    assert results["config"]["task"]["name"] == "spindle"
    assert results["config"]["data"]["name"] == "synthetic"
    assert not {"output_dir", "logger"} & set(results["config"])
    assert "image_cache" not in results["config"]["data"]
    assert set(results["timing"]) == set(SUBJECTS)
    assert min(results["timing"].values()) > 0


def test_results_describe_the_records(tiny: Run) -> None:
    described = [(r["record"], r["subject"], r["events"]) for r in tiny.results["records"]]
    assert described == [(r.record, r.subject, len(r.events)) for r in SIMULATED]
    for described_record, recording in zip(tiny.results["records"], SIMULATED, strict=True):
        assert described_record["seconds"] == recording.duration
        assert described_record["scored_seconds"] == np.diff(recording.scored).sum()


def test_every_score_has_its_summary(tiny: Run) -> None:
    summary = tiny.results["summary"]
    assert set(summary) == SUMMARIES
    assert set(summary["maps"]) == {"true_positives", "positives"}
    for table in (summary["windows"], summary["windows_at_half"]):
        assert set(table) == set(SCORES) == set(ORACLES)
        for score in table.values():
            assert set(score) == {"mean", "std", "ci95", "pooled", "folds", "undefined"}


def test_each_scored_window_is_tested_once_and_labelled_by_the_events(tiny: Run) -> None:
    expected = []
    for recording in SIMULATED:
        for start, end in recording.scored:
            for i in range(math.floor((end - start) / WINDOW)):
                here, there = start + i * WINDOW, start + (i + 1) * WINDOW
                shared = [min(b, there) - max(a, here) for a, b in recording.events]
                label = max(shared) >= max(tiny.config.task.min_overlap, 1e-9)
                names = (recording.record, recording.subject, recording.subject)
                expected.append((*names, here, there, int(label)))
    assert list(tiny.predictions[0]) == [
        *("record", "subject", "fold", "start", "end", "label", "probability", "detected")
    ]
    found = [
        (r["record"], r["subject"], r["fold"], float(r["start"]), float(r["end"]), int(r["label"]))
        for r in tiny.predictions
    ]
    assert found == expected


def oracle(
    name: str, label: NDArray[Any], probability: NDArray[Any], detected: NDArray[Any]
) -> float | None:
    """Score of scikit-learn, None where it would put 0 for 0 / 0; both classes are present."""
    if (name == "precision" and not detected.any()) or (name == "mcc" and np.ptp(detected) == 0):
        return None
    return ORACLES[name](label, probability, detected)


@pytest.mark.parametrize("name", sorted(ORACLES))
def test_scores_are_those_of_scikit_learn(tiny: Run, name: str) -> None:
    """Of each fold and of all folds together, at the chosen thresholds and at one half."""
    label, probability = tiny.column("label", int), tiny.column("probability")
    of_fold = tiny.column("fold", str)
    calls = {"windows": tiny.column("detected", int), "windows_at_half": 1 * (probability >= 0.5)}
    for key, detected in calls.items():
        expected = []
        for fold in tiny.results["folds"]:
            rows = of_fold == fold["name"]
            expected.append(oracle(name, label[rows], probability[rows], detected[rows]))
            assert fold[key][name] == pytest.approx(expected[-1], abs=1e-6)
            assert (name in fold[key]["undefined"]) == (expected[-1] is None)
        summary = tiny.results["summary"][key][name]
        pooled = oracle(name, label, probability, detected)
        assert summary["pooled"] == pytest.approx(pooled, abs=1e-6)
        defined = [score for score in expected if score is not None]
        assert summary["folds"] == len(defined)
        assert summary["mean"] == pytest.approx(np.mean(defined) if defined else None)
        spread = np.std(defined, ddof=1) if len(defined) > 1 else None
        assert summary["std"] == pytest.approx(spread)


def test_a_detection_reaches_the_threshold_of_its_fold(tiny: Run) -> None:
    for fold in tiny.results["folds"]:
        probability = tiny.column("probability", fold=fold["name"])
        expected = probability >= fold["threshold"]
        assert np.array_equal(tiny.column("detected", int, fold["name"]), expected)


def test_the_table_of_folds_repeats_the_results(tiny: Run) -> None:
    with (tiny.path / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["fold"] for row in rows] == SUBJECTS
    for row, fold in zip(rows, tiny.results["folds"], strict=True):
        assert int(row["windows"]) == fold["counts"]["test"]["windows"]
        assert int(row["positive"]) == fold["counts"]["test"]["positive"]
        assert float(row["threshold"]) == fold["threshold"]
        for name in SCORES:
            score = fold["windows"][name]
            assert row[name] == ("" if score is None else str(score))
        for name in ("precision", "recall", "f1"):
            score = fold["events"][name]
            assert row[f"event_{name}"] == ("" if score is None else str(score))


def test_events_follow_from_the_activation_by_the_detector_of_the_fold(
    tmp_path: Path,
) -> None:
    run = experiment("model=cnn1d_power", "trainer.max_epochs=4", output=tmp_path)
    with np.load(run.path / "activation.npz") as stored:
        activations = dict(stored)
    with (run.path / "events.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert activations.pop("step") == 1 / RATE
    assert len(rows) > 0
    for fold, recording in zip(run.results["folds"], SIMULATED, strict=True):
        name = recording.record
        parts = (name, f"{name}_relevance", f"{name}_evidence")  # this network offers all three
        activation = Activation(*(activations.pop(part) for part in parts))
        chosen = fold["detector"]
        found = Detector(**{f.name: chosen[f.name] for f in fields(Detector)}).find(activation)
        mine = [row for row in rows if row["record"] == name]
        onsets = np.array([float(row["onset"]) for row in mine])
        durations = np.array([float(row["duration"]) for row in mine])
        np.testing.assert_allclose(np.column_stack([onsets, onsets + durations]), found.events)
        scores = event_scores(recording.events, found.events, recording.scored)
        for figure, value in scores.figures.items():
            assert fold["events"][figure] == pytest.approx(value)
        assert fold["events"]["curve"] == scores.curve
        assert sum(int(row["matched"] or 0) for row in mine) == len(scores.onset)
    assert not activations


def test_calibration_counts_every_window(tiny: Run) -> None:
    found = tiny.results["summary"]["calibration"]
    assert sum(found["count"]) == len(tiny.predictions)
    share = np.dot(found["observed"], found["count"]) / sum(found["count"])
    assert share == pytest.approx(tiny.column("label", int).mean())


def test_every_fold_starts_with_fresh_weights(tiny: Run) -> None:
    """A network that knows nothing has a loss of ln 2."""
    for fold in tiny.results["folds"]:
        assert fold["first_loss"] == pytest.approx(math.log(2), abs=0.1)
        assert fold["epochs"] == 2


def test_every_epoch_of_a_fold_is_kept(tiny: Run) -> None:
    for fold in tiny.results["folds"]:
        history = fold["history"]
        assert {len(values) for values in history.values()} == {2}
        assert max(history["val_average_precision"]) == fold["val_average_precision"]
        assert 0 < min(history["train_loss"] + history["val_loss"]) < 1


def test_maps_stand_beside_the_predictions(tiny: Run) -> None:
    with np.load(tiny.path / "maps.npz") as stored:
        maps, index = stored["maps"], stored["index"]
    assert maps.dtype == np.float16
    assert maps.shape == (len(tiny.predictions), WINDOW * tiny.config.task.sfreq)
    assert np.array_equal(index, np.arange(len(tiny.predictions)))
    peaks = maps.max(axis=1)
    assert maps.min() == 0
    assert set(peaks) == {0, 1} or set(peaks) == {1}
    for fold in SUBJECTS:
        with np.load(tiny.path / "folds" / fold / "test.npz") as stored:
            rows = index[tiny.column("fold", str) == fold]
            assert np.array_equal(stored["maps"], maps[rows])
            assert np.array_equal(
                stored["probability"], tiny.column("probability", np.float32, fold)
            )


@pytest.mark.parametrize("number", range(3))
def test_stored_weights_give_threshold_and_probabilities_again(tiny: Run, number: int) -> None:
    """Threshold from validation windows, probabilities of test windows; nothing is unpickled."""
    recordings, inputs = read(tiny.config, Progress(QUIET))
    fold = divide(tiny.config, recordings)[number]
    data = fold_data(tiny.config, inputs, fold)
    data.setup()
    checkpoint = torch.load(tiny.path / "folds" / fold.name / "model.ckpt", weights_only=True)
    network = CNN1d(n_chans=len(inputs[0].channels), n_times=500)
    prefix = "network."
    network.load_state_dict(
        {k.removeprefix(prefix): v for k, v in checkpoint["state_dict"].items() if prefix in k}
    )
    network.eval()
    with torch.no_grad():
        validated, tested = (
            torch.cat([network(batch[0]).softmax(1)[:, 1] for batch in loader]).numpy()
            for loader in (data.val_dataloader(), data.test_dataloader())
        )
    stored = tiny.column("probability", np.float32, fold.name)
    np.testing.assert_allclose(tested, stored, rtol=0, atol=1e-6)
    threshold = tiny.results["folds"][number]["threshold"]
    assert choose_threshold(data.val.label, validated) == pytest.approx(threshold, abs=1e-6)


def test_figures_are_pictures(tiny: Run) -> None:
    for path in (tiny.path / "figures").iterdir():
        with Image.open(path) as picture:
            picture.load()
            assert picture.format == "PNG"
            assert min(picture.size) > 200


def test_one_seed_gives_the_same_bytes_and_explaining_changes_nothing(
    tiny: Run, tmp_path: Path
) -> None:
    again = experiment("explain=none", output=tmp_path / "again")
    assert not (again.path / "maps.npz").exists()
    assert "maps" not in again.results["summary"]
    assert not list((again.path / "figures").glob("examples-*"))
    for name in ("predictions.csv", "results.csv", "events.csv"):
        assert (again.path / name).read_bytes() == (tiny.path / name).read_bytes()
    assert again.results["summary"] == {
        key: value
        for key, value in tiny.results["summary"].items()
        if key not in ("maps", "explainers")
    }


def test_another_seed_gives_other_results(tiny: Run, tmp_path: Path) -> None:
    other = experiment("seed=1", "explain=none", output=tmp_path)
    for name in ("label", "probability"):
        assert not np.array_equal(other.column(name), tiny.column(name))
    losses, others = ([f["first_loss"] for f in r.results["folds"]] for r in (tiny, other))
    assert set(losses).isdisjoint(others)


@pytest.mark.parametrize(
    ("overrides", "folds"),
    [
        (("cv=kfold", "cv.folds=3", "balance=none"), ["fold01", "fold02", "fold03"]),
        (("task=rem", "balance=adasyn", "task.scale=train"), SUBJECTS),
        (("model=cnn1d_power", "balance.noise=0.1"), SUBJECTS),
    ],
)
def test_other_choices_work_as_well(
    overrides: tuple[str, ...], folds: list[str], tmp_path: Path
) -> None:
    found = experiment(*overrides, "explain.figures=0", output=tmp_path)
    assert [fold["name"] for fold in found.results["folds"]] == folds
    assert set(found.column("fold", str)) == set(folds)
    windows = list(zip(found.column("record", str), found.column("start"), strict=True))
    assert len(set(windows)) == len(windows)
    assert set(found.results["summary"]) == SUMMARIES
    for fold in found.results["folds"]:
        assert fold["first_loss"] == pytest.approx(math.log(2), abs=0.1)


def test_unset_choices_are_taken_from_what_is_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """``auto`` without files is ``synthetic``, with a warning and stamped on the results."""
    found = experiment(
        *("data=auto", f"data.root={tmp_path / 'nowhere'}", "data.subjects=2"),
        *("explain=none", "trainer.max_epochs=1"),
        output=tmp_path / "run",
    )
    (warning,) = (r for r in caplog.records if r.name.startswith("xai_sleep"))
    assert warning.levelname == "WARNING"
    assert "nowhere: these are SIMULATED recordings" in warning.getMessage()
    assert found.results["data"] == found.results["config"]["data"]["name"] == "synthetic"


def test_a_finished_run_is_read_again(tiny: Run) -> None:
    """Wherever its files of images are, and whoever watches."""
    before = {path: path.stat().st_mtime_ns for path in (tiny.path / "folds").rglob("*.*")}
    results = (tiny.path / "results.json").read_bytes()
    elsewhere = composed(
        *TINY, "data.image_cache=/nowhere", "logger.project=other", output=tiny.path
    )
    assert run(elsewhere, QUIET) == tiny.returned
    assert (tiny.path / "results.json").read_bytes() == results
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        (("seed=1",), r"\(seed\)"),
        (("task=rem",), r"\(task\.band, .*task\.event.*\)"),
        (("cv.val_blocks=4", "trainer.patience=3"), r"\(cv\.val_blocks, trainer\.patience\)"),
    ],
)
def test_other_settings_in_the_same_directory_are_refused(
    tiny: Run, overrides: tuple[str, ...], named: str
) -> None:
    results = (tiny.path / "results.json").read_bytes()
    with pytest.raises(InputError, match=rf"holds a run with other settings {named}"):
        experiment(*overrides, output=tiny.path)
    assert (tiny.path / "results.json").read_bytes() == results


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Every leak at once, in three folds over blocks of time."""
    path = tmp_path_factory.mktemp("leaky") / "run"
    return experiment("cv=kfold", "cv.folds=3", "leak=all", output=path)


def test_every_output_of_a_leaky_run_says_so(leaky: Run) -> None:
    leaks = leaky.config.leak.names
    assert len(leaks) == 6
    assert leaky.results["leaks"] == leaky.results["config"]["leak"]["names"] == leaks
    for fold in leaky.results["folds"]:
        assert fold["leaks"] == leaks
        assert 0 < fold["windows_oversampled"]["accuracy"] <= 1
    tables = list(leaky.path.glob("*.csv"))
    assert {path.stem for path in tables} == {"predictions", "results", "events"}
    for path in tables:
        with path.open() as file:
            assert {row["leaks"] for row in csv.DictReader(file)} <= {" ".join(["LEAKY", *leaks])}
    for name in ("maps.npz", "activation.npz"):
        with np.load(leaky.path / name) as stored:
            assert stored["leaks"].tolist() == ["LEAKY", *leaks]
    assert "<title>LEAKY: " in (leaky.path / "report.html").read_text()
    console = Console(width=80, record=True, quiet=False, file=io.StringIO())
    run(leaky.config, console)
    assert "LEAKY spindle-CNN1d-kfold" in console.export_text()


def test_a_leaky_run_resumes_as_if_unbroken(leaky: Run, tmp_path: Path) -> None:
    """Weights are carried from the folds on disk."""
    shutil.copytree(leaky.path, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "folds" / "fold03")
    (tmp_path / "run" / "results.json").unlink()
    again = run(replace(leaky.config, output_dir=str(tmp_path / "run")), QUIET)
    assert without_timing(again) == without_timing(leaky.results)


def test_a_clean_run_knows_nothing_of_leaks(tiny: Run) -> None:
    assert "leak" not in tiny.results["config"]
    assert "leaks" not in tiny.results
    for path in tiny.path.glob("*.csv"):
        assert "leaks" not in path.read_text().splitlines()[0]
    assert "LEAKY" not in (tiny.path / "report.html").read_text()


def test_leaks_and_none_do_not_share_a_directory(tiny: Run) -> None:
    with pytest.raises(InputError, match=r"other settings \(leak.names\)"):
        experiment("leak=carried_weights", output=tiny.path)


def test_carried_weights_show_in_the_first_loss(tmp_path: Path) -> None:
    training = ("trainer.max_epochs=15", "trainer.learning_rate=0.01", "explain=none")
    overrides = ("model=cnn1d_power", *training, "leak=carried_weights")
    found = experiment(*overrides, output=tmp_path)
    first, *later = (fold["first_loss"] for fold in found.results["folds"])
    assert first == pytest.approx(math.log(2), abs=0.1)
    assert max(later) < 0.5 * math.log(2)


def start_tiny(directory: Path) -> subprocess.Popen[str]:
    """Start the tiny run in a process of its own and wait until its first fold is finished."""
    process = launch(*TINY, f"hydra.run.dir={directory}", cwd=directory.parent)
    wait_for((directory / "folds" / SUBJECTS[0] / "metrics.json").exists, process)
    return process


def finished_files(directory: Path) -> dict[Path, int]:
    """Files of the finished folds, and when each was written."""
    folds = [path.parent for path in directory.glob("folds/*/metrics.json")]
    return {path: path.stat().st_mtime_ns for fold in folds for path in fold.iterdir()}


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_stopped(tiny: Run, tmp_path: Path) -> None:
    """While it runs it holds its directory; killed and repeated, it ends as if unbroken."""
    directory = tmp_path / "run"
    process = start_tiny(directory)
    process.send_signal(signal.SIGSTOP)  # so that it cannot finish while we look
    try:
        with pytest.raises(InputError, match="another run is at work"):
            experiment(output=directory)
    finally:
        process.kill()
        process.communicate()
    before = finished_files(directory)
    assert 3 <= len(before) < 9
    assert not (directory / "results.json").exists()
    last = directory / "folds" / SUBJECTS[-1]
    last.mkdir(exist_ok=True)
    (last / "model.ckpt").write_text("half a file")
    again = launch(*TINY, f"hydra.run.dir={directory}", cwd=tmp_path)
    _, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors
    assert "Warning" not in errors
    assert {path: path.stat().st_mtime_ns for path in before} == before
    results = read_json(directory / "results.json")
    assert without_timing(results) == without_timing(tiny.results)
    for name in ("predictions.csv", "results.csv", "events.csv", "activation.npz"):
        assert (directory / name).read_bytes() == (tiny.path / name).read_bytes()
    for figure in (tiny.path / "figures").iterdir():
        assert (directory / "figures" / figure.name).read_bytes() == figure.read_bytes()


@pytest.mark.slow
def test_ctrl_c_is_one_line_and_keeps_finished_folds(tmp_path: Path) -> None:
    # A parent that ignores the signal would hand that down; one that handles it does not.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = start_tiny(tmp_path / "run")
    finally:
        signal.signal(signal.SIGINT, handler)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == (
        "xai_sleep: interrupted; finished folds are kept, repeat the command to go on\n"
    )
    assert len(finished_files(tmp_path / "run")) >= 3
    assert not (tmp_path / "run" / "results.json").exists()
