"""The study of localisation: tables of real small runs, and pairs worked out by hand."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from experiments.localisation.paired import compare, pairs
from experiments.localisation.runs import Run, load
from experiments.localisation.study import main, tables
from tests.support.runs import TINY, composed
from xai_sleep.errors import InputError
from xai_sleep.experiment.run import run

SUBJECTS = ("a", "a", "b", "b", "c", "c")
HEAD = ("record", "subject", "fold", "start", "end", "label", "probability", "detected")


def made_up(path: Path, model: str, peaks: list[int], missed: int | None = None) -> Run:
    """Six windows of three subjects with an event in their first half; -1 is a blank map."""
    path.mkdir()
    config: dict[str, Any] = {
        "model": {"_target_": f"xai_sleep.models.{model}"},
        "task": {"name": "spindle", "sfreq": 4.0},
        "cv": {"scheme": "loso"},
        "explain": {"methods": ["gradcam"], "tolerance": 0.0},
        "seed": 0,
    }
    results = {"data": "dreams", "config": config, "summary": {"explainers": {"gradcam": {}}}}
    (path / "results.json").write_text(json.dumps(results))
    with (path / "predictions.csv").open("w") as file:
        table = csv.writer(file)
        table.writerow(HEAD)
        for row, subject in enumerate(SUBJECTS):
            table.writerow([subject, subject, subject, row, row + 2, 1, 0.9, int(row != missed)])
    profiles = np.zeros((6, 8), dtype=np.float16)
    for row, peak in enumerate(peaks):
        profiles[row, peak] = peak >= 0
    inside = np.zeros((6, 8), dtype=np.bool_)
    inside[:, :4] = True
    np.savez(path / "maps.npz", profiles=profiles, inside=inside)
    return load([path])[0]


def test_a_pair_by_hand(tmp_path: Path) -> None:
    one = made_up(tmp_path / "one", "cnn1d.CNN1d", [0, 1, 2, 3, 0, 7])
    other = made_up(tmp_path / "other", "cnn2d.CNN2d", [7, 0, 6, 5, 0, 7])
    found = compare(one, other, "gradcam", "pointing")
    assert (found.windows, found.subjects) == (6, 3)
    assert found.first == pytest.approx(5 / 6)
    assert found.second == pytest.approx(2 / 6)
    # The differences of subjects are 1/2, 1 and 0: of the eight exchanges four reach their sum.
    assert found.p == pytest.approx(4 / 8)
    assert found.ci95 is not None
    assert found.ci95[0] == pytest.approx(0)
    assert found.ci95[1] == pytest.approx(1)


def test_only_windows_with_a_score_in_both_runs_are_compared(tmp_path: Path) -> None:
    one = made_up(tmp_path / "one", "cnn1d.CNN1d", [0, -1, 0, 0, 0, 0])
    other = made_up(tmp_path / "other", "cnn2d.CNN2d", [0, 0, 0, 0, 7, 7], missed=0)
    found = compare(one, other, "gradcam", "pointing")
    assert (found.windows, found.subjects) == (4, 2)
    assert (found.first, found.second) == (1, 0.5)
    none = made_up(tmp_path / "none", "cnn2d.CNN2d", [-1] * 6)
    assert compare(one, none, "gradcam", "pointing").p is None


def test_other_windows_are_not_compared(tmp_path: Path) -> None:
    one = made_up(tmp_path / "one", "cnn1d.CNN1d", [0] * 6)
    other = made_up(tmp_path / "other", "cnn2d.CNN2d", [0] * 6)
    table = other.path / "predictions.csv"
    table.write_text(table.read_text().replace("c,c,c,5,7", "c,c,c,6,8"))
    with pytest.raises(InputError, match="were tested on other windows"):
        compare(one, load([other.path])[0], "gradcam", "mass")


def test_signals_are_paired_with_images_of_the_same_protocol(tmp_path: Path) -> None:
    one = made_up(tmp_path / "one", "cnn1d.CNN1d", [0] * 6)
    made_up(tmp_path / "other", "cnn2d.CNN2d", [0] * 6)
    shutil.copytree(tmp_path / "other", tmp_path / "later")
    changed = json.loads((tmp_path / "later" / "results.json").read_text())
    changed["config"]["seed"] = 1
    (tmp_path / "later" / "results.json").write_text(json.dumps(changed))
    found = [(a.path.name, b.path.name) for a, b in pairs(load([tmp_path]))]
    assert found == [(one.path.name, "other")]


def test_tables_of_real_small_runs(tmp_path: Path) -> None:
    small = (*TINY, "trainer.max_epochs=1", "data.minutes=2", "explain.figures=0", "task=rem")
    for model, more in (("cnn1d", ()), ("cnn2d_evidence", ("task.image_size=16",))):
        methods = "explain.methods=[gradcam,uniform]"
        run(
            composed(f"model={model}", methods, *small, *more, output=tmp_path / model),
            Console(quiet=True),
        )
    main([str(tmp_path), "--out", str(tmp_path)])
    text = (tmp_path / "tables.md").read_text()
    assert text == tables(load([tmp_path]))
    assert "SIMULATED recordings" in text
    assert text.count("| CNN1d | rem | loso | `gradcam` |") == 3
    assert "| CNN1d | EvidenceCNN2d | rem | loso | `gradcam` | pointing |" in text
    assert "nan" not in text


def test_nothing_to_read_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([str(tmp_path)])
    assert left.value.code == 2
    assert "no explained run in" in capsys.readouterr().err
