"""What a finished run shows: its figures as PNG, and its page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xai_sleep.evaluate.windows import FoldResult
from xai_sleep.recordings.recording import Recording
from xai_sleep.report import style
from xai_sleep.report.detections import read_detections
from xai_sleep.report.figures import draw_found, draw_maps, draw_summary, draw_timelines
from xai_sleep.report.page import Material, run_page
from xai_sleep.results.directory import write_text
from xai_sleep.results.leaky import leaks_of
from xai_sleep.windows.images import Images


def write_report(
    directory: Path,
    found: Mapping[str, Any],
    recordings: Sequence[Recording],
    results: Sequence[FoldResult],
    images: Images | None = None,
) -> Path:
    """Draw the figures of the whole run and write ``report.html``.

    Parameters
    ----------
    directory : Path
        Of the run; detected events are read from it, where there are any.
    found : mapping
        Content of ``results.json``.
    recordings : sequence of Recording
        Those the windows were cut from.
    results : sequence of FoldResult
        One per fold, with or without maps.
    images : Images, optional
        What the network saw, if it sees images.

    Returns
    -------
    Path
        Of the page.
    """
    figures, mark = directory / "figures", style.stamp(found["data"], leaks_of(found))
    left = read_detections(directory)
    draw_summary(results, figures, mark)
    draw_found(found, figures, mark)
    draw_timelines(recordings, results, figures, left, mark)
    if "maps" in found["summary"]:
        draw_maps(recordings, results, figures, images, mark)
    page = run_page(Material(found, recordings, results, figures, left, images))
    write_text(directory / "report.html", page)
    return directory / "report.html"
