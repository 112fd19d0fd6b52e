"""Fetch the DREAMS databases: ``python -m xai_sleep.fetch dreams``.

What is not whole yet lies in hidden folders of the root, and goes when it is.
"""

import argparse
import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from xai_sleep.errors import InputError, leave
from xai_sleep.fetch.download import download
from xai_sleep.fetch.unpack import tools, unpack
from xai_sleep.recordings.dreams import DATABASES, folder_of, found

VARIABLE, DEFAULT = "XAI_SLEEP_DREAMS", "data/dreams"  # as conf/data/dreams.yaml has them
LICENCE = (
    "The DREAMS databases (S. Devuyst 2005, https://doi.org/10.5281/zenodo.2650142) are under "
    "CC BY-NC-ND 3.0 (https://creativecommons.org/licenses/by-nc-nd/3.0): they may be copied and "
    "passed on unchanged, naming their author and not for profit; changed copies may not."
)


@dataclass(frozen=True)
class Archive:
    """A database as it is published."""

    event: str
    file: str
    md5: str
    megabytes: int
    records: int  # that can be used, once unpacked


@dataclass(frozen=True)
class Published:
    """Where databases are, by the names that the command line has for them."""

    url: str
    archives: Mapping[str, Archive]


DREAMS = Published(
    "https://zenodo.org/records/2650142/files",
    {
        "spindles": Archive(
            "spindle", "DatabaseSpindles.rar", "2f8a101194e133dd4324f21047dce579", 45, 8
        ),
        "rems": Archive("rem", "DatabaseREMs.rar", "03275d367096af03a8673dd4b0b82500", 38, 9),
        "kcomplexes": Archive(
            "kcomplex", "DatabaseKcomplexes.rar", "0bfc5bde8e36bcb1edcded50077423de", 46, 10
        ),
    },
)


def fetch(archive: Archive, url: str, root: Path, console: Console) -> None:
    """Download and unpack one database below a root; InputError if that fails."""
    work = root / f".{Path(archive.file).stem}"
    work.mkdir(parents=True, exist_ok=True)
    packed = work / archive.file
    download(f"{url}/{archive.file}", packed, archive.md5, console)
    console.print(f"unpacking {archive.file}", highlight=False)
    unpack(packed, root / DATABASES[archive.event].folder)
    shutil.rmtree(work)


def complete(archive: Archive, root: Path) -> bool:
    """Whether a database is there; InputError if some of it is, which is not replaced."""
    folder = folder_of(root, DATABASES[archive.event])
    if not os.path.lexists(folder):
        return False
    if (there := len(found(root, archive.event))) == archive.records:
        return True
    held = f"{folder} is there with {there} of {archive.records} records that can be used"
    raise InputError(
        f"{held}, and is not replaced; move it away, or choose another --root or other --database"
    )


def main(arguments: Sequence[str] | None = None, published: Published = DREAMS) -> None:
    """Fetch what is asked for and not there; a mistake or a failure is one line and code 2."""
    asked, console = _parser(published).parse_args(arguments), Console(stderr=True)
    root = Path(asked.root).expanduser()
    try:
        wanted = {name: published.archives[name] for name in asked.database}
        missing = [one for one in wanted.values() if not complete(one, root)]
        if missing:
            tools()
            _accept(console, asked.accept_licence)
        for one in missing:
            fetch(one, published.url, root, console)
    except InputError as error:
        leave(str(error))
    except OSError as error:
        remedy = "check the path, its permissions and the disk, or choose another --root"
        leave(f"{error.filename or root}: {error.strerror or error}; {remedy}")
    except KeyboardInterrupt:
        leave("interrupted; what has come is kept, repeat the command to go on", 130)
    events = " ".join(one.event for one in wanted.values())
    where = "" if asked.root == _root() else f"{VARIABLE}={shlex.quote(str(root.absolute()))} "
    say = f"{'fetched to' if missing else 'complete in'} {root}: {events}; next: {where}"
    command = f"python -m xai_sleep data=dreams task={events.split()[0]} cv=loso"
    console.print(say + command, markup=False, highlight=False, soft_wrap=True)


def _accept(console: Console, accepted: bool) -> None:
    console.print(LICENCE, markup=False, highlight=False, soft_wrap=True)
    if not accepted and sys.stdin.isatty():
        console.print("Do you accept this licence? y/N: ", end="", highlight=False)
        accepted = sys.stdin.readline().strip().lower() in ("y", "yes")
    if not accepted:
        raise InputError("the licence was not accepted and nothing fetched; say --accept-licence")


def _root() -> str:
    return os.environ.get(VARIABLE, DEFAULT)


def _parser(published: Published) -> argparse.ArgumentParser:
    sizes = ", ".join(f"{name} {one.megabytes} MB" for name, one in published.archives.items())
    parser = argparse.ArgumentParser(
        prog="python -m xai_sleep.fetch",
        description=f"Download the DREAMS databases ({sizes}) from Zenodo, check them, and unpack "
        "them. What is there is left as it is; an interrupted download goes on where it ended. "
        "Needs one of unar, unrar, 7z and bsdtar.",
        epilog="example: python -m xai_sleep.fetch dreams --root ~/dreams --database spindles",
    )
    add = parser.add_argument
    add("what", choices=["dreams"], help="which publication")
    root = f"folder to hold the databases (default: {VARIABLE}, else {DEFAULT})"
    add("--root", metavar="DIR", default=_root(), help=root)
    names, every = [*published.archives], "which databases (default: all)"
    add("--database", nargs="+", choices=names, default=names, metavar="NAME", help=every)
    licence = "accept CC BY-NC-ND 3.0, which is shown; otherwise you are asked at a terminal"
    add("--accept-licence", action="store_true", help=licence)
    return parser


if __name__ == "__main__":
    main()
