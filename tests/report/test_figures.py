"""Files of a run's figures, and what the matrix and the scores show."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import confusion_matrix

from tests.support.results import fold_result
from xai_sleep.evaluate.windows import FoldResult
from xai_sleep.metrics.windows import window_scores
from xai_sleep.recordings.filtering import prepare
from xai_sleep.recordings.recording import Recording
from xai_sleep.recordings.simulated import simulate
from xai_sleep.report.figures import (
    SCORES,
    confusion_figure,
    draw_examples,
    draw_summary,
    scores_figure,
)
from xai_sleep.report.style import DPI, FOLD, POOLED, stamp
from xai_sleep.windows.windows import cut

ROOT = Path(__file__).parents[2]
RNG = np.random.default_rng(0)
LABELS = [RNG.integers(0, 2, 30).tolist() for _ in range(3)]
FOLDS = [
    fold_result(f"fold{i}", label, RNG.random(30).tolist(), threshold)
    for i, (label, threshold) in enumerate(zip(LABELS, (0.2, 0.5, 0.8), strict=True))
]
SILENT = fold_result("silent", [0, 0], [0.1, 0.2])


@pytest.fixture(scope="module")
def night() -> tuple[Recording, FoldResult]:
    """Simulate, filter and cut a recording, and make up probabilities and maps."""
    (recording,) = simulate("rem", subjects=1, minutes=4)
    recording = prepare(recording, sfreq=100, bands=[(0.5, 15)])
    windows = cut([recording], [recording.scored], length=5, step=5)
    rng = np.random.default_rng(0)
    probability = np.clip(0.4 * windows.label + rng.uniform(0, 0.7, len(windows)), 0, 1)
    maps = np.cumsum(rng.normal(size=(len(windows), windows.length)), axis=1) % 1
    metrics = {"threshold": 0.5}
    return recording, FoldResult(
        "night", windows, probability.astype(np.float32), maps.astype(np.float16), metrics
    )


def test_examples_are_a_small_picture(night: tuple[Recording, FoldResult], tmp_path: Path) -> None:
    recording, result = night
    path = draw_examples([recording], result, 3, tmp_path / "figures")
    assert path == tmp_path / "figures" / "examples-night.png"
    assert path.stat().st_size < 400_000  # maps that change from sample to sample: the worst case
    with Image.open(path) as picture:
        picture.load()
        assert picture.format == "PNG"
        assert picture.width == 14 * DPI
        assert 6 * DPI < picture.height < 10 * DPI


def test_examples_show_the_map(night: tuple[Recording, FoldResult], tmp_path: Path) -> None:
    """The same windows with another map give another picture; repeated, the same bytes."""
    recording, result = night
    blank = replace(result, maps=np.zeros_like(result.maps))
    pictures = [
        draw_examples([recording], one, 1, tmp_path / str(i)).read_bytes()
        for i, one in enumerate((result, result, blank))
    ]
    assert pictures[0] == pictures[1]
    assert pictures[0] != pictures[2]


def test_summary_is_pictures_of_the_same_bytes_each_time(tmp_path: Path) -> None:
    paths = draw_summary([*FOLDS, SILENT], tmp_path)
    names = ["roc.png", "confusion.png", "scores.png", "calibration.png"]
    assert [path.name for path in paths] == names
    again = draw_summary([*FOLDS, SILENT], tmp_path / "again")
    for path, other in zip(paths, again, strict=True):
        assert path.read_bytes() == other.read_bytes()
        with Image.open(path) as picture:
            picture.load()
            assert picture.format == "PNG"
            assert min(picture.size) > 2 * DPI
            assert np.ptp(np.asarray(picture.convert("L"))) == 255


def test_simulated_figures_are_marked_across(tmp_path: Path) -> None:
    plain = draw_summary(FOLDS, tmp_path / "plain")
    marked = draw_summary(FOLDS, tmp_path / "marked", stamp("synthetic"))
    assert stamp("dreams") == ""
    for path, other in zip(plain, marked, strict=True):
        with Image.open(path) as picture, Image.open(other) as stamped:
            assert picture.size == stamped.size
            changed = np.asarray(picture.convert("RGB")) != np.asarray(stamped.convert("RGB"))
        assert changed.any(axis=2).mean() > 0.001


def test_matrix_counts_each_window_at_the_threshold_of_its_fold() -> None:
    detected = np.concatenate([fold.probability >= fold.threshold for fold in FOLDS])
    expected = confusion_matrix(np.concatenate(LABELS), detected, labels=[1, 0])
    axes = confusion_figure(FOLDS).axes[0]
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    shares = 100 * expected / expected.sum(axis=1, keepdims=True)
    for (row, column), count in np.ndenumerate(expected):
        assert cells[(column + 0.5, row + 0.45)] == str(count)
        assert cells[(column + 0.5, row + 0.5)].startswith(f"{shares[row, column]:.1f} %")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["detected", "not detected"]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        f"event\n({expected[0].sum()})",
        f"no event\n({expected[1].sum()})",
    ]


def test_matrix_without_events_has_no_percentage_of_them() -> None:
    words = [text.get_text() for text in confusion_figure([SILENT]).axes[0].texts]
    assert words[::2] == ["0", "0", "0", "2"]
    assert words[1::2] == [
        "–\nhit",
        "–\nmiss",
        "0.0 %\nfalse alarm",
        "100.0 %\ncorrect rejection",
    ]


def test_scores_are_those_of_each_fold_and_of_all() -> None:
    together = window_scores(
        np.concatenate([fold.windows.label for fold in FOLDS]),
        np.concatenate([fold.probability for fold in FOLDS]),
        np.repeat([fold.threshold for fold in FOLDS], 30),
    )
    panels = scores_figure(FOLDS).axes
    assert len(panels) == len(SCORES)
    for axes, (key, name) in zip(panels, SCORES.items(), strict=True):
        dots = [line.get_xydata() for line in axes.lines if line.get_color() == FOLD]
        expected = [(fold.metrics["windows"][key], row) for row, fold in enumerate(FOLDS)]
        np.testing.assert_allclose(np.concatenate(dots), expected)
        (line,) = [line for line in axes.lines if line.get_color() == POOLED]
        assert np.unique(line.get_xdata()) == pytest.approx(together[key])
        assert axes.get_title() == f"{name}\npooled {together[key]:.3f}"
    assert [label.get_text() for label in panels[0].get_yticklabels()] == [
        "fold0",
        "fold1",
        "fold2",
    ]


def test_undefined_score_is_a_word_not_a_dot() -> None:
    figure = scores_figure([FOLDS[0], SILENT])
    for axes in figure.axes:
        assert [text.get_text() for text in axes.texts] == ["undefined"]
        assert axes.texts[0].get_position()[1] == 1
    assert scores_figure([SILENT]).axes[0].get_title() == "F1\npooled undefined"


def test_drawing_needs_no_pyplot_and_no_scikit_learn() -> None:
    """No global state, and nothing that is a tool of the tests alone."""
    check = (
        "import sys, xai_sleep.report.figures as f; from tests.support.results import fold_result;"
        "f.curves_figure([fold_result('a', [0, 1], [0.2, 0.7])]);"
        "sys.exit(' '.join({'matplotlib.pyplot', 'sklearn'} & set(sys.modules)) or None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
