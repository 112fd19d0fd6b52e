"""A whole experiment on simulated recordings: every file it promises, and what stands in it."""

import csv
import json
import math
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from pytorch_lightning.loggers.logger import DummyLogger
from rich.console import Console
from sklearn import metrics

from tests.support.cli import hearing_ctrl_c
from tests.support.runs import TINY, composed, launch, wait_for
from xai_sleep.config import settled
from xai_sleep.detect.detector import RATE, Activation, Detector
from xai_sleep.errors import InputError
from xai_sleep.experiment.run import MakeObserver, divide, run
from xai_sleep.experiment.training import Plan, build_input, build_trainer, predicted
from xai_sleep.metrics.events import CURVE, event_scores
from xai_sleep.metrics.windows import SCORES, choose_threshold
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.recordings.simulated import simulate
from xai_sleep.report.page import Pages
from xai_sleep.results.events import Events
from xai_sleep.results.finished import Observer
from xai_sleep.results.run import RunRecord
from xai_sleep.results.scores import Scores
from xai_sleep.results.test_windows import TestWindows
from xai_sleep.schema import Config

QUIET = Console(quiet=True)
SUBJECTS = ["synthetic1", "synthetic2", "synthetic3"]
SIMULATED = simulate("spindle", subjects=3, minutes=3.0, seed=0)
WINDOW = 5.0
PARTS = {"windows", "windows_at_half", "calibration", "events", "event_curve"}
EXPLAINED = {"maps", "faithfulness", "deletion", "insertion", "sanity", "sanity_maps"}
TABLES = ("predictions.csv", "events.csv", "scores.csv")

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
    returned: RunRecord

    @property
    def path(self) -> Path:
        """Directory of the run."""
        return Path(self.config.output_dir)

    @cached_property
    def record(self) -> RunRecord:
        """Content of ``results.json``."""
        return RunRecord.load(self.path)

    @cached_property
    def predictions(self) -> list[dict[str, str]]:
        """Rows of ``predictions.csv``."""
        with (self.path / "predictions.csv").open() as file:
            return list(csv.DictReader(file))

    def column(self, name: str, kind: type = float, fold: str | None = None) -> NDArray[Any]:
        """Column of ``predictions.csv``, of one fold or of all."""
        rows = [row for row in self.predictions if fold in (None, row["fold"])]
        return np.array([kind(row[name]) for row in rows])


def untimed(record: RunRecord) -> RunRecord:
    """Leave out what depends on the clock, the command and the state of the code."""
    folds = [replace(fold, seconds=0.0) for fold in record.folds]
    return replace(record, timing={}, command=None, commit=None, folds=folds)


def experiment(*overrides: str, output: Path, observers: Sequence[MakeObserver] = ()) -> Run:
    config = composed(*TINY, *overrides, output=output)
    return Run(config, run(config, observers, QUIET))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Three simulated subjects, three folds, two epochs."""
    return experiment(output=tmp_path_factory.mktemp("runs") / "tiny", observers=[Pages])


def test_the_run_leaves_the_files_that_it_promises(tiny: Run) -> None:
    found = {str(path.relative_to(tiny.path)) for path in tiny.path.rglob("*") if path.is_file()}
    stored = ("metrics.json", "model.ckpt", "test.npz")
    folds = {f"folds/{subject}/{file}" for subject in SUBJECTS for file in stored}
    shown = ["roc", "confusion", "scores", "calibration", "training"]
    shown += ["alignment", "localisation", "faithfulness"]
    shown += [f"timeline-{i + 1}" for i in range(3)] + [f"examples-{name}" for name in SUBJECTS]
    whole = {"results.json", *TABLES, "activation.npz", "maps.npz", "report.html"}
    own = {"settings.json", "recordings.json", "run.lock"}
    assert found == folds | {f"figures/{name}.png" for name in shown} | whole | own


def test_the_record_is_what_the_run_returned_with_source_and_settings(tiny: Run) -> None:
    assert tiny.record == tiny.returned
    assert (tiny.record.schema, tiny.record.data) == (2, "synthetic")
    assert tiny.record.config == settled(tiny.config)
    assert (tiny.record.leaks, tiny.record.baselines) == ([], [])
    assert set(tiny.record.timing) == set(SUBJECTS)
    assert min(tiny.record.timing.values()) > 0
    kept = json.loads((tiny.path / "settings.json").read_text())
    assert kept == json.loads(json.dumps(asdict(tiny.record.config)))

    def refuse(word: str) -> None:
        raise AssertionError(f"results.json holds {word}, which is no JSON")

    json.loads((tiny.path / "results.json").read_text(), parse_constant=refuse)


def test_the_record_describes_the_recordings(tiny: Run) -> None:
    for told, recording in zip(tiny.record.records, SIMULATED, strict=True):
        assert (told.record, told.subject) == (recording.record, recording.subject)
        assert (told.events, told.seconds) == (len(recording.events), recording.duration)
        assert told.scored_seconds == np.diff(recording.scored).sum()


def test_every_score_has_its_summary_and_a_row_a_fold(tiny: Run) -> None:
    table = tiny.record.table
    assert set(table.distinct("part")) == PARTS | EXPLAINED
    assert set(SCORES) == set(ORACLES)
    for part in ("windows", "windows_at_half"):
        rows = table.select(part=part)
        assert set(rows.distinct("metric")) == set(SCORES)
        for name in SCORES:
            folds = [row.fold for row in rows.select(metric=name)]
            assert sorted(folds) == sorted([*SUBJECTS, "mean", "pooled"])
    assert {metric.name for metric in tiny.record.metrics} >= set(table.distinct("metric"))


def test_the_table_of_scores_is_that_of_the_record(tiny: Run) -> None:
    assert Scores.read(tiny.path / "scores.csv") == tiny.record.table


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
        *("record", "subject", "fold", "start", "end", "label", "stage"),
        *("probability", "threshold", "detected", "data"),
    ]
    found = [
        (r["record"], r["subject"], r["fold"], float(r["start"]), float(r["end"]), int(r["label"]))
        for r in tiny.predictions
    ]
    assert found == expected
    assert {row["data"] for row in tiny.predictions} == {"SIMULATED"}


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
    for part, detected in calls.items():
        defined = []
        for fold in SUBJECTS:
            rows = of_fold == fold
            expected = oracle(name, label[rows], probability[rows], detected[rows])
            found = tiny.record.table.one(part, name, fold=fold)
            assert found.value == pytest.approx(expected, abs=1e-6)
            assert bool(found.reason) == (expected is None)
            defined += [] if expected is None else [expected]
        summary = tiny.record.table.summary(part, name)
        pooled = oracle(name, label, probability, detected)
        assert summary.pooled == pytest.approx(pooled, abs=1e-6)
        assert summary.folds == len(defined)
        assert summary.mean == pytest.approx(np.mean(defined) if defined else None)
        assert summary.sd == pytest.approx(np.std(defined, ddof=1) if len(defined) > 1 else None)


def test_a_detection_reaches_the_threshold_of_its_fold(tiny: Run) -> None:
    for fold in tiny.record.folds:
        assert set(tiny.column("threshold", fold=fold.name)) == {fold.threshold}
        expected = tiny.column("probability", fold=fold.name) >= fold.threshold
        assert np.array_equal(tiny.column("detected", int, fold.name), expected)


def test_windows_are_counted(tiny: Run) -> None:
    for fold in tiny.record.folds:
        label = tiny.column("label", int, fold.name)
        assert (fold.test.windows, fold.test.positive) == (len(label), label.sum())
    calibration = tiny.record.table.select(part="calibration")
    bins = [
        [calibration.one("calibration", name, over=over).value for name in ("windows", "observed")]
        for over in calibration.distinct("over")
    ]
    count, observed = np.array(bins, dtype=np.float64).T
    assert count.sum() == len(tiny.predictions)
    assert np.average(observed, weights=count) == pytest.approx(tiny.column("label", int).mean())


def test_events_follow_from_the_activation_by_the_detector_of_the_fold(tmp_path: Path) -> None:
    explained = ("explain.sanity=false", "explain.faithfulness=false")
    run = experiment("model=cnn1d_power", "trainer.max_epochs=4", *explained, output=tmp_path)
    with np.load(run.path / "activation.npz") as stored:
        assert stored["data"] == "SIMULATED"
        activations = {name: stored[name] for name in stored.files if name != "data"}
    events, table = Events.read(run.path / "events.csv"), run.record.table
    assert activations.pop("step") == 1 / RATE
    assert len(events) > 0
    for fold, recording in zip(run.record.folds, SIMULATED, strict=True):
        name = recording.record
        parts = (name, f"{name}_relevance", f"{name}_evidence")  # this network offers all three
        activation = Activation(*(activations.pop(part) for part in parts))
        detector = Detector(**{f.name: getattr(fold.detector, f.name) for f in fields(Detector)})
        found = detector.find(activation).events
        np.testing.assert_allclose(events.of(name), found)
        expected = event_scores(recording.events, found, recording.scored, 0.2)
        for metric, value in expected.figures.items():
            row = table.one("events", metric, fold=fold.name)
            assert row.value == pytest.approx(value)
            assert row.reason == expected.undefined.get(metric, "")
        for metric, points in expected.curve.items():
            for iou, value in zip(CURVE, points, strict=True):
                over = f"iou {iou:g}"
                row = table.one("event_curve", metric, over=over, fold=fold.name)
                assert row.value == pytest.approx(value)
        assert events.matched[events.record == name].sum() == len(expected.onset)
    assert not activations


def test_every_fold_starts_with_fresh_weights_and_every_epoch_is_kept(tiny: Run) -> None:
    """A network that knows nothing has a loss of ln 2."""
    for fold in tiny.record.folds:
        assert fold.first_loss == pytest.approx(math.log(2), abs=0.1)
        history = asdict(fold.history)
        assert fold.epochs == 2
        assert {len(values) for values in history.values()} == {2}
        assert max(history["val_average_precision"]) == fold.val_average_precision
        assert 0 < min(history["train_loss"] + history["val_loss"]) < 1


def test_maps_stand_beside_the_predictions(tiny: Run) -> None:
    with np.load(tiny.path / "maps.npz") as stored:
        maps, index = stored["maps"], stored["index"]
        assert stored["data"] == "SIMULATED"
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
            probability = tiny.column("probability", np.float32, fold)
            assert np.array_equal(stored["probability"], probability)


@pytest.mark.parametrize("number", range(3))
def test_stored_weights_give_threshold_and_probabilities_again(
    tiny: Run, number: int, tmp_path: Path
) -> None:
    """Threshold from validation windows, probabilities of test windows; nothing is unpickled."""
    config, seen = tiny.config, build_input(tiny.config)
    inputs = [
        seen.prepare(replace(each, signals=each.signals[:1], channels=each.channels[:1]))
        for each in SIMULATED
    ]
    fold = divide(config, inputs)[number]
    data = Plan(config, seen.store(inputs)).data(fold, seen)
    data.setup()
    weights = tiny.path / "folds" / fold.name / "model.ckpt"
    assert "state_dict" in torch.load(weights, weights_only=True)
    classifier = EventClassifier.load_from_checkpoint(weights, weights_only=True)
    trainer = build_trainer(config, data, tmp_path, logger=DummyLogger())
    tested = predicted(trainer, classifier, data.test_dataloader())
    stored = tiny.column("probability", np.float32, fold.name)
    np.testing.assert_allclose(tested, stored, rtol=0, atol=1e-6)
    validated = predicted(trainer, classifier, data.val_dataloader())
    threshold = tiny.record.folds[number].threshold
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
    for name in ("predictions.csv", "events.csv", "activation.npz"):
        assert (again.path / name).read_bytes() == (tiny.path / name).read_bytes()
    kept = [row for row in tiny.record.scores if row.part in PARTS]
    assert sorted(again.record.scores, key=str) == sorted(kept, key=str)


def test_another_seed_gives_other_results(tiny: Run, tmp_path: Path) -> None:
    other = experiment("seed=1", "explain=none", "trainer.max_epochs=1", output=tmp_path)
    for name in ("label", "probability"):
        assert not np.array_equal(other.column(name), tiny.column(name))
    losses, others = ([fold.first_loss for fold in r.record.folds] for r in (tiny, other))
    assert set(losses).isdisjoint(others)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("overrides", "folds"),
    [
        (("cv=kfold", "cv.folds=3", "balance=none"), ["fold01", "fold02", "fold03"]),
        (("task=rem", "balance=adasyn", "task.scale=train"), SUBJECTS[:2]),
        (
            ("model=cnn1d_power", "balance.noise=0.1", "explain.shuffled_labels=true"),
            SUBJECTS[:2],
        ),
    ],
)
def test_other_choices_work_as_well(
    overrides: tuple[str, ...], folds: list[str], tmp_path: Path
) -> None:
    found = experiment(*overrides, "trainer.max_epochs=1", "data.subjects=2", output=tmp_path)
    assert [fold.name for fold in found.record.folds] == folds
    assert set(found.column("fold", str)) == set(folds)
    windows = list(zip(found.column("record", str), found.column("start"), strict=True))
    assert len(set(windows)) == len(windows)
    assert set(found.record.table.distinct("part")) == PARTS | EXPLAINED
    controls = found.record.table.select(part="sanity_maps").distinct("over")
    shuffled = ["shuffled_labels"] * ("explain.shuffled_labels=true" in overrides)
    assert controls == ["random_weights", *shuffled]
    for fold in found.record.folds:
        assert fold.first_loss == pytest.approx(math.log(2), abs=0.1)


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
    assert "these are SIMULATED recordings" in warning.getMessage()
    assert "nowhere" in warning.getMessage()
    assert found.record.data == "synthetic"


def test_a_finished_run_is_read_again(tiny: Run) -> None:
    """Wherever its cache is, and whoever watches."""
    files = [path for path in tiny.path.rglob("*.*") if path.name != "run.lock"]
    before = {path: path.stat().st_mtime_ns for path in files}
    elsewhere = ("cache.folder=/nowhere", "cache.size=1", "logger.project=other")
    assert experiment(*elsewhere, output=tiny.path).returned == tiny.returned
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_observers_are_told_in_order_and_once(tmp_path: Path) -> None:
    """Of a run that goes on, only of what is done now."""
    told: list[str] = []

    class Told(Observer):
        def begun(self, recordings: Any, images: Any) -> None:
            told.append(f"begun {len(recordings)} {images}")

        def fold_finished(self, outcome: Any, scores: Any) -> None:
            told.append(f"{outcome.name} {scores.one('windows', 'f1', fold=outcome.name).fold}")

        def run_finished(self, finished: Any) -> None:
            told.append(f"finished {len(finished.outcomes)}")

    make: MakeObserver = lambda config, stamp, directory: Told()  # noqa: E731, ARG005
    fast = ("explain=none", "trainer.max_epochs=1", "data.subjects=2")
    path = tmp_path / "run"
    first = experiment(*fast, output=path, observers=[make])
    folds = [f"{name} {name}" for name in SUBJECTS[:2]]
    assert told == ["begun 2 None", *folds, "finished 2"]
    told.clear()
    (path / "results.json").unlink()
    shutil.rmtree(path / "folds" / SUBJECTS[1])
    again = experiment(*fast, output=path, observers=[make])
    assert told == ["begun 2 None", *folds[1:], "finished 2"]
    assert untimed(again.record) == untimed(first.record)


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        (("seed=1",), r"\(seed\)"),
        (("task=rem",), r"\(.*task\.band, .*task\.event.*\)"),
        (
            ("cv.val_blocks=4", "trainer.patience=3"),
            r"\(cv\.divide\.val_blocks, cv\.val_blocks, trainer\.patience\)",
        ),
        (("leak=carried_weights",), r"\(leak\.carried_weights\._target_.*\)"),
    ],
)
def test_other_settings_in_the_same_directory_are_refused(
    tiny: Run, overrides: tuple[str, ...], named: str
) -> None:
    results = (tiny.path / "results.json").read_bytes()
    with pytest.raises(InputError, match=rf"holds a run with other settings {named}"):
        experiment(*overrides, output=tiny.path)
    assert (tiny.path / "results.json").read_bytes() == results


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("+explain.methods.mine={_target_: nowhere.map}", r"explain\.methods\.mine\._target_="),
        ("+baselines.mine={_target_: nowhere.Mine}", r"baselines\.mine\._target_=nowhere\.Mine"),
        ("+metrics.mine={_target_: nowhere.Mine}", r"metrics\.mine\._target_=nowhere\.Mine"),
        ("+model.width=3", "model: .* unexpected keyword argument 'width'"),
        ("cv.divide._target_=nowhere.fold", r"cv\.divide\._target_=nowhere\.fold cannot be"),
        ("detector.map._target_=nowhere.map", r"detector\.map\._target_=nowhere\.map cannot be"),
        ("balance.sampler._target_=nowhere.Sampler", r"balance\.sampler\._target_=nowhere\.Sampl"),
    ],
)
def test_components_are_checked_before_any_recording_is_read(
    setting: str, said: str, tmp_path: Path
) -> None:
    """The recordings asked for are not there, and nobody gets as far as to miss them."""
    with pytest.raises(InputError, match=said):
        experiment(setting, "data.records=[nobody]", output=tmp_path)


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Every leak at once, in three folds over blocks of time."""
    path = tmp_path_factory.mktemp("leaky") / "run"
    quick = ("trainer.max_epochs=1", "explain.sanity=false", "explain.faithfulness=false")
    leaks = ("cv=kfold", "cv.folds=3", "leak=all")
    return experiment(*leaks, *quick, output=path, observers=[Pages])


def test_every_output_of_a_leaky_run_says_so(leaky: Run) -> None:
    leaks = [leak.name for leak in leaky.record.leaks]
    assert leaks == sorted(set(leaky.record.config.leak) - {"shared_subjects"})
    for fold in leaky.record.folds:
        assert fold.leaks == leaks
        oversampled = leaky.record.table.one("windows_oversampled", "accuracy", fold=fold.name)
        assert oversampled.value is not None
        assert 0 < oversampled.value <= 1
    tables = list(leaky.path.glob("*.csv"))
    assert {path.name for path in tables} == set(TABLES)
    for path in tables:
        with path.open() as file:
            assert {row["leaks"] for row in csv.DictReader(file)} <= {" ".join(["LEAKY", *leaks])}
    for name in ("maps.npz", "activation.npz", *(f"folds/fold0{i}/test.npz" for i in (1, 2, 3))):
        with np.load(leaky.path / name) as stored:
            assert stored["leaks"] == " ".join(["LEAKY", *leaks])
    assert "<title>LEAKY: " in (leaky.path / "report.html").read_text()


def test_a_leaky_run_resumes_as_if_unbroken(leaky: Run, tmp_path: Path) -> None:
    """Weights are carried from the folds on disk."""
    shutil.copytree(leaky.path, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "folds" / "fold03")
    (tmp_path / "run" / "results.json").unlink()
    again = run(replace(leaky.config, output_dir=str(tmp_path / "run")), console=QUIET)
    assert untimed(again) == untimed(leaky.record)


def test_a_clean_run_knows_nothing_of_leaks(tiny: Run) -> None:
    assert tiny.record.config.leak == {}
    for path in tiny.path.glob("*.csv"):
        assert "leaks" not in path.read_text().splitlines()[0]
    assert "LEAKY" not in (tiny.path / "report.html").read_text()


@pytest.mark.slow
def test_carried_weights_show_in_the_first_loss(tmp_path: Path) -> None:
    training = ("trainer.max_epochs=15", "trainer.learning_rate=0.01", "explain=none")
    overrides = ("model=cnn1d_power", *training, "leak=carried_weights")
    found = experiment(*overrides, output=tmp_path)
    first, *later = (fold.first_loss for fold in found.record.folds)
    assert first == pytest.approx(math.log(2), abs=0.1)
    assert max(loss or math.inf for loss in later) < 0.5 * math.log(2)


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
    assert untimed(RunRecord.load(directory)) == untimed(tiny.record)
    for name in (*TABLES, "activation.npz", "maps.npz"):
        assert (directory / name).read_bytes() == (tiny.path / name).read_bytes()
    for figure in (tiny.path / "figures").iterdir():
        assert (directory / "figures" / figure.name).read_bytes() == figure.read_bytes()
    assert len(TestWindows.read(directory / "predictions.csv")) == len(tiny.predictions)


@pytest.mark.slow
def test_ctrl_c_is_one_line_and_keeps_finished_folds(tmp_path: Path) -> None:
    # A parent that ignores the signal would hand that down; one that handles it does not.
    with hearing_ctrl_c():
        process = start_tiny(tmp_path / "run")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    said = "xai_sleep: interrupted; finished folds are kept, repeat the command to go on"
    # Nothing else but what is shown before training starts.
    assert errors.splitlines()[-1] == said
    assert errors.count("xai_sleep") == 1
    assert "Traceback" not in errors
    assert len(finished_files(tmp_path / "run")) >= 3
    assert not (tmp_path / "run" / "results.json").exists()
