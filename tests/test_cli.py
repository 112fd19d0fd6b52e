"""The command line: help, sweeps, and one line for every mistake of a user."""

import re
import shutil
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.cli import Answer, Cli, calls, complaint
from tests.support.dreams import MARKS, RATE, SECONDS, write_record
from tests.support.edf import Channel, write_edf
from tests.support.runs import ROOT, TINY, launch
from xai_sleep.__main__ import main
from xai_sleep.results.run import RunRecord

FAST = (*TINY, "explain=none", "trainer.max_epochs=1")


@pytest.fixture
def cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Cli]:
    """Call the command line in this process, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    yield from calls(main, monkeypatch, capsys)


def test_help_lists_every_choice_and_imports_no_torch(tmp_path: Path) -> None:
    process = launch("--help", cwd=tmp_path, PYTHONPROFILEIMPORTTIME="1")
    text, imports = process.communicate(timeout=60)
    assert process.returncode == 0
    for group in (path for path in (ROOT / "conf").iterdir() if path.is_dir()):
        if group.name != "hydra":
            choices = ", ".join(sorted(path.stem for path in group.glob("*.yaml")))
            assert f"\n{group.name}: {choices}\n" in text
    assert text.count("\n  xai-sleep ") == 4
    modules = {line.rpartition("|")[2].strip().split(".")[0] for line in imports.splitlines()}
    assert "xai_sleep" in modules
    assert modules.isdisjoint({"torch", "pytorch_lightning", "captum", "wandb", "matplotlib"})


@pytest.mark.parametrize("written", ["~/my nights", '"~/my nights"', "{home}/my nights"])
def test_the_home_folder_may_be_written_as_in_the_help(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    root = written.format(home=tmp_path / "me")
    said = complaint(cli("data=files", f"data.root={root}", "logger=none", "hydra.run.dir=~/out"))
    assert f"data.root: {tmp_path}/me/my nights is not a folder" in said
    assert (tmp_path / "me/out").is_dir()
    assert not (tmp_path / "~").exists()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        # Choices.
        ("model=cnn3d", "model=cnn3d: no such choice; available for model: cnn1d, cnn1d_marks, "),
        ("balance=smotte", "available for balance: adasyn, none, smote"),
        ("task=null", "task=null: a group needs one of its choices; --help lists them"),
        ("task=rem,spindle", "Ambiguous .* 'task=rem,spindle'; to sweep over .* put -m before"),
        ("data.minutes=few", "data.minutes is 'few'; simulate at least 1 minute"),
        # Names.
        ("trainer.max_epocs=3", r"no setting trainer.max_epocs \(did you mean max_epochs\?\)"),
        ("tsak=rem", r"there is no setting tsak \(did you mean task\?\); the top level has task,"),
        ("model.dropot=0.1", r"no setting model.dropot \(did you mean dropout\?\); model has drop"),
        ("balance.sampler.neighbors=1", r"\(did you mean k_neighbors\?\); balance.sampler has k"),
        ("+model.bla=3", "model: .* unexpected keyword argument 'bla'"),
        ("++cv.fold=3", r"there is no setting cv.fold \(did you mean folds\?\)"),
        ("cv.folds=5", "cv.folds does not apply to the cv chosen; leave it out or choose another"),
        ("~nothing", "'nothing' does not exist"),
        # Types.
        ("trainer.max_epochs=many", "trainer.max_epochs: Value 'many' .* converted to Integer"),
        ("trainer.max_epochs=1.5", "trainer.max_epochs: Value '1.5' .* converted to Integer"),
        ("data.records=excerpt1", r"data.records is excerpt1; expected a list: \[excerpt1\]"),
        (
            "data.records=[1.10, 1_0,1e5,7, a b,TRUE]",
            "records asks for 1.10, 1_0, 1e5, 7, a b, TRUE",
        ),
        ("task.band=[low,high]", r"task.band\[0\]: Value 'low' .* converted to Float"),
        ("task.band.low=3", "invalid literal"),
        ("model.dropout=a", "model: "),
        ("trainer.max_epochs=[", r"cannot read 'trainer.max_epochs=\['; write group=choice or ke"),
        ("spindle", "cannot read 'spindle'; write group=choice or key=value"),
        # Ranges.
        ("trainer.max_epochs=0", "trainer.max_epochs is 0; it must be at least 1"),
        ("trainer.learning_rate=0", "trainer.learning_rate is 0; it must be greater than 0"),
        ("trainer.learning_rate=inf", "trainer.learning_rate is inf; it must be a finite number"),
        ("task.window=nan", "task.window is nan; it must be greater than 0"),
        ("seed=-1", "seed is -1; it must be at least 0"),
        ("seed=4294967296", "seed is 4294967296; it must be at most 4294967295"),
        ("threads=0", "threads is 0; it must be at least 1"),
        ("model.dropout=7", "model: dropout probability has to be between 0 and 1, but got 7"),
        # Combinations.
        ("cv.guard=2", r"task.band: a filter from 0.5 Hz reaches 3.7 s, past cv.guard \(2 s\)"),
        ("task.min_overlap=5", r"task.min_overlap \(5 s\) must be shorter than task.window \(5 s"),
        ("task.band=[1,60]", r"task.band holds \[1.0, 60.0\]; .* task.sfreq \(50 Hz\)"),
        ("task.channels=[[X1]]", r"no channel X1 in synthetic1, .* \(found there: CZ-A1, FP1-A1\)"),
        ("data.subjects=1", "found 1 subject .* needs at least 2; add records .* or use cv=kfold"),
        ("data.records=[synthetic9]", "asks for synthetic9, but the simulation holds synthetic1, "),
        ("trainer.accelerator=tpu", "trainer.accelerator is 'tpu'; it must be one of cpu, gpu"),
        ("balance.sampler.k_neighbors=999", r"fold synthetic1: \d+ positive training windows, but"),
        ("balance.sampler._target_=foo.Bar", "balance.sampler._target_=foo.Bar cannot be import"),
        ("model._target_=foo.Bar", "foo.Bar"),
        ("task.window=0.6", "windows of 60 samples are too short for .* lengthen task.window or"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line(cli: Cli, setting: str, said: str) -> None:
    assert re.search(said, complaint(cli(*FAST, setting)))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("leak=smote", "leak=smote: no such choice; available for leak: all, carried_weights, no"),
        ("leak.smote=true", "there is no setting leak.smote; --help lists them"),
        ("leak=overlapping_windows", "leak=overlapping_windows cannot be made here: "),
    ],
)
def test_leaks_that_cannot_be_made_are_one_line(cli: Cli, setting: str, said: str) -> None:
    assert complaint(cli(*FAST, setting)).startswith(said)


def test_directory_and_table_of_a_leaky_run_say_so(cli: Cli) -> None:
    answer = cli(*FAST, "data.subjects=2", "leak=carried_weights")
    assert answer.code == 0
    (found,) = Path("outputs").rglob("results.json")
    assert found.parts[1:3] == ("synthetic", "LEAKY-spindle-cnn1d-loso")
    assert re.search(r"LEAKY spindle-CNN1d-loso.*\n *carried_weights *\n", answer.err)


def test_too_many_folds_for_a_record_are_one_line(cli: Cli) -> None:
    line = complaint(cli(*FAST, "cv=kfold", "cv.folds=100"))
    assert line.startswith("record synthetic1 has 32 scored windows of 5 s, fewer than the 100 b")


def test_a_sampler_short_of_positives_names_fold_number_and_setting(cli: Cli, tree: Path) -> None:
    """The only training record has three marks: with windows every 5 s, three positive ones."""
    write_record(tree, 2, marks=[(20, 1), (40, 1), (60, 1)])
    line = complaint(cli(*FAST, "data=dreams", f"data.root={tree}", "task.step=5"))
    said = "fold excerpt1: 3 positive training windows, but balance.sampler.k_neighbors=5 needs"
    assert re.match(rf"{said} at least 6; lower it or use balance=none", line)


@pytest.mark.parametrize("where", ["hydra.run.dir", "output_dir"])
def test_a_directory_that_cannot_be_written_is_one_line(
    cli: Cli, tmp_path: Path, where: str
) -> None:
    """Below a regular file not even root can write."""
    (tmp_path / "file").write_text("")
    line = complaint(cli(*FAST, f"{where}={tmp_path}/file/run"))
    assert f"{tmp_path}/file/run" in line
    assert "Not a directory" in line
    assert "hydra.run.dir=" in line


def test_files_that_cannot_be_written_are_one_line_and_folds_are_kept(cli: Cli) -> None:
    Path("run/scores.csv").mkdir(parents=True)
    line = complaint(cli(*FAST, "hydra.run.dir=run"))
    assert re.search(r"run/\S*scores.csv\S*: Is a directory; check the path, its permiss", line)
    assert len(list(Path("run/folds").glob("*/metrics.json"))) == 3


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_missing_gpu_is_one_line(cli: Cli) -> None:
    line = complaint(cli(*FAST, "trainer.accelerator=gpu"))
    assert line.startswith("trainer.accelerator is gpu, but ")
    assert line.endswith("Use trainer.accelerator=cpu")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Folder of two records like the real ones."""
    root = tmp_path / "dreams"
    for number in (1, 2):
        write_record(root, number)
    return root


def of(tree: Path) -> tuple[str, ...]:
    return (*FAST, "data=dreams", f"data.root={tree}")


def test_records_in_files_are_used_and_their_person_is_not_kept(cli: Cli, tree: Path) -> None:
    """What is changed in the tests below works as it is."""
    write_record(tree, 1, patient="Doe_Jane F 01-JAN-1950")
    answer = cli(*FAST, "data=auto", f"data.root={tree}", "hydra.run.dir=run")
    assert answer.code == 0, answer.err
    assert RunRecord.load(Path("run")).data == "dreams"
    for path in (path for path in Path("run").rglob("*") if path.is_file()):
        assert not re.search(rb"Jane|JAN-1950", path.read_bytes()), path
    assert "Jane" not in answer.out + answer.err


def test_records_of_one_person_are_one_subject(cli: Cli, tree: Path) -> None:
    for number in (1, 2):
        write_record(tree, number, patient="Doe_Jane F 01-JAN-1950")
    line = complaint(cli(*of(tree)))
    assert line.startswith("found 1 subject (excerpt1), but leaving one out needs at least 2")


def nowhere(folder: Path) -> None:
    shutil.rmtree(folder.parent)


def empty(folder: Path) -> None:
    shutil.rmtree(folder)


def no_signals(folder: Path) -> None:
    for path in folder.glob("*.edf"):
        path.unlink()


def truncated(folder: Path) -> None:
    path = folder / "excerpt2.edf"
    path.write_bytes(path.read_bytes()[:-1000])


def no_edf(folder: Path) -> None:
    (folder / "excerpt2.edf").write_bytes(b"PK" + bytes(500))


def other_channels(folder: Path) -> None:
    write_record(folder.parent, 2, labels=("O1-A1", "EOG1"))


def flat(folder: Path) -> None:
    zeros = np.zeros(SECONDS * RATE, dtype=np.int16)
    write_edf(folder / "excerpt2.edf", [Channel("CZ-A1", zeros, RATE)])


def not_a_number(folder: Path) -> None:
    (folder / "excerpt2.edf").unlink()
    samples = ["[CZ-A1]", *["1.5"] * 1000, "nan", *["2.5"] * 1000]
    (folder / "excerpt2.txt").write_text("\n".join(samples))


def malformed(folder: Path) -> None:
    (folder / "Visual_scoring1_excerpt2.txt").write_text("[vis1]\n10.0 1.5\n20.0 abc\n")


def beyond_the_end(folder: Path) -> None:
    write_record(folder.parent, 2, marks=[*MARKS, (SECONDS + 10, 1)])


def no_events(folder: Path) -> None:
    write_record(folder.parent, 2, marks=[])


def one_record(folder: Path) -> None:
    (folder / "excerpt2.edf").unlink()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (nowhere, "/dreams/DatabaseSpindles is not there; data.root must be the folder that holds"),
        (empty, "/dreams/DatabaseSpindles is not there; data.root must be the folder that holds"),
        (no_signals, r"scorings of 2 records were found but no signals \(excerptN.edf\); fetch"),
        (truncated, r"excerpt2.edf is truncated: \d+ bytes found, \d+ expected from its header"),
        (no_edf, "excerpt2.edf"),
        (other_channels, r"C3-A1 or CZ-A1 .* in excerpt2 \(found there: EOG1, O1-A1\)"),
        (flat, "record excerpt2, channel CZ-A1 is flat"),
        (not_a_number, "excerpt2.txt, line 1002: expected a number, found 'nan'"),
        (malformed, "scoring1_excerpt2.txt, line 3: expected onset and duration in s, found '20.0"),
        (beyond_the_end, "excerpt2.txt, line 16: an event starts at 310 s, but .* to 300 s"),
        (no_events, r"fold excerpt1: none of the \d+ training windows holds an event; check the"),
        (one_record, r"found 1 subject \(excerpt1\), but leaving one out needs at least 2"),
    ],
)
def test_files_that_cannot_be_used_are_one_line(
    cli: Cli, tree: Path, damage: Callable[[Path], None], said: str
) -> None:
    damage(tree / "DatabaseSpindles")
    assert re.search(said, complaint(cli(*of(tree))))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("model=cnn3d",), "model=cnn3d: no such choice; available for model: "),
        (("data=synthetic", "logger.mode=online"), "logger.mode=online, but nobody is logged in"),
    ],
)
def test_a_mistake_is_one_line_of_a_real_process(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    home = str(tmp_path)
    process = launch(*arguments, cwd=tmp_path, HOME=home, NETRC=f"{home}/no", WANDB_API_KEY="")
    out, err = process.communicate(timeout=60)
    assert complaint(Answer(process.returncode, out, err)).startswith(said)


def test_a_sweep_goes_on_after_a_job_that_cannot_run(cli: Cli) -> None:
    """Simulated records of REMs have no central channel; those of spindles do."""
    answer = cli("-m", *FAST, "task=rem,spindle", "task.channels=[[CZ-A1]]", "hydra.sweep.dir=all")
    assert answer.code == 2
    assert "task.channels: there is no channel CZ-A1 in synthetic1" in answer.err.splitlines()[-1]
    assert [str(path) for path in Path("all").glob("*/results.json")] == [
        "all/spindle-cnn1d-loso/results.json"
    ]


@pytest.mark.slow
def test_a_sweep_gives_every_combination_a_directory(tmp_path: Path) -> None:
    process = launch("-m", "task=rem,spindle", *FAST, cwd=tmp_path)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    (sweep,) = (tmp_path / "multirun").iterdir()
    found = {
        path.parent.name: RunRecord.load(path.parent).config.task.event
        for path in sweep.glob("*/results.json")
    }
    assert found == {"rem-cnn1d-loso": "rem", "spindle-cnn1d-loso": "spindle"}


def test_an_installed_package_finds_its_configuration(tmp_path: Path) -> None:
    """Laid out as the wheel lays it out, far from the checkout."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = settings["tool"]["hatch"]["build"]["targets"]["wheel"]
    site = tmp_path / "site"
    for package in wheel["packages"]:
        shutil.copytree(ROOT / package, site / package, ignore=shutil.ignore_patterns("__pyc*"))
    for source, target in wheel["force-include"].items():
        shutil.copytree(ROOT / source, site / target)
    (tmp_path / "elsewhere").mkdir()
    process = launch("task=rem", "--cfg", "job", cwd=tmp_path / "elsewhere", path=site)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "\n  event: rem\n" in out
    process = launch("task=none", cwd=tmp_path / "elsewhere", path=site)
    out, err = process.communicate(timeout=60)
    assert "available for task: kcomplex, rem, spindle" in complaint(
        Answer(process.returncode, out, err)
    )
