"""The command line: help, sweeps, and one line for every mistake of a user."""

import logging
import os
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hydra.core.hydra_config import HydraConfig

from tests.support.dreams import MARKS, RATE, SECONDS, write_record
from tests.support.edf import Channel, write_edf
from tests.support.runs import ROOT, TINY, launch
from xai_sleep.__main__ import main

FAST = (*TINY, "explain=none", "trainer.max_epochs=1")


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Cli = Callable[..., Answer]


@pytest.fixture
def cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Cli]:
    """Call the command line in this process, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "")  # set by the command line, unset afterwards
    loggers = logging.getLogger()
    handlers, level = list(loggers.handlers), loggers.level

    def call(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["xai-sleep", *arguments])
        monkeypatch.setattr(HydraConfig.instance(), "cfg", None)
        capsys.readouterr()
        code: object = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        printed = capsys.readouterr()
        assert isinstance(code, int)
        return Answer(code, printed.out, printed.err)

    yield call
    for handler in set(loggers.handlers) - set(handlers):
        handler.close()
    loggers.handlers[:] = handlers
    loggers.setLevel(level)


def complaint(answer: Answer) -> str:
    """Return the one line that a refusal consists of."""
    assert answer.code == 2
    assert answer.err.startswith("xai_sleep: ")
    assert answer.err.endswith("\n")
    assert answer.err.count("\n") == 1
    assert "Traceback" not in answer.err + answer.out
    return answer.err.removeprefix("xai_sleep: ").rstrip()


def test_help_lists_every_choice_and_imports_no_torch(tmp_path: Path) -> None:
    process = launch("--help", cwd=tmp_path, PYTHONPROFILEIMPORTTIME="1")
    text, imports = process.communicate(timeout=60)
    assert process.returncode == 0
    for group in (path for path in (ROOT / "conf").iterdir() if path.is_dir()):
        if group.name != "hydra":
            choices = ", ".join(sorted(path.stem for path in group.glob("*.yaml")))
            assert f"\n{group.name}: {choices}\n" in text
    assert text.count("\n  xai-sleep ") == 3
    modules = {line.rpartition("|")[2].strip().split(".")[0] for line in imports.splitlines()}
    assert "xai_sleep" in modules
    assert modules.isdisjoint({"torch", "pytorch_lightning", "captum", "wandb", "matplotlib"})


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        # Choices.
        ("model=cnn3d", "model=cnn3d: no such choice; available for model: cnn1d, cnn1d_power"),
        ("balance=smotte", "available for balance: adasyn, none, smote"),
        ("task=null", "task=null: a group needs one of its choices; --help lists them"),
        ("task=rem,spindle", "Ambiguous .* 'task=rem,spindle'; to sweep over .* put -m before"),
        ("data.expert=both", "data.expert is 'both'; it must be one of union, intersection, exp"),
        ("task.event=kcomplex", "task.event is 'kcomplex'; it must be one of spindle, rem"),
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
        ("data.records=excerpt1", r"data.records: .* expected a list: \[a,b\]"),
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
        ("cv.guard=2", r"task.band: a filter from 0.5 Hz reaches 3.5 s, past cv.guard \(2 s\)"),
        ("task.min_overlap=5", r"task.min_overlap \(5 s\) must be shorter than task.window \(5 s"),
        ("task.band=[1,60]", r"task.band holds \[1.0, 60.0\]; .* task.sfreq \(50 Hz\)"),
        ("task.channels=[[X1]]", "simulated records hold CZ-A1 and FP1-A1, none of X1; name one"),
        ("data.subjects=1", "found 1 subject .* needs at least 2; add records .* or use cv=kfold"),
        ("data.records=[synthetic9]", "asks for synthetic9, but the simulated records are synth"),
        ("trainer.accelerator=tpu", "trainer.accelerator is 'tpu'; it must be one of cpu, gpu"),
        ("balance.sampler.k_neighbors=999", r"fold synthetic1: \d+ positive training windows, but"),
        ("balance.sampler._target_=foo.Bar", "foo.Bar failed on .*change balance.sampler or use"),
        ("model._target_=foo.Bar", "foo.Bar"),
        ("task.window=0.5", "windows of 50 samples are too short for .* lengthen task.window or"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line(cli: Cli, setting: str, said: str) -> None:
    line = complaint(cli(*FAST, setting))
    pytest.importorskip("re")
    assert matches(said, line), line
