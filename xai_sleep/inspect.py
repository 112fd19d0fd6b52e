"""What a run would read, without training: ``python -m xai_sleep.inspect ROOT [settings]``.

Shows what was understood of every record, and writes a page with pictures of marked events, so that
a wrong unit, channel or offset is seen.
"""

import argparse
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from rich.console import Console

from xai_sleep.__main__ import command_line
from xai_sleep.config import config_dir, validate
from xai_sleep.errors import InputError, account, leave
from xai_sleep.recordings.recording import Recording
from xai_sleep.schema import Config

if TYPE_CHECKING:  # which bring torch
    from xai_sleep.report.inspection import Excerpts
    from xai_sleep.results.inspected import Inspected

PAGE = "inspect.html"
OURS = 'content="xai_sleep.inspect"'
EXAMPLES = 4  # events of each record that are drawn
QUIET = (  # nothing but the page and its figures is written
    "hydra.output_subdir=null",
    "hydra/job_logging=stdout",
    "hydra.run.dir=outputs/inspect/${now:%Y-%m-%d_%H-%M-%S}",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Look at recordings with the settings of a run; a user's mistake is one line and code 2."""
    asked = _parser().parse_args(arguments)
    chosen = [f"data={_source(asked.root)}", f"data.root={_quoted(str(asked.root))}"]
    folder = [f"--config-dir={asked.config_dir.absolute()}"] if asked.config_dir else []
    sys.argv = [sys.argv[0], *folder, *QUIET, *chosen, *asked.settings]
    command_line(_job)


def _job(composed: DictConfig) -> None:
    try:
        _inspect(
            validate(composed), ["python", "-m", "xai_sleep", *HydraConfig.get().overrides.task]
        )
    except (InputError, OSError) as error:
        leave(account(error))


def _inspect(config: Config, command: Sequence[str]) -> None:
    # Late, so that --help and a mistyped setting need not wait for torch.
    from xai_sleep.evaluate.understood import compared
    from xai_sleep.experiment.reading import source_of
    from xai_sleep.experiment.training import build_input
    from xai_sleep.recordings.filtering import require_long_enough
    from xai_sleep.report.inspection import draw_record, inspection_page
    from xai_sleep.report.understood import OnTerminal
    from xai_sleep.results.files import Stamp, write_text

    out, console, seen = Path(config.output_dir), Console(stderr=True), build_input(config)
    _require_free(out)
    source, wanted = source_of(config, seen)
    stamp, looked = Stamp(source.name), []
    with console.status("reading") as status:
        for number, one in enumerate(source.read(wanted), 1):
            status.update(f"record {number}")
            require_long_enough(one, f"record {one.record}", bands=seen.bands, window=seen.window)
            seen.check([one])
            told, excerpts = _look(config, one)
            looked.append(told)
            draw_record(told, excerpts, out / "figures", number, stamp.across)
    summaries = compared([told.summary for told in looked])
    looked = [replace(told, summary=one) for told, one in zip(looked, summaries, strict=True)]
    OnTerminal(console).understood(summaries)
    page = inspection_page(looked, out / "figures", stamp, shlex.join(command))
    write_text(out / PAGE, page)
    say = partial(console.print, markup=False, highlight=False, soft_wrap=True)
    say(f"to look at: {out / PAGE}")
    say(f"to train with these settings: {shlex.join(command)}")


def _look(config: Config, one: Recording) -> "tuple[Inspected, Excerpts]":
    """Look at a recording as its file holds it, and in the band in which its marks stand out."""
    from xai_sleep.evaluate.marks import examples, respond, spectra
    from xai_sleep.evaluate.understood import describe
    from xai_sleep.experiment.reading import bands_of, in_bands
    from xai_sleep.report.inspection import Excerpts
    from xai_sleep.results.inspected import Inspected

    bands, filtered = bands_of(config), in_bands(config, one)
    response = respond(filtered, bands)
    rows = slice(bands.index(response.band) if response else 0, None, len(bands))
    shown = replace(filtered, signals=filtered.signals[rows], channels=filtered.channels[rows])
    each = zip(one.channels, one.signals, strict=True)
    deviation = {name: float(signal.std(dtype=np.float64)) for name, signal in each}
    told = Inspected(describe(one, response), one.offered, deviation, spectra(one), response)
    return told, Excerpts(one, shown, examples(one, EXAMPLES))


def _quoted(path: str) -> str:
    """Quote a path for Hydra, unless nothing in it could mean anything else."""
    escaped = path.replace('"', '\\"')
    return path if re.fullmatch(r"[\w.-]*/[\w./-]*", path) else f'"{escaped}"'


def _source(root: Path) -> str:
    """Which source of data a folder looks like."""
    if any(root.glob("Database*")):
        return "dreams"
    tree = (root / "dataset_description.json").is_file() or any(root.glob("sub-*/"))
    return "bids" if tree and (config_dir() / "data" / "bids.yaml").is_file() else "files"


def _require_free(out: Path) -> None:
    """Refuse a directory that holds anything but an earlier page; InputError naming it."""
    page = out / PAGE
    if page.is_file() and OURS in page.read_text(encoding="utf-8", errors="replace")[:2000]:
        return
    if any(out.iterdir()):
        remedy = "name an empty or a new one with hydra.run.dir=…"
        raise InputError(f"{out} holds files that are not of an inspection; {remedy}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m xai_sleep.inspect",
        description="Show what a run would understand of recordings, without training: a table of "
        "records, raters, events, scored time, stages and channels, and a page with pictures of "
        "marked events, power inside and outside marks, and a warning where marks look shifted.",
        epilog="example: python -m xai_sleep.inspect my_recordings task=spindle "
        "data.event_names=[spindle] data.scored=all. The page goes to outputs/inspect/<time>, or "
        "where hydra.run.dir=… says.",
    )
    add = parser.add_argument
    add("root", metavar="ROOT", type=Path, help="folder of recordings (data.root)")
    settings = "settings of a run, see python -m xai_sleep --help"
    add("settings", metavar="SETTING", nargs="*", help=settings)
    add("--config-dir", metavar="FOLDER", type=Path, help="folder with tasks of your own")
    return parser


if __name__ == "__main__":
    main()
