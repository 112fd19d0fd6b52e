"""Download a file of known content, going on where an earlier attempt ended.

What has come lies beside the file as ``<name>.part`` until it is whole and its MD5 is right.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import pooch
import requests
from rich import progress
from rich.console import Console

from xai_sleep.errors import InputError

CHUNK = 1 << 13  # bytes; of the last one nothing is kept if it breaks off
PATIENCE = (10, 60)  # s to wait for a connection, and for the next bytes


@dataclass(frozen=True)
class Resumed:
    """Downloader of pooch that asks only for what ``part`` lacks; a server may send all again."""

    part: Path
    console: Console

    def __call__(self, url: str, output_file: str, _: object) -> None:
        """Download to ``output_file``; ``part`` stays if it breaks off."""
        have = self.part.stat().st_size if self.part.is_file() else 0
        asked = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with requests.get(url, headers=asked, stream=True, timeout=PATIENCE) as answer:
            if answer.status_code != requests.codes.requested_range_not_satisfiable:
                answer.raise_for_status()
                self._keep(answer, have)
        self.part.replace(output_file)  # of a part that was whole before, its MD5 decides

    def _keep(self, answer: requests.Response, have: int) -> None:
        begins = answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        resumed = answer.status_code == requests.codes.partial_content and begins
        have *= resumed
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else None
        shown = [progress.TextColumn(self.part.stem), progress.BarColumn()]
        shown += [progress.DownloadColumn(), progress.TransferSpeedColumn()]
        shown.append(progress.TimeRemainingColumn())
        hidden = not self.console.is_terminal
        with (
            self.part.open("ab" if resumed else "wb") as file,
            progress.Progress(*shown, console=self.console, disable=hidden) as bars,
        ):
            bar = bars.add_task("", total=total, completed=have)
            for piece in answer.iter_content(CHUNK):
                file.write(piece)
                bars.advance(bar, len(piece))


def download(url: str, path: Path, md5: str, console: Console) -> None:
    """Download ``url`` to a path, unless it is there; InputError if that fails.

    What came before a connection broke off is kept, and the next call goes on from there; what has
    another MD5 is deleted.
    """
    pooch.get_logger().setLevel(logging.WARNING)
    part = path.with_name(f"{path.name}.part")
    try:
        pooch.retrieve(url, f"md5:{md5}", path.name, path.parent, downloader=Resumed(part, console))
    except requests.HTTPError as error:  # says the status and the URL
        raise InputError(f"{error}; repeat the command later") from error
    except requests.RequestException as error:
        broke = "could not be made; check the network and repeat the command"
        if part.exists():
            kept = f"{part.stat().st_size / 1e6:.1f} MB are kept in {part}"
            broke = f"broke off; {kept}, repeat the command to go on"
        raise InputError(f"{url}: the connection {broke}") from error
    except ValueError as error:  # of pooch
        said = str(error).rstrip(".")
        raise InputError(f"{url}: {said}; repeat the command to fetch it anew") from error
