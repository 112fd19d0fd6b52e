"""Keras in a process of its own, asked for figures in turn with ours."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Ask = Callable[[str], float]
"""From ``cnn1d``, ``cnn2d`` or ``maps`` to milliseconds a window."""


@contextmanager
def keras_side(interpreter: str | None) -> Iterator[Ask | None]:
    """Start the other side; None without an interpreter that has Keras."""
    if not interpreter:
        yield None
        return
    command = [interpreter, str(Path(__file__).with_name("keras_side.py"))]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        bufsize=1,
    ) as process:
        assert process.stdin
        assert process.stdout
        answers, requests = process.stdout, process.stdin

        def ask(name: str) -> float:
            requests.write(f"{name}\n")
            return float(answers.readline())

        yield ask
        requests.close()
