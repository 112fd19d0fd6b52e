"""What an offline run of Weights & Biases wrote, read from its log by its own message types.

The log is a sequence of blocks of 32 KiB; a message is one chunk or several, each behind a header
of 7 bytes: checksum, length, and whether the chunk is whole (1) or the first, a middle, the last
of a message (2, 3, 4).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import wandb
from wandb.proto.wandb_internal_pb2 import Record  # type: ignore[attr-defined]

BLOCK, HEADER = 32768, 7
WHOLE, LAST = 1, 4


@dataclass
class OfflineRun:
    """One run, as it would be synchronised."""

    path: Path
    name: str = ""
    job_type: str = ""
    group: str = ""
    project: str = ""
    tags: tuple[str, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    exit_code: int | None = None
    records: list[Any] = field(default_factory=list)

    @property
    def keys(self) -> set[str]:
        """Everything that was logged."""
        return set().union(*self.history)

    def table(self, key: str) -> tuple[list[str], list[list[Any]]]:
        """Columns and rows of a table that was logged."""
        (file,) = (entry[f"{key}/path"] for entry in self.history if f"{key}/path" in entry)
        table = json.loads((self.path.parent / "files" / file).read_text())
        return table["columns"], table["data"]

    def images(self, key: str) -> list[tuple[str, Path]]:
        """Caption and file of the images under a key."""
        (entry,) = (entry for entry in self.history if f"{key}/filenames" in entry)
        files = [self.path.parent / "files" / name for name in entry[f"{key}/filenames"]]
        return list(zip(entry[f"{key}/captions"], files, strict=True))


def read_runs(directory: Path) -> list[OfflineRun]:
    """Read every run below ``wandb`` in a directory, in no order."""
    # The service goes on writing after a run has finished, until it is told to end.
    wandb.teardown()
    return [_run(path) for path in directory.glob("wandb/offline-run-*/*.wandb")]


def _run(path: Path) -> OfflineRun:
    run = OfflineRun(path)
    for record in _records(path.read_bytes()):
        run.records.append(record)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run.name, run.group = record.run.display_name, record.run.run_group
            run.job_type = record.run.job_type
            run.project, run.tags = record.run.project, tuple(record.run.tags)
            run.config.update(_values(record.run.config.update))
        elif kind == "config":
            run.config.update(_values(record.config.update))
        elif kind == "history":
            run.history.append(_values(record.history.item))
        elif kind == "summary":
            run.summary.update(_values(record.summary.update))
        elif kind == "exit":
            run.exit_code = record.exit.exit_code
    return run


def _values(items: Any) -> dict[str, Any]:
    """Read keys and values, without what Weights & Biases adds of its own."""
    named = ((item.key or "/".join(item.nested_key), item.value_json) for item in items)
    return {name: json.loads(value) for name, value in named if not name.startswith("_")}


def _records(log: bytes) -> Iterator[Any]:
    at, message = HEADER, b""
    while at + HEADER < len(log):
        if BLOCK - at % BLOCK < HEADER:
            at += BLOCK - at % BLOCK
        length, part = int.from_bytes(log[at + 4 : at + 6], "little"), log[at + 6]
        message += log[at + HEADER : at + HEADER + length]
        at += HEADER + length
        if part in (WHOLE, LAST):
            record = Record()
            record.ParseFromString(message)
            message = b""
            yield record
