"""The time until ``--help`` is shown, against merely importing torch: seconds."""

import subprocess
import sys

from experiments.speed.timing import Row, seconds, take_turns


def rows(turns: int = 3) -> list[Row]:
    """Start fresh interpreters in turn."""
    help_, torch_ = ["-m", "xai_sleep", "--help"], ["-c", "import torch"]

    def start(arguments: list[str]) -> float:
        command = [sys.executable, *arguments]
        return seconds(lambda: subprocess.run(command, check=True, capture_output=True))

    found = take_turns([lambda: start(help_), lambda: start(torch_)], turns, warm_up=1)
    return [Row("--help, s", found[0], "import torch", found[1])]
