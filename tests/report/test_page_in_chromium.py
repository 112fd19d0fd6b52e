"""Pages in a real browser: nothing is loaded, nothing complains, keys and filters work."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.chromium import Seen, launch_chromium, showing
from tests.support.pages import Kind, made_up
from tests.support.runs import ROOT
from xai_sleep.report.page import write_report
from xai_sleep.results.finished import Finished
from xai_sleep.results.outcome import OUTCOMES

NASTY = ("<script>alert(1)</script>", 'a"b&c</script><img src=x onerror=alert(2)>')
RUNS = {
    "signal": Kind(),
    "image": Kind(maps="image"),
    "no maps": Kind(maps="none"),
    "no events": Kind(events=False),
    "one subject": Kind(subjects=1),
    "nasty": Kind(names=NASTY),
    "real": Kind(task="rem", source="dreams"),
}
pytestmark = pytest.mark.slow


@cache
def run(name: str) -> Finished:
    """One of :data:`RUNS`."""
    return made_up(RUNS[name])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch_chromium(playwright)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("pages")
    found = {}
    for number, name in enumerate(RUNS):
        (root / str(number)).mkdir()
        found[name] = write_report(run(name), root / str(number))
    return found


@pytest.fixture
def shown(browser: Browser, paths: dict[str, Path]) -> Iterator[Page]:
    with showing(browser, paths["signal"]) as seen:
        yield seen.page
        assert not seen.complaints


def width(page: Page) -> tuple[int, int]:
    """Measure in pixels what the page takes and what it has."""
    needed: list[int] = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return needed[0], needed[1]


def numbers(made: Finished) -> dict[str, int]:
    called = made.windows.outcome.tolist()
    return {name: called.count(name) for name in OUTCOMES}


def position(page: Page) -> str:
    return page.inner_text("#position")


def require_quiet(seen: Seen, path: Path) -> None:
    assert seen.complaints == []
    assert [url for url in seen.requests if not url.startswith("data:")] == [path.as_uri()]


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize(("wide", "scheme"), [(1100, "light"), (360, "dark")])
def test_every_page_loads_whole_and_fits(
    browser: Browser, paths: dict[str, Path], name: str, wide: int, scheme: str
) -> None:
    with showing(browser, paths[name], width=wide, scheme=scheme) as seen:
        page = seen.page
        page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
        loaded = page.evaluate("[...document.images].map((i) => i.complete && i.naturalWidth > 99)")
        assert len(loaded) > 4
        assert all(loaded)
        assert width(page)[0] <= width(page)[1] == wide
        for landmark in ("main", "nav", "header", "footer", "h1"):
            assert page.locator(landmark).count() == 1
        assert page.locator("section[aria-labelledby]").count() == 4
        assert page.evaluate("[...document.images].every((image) => image.alt.length > 10)")
        unnamed = "[...document.querySelectorAll('select, input')].filter((x) => !x.labels.length)"
        assert page.evaluate(f"{unnamed}.length") == 0
        page.keyboard.press("j")
        assert position(page).startswith("2 of ")
        require_quiet(seen, paths[name])


def test_next_and_previous_by_key_and_by_button(shown: Page) -> None:
    total = sum(numbers(run("signal")).values())
    assert position(shown) == f"1 of {total}"
    assert shown.is_disabled("#previous")
    first = shown.inner_text("#about")
    for key, expected in (("j", 2), ("ArrowRight", 3), ("k", 2), ("ArrowLeft", 1), ("k", 1)):
        shown.keyboard.press(key)
        assert position(shown) == f"{expected} of {total}"
    assert shown.inner_text("#about") == first
    shown.click("#next")
    assert position(shown) == f"2 of {total}"
    assert shown.inner_text("#about") != first
    assert shown.get_attribute("#charts", "aria-label") == (
        f"Signal and relevance. {shown.inner_text('#about')}"
    )
    shown.focus("#previous")
    shown.keyboard.press("Enter")
    assert position(shown) == f"1 of {total}"


def test_arrows_in_a_slider_move_the_slider(shown: Page) -> None:
    shown.focus("#low")
    shown.keyboard.press("ArrowRight")
    assert shown.input_value("#low") == "0.01"
    assert position(shown).startswith("1 of ")


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_each_outcome_can_be_shown_alone(shown: Page, outcome: str) -> None:
    for name in OUTCOMES:
        shown.get_by_label(name, exact=True).set_checked(name == outcome)
    expected = numbers(run("signal"))[outcome]
    assert expected > 0
    assert position(shown) == f"1 of {expected}"
    words = shown.inner_text("#about")
    assert words.startswith(f"{outcome}: ")
    found = re.search(r"probability ([\d.]+), threshold ([\d.]+)", words)
    assert found
    assert (float(found[1]) >= float(found[2])) == (outcome in ("hit", "false alarm"))
    if outcome in ("hit", "miss"):
        assert "marked: nothing" not in words


def test_filter_by_subject_and_probability(shown: Page) -> None:
    shown.select_option("#subject", "synthetic2")
    here = run("signal").outcomes[1].probabilities
    assert position(shown) == f"1 of {len(here)}"
    shown.fill("#low", "0.3")
    shown.fill("#high", "0.7")
    inside = np.count_nonzero((here.round(4) >= 0.3) & (here.round(4) <= 0.7))
    assert 0 < inside < len(here)
    assert position(shown) == f"1 of {inside}"
    assert "; detected: " in shown.inner_text("#about")
    assert "subject synthetic2" in shown.inner_text("#about")
    assert shown.inner_text("output[for=low]") == "0.30"


def test_no_window_left_is_said(shown: Page) -> None:
    assert shown.is_hidden("#nothing")
    shown.fill("#low", "1")
    shown.fill("#high", "0")
    assert shown.is_visible("#nothing")
    assert shown.is_hidden("#window")
    assert position(shown) == "0 of 0"
    assert shown.is_disabled("#next")
    shown.keyboard.press("j")
    shown.fill("#low", "0")
    shown.fill("#high", "1")
    assert shown.is_visible("#window")


def test_charts_show_signal_and_relevance(browser: Browser, paths: dict[str, Path]) -> None:
    """A chart for each channel, one for relevance, one for an image; none of them blank."""
    for name, charts in (("signal", 2), ("real", 3), ("image", 3), ("no maps", 1)):
        with showing(browser, paths[name]) as seen:
            seen.page.wait_for_timeout(100)
            assert seen.page.locator("#charts canvas").count() == charts
            hues = seen.page.evaluate(
                "[...document.querySelectorAll('#charts canvas')].map((canvas) => new Set("
                "new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, "
                "canvas.height).data.buffer)).size)"
            )
            assert min(hues) > 10


def test_charts_follow_the_width(shown: Page) -> None:
    shown.set_viewport_size({"width": 360, "height": 700})
    shown.wait_for_function("document.querySelector('#charts .uplot').clientWidth < 360")
    assert width(shown)[0] <= 360


def test_the_page_prints(shown: Page) -> None:
    shown.emulate_media(media="print")
    assert shown.is_hidden("#filters")
    assert shown.is_visible("#about")
    paper = shown.pdf(format="A4")
    assert paper.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) >= 3


def test_simulated_recordings_are_stamped_and_real_ones_are_not(
    browser: Browser, paths: dict[str, Path]
) -> None:
    with showing(browser, paths["signal"], width=360) as seen:
        seen.page.evaluate("scrollTo(0, document.body.scrollHeight)")
        stamp = seen.page.locator(".stamp")
        box = stamp.bounding_box()
        assert "data: synthetic" in stamp.inner_text()
        assert box
        assert box["y"] == pytest.approx(0, abs=1)  # still in sight
        assert seen.page.title().startswith("SIMULATED")
    with showing(browser, paths["real"]) as seen:
        assert seen.page.locator(".stamp").count() == 0
        assert "SIMULATED" not in seen.page.content()


def test_names_are_text_wherever_they_stand(browser: Browser, paths: dict[str, Path]) -> None:
    with showing(browser, paths["nasty"]) as seen:
        options = seen.page.locator("#subject option").all_inner_texts()
        assert options == ["all", *NASTY]
        assert seen.page.locator("script").count() == 3
        for name in NASTY:
            assert name in seen.page.inner_text("#methods")
        require_quiet(seen, paths["nasty"])


def test_a_missing_browser_is_a_failure_where_one_is_required(tmp_path: Path) -> None:
    check = (
        "from playwright.sync_api import sync_playwright\n"
        "from tests.support.chromium import launch_chromium\n"
        "def test_it():\n"
        "    with sync_playwright() as playwright:\n"
        "        launch_chromium(playwright)\n"
    )
    (tmp_path / "test_it.py").write_text(check)
    unset = {key: value for key, value in os.environ.items() if key not in ("CI", "PATH")}
    nowhere = unset | {
        "PATH": "",
        "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }
    outcomes = {}
    for asked in ("", "required"):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
            env=nowhere | {"XAI_SLEEP_BROWSER": asked},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        outcomes[asked] = (done.returncode, "make browser" in done.stdout + done.stderr)
    assert outcomes["required"] == (1, True)
    assert outcomes[""][0] == 0
