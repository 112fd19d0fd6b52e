"""The study of localisation: tables of real small runs, and pairs worked out by hand."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from experiments.localisation.paired import compare, pairs
from experiments.localisation.runs import Run, load
from experiments.localisation.study import main, tables
from tests.support.outcomes import run_record
from tests.support.runs import TINY, launch
from xai_sleep.errors import InputError
from xai_sleep.results.outcome import TestWindows
from xai_sleep.results.scores import Score

Values = tuple[float] | tuple[float, float, float]
"""A value, and perhaps its interval."""

SUBJECTS = np.array(["a", "a", "b", "b", "c", "c"])


def made_up(
    path: Path, model: str, peaks: list[int], missed: int | None = None, later: float = 0.0
) -> Run:
    """Six windows of three subjects with an event in their first half; -1 is a blank map."""
    start, detected = np.arange(6.0) + later, np.arange(6) != missed
    profiles = np.zeros((6, 8), dtype=np.float16)
    for row, peak in enumerate(peaks):
        profiles[row, peak] = peak >= 0
    inside = np.zeros((6, 8), dtype=np.bool_)
    inside[:, :4] = True
    hits = Score("maps", "gradcam", "true_positives", "windows", "pooled", int(detected.sum()))
    record = run_record([hits], (), f"model={model}", data="dreams")
    path.mkdir()
    record.save(path)
    TestWindows(
        *(SUBJECTS, SUBJECTS, SUBJECTS, start, start + 2, np.ones(6, dtype=np.int64)),
        *(np.full(6, "N2"), np.full(6, 0.9), np.full(6, 0.5), detected),
    ).write(path / "predictions.csv", record.stamp)
    np.savez(path / "maps.npz", profiles=profiles, inside=inside)
    return load([path])[0]


def test_a_pair_by_hand(tmp_path: Path) -> None:
    one = made_up(tmp_path / "one", "cnn1d", [0, 1, 2, 3, 0, 7])
    other = made_up(tmp_path / "other", "cnn2d", [7, 0, 6, 5, 0, 7])
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
    one = made_up(tmp_path / "one", "cnn1d", [0, -1, 0, 0, 0, 0])
    other = made_up(tmp_path / "other", "cnn2d", [0, 0, 0, 0, 7, 7], missed=0)
    found = compare(one, other, "gradcam", "pointing")
    assert (found.windows, found.subjects) == (4, 2)
    assert (found.first, found.second) == (1, 0.5)
    none = made_up(tmp_path / "none", "cnn2d", [-1] * 6)
    assert compare(one, none, "gradcam", "pointing").p is None


def test_other_windows_are_not_compared(tmp_path: Path) -> None:
    one = made_up(tmp_path / "one", "cnn1d", [0] * 6)
    other = made_up(tmp_path / "other", "cnn2d", [0] * 6, later=1.0)
    with pytest.raises(InputError, match="were tested on other windows"):
        compare(one, other, "gradcam", "mass")


def test_signals_are_paired_with_images_of_the_same_protocol(tmp_path: Path) -> None:
    made_up(tmp_path / "one", "cnn1d", [0] * 6)
    other = made_up(tmp_path / "other", "cnn2d", [0] * 6)
    shutil.copytree(other.path, tmp_path / "later")
    other.record.config.seed = 1
    other.record.save(tmp_path / "later")
    found = [(a.path.name, b.path.name) for a, b in pairs(load([tmp_path]))]
    assert found == [("one", "other")]


@pytest.mark.slow
def test_tables_of_real_small_runs(tmp_path: Path) -> None:
    small = (*TINY, "trainer.max_epochs=1", "data.minutes=2", "task=rem")
    methods = ("explain=[gradcam,uniform]", "explain.figures=0")
    for model, more in (("cnn1d", ()), ("cnn2d_evidence", ("task.image_size=16",))):
        place = f"hydra.run.dir={tmp_path / model}"
        process = launch(f"model={model}", *small, *methods, *more, place, cwd=tmp_path)
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    main([str(tmp_path), "--out", str(tmp_path)])
    text = (tmp_path / "tables.md").read_text()
    assert text == tables(load([tmp_path]))
    assert "SIMULATED recordings" in text
    assert text.count("| CNN1d | rem | loso | `gradcam` |") == 3
    assert "| CNN1d | EvidenceCNN2d | rem | loso | `gradcam` | pointing |" in text
    assert "nan" not in text


def test_every_table_is_a_query_on_the_scores(tmp_path: Path) -> None:
    """What was not measured is told as such, and what was is where it belongs."""
    run = made_up(tmp_path / "one", "cnn1d", [0] * 6)
    said: list[tuple[str, str, str, Values]] = [
        ("maps", "true_positives", "blank", (1,)),
        ("maps", "true_positives", "pointing", (0.81, 0.72, 0.93)),
        ("maps", "subject b", "pointing", (0.64,)),
        ("maps", "subject b", "windows", (2,)),
        ("faithfulness", "true_positives", "separation", (0.35, 0.2, 0.5)),
        ("faithfulness", "true_positives", "skipped", (3,)),
        ("sanity", "random_weights", "similarity", (0.12,)),
        ("sanity", "random_weights", "passed", (1,)),
        ("sanity_maps", "random_weights", "pointing", (0.23,)),
    ]
    rows = [
        Score(part, "gradcam", over, metric, "pooled", *ends) for part, over, metric, ends in said
    ]
    replace(run.record, scores=[*run.record.scores, *rows]).save(run.path)
    text = tables(load([run.path]))
    mine = "| CNN1d | spindle | loso | `gradcam` |"
    assert f"{mine} 6 | 1 | 0.81 [0.72, 0.93] | – | – | – |" in text
    assert f"{mine} 0.35 [0.20, 0.50] | – | – | 3 |" in text
    assert f"{mine} 0.12 | yes | 0.23 | – | – |" in text
    assert "| true positives | 0 | 2 | 0 |" in text
    assert "| `gradcam` | – | 0.64 | – |" in text


def test_nothing_to_read_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([str(tmp_path)])
    assert left.value.code == 2
    assert "no explained run in" in capsys.readouterr().err
