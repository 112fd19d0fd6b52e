"""A command line called in this process, and what it answered."""

import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from hydra.core.hydra_config import HydraConfig


@contextmanager
def hearing_ctrl_c() -> Iterator[None]:
    """Let this process, and those that it starts, be interrupted: jobs in the background are not."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Cli = Callable[..., Answer]


def calls(
    main: Callable[[], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Cli]:
    """Yield what calls an entry point with arguments; afterwards loggers are as they were."""
    monkeypatch.setenv("HYDRA_FULL_ERROR", "")  # set by the command line, unset afterwards
    loggers = logging.getLogger()
    handlers, level = list(loggers.handlers), loggers.level

    def call(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["xai-sleep", *arguments])
        monkeypatch.setattr(HydraConfig.instance(), "cfg", None)
        capsys.readouterr()
        code: object = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        printed = capsys.readouterr()
        assert isinstance(code, int)
        return Answer(code, printed.out, printed.err)

    yield call
    for handler in set(loggers.handlers) - set(handlers):
        handler.close()
    loggers.handlers[:] = handlers
    loggers.setLevel(level)


def complaint(answer: Answer) -> str:
    """Return the one line that a refusal consists of, below what was understood of the records."""
    assert answer.code == 2
    assert answer.err.endswith("\n")
    *shown, said = answer.err.splitlines()
    assert said.startswith("xai_sleep: ")
    assert not shown or "what was understood" in shown[0]
    assert not any(line.startswith("xai_sleep") for line in shown)
    assert "Traceback" not in answer.err + answer.out
    return said.removeprefix("xai_sleep: ")
