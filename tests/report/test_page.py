"""Pages as text: what stands on them, and that they need nothing else."""

import base64
import io
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.pages import made_up
from xai_sleep.report.template import asset, chart_version, picture

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
def page(**kind: Any) -> str:
    with TemporaryDirectory() as directory:
        return made_up(**kind).write(Path(directory)).read_text(encoding="utf-8")


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


def test_numbers_are_those_of_the_results() -> None:
    run, found = made_up(), Words(page()).text
    f1 = run.found["summary"]["windows"]["f1"]
    low, high = f1["ci95"]
    row = f"F1 {f1['pooled']:.3f} {low:.3f} to {high:.3f} {f1['mean']:.3f} ± {f1['std']:.3f} 2"
    assert row in found
    pointing = run.found["summary"]["maps"]["true_positives"]["pointing"]["pooled"]
    assert f"map peaks in an event {pointing:.3f}" in found


def test_the_page_says_how_the_run_was_done() -> None:
    found = Words(page()).text
    for words in (
        *("Leave one subject out", "seed 0", "task.min_overlap", "torch", "called from Python"),
        *(f"uPlot {chart_version()}", "Unscored time is unknown", "evened out by SMOTE"),
    ):
        assert words in found


def test_one_subject_has_no_interval_and_the_page_says_why() -> None:
    found = Words(page(subjects=1)).text
    assert "needs two subjects to resample, found 1" in found
    assert "No 95 % interval (all scores)" in found


def test_a_run_without_maps_says_so() -> None:
    found = Words(page(maps="none")).text
    assert "This run made no maps (explain=none)." in found
    assert "flat map" not in found.replace("chance is what a flat map scores", "")


def test_a_run_without_events_says_what_is_undefined() -> None:
    found = Words(page(events=False)).text
    assert "Not pooled" in found
    assert "No true positive has a map that can be scored." in found
    assert "0 with a spindle event" in found


def test_names_are_escaped() -> None:
    text = page(names=(TAG, "plain & simple"))
    assert TAG not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert r"\u003cscript\u003ealert(1)" in text
    assert "plain &amp; simple" in text


@pytest.mark.parametrize(("source", "stamped"), [("synthetic", True), ("dreams", False)])
def test_simulated_data_are_stamped(source: str, stamped: bool) -> None:
    text = page(source=source)
    assert ("SIMULATED" in text) == stamped
    assert ('<p class="stamp"' in text) == stamped


def test_other_figures_and_tables_are_shown_when_there_are_any(tmp_path: Path) -> None:
    run = made_up()
    scores = {"f1": run.found["summary"]["windows"]["f1"]}
    run.found["summary"]["events"] = scores
    run.found["summary"]["events_n2n3"] = scores
    curve = {"most": [0.9, 0.1], "random": [0.9, 0.2]}
    curves = {"share": [0, 1], "deletion": curve, "insertion": curve}
    run.found["summary"]["explainers"] = {
        "saliency": {
            "maps": {"positives": scores, "true_positives": {"pointing": scores["f1"]}},
            "faithfulness": {"curves": curves},
            "sanity": {"random_weights": {"passed": True}},
        },
        "occlusion": {},
    }
    run.found["baselines"] = {
        "threshold": {"description": "Root mean square", "windows": scores},
        "absent": {"description": "Needs a package", "skipped": "it is not installed"},
    }
    (tmp_path / "events.csv").write_text("record,onset,duration\nsynthetic1,3,1\n")
    found = Words(run.write(tmp_path).read_text(encoding="utf-8")).text
    f1 = f"{scores['f1']['pooled']:.3f} [{scores['f1']['ci95'][0]:.3f} to "
    assert f"the network {f1}" in found
    assert "absent – – Needs a package" in found
    for words in (
        *(
            "Events in stages N2 and N3",
            "F1 of events",
            "saliency: maps: positives",
            "Baseline: threshold",
        ),
        *("Methods of explanation", "passed", "occlusion – – – – –", "Deletion and insertion"),
        *("Root mean square", "Needs a package. it is not installed"),
    ):
        assert words in found
    assert '"detections": [[3.0, 4.0]]' in (tmp_path / "report.html").read_text()


def test_the_same_run_gives_the_same_page(tmp_path: Path) -> None:
    assert made_up().write(tmp_path).read_text(encoding="utf-8") == page()


def test_a_picture_is_smaller_on_the_page_and_keeps_its_size(tmp_path: Path) -> None:
    made_up().write(tmp_path)
    path = tmp_path / "figures" / "roc.png"
    packed = picture(path)
    with Image.open(path) as image:
        assert (packed.width, packed.height) == image.size
    assert len(packed.uri) < path.stat().st_size


def test_a_picture_keeps_its_colours(tmp_path: Path) -> None:
    made_up().write(tmp_path)
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
