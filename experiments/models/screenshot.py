"""A picture of a run's page: its head and one of its hits.

::

    python -m experiments.models.screenshot RUN experiments/models/report.png --turns 40
"""

import argparse
import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

WIDTH = 1000
SHOWN = "main > section:not(#browser), nav, footer { display: none }"


def main() -> None:
    """Show the page, turn to a hit, take the picture."""
    asked = _parser().parse_args()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = chromium.new_page(viewport={"width": WIDTH, "height": 600})
        page.goto((asked.run / "report.html").resolve().as_uri())
        picture = Image.open(io.BytesIO(turned(page, asked.turns)))
        picture.convert("RGB").save(asked.out, optimize=True)
        chromium.close()


def turned(page: Page, turns: int) -> bytes:
    """PNG of the head and of a hit, after so many turns."""
    page.add_style_tag(content=SHOWN)
    for name in ("miss", "false alarm", "correct rejection"):
        page.get_by_label(name, exact=True).uncheck()
    page.locator("#browser-title").click()
    for _ in range(turns):
        page.keyboard.press("j")
    page.wait_for_timeout(200)  # for the charts
    return page.screenshot(full_page=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m experiments.models.screenshot")
    parser.add_argument("run", type=Path, help="directory of a run, with its report.html")
    parser.add_argument("out", type=Path, help="the PNG to write")
    parser.add_argument("--turns", type=int, default=0, help="hits to pass over (default: none)")
    return parser


if __name__ == "__main__":
    main()
