"""A server on this machine that answers what Weights & Biases is asked when views are saved."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Server:
    """Where it listens, the project it knows, and the views it was sent."""

    address: str
    project: str
    views: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, query: str, told: dict[str, Any]) -> dict[str, Any]:
        """Answer a GraphQL query."""
        if "upsertView" in query:
            self.views.append(told)
            view = {"id": "1", "name": "nw-view-v", "displayName": told["displayName"]}
            project = {"id": "1", "name": told["projectName"], "entityName": told["entityName"]}
            saved = {**view, "description": "", "spec": told["spec"], "project": project}
            return {"upsertView": {"view": saved, "inserted": True}}
        if "viewer" in query:
            teams: dict[str, Any] = {"edges": []}
            return {"viewer": {"id": "1", "entity": "me", "username": "me", "teams": teams}}
        if "internalId" in query:
            known = told["projectName"] == self.project
            return {"project": {"id": "1", "internalId": "1"} if known else None}
        if "models" in query:
            page = {"endCursor": None, "hasNextPage": False}
            return {"models": {"edges": [], "pageInfo": page}}
        return {"upsertModel": {"model": {"name": self.project}, "project": {"name": self.project}}}


@contextmanager
def serving(project: str) -> Iterator[Server]:
    """Serve on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"] or 0))
            found = {}
            if self.path == "/graphql":
                asked = json.loads(body)
                answer = server.answer(asked["query"], asked.get("variables") or {})
                found = {"data": answer}
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server = Server(f"http://127.0.0.1:{listening.server_port}", project)
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
