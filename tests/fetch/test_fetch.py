"""The command, against a server on this machine and archives made here."""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import dreams as dreams_tree
from tests.support.cli import hearing_ctrl_c
from tests.support.downloads import Server, serving
from tests.support.rar import Member, write_rar
from tests.support.runs import ROOT
from xai_sleep.errors import InputError
from xai_sleep.fetch.__main__ import DREAMS
from xai_sleep.fetch.unpack import tools

HALF = 1 << 16  # bytes, of twice as many
COMMAND = """
import sys
from xai_sleep.fetch.__main__ import Archive, Published, main
url, md5, *arguments = sys.argv[1:]
archive = Archive("spindle", "DatabaseSpindles.rar", md5, 1, records=2)
main(arguments, Published(url, {"spindles": archive}))
"""


@pytest.fixture(scope="module", autouse=True)
def needs_a_tool() -> None:
    try:
        tools()
    except InputError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder that holds a database, and the archive of it."""
    root = tmp_path_factory.mktemp("published")
    for number in (1, 2):
        folder = dreams_tree.write_record(root, number)
    members = [
        Member(f"{folder.name}/{path.name}", path.read_bytes(), packed=path.suffix == ".txt")
        for path in sorted(folder.iterdir())
    ]
    write_rar(root / "DatabaseSpindles.rar", *members)
    return root


@pytest.fixture
def server(published: Path) -> Iterator[Server]:
    with serving((published / "DatabaseSpindles.rar").read_bytes()) as server:
        yield server


class Command:
    """``python -m xai_sleep.fetch``, of a server's archive, in a folder of its own."""

    def __init__(self, root: Path, url: str, md5: str) -> None:
        self.root, self.url, self.md5 = root, url, md5
        self.stdin = subprocess.DEVNULL

    def start(
        self, *arguments: str, before: Callable[[], None] | None = None
    ) -> subprocess.Popen[str]:
        """Start it; ``before`` is called in its process."""
        said = ("dreams", "--root", str(self.root), *(arguments or ("--accept-licence",)))
        return subprocess.Popen(
            [sys.executable, "-c", COMMAND, self.url, self.md5, *said],
            env=os.environ | {"PYTHONPATH": str(ROOT), "NO_PROXY": "*"},
            preexec_fn=before,
            text=True,
            stdin=self.stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __call__(
        self, *arguments: str, before: Callable[[], None] | None = None
    ) -> tuple[int, str]:
        """Run it to its end; exit code and what it said."""
        process = self.start(*arguments, before=before)
        out, said = process.communicate(timeout=60)
        assert out == ""
        assert "Traceback" not in said
        return process.returncode, said

    @property
    def part(self) -> Path:
        """What has come of the archive."""
        return self.root / ".DatabaseSpindles" / "DatabaseSpindles.rar.part"

    def refused(self, *words: str, arguments: tuple[str, ...] = ()) -> None:
        """Run it and see one line, beside the licence, that holds some words."""
        code, said = self(*arguments)
        lines = said.splitlines()
        assert code == 2, said
        assert [line.startswith("xai_sleep: ") for line in lines[-2:]] == [False, True], said
        assert all(word in lines[-1] for word in words), said
        assert not (self.root / "DatabaseSpindles").exists()


@pytest.fixture
def command(server: Server, tmp_path: Path) -> Command:
    md5 = hashlib.md5(server.content).hexdigest()
    return Command(tmp_path / "root", server.address, md5)


def test_a_database_is_fetched_and_read_like_the_one_that_was_packed(
    command: Command, published: Path, server: Server
) -> None:
    code, said = command()
    assert code == 0, said
    assert "CC BY-NC-ND 3.0" in said
    next_command = "python -m xai_sleep data=dreams task=spindle cv=loso"
    assert f"next: XAI_SLEEP_DREAMS={command.root} {next_command}\n" in said
    assert [path.name for path in command.root.iterdir()] == ["DatabaseSpindles"]
    for one, other in zip(
        dreams_tree.read(command.root, event="spindle", channels=[["CZ-A1"]]),
        dreams_tree.read(published, event="spindle", channels=[["CZ-A1"]]),
        strict=True,
    ):
        assert (one.signals == other.signals).all()
        assert (one.events == other.events).all()
    code, said = command()
    assert (code, len(server.asked)) == (0, 1)
    assert said.startswith(f"complete in {command.root}: spindle; next: ")


def test_a_connection_that_breaks_off_is_gone_on_with(command: Command, server: Server) -> None:
    server.sends = HALF
    command.refused("broke off", "MB are kept", "repeat the command")
    assert command.part.stat().st_size == HALF
    server.sends = None
    assert command()[0] == 0
    assert server.asked == [None, f"bytes={HALF}-"]


def test_a_server_that_cannot_go_on_sends_all_again(command: Command, server: Server) -> None:
    server.ranges, server.sends = False, HALF
    command.refused("broke off")
    server.sends = None
    assert command()[0] == 0
    assert server.asked == [None, f"bytes={HALF}-"]


def test_a_part_that_was_whole_is_taken(command: Command, server: Server) -> None:
    command.part.parent.mkdir(parents=True)
    command.part.write_bytes(server.content)
    assert command()[0] == 0
    assert server.asked == [f"bytes={len(server.content)}-"]


def test_what_was_interrupted_is_gone_on_with(command: Command, server: Server) -> None:
    server.sends, server.hangs = HALF, True
    with hearing_ctrl_c():
        process = command.start()
    for _ in range(600):
        if command.part.exists():
            break
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert said.splitlines()[-1].startswith("xai_sleep: interrupted; ")
    assert "Traceback" not in said
    have = command.part.stat().st_size
    assert have > 0
    server.sends, server.hangs = None, False
    assert command()[0] == 0
    assert server.asked == [None, f"bytes={have}-"]


def test_what_is_not_what_was_published_is_deleted(command: Command, server: Server) -> None:
    right, server.content = server.content, server.content[:-1] + b"?"
    command.refused(command.md5, hashlib.md5(server.content).hexdigest(), "Deleted", "repeat")
    assert not command.part.exists()
    server.content = right
    assert command()[0] == 0


def test_what_the_server_refuses_is_said(command: Command, server: Server) -> None:
    server.status = 404
    command.refused("404", f"{server.address}/DatabaseSpindles.rar")


def test_a_server_that_is_not_there_is_said(command: Command) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        command.url = f"http://127.0.0.1:{free.getsockname()[1]}"
    command.refused("connection could not be made", "network")


def test_a_full_disk_is_said_and_what_came_is_kept(command: Command, server: Server) -> None:
    resource = pytest.importorskip("resource")  # a limit is met as a full disk is

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    code, said = command("--accept-licence", before=limit)
    assert code == 2
    (last,) = (line for line in said.splitlines() if line.startswith("xai_sleep: "))
    assert "File too large" in last
    assert "disk" in last
    assert "--root" in last
    assert command()[0] == 0
    assert server.asked == [None, "bytes=20000-"]


def test_a_licence_is_never_taken_for_accepted(command: Command, server: Server) -> None:
    command.refused("--accept-licence", arguments=("--database", "spindles"))
    assert not server.asked
    assert not command.root.exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 2), ("no\n", 2), ("\x04", 2)])
def test_at_a_terminal_it_is_asked_for(command: Command, answer: str, code: int) -> None:
    """The last answer is the end of the input."""
    pty = pytest.importorskip("pty")
    ours, command.stdin = pty.openpty()
    os.write(ours, answer.encode())
    found, said = command("--database", "spindles")
    assert found == code, said
    assert "Do you accept this licence? y/N: " in said
    assert (command.root / "DatabaseSpindles").exists() == (code == 0)


def test_a_folder_that_is_half_there_is_not_replaced(command: Command, published: Path) -> None:
    shutil.copytree(published / "DatabaseSpindles", command.root / "databasespindles")
    (command.root / "databasespindles" / "excerpt2.edf").unlink()
    code, said = command()
    assert code == 2
    assert "is there with 1 of 2 records" in said
    assert "move it away" in said
    assert len([*(command.root / "databasespindles").iterdir()]) == 3


def test_a_root_that_is_a_file_is_said(command: Command) -> None:
    command.root.write_text("mine")
    code, said = command()
    assert code == 2
    assert str(command.root) in said.splitlines()[-1]


def test_the_real_ones_are_named_as_the_data_source_names_them() -> None:
    assert set(DREAMS.archives) == {"spindles", "rems", "kcomplexes"}
    assert DREAMS.url.startswith("https://")
    for archive in DREAMS.archives.values():
        assert len(archive.md5) == 32
