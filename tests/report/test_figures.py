"""Files of a run's figures, and what the matrix and the strips show."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image
from sklearn.metrics import confusion_matrix

from tests.support.pages import OF_MAPS, OF_WINDOWS, Kind, made_up
from tests.support.runs import ROOT
from xai_sleep.report.examples import examples_figure
from xai_sleep.report.figures import OF_WINDOWS as SHOWN
from xai_sleep.report.figures import (
    confusion_figure,
    draw_run,
    localisation_figure,
    scores_figure,
)
from xai_sleep.report.style import CHANCE, DPI, FOLD, POOLED, save
from xai_sleep.results.files import Stamp
from xai_sleep.results.scores import Score

RUN = made_up()
FOLDS = [fold.name for fold in RUN.outcomes]


def test_examples_are_a_small_picture(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    fold = RUN.outcomes[0]
    wild = (np.cumsum(rng.normal(size=fold.maps.shape), axis=1) % 1).astype(np.float16)
    figure = examples_figure(RUN.recordings, replace(fold, maps=wild), 3)
    path = save(figure, tmp_path / "figures" / "examples.png")
    assert path.stat().st_size < 400_000  # maps that change from sample to sample: the worst case
    with Image.open(path) as picture:
        picture.load()
        assert picture.format == "PNG"
        assert picture.width == 14 * DPI
        assert 6 * DPI < picture.height < 10 * DPI


def test_examples_show_the_map(tmp_path: Path) -> None:
    """The same windows with another map give another picture; repeated, the same bytes."""
    fold = RUN.outcomes[0]
    blank = replace(fold, maps=np.zeros_like(fold.maps))
    pictures = [
        save(examples_figure(RUN.recordings, one, 1), tmp_path / str(i)).read_bytes()
        for i, one in enumerate((fold, fold, blank))
    ]
    assert pictures[0] == pictures[1]
    assert pictures[0] != pictures[2]


def test_a_run_is_pictures_of_the_same_bytes_each_time(tmp_path: Path) -> None:
    paths, again = draw_run(RUN, tmp_path / "one"), draw_run(RUN, tmp_path / "two")
    assert [path.stem for path in paths] == [
        *("roc", "confusion", "scores", "calibration", "training", "faithfulness"),
        *("alignment", "localisation", "timeline-1", "timeline-2"),
    ]
    for path, other in zip(paths, again, strict=True):
        assert path.read_bytes() == other.read_bytes()
        with Image.open(path) as picture:
            picture.load()
            assert picture.format == "PNG"
            assert min(picture.size) > DPI
            assert np.ptp(np.asarray(picture.convert("L"))) > 200


def test_figures_are_marked_across(tmp_path: Path) -> None:
    fold = RUN.outcomes[0]
    plain = save(examples_figure(RUN.recordings, fold, 1), tmp_path / "plain.png")
    marked = save(
        examples_figure(RUN.recordings, fold, 1), tmp_path / "marked.png", Stamp("synthetic").across
    )
    with Image.open(plain) as picture, Image.open(marked) as stamped:
        assert picture.size == stamped.size
        changed = np.asarray(picture.convert("RGB")) != np.asarray(stamped.convert("RGB"))
    assert changed.any(axis=2).mean() > 0.001


def test_matrix_counts_each_window_as_it_was_called() -> None:
    expected = confusion_matrix(RUN.windows.label, RUN.windows.detected, labels=[1, 0])
    axes = confusion_figure(RUN).axes[0]
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
    words = [
        text.get_text() for text in confusion_figure(made_up(Kind(events=False))).axes[0].texts
    ]
    assert words[:4] == ["0", "–\nhit", "0", "–\nmiss"]
    assert "–" not in "".join(words[4:])


def test_scores_are_those_of_each_fold_and_of_all() -> None:
    panels = scores_figure(RUN).axes
    assert len(panels) == len(SHOWN)
    for axes, metric in zip(panels, SHOWN, strict=True):
        pooled = OF_WINDOWS[metric]
        np.testing.assert_allclose(_dots(axes, FOLD), [(pooled - 0.02, 0), (pooled - 0.02, 1)])
        (line,) = [line for line in axes.lines if line.get_color() == POOLED]
        assert np.unique(line.get_xdata()) == pytest.approx(pooled)
        assert axes.get_title() == f"{RUN.record.metric(metric).label}\npooled {pooled:.3f}"
    assert [label.get_text() for label in panels[0].get_yticklabels()] == FOLDS


def test_undefined_score_is_a_word_not_a_dot() -> None:
    one = Score("windows", "model", "all", "f1", FOLDS[0], 0.5)
    run = replace(RUN, record=replace(RUN.record, scores=[one]))
    axes = scores_figure(run).axes[0]
    assert [text.get_text() for text in axes.texts] == ["undefined"]
    assert axes.texts[0].get_position()[1] == 1
    assert axes.get_title() == "F1\npooled undefined"


def test_localisation_has_a_dot_and_its_chance_for_each_subject() -> None:
    figure = localisation_figure(RUN)
    assert figure
    for axes, metric in zip(figure.axes, ("pointing", "mass", "rank"), strict=True):
        for colour, name in ((FOLD, metric), (CHANCE, f"{metric}_uniform")):
            value = OF_MAPS[name]
            np.testing.assert_allclose(_dots(axes, colour), [(value, 0), (value - 0.1, 1)])
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == [f"{fold} (5)" for fold in FOLDS]
    assert localisation_figure(made_up(Kind(maps="none"))) is None


def test_drawing_needs_no_pyplot() -> None:
    """No global state."""
    check = (
        "import sys; from xai_sleep.report.figures import confusion_figure, scores_figure;"
        "from tests.support.pages import made_up; run = made_up();"
        "confusion_figure(run); scores_figure(run); sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


def _dots(axes: Axes, colour: str) -> list[tuple[float, float]]:
    drawn = [
        np.reshape(line.get_xydata(), (-1, 2)) for line in axes.lines if line.get_color() == colour
    ]
    return [(float(x), float(y)) for points in drawn if len(points) == 1 for x, y in points]
