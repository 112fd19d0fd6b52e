"""Unpack a RAR archive to a folder that appears whole or not at all.

The list of members is read and checked first; then each is written under a path made here, of the
bytes that a tool gives out: no tool writes to the disk, and each member's checksum must be right.
"""

import shutil
import stat
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath

import rarfile

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import as_seen

MOST = 2**30  # bytes of all files together: three times what any of the databases holds
TOOLS = ("unrar", "unar", "bsdtar", "sevenzip", "sevenzip2")  # as rarfile calls them
MISSING = (
    "no program that unpacks RAR was found (unar, unrar, 7z or bsdtar); install one: apt install "
    "libarchive-tools (Linux), brew install unar (macOS), choco install 7zip (Windows)"
)


def tools() -> list[str]:
    """Names of the tools on this machine, or InputError that says what to install."""
    if there := [name for name in TOOLS if _use(name)]:
        return there
    raise InputError(MISSING)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack to a folder that is not there yet, from its own folder in the archive if it has one.

    What is written on the way lies beside the archive and is removed. Raises InputError if a
    member is not a plain file with a place in the folder, or no tool can read the archive.
    """
    draft, failed = archive.with_name("unpacked"), ""
    for tool in tools():  # one may lack this kind of RAR
        shutil.rmtree(draft, ignore_errors=True)
        (draft / "files").mkdir(parents=True)
        rarfile.HACK_TMP_DIR = str(draft)
        _use(tool)
        try:
            with rarfile.RarFile(archive, errors="strict", part_only=True) as opened:
                _extract(opened, draft / "files")
            inside = [*(draft / "files").iterdir()]
            alone = len(inside) == 1 and inside[0].is_dir()
            (inside[0] if alone else draft / "files").rename(folder)
        except rarfile.Error as error:
            failed = f"{str(error) or type(error).__name__} by {tool}"
        else:
            return
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    raise InputError(f"{archive} cannot be unpacked ({failed}); install another tool, such as unar")


def _extract(archive: rarfile.RarFile, into: Path) -> None:
    members = archive.infolist()
    if why := next(filter(None, map(_fault, members)), "") or _clash(members):
        raise InputError(f"{archive.filename} {why}; nothing was unpacked, do not trust it")
    for member in members:
        path = into.joinpath(*PureWindowsPath(member.filename).parts)
        (path if member.is_dir() else path.parent).mkdir(parents=True, exist_ok=True)
        if member.is_file():
            with archive.open(member) as packed, path.open("xb") as file:
                shutil.copyfileobj(packed, file)


def _fault(member: rarfile.RarInfo) -> str:
    """Say why a member is not written; empty if it is."""
    path, held = PureWindowsPath(member.filename), f"holds {member.filename!r}, which"
    if path.anchor or ".." in path.parts or not path.parts:  # by either slash, or a drive
        return f"{held} would lie outside of its folder"
    kind = stat.S_IFMT(member.mode or 0) if member.host_os == rarfile.RAR_OS_UNIX else 0
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or member.file_redir:
        return f"{held} is a link or a device"
    return f"{held} is encrypted" if member.needs_password() else ""


def _clash(members: Sequence[rarfile.RarInfo]) -> str:
    """Say which members are one file, here or where case is nothing, or that all are too large."""
    spelt: dict[str, str] = {}
    files: set[str] = set()
    for member in members:
        path = PureWindowsPath(member.filename)
        for each in map(PureWindowsPath.as_posix, (path, *path.parents)):
            if spelt.setdefault(as_seen(each), each) != each:
                return f"holds {each!r} and {spelt[as_seen(each)]!r}, one file on some disks"
        if member.is_file() and member.filename in files:
            return f"holds {member.filename!r} more than once"
        files.add(member.filename)
    size = sum(member.file_size for member in members)
    return f"would unpack to {size} bytes, more than any database" if size > MOST else ""


def _use(tool: str) -> bool:
    """Have rarfile use a tool and no other; whether it is there."""
    try:
        rarfile.tool_setup(**{name: name == tool for name in TOOLS}, force=True)
    except rarfile.RarCannotExec:
        return False
    return True
