"""Pages as single files: templates filled with escaped text, everything they show inside them.

A policy in the page's head forbids it to load anything and lets only its own scripts run.
"""

import base64
import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from PIL import Image

from xai_sleep import __version__
from xai_sleep.report.tables import interval, number
from xai_sleep.results.files import SOME, SYNTHETIC, Stamp

ALL = "SIMULATED recordings, no evidence about real ones."
PARTLY = "some of these runs are on SIMULATED recordings; their table says so."
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
Context = Mapping[str, object]
CHART_SCRIPT, CHART_STYLE = "uPlot.iife.min.js", "uPlot.min.css"


@dataclass(frozen=True)
class Picture:
    """A PNG inside a page: its data URI, and its size in pixels of the page."""

    uri: str
    width: int
    height: int


def asset(name: str) -> Markup:
    """Text of a file that goes into pages as it is: it is the package's own."""
    return Markup((files("xai_sleep.report") / "assets" / name).read_text(encoding="utf-8"))


def chart_version() -> str:
    """Version of uPlot, which draws the windows."""
    return str(re.findall(r"uPlot \(v([\d.]+)\)", asset(CHART_SCRIPT))[0])


def picture(path: Path) -> Picture:
    """Pack a PNG for a page: with 255 colours it is a third of the size and looks the same."""
    # Colours are near to all that there are, so that rare ones, of dots, keep theirs.
    packed, near = io.BytesIO(), Image.Quantize.MAXCOVERAGE
    with Image.open(path) as image:
        plain = image.convert("RGB").quantize(255, near, dither=Image.Dither.NONE)
        plain.save(packed, "PNG", optimize=True)
        return Picture(f"data:image/png;base64,{base64_of(packed.getvalue())}", *image.size)


def render(
    template: str, stamps: Sequence[Stamp], context: Context, scripts: Sequence[str] = ()
) -> str:
    """Fill a template; only the scripts may run, and what stamps of the runs say stands on top."""
    digests = (base64_of(hashlib.sha256(script.encode()).digest()) for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    simulated = [stamp.source == SYNTHETIC for stamp in stamps]
    accounts = [stamp.account for stamp in stamps if stamp.leaks]
    head = {
        "policy": f"{POLICY}; script-src {allowed}",
        "styles": asset(CHART_STYLE) + asset("style.css"),
        "simulated": (ALL if all(simulated) else PARTLY) if any(simulated) else "",
        "leaky": (accounts[0] if len(stamps) == 1 else SOME) if accounts else "",
        "version": __version__,
    }
    return fill(template, {**head, **context})


def fill(template: str, context: Context) -> str:
    """Fill a template of the package; what goes into HTML is escaped."""
    return _environment().get_template(template).render(context)


@cache
def _environment() -> Environment:
    loader = PackageLoader("xai_sleep.report", "assets")
    made = Environment(loader=loader, autoescape=select_autoescape(), undefined=StrictUndefined)
    made.trim_blocks = made.lstrip_blocks = True
    made.filters |= {"number": number, "interval": interval}
    return made


def base64_of(content: bytes) -> str:
    """Text of bytes."""
    return base64.b64encode(content).decode("ascii")
