"""A command line called in this process, and what it answered."""

import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hydra.core.hydra_config import HydraConfig


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
    """Return the one line that a refusal consists of."""
    assert answer.code == 2
    assert answer.err.startswith("xai_sleep: ")
    assert answer.err.endswith("\n")
    assert answer.err.count("\n") == 1
    assert "Traceback" not in answer.err + answer.out
    return answer.err.removeprefix("xai_sleep: ").rstrip()
