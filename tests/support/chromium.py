"""A real browser for pages, and what it noticed while it showed one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
NO_BROWSER = "no Chromium found; make browser installs one"


def launch_chromium(playwright: Playwright) -> Browser:
    """Start the system's Chromium, or Playwright's own; without either skip, or fail if required.

    ``make test`` and continuous integration require one: ``XAI_SLEEP_BROWSER=required`` or ``CI``.
    """
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    found = found or playwright.chromium.executable_path
    if not Path(found).exists():
        if os.environ.get("XAI_SLEEP_BROWSER") == "required" or os.environ.get("CI"):
            pytest.fail(NO_BROWSER)
        pytest.skip(NO_BROWSER)
    return playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])


@dataclass
class Seen:
    """A page that is shown, with all that it complained of and asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextmanager
def showing(
    browser: Browser, path: Path, *, width: int = 1100, scheme: str = "light"
) -> Iterator[Seen]:
    """Show a file at a width in pixels, in light or dark."""
    page = browser.new_page(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    seen = Seen(page)
    page.on("console", lambda message: seen.complaints.append(message.text))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("request", lambda request: seen.requests.append(request.url))
    page.goto(path.as_uri())
    try:
        yield seen
    finally:
        page.close()
