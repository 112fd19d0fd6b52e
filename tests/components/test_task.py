"""A task of a user's own is one small YAML: from files to scores, a page and a new night."""

import html
import re
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from tests.support import mine
from tests.support.edf import Channel, write_edf
from tests.support.runs import launch
from xai_sleep.config import config_dir, validate
from xai_sleep.errors import InputError
from xai_sleep.predict.__main__ import main as predict
from xai_sleep.report.__main__ import main as report
from xai_sleep.results.run import RunRecord
from xai_sleep.schema import Config

RATE, SECONDS = 100, 180
FAST = (
    *("trainer.max_epochs=1", "explain.figures=1", "detector.step=2", "logger=none"),
    *("data=files", "data.root=nights"),
)
LEFT_OUT = {
    "automatic": "the records have no automatic marks",
    "experts": "no record was scored by two experts",
    "threshold": "the task names no rule to detect its events by (task.rule)",
    "yasa": "YASA has no detector of arousal events",
}
SMALLEST = "event: arousal\nchannels: [[C3-M2]]\n"


def night(folder: Path, name: str, seed: int) -> None:
    """Write an EDF file of arousals, fast in the EEG and loud in the chin, and a table of them."""
    folder.mkdir(exist_ok=True)
    rng, time = np.random.default_rng(seed), np.arange(RATE * SECONDS) / RATE
    eeg, chin = rng.normal(0, 10, time.size), rng.normal(0, 3, time.size)
    rows = ["onset,duration,type", f"0,{SECONDS},scored"]
    for onset in range(8, SECONDS - 10, 14):
        during = (time >= onset) & (time < onset + 3)
        eeg[during] += 20 * np.sin(20 * np.pi * time[during])
        chin[during] *= 4
        rows.append(f"{onset},3,arousal")
    channels = [
        Channel(label, np.round(100 * signal).astype(np.int16), RATE)
        for label, signal in (("EMG chin", chin), ("C4-M1", eeg))
    ]
    write_edf(folder / f"{name}.edf", channels)
    (folder / f"{name}.csv").write_text("\n".join(rows) + "\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nights, and the task that the page shows."""
    folder = tmp_path_factory.mktemp("task")
    for seed, name in enumerate("abc"):
        night(folder / "nights", name, seed)
    path = folder / "conf" / "task" / "arousal.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(mine.shown()["conf/task/arousal.yaml"])
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "choices",
    [
        ("model=cnn1d", "cv=loso", "baselines=all"),
        (
            *("model=cnn2d", "task.image=coherence", "task.image_size=16", "cv=kfold"),
            *("cv.folds=3", "explain.sanity=false", "explain.faithfulness=false"),
        ),
    ],
    ids=lambda choices: str(choices[0]),
)
def test_a_task_is_trained_explained_shown_and_used(
    folder: Path, choices: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    run = folder / choices[0].replace("=", "_")
    arguments = ("--config-dir", "conf", "task=arousal", *FAST, *choices)
    process = launch(*arguments, f"hydra.run.dir={run}", cwd=folder)
    _, terminal = process.communicate(timeout=200)
    assert process.returncode == 0, terminal
    record = RunRecord.load(run)
    assert (record.config.task.name, len(record.folds)) == ("arousal", 3)
    page = html.unescape((run / "report.html").read_text(encoding="utf-8"))
    assert not re.search("spindle|k-complex|eye movement", page + terminal, re.I)
    skipped = {each.name: each.skipped for each in record.baselines if each.skipped}
    assert skipped == {name: LEFT_OUT[name] for name in skipped}
    assert skipped.keys() >= {"automatic", "experts", "threshold"}
    for name, why in skipped.items():
        assert f"{name} left out: {why}" in " ".join(terminal.split())
        assert f"left out: {why}" in page
    assert record.table.summary("events", "f1").pooled is not None
    assert record.table.summary("maps", "pointing", who="gradcam", over="positives").pooled
    assert {"alignment.png", "timeline-1.png", "localisation.png"} <= {
        path.name for path in (run / "figures").iterdir()
    }
    predict([str(run), str(folder / "nights" / "a.edf"), "--out", f"{run}.csv"])
    assert re.search(r"\d+ arousal events in 3\.0 min", capsys.readouterr().err)
    report([str(run), "--out", f"{run}-report"])
    assert "arousal" in (folder / f"{run.name}-report" / "table.md").read_text(encoding="utf-8")


def composed(folder: Path, text: str, *overrides: str) -> Config:
    """Compose a task of a folder of the user's, as ``--config-dir`` does."""
    path = folder / "task" / "mine.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    search = f"hydra.searchpath=[file://{folder}]"
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        return validate(compose("config", [search, "task=mine", "output_dir=x", *overrides]))


def test_a_task_need_only_say_its_event_and_channels(tmp_path: Path) -> None:
    task = composed(tmp_path, SMALLEST, "task.step=2").task
    assert (task.name, task.event, task.channels) == ("arousal", "arousal", [["C3-M2"]])
    assert (task.window, task.step, task.band, task.image_band) == (5, 2, [0.5, 35], [0.5, 35])
    assert (task.simulator, task.rule, task.input_bands) == (None, None, None)
    assert composed(tmp_path, f"{SMALLEST}window: 30\n").cv.guard == 30
    assert composed(tmp_path, f"{SMALLEST}window: 2\n").cv.guard == 5
    narrow = composed(tmp_path, f"{SMALLEST}band: [8, 12]\nname: alpha\n", "model=cnn2d").task
    assert (narrow.name, narrow.image_band) == ("alpha", [8, 12])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{SMALLEST}windw: 3\n", r"there is no setting task\.windw \(did you mean window\?\); "),
        (
            "channels: [[C3-M2]]\n",
            r"^task\.event is not said; say it in its YAML, or as task\.event=…$",
        ),
        ("event: arousal\n", r"^task\.channels is not said; "),
        (f"{SMALLEST}band: 5\n", r"^task\.band: .*expected a list"),
        (f"{SMALLEST}band: [80, 200]\n", r"task\.band .* half of task\.sfreq \(50 Hz\), which can"),
        (f"{SMALLEST}window: long\n", r"^task\.window: Value 'long' "),
        (f"{SMALLEST}min_overlap: 9\n", r"^task\.min_overlap \(9 s\) must be shorter than task\.w"),
    ],
)
def test_a_slip_in_a_task_is_one_line_that_names_the_setting(
    text: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        composed(tmp_path, text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("event: [arousal\n", 'broken.yaml", line 1'),
        ("- arousal\n", "In 'task/broken': "),
    ],
)
def test_a_file_that_is_no_task_is_one_line_that_names_it(
    folder: Path, text: str, said: str
) -> None:
    (folder / "broken" / "task").mkdir(parents=True, exist_ok=True)
    (folder / "broken" / "task" / "broken.yaml").write_text(text)
    process = launch("--config-dir", "broken", "task=broken", *FAST, cwd=folder)
    _, terminal = process.communicate(timeout=60)
    assert process.returncode == 2, terminal
    lines = [line for line in terminal.splitlines() if not line.startswith("[20")]
    assert len(lines) == 1, terminal
    assert said in lines[0]
