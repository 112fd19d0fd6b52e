"""Pages as text: what stands on them, and that they need nothing else."""

import base64
import io
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from tests.support.pages import Kind, made_up
from xai_sleep.report.page import Pages, write_report
from xai_sleep.report.template import asset, chart_version, picture
from xai_sleep.results.files import Leak
from xai_sleep.results.finished import Finished
from xai_sleep.results.scores import Score

TAG = "<script>alert(1)</script>"


class Words(HTMLParser):
    """Text, ids and addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note what the tag refers to."""
        self.inside = tag
        for name, value in attributes:
            if name in ("src", "href", "action", "data"):
                self.addresses.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_data(self, data: str) -> None:
        """Keep what a reader sees."""
        if self.inside not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self) -> str:
        """What a reader sees, on one line."""
        return re.sub(r"\s+", " ", " ".join(self.words))


@cache
def page(kind: Kind = Kind()) -> str:  # noqa: B008 - it is frozen
    with TemporaryDirectory() as directory:
        return write_report(made_up(kind), Path(directory)).read_text(encoding="utf-8")


def text_of(run: Finished, directory: Path) -> str:
    return Words(write_report(run, directory).read_text(encoding="utf-8")).text


def test_a_page_is_one_file_with_results_first() -> None:
    text = page()
    found = Words(text)
    assert len(text) < 3e6
    assert found.ids.index("results") < found.ids.index("explanations") < found.ids.index("methods")
    assert len(found.ids) == len(set(found.ids))
    for address in found.addresses:
        assert address.startswith(("data:", "#")), address[:80]
    anchors = [address[1:] for address in found.addresses if address.startswith("#")]
    assert set(anchors) <= set(found.ids)


def test_numbers_are_those_of_the_scores() -> None:
    found = Words(page()).text
    for words in (
        *("F1 0.575 0.475 to 0.675 0.565 ± 0.050 2", "F1 of events 0.650 95 % 0.550 to 0.750"),
        *("map peaks in an event 0.900 of true positives; chance 0.250", "synthetic1 21 6 0.500"),
        "In 7 true positives the map peaks inside an event with frequency 0.900 (95 % 0.800 to 1.0",
        "In all windows with an event, blank maps counted as misses, it does with 0.850 (95 % 0.7",
        "Events: detected in the activation product in 2 folds.",
    ):
        assert words in found, words


def test_every_table_is_there() -> None:
    found = Words(page()).text
    for words in (
        *("Events in stages N2 and N3", "Beside baselines", "the network 0.575 [0.475 to 0.675]"),
        *("automatic – – left out: the records have no automatic marks", "Baseline: threshold"),
        *("Methods of explanation", "passed", "Localisation: true positives", "All settings"),
        *("All figures of saliency", "saliency: maps: positives", "gradcam: faithfulness: true"),
        *("gradcam: sanity: maps: random weights", "random weights head: similarity 0.200"),
        *("Deletion and insertion", "events in scored time", "Scores of each fold"),
    ):
        assert words in found, words


def test_the_page_says_how_the_run_was_done() -> None:
    found = Words(page()).text
    for words in (
        *("Leave one subject out", "seed 0", "task.min_overlap", "torch", "called from Python"),
        *(f"uPlot {chart_version()}", "Unscored time is unknown", "evened out by SMOTE"),
    ):
        assert words in found


def test_a_score_without_an_interval_says_why(tmp_path: Path) -> None:
    run = made_up()
    f1 = Score("windows", "model", "all", "f1", "pooled", 0.5, reason="found 1 subject")
    found = text_of(replace(run, record=replace(run.record, scores=[f1])), tmp_path)
    assert "No 95 % interval (all scores): found 1 subject." in found
    assert "F1 of windows 0.500 found 1 subject" in found
    assert "F1 of events –" in found


def test_a_run_without_maps_says_so() -> None:
    found = Words(page(Kind(maps="none"))).text
    assert "This run made no maps (explain=none)." in found
    assert "flat map" not in found.replace("chance is what a flat map scores", "")


def test_maps_without_true_positives_cannot_be_scored(tmp_path: Path) -> None:
    run = made_up(Kind(events=False))
    rows = [row for row in run.record.scores if row.metric != "pointing"]
    found = text_of(replace(run, record=replace(run.record, scores=rows)), tmp_path)
    assert "No true positive has a map that can be scored." in found
    assert "0 with an event (spindle), from" in found


def test_names_are_escaped() -> None:
    text = page(Kind(names=(TAG, "plain & simple")))
    assert TAG not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert r"\u003cscript\u003ealert(1)" in text
    assert "plain &amp; simple" in text


@pytest.mark.parametrize(("source", "stamped"), [("synthetic", True), ("dreams", False)])
def test_simulated_data_are_stamped(source: str, stamped: bool) -> None:
    text = page(Kind(source=source))
    assert ("SIMULATED" in text) == stamped
    assert ('<p class="stamp"' in text) == stamped


@pytest.mark.parametrize("leaks", [(Leak("carried_weights", "of the fold before"),), ()])
def test_leaks_are_stamped(leaks: tuple[Leak, ...]) -> None:
    text = page(Kind(source="dreams", maps="none", leaks=leaks))
    title = text[text.index("<title>") : text.index("</title>")]
    assert title.startswith("<title>LEAKY: ") == bool(leaks)
    assert ("<h1>LEAKY: " in text) == bool(leaks)
    assert ('<p class="stamp" role="note"><strong>LEAKY</strong>' in text) == bool(leaks)
    assert text.count("carried_weights") == (2 if leaks else 0)  # in the stamp and the methods


def test_folds_and_the_run_are_drawn_as_they_finish(tmp_path: Path) -> None:
    run = made_up(Kind(settings=("explain.figures=1",)))
    pages = Pages(run.record.config, run.record.stamp, tmp_path)
    pages.begun(run.recordings, run.images)
    for fold in run.outcomes:
        pages.fold_finished(fold, run.scores)
        assert (tmp_path / "figures" / f"examples-{fold.name}.png").exists()
        assert not (tmp_path / "report.html").exists()
    pages.run_finished(run)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.count("The most confident hits, misses and false alarms of fold") == 2


@pytest.mark.parametrize(("maps", "examples"), [("none", 1), ("signal", 0)])
def test_without_maps_or_wish_there_are_no_examples(
    tmp_path: Path, maps: Literal["none", "signal"], examples: int
) -> None:
    run = made_up(Kind(maps=maps, settings=(f"explain.figures={examples}",)))
    pages = Pages(run.record.config, run.record.stamp, tmp_path)
    pages.begun(run.recordings, run.images)
    pages.fold_finished(run.outcomes[0], run.scores)
    assert not (tmp_path / "figures").exists()


def test_the_same_run_gives_the_same_page(tmp_path: Path) -> None:
    assert write_report(made_up(), tmp_path).read_text(encoding="utf-8") == page()


def test_a_picture_is_smaller_on_the_page_and_keeps_its_size(tmp_path: Path) -> None:
    write_report(made_up(), tmp_path)
    path = tmp_path / "figures" / "roc.png"
    packed = picture(path)
    with Image.open(path) as image:
        assert (packed.width, packed.height) == image.size
    assert len(packed.uri) < path.stat().st_size


def test_a_picture_keeps_its_colours(tmp_path: Path) -> None:
    write_report(made_up(), tmp_path)
    for path in (tmp_path / "figures").iterdir():
        packed = base64.b64decode(picture(path).uri.partition(",")[2])
        with Image.open(path) as image, Image.open(io.BytesIO(packed)) as small:
            before, after = (np.asarray(one.convert("RGB")).astype(int) for one in (image, small))
        assert np.abs(before - after).max() < 24


def test_the_chart_library_comes_with_its_licence() -> None:
    assert "MIT License" in asset("uPlot.LICENSE")
    assert f"v{chart_version()}" in asset("uPlot.iife.min.js")[:80]
    for name in ("uPlot.iife.min.js", "browser.js"):
        assert "</script" not in asset(name)
    for name in ("uPlot.min.css", "style.css"):
        assert "</style" not in asset(name)
        assert "url(" not in asset(name)
