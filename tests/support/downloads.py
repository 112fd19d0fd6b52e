"""A server on this machine that gives out one file: whole, in part, or not to the end."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Server:
    """Where it listens and what it does; a test may change that between two requests."""

    address: str
    content: bytes
    ranges: bool = True  # whether it can begin in the middle
    sends: int | None = None  # bytes after which it breaks off, or (``hangs``) says no more
    hangs: bool = False
    status: int = 200
    asked: list[str | None] = field(default_factory=list)  # the range of each request
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving(content: bytes) -> Iterator[Server]:
    """Serve on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append(self.headers["range"])
            if server.status != 200:
                self.send_error(server.status)
                return
            begin = re.fullmatch(r"bytes=(\d+)-", self.headers["range"] or "")
            at, size = int(begin[1]) if begin and server.ranges else 0, len(server.content)
            if at >= size:
                self.send_error(416)
                return
            self.send_response(206 if at else 200)
            if at:
                self.send_header("content-range", f"bytes {at}-{size - 1}/{size}")
            self.send_header("content-length", str(size - at))
            self.end_headers()
            self.wfile.write(server.content[at:][: server.sends])
            self.wfile.flush()
            if server.hangs:
                server.over.wait(60)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server = Server(f"http://127.0.0.1:{listening.server_port}", content)
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            listening.shutdown()
            thread.join()
