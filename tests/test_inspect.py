"""Recordings looked at without training: the table, the page in a real browser, and refusals."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.support.chromium import launch_chromium, showing
from tests.support.cli import Answer, Cli, complaint
from tests.support.nights import by_clock, write_nights

ALL = "data.scored=all"


@pytest.fixture
def nights(tmp_path: Path) -> Path:
    """Two nights in a folder whose name a command line may stumble over; the second is late."""
    root = tmp_path / 'it\'s, "my" [nights] = $x 1'
    made = write_nights(root, ("a<b>", "night2"))
    (root / "a<b>.csv").write_text(by_clock(made[0]))
    (root / "night2.csv").write_text(by_clock(made[1], late=3))
    return root


def page_of(answer: Answer) -> Path:
    assert answer.code == 0, answer.err
    (path,) = re.findall(r"to look at: (.*)", answer.err)
    return Path(path)


def test_records_are_understood_and_shown(look: Cli, nights: Path) -> None:
    answer = look(str(nights), ALL)
    page = page_of(answer)
    assert page.parent.parent == Path("outputs/inspect").absolute()
    files = sorted(str(path.relative_to(page.parent)) for path in page.parent.rglob("*.*"))
    drawn = [f"figures/{name}-{number}.png" for name in ("events", "marks") for number in (1, 2)]
    assert files == [*drawn, "inspect.html"]
    assert "night2: marks look shifted by +3.0 s" in answer.err
    assert "a<b>: marks" not in answer.err
    # The command that would train is the one that was looked with.
    (settings,) = re.findall(r"train with these settings: (.*)", answer.err)
    assert ALL in settings
    words = re.sub(r"base64,[^\"]+", "", page.read_text())
    assert not re.search(r"2001|X X X|01\.01", words)  # neither the day nor the person
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        for width in (1100, 360):
            with showing(browser, page, width=width) as seen:
                shown = seen.page
                assert seen.complaints == []
                assert all(url.startswith(("data:", "file:")) for url in seen.requests)
                assert shown.evaluate("document.documentElement.scrollWidth") <= width
                loaded = "[...document.images].map((i) => i.complete && i.naturalWidth > 99)"
                assert shown.evaluate(loaded) == [True] * 4
                assert shown.locator("h2").all_inner_texts()[1:3] == ["a<b>", "night2"]
                text = shown.inner_text("main")
                for said in ("C3-M2 (uV, 100 Hz)", "shifted by +3.0 s", "standard deviation"):
                    assert said in text
                met = re.findall(r"inside marks is ([\d.]+) times", text)
                assert float(met[0]) > 3 > float(met[1])


def test_what_other_work_left_is_not_replaced(look: Cli, nights: Path) -> None:
    """An earlier page is."""
    for _ in range(2):
        page_of(look(str(nights), ALL, "hydra.run.dir=mine"))
    other = Path("other")
    other.mkdir()
    (other / "inspect.html").write_text("my own")
    line = complaint(look(str(nights), ALL, "hydra.run.dir=other"))
    assert "other holds files that are not of an inspection; name an empty or a new one" in line
    assert [path.name for path in other.iterdir()] == ["inspect.html"]
    assert (other / "inspect.html").read_text() == "my own"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ((), "nothing says where the expert looked"),
        ((ALL, "task=nap"), "task=nap: no such choice; available for task: "),
        ((ALL, "task.channels=[[Cz]]"), r"no channel Cz in a<b>, night2 \(found there: C3-M2\)"),
        ((ALL, "data.event_names=[kcomplex]"), "no row is called kcomplex"),
        ((ALL, "task.band=[1,60]"), "task.band holds"),
    ],
)
def test_it_refuses_what_a_run_refuses(
    look: Cli, nights: Path, settings: tuple[str, ...], said: str
) -> None:
    assert re.search(said, complaint(look(str(nights), *settings)))
    assert not list(Path().rglob("*.html"))


def test_a_folder_that_is_not_there_is_one_line(look: Cli) -> None:
    assert "nowhere is not a folder" in complaint(look("nowhere", ALL))


def test_simulated_records_are_stamped(look: Cli) -> None:
    page = page_of(look(".", "data=synthetic", "data.subjects=2", "data.minutes=2"))
    assert "SIMULATED" in page.read_text()


def test_help_names_what_it_takes(look: Cli) -> None:
    answer = look("--help")
    assert answer.code == 0
    assert "ROOT" in answer.out
    assert "outputs/inspect/<time>" in answer.out
