"""Small experiments: composed from the real configuration, or run as a user would run them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir

from xai_sleep.config import config_dir, validate
from xai_sleep.schema import Config

ROOT = Path(__file__).parents[2]

TINY = (
    "data=synthetic",
    "data.subjects=3",
    "data.minutes=3",
    "trainer.max_epochs=2",
    "explain.figures=1",
    "logger=none",
    "baselines=none",
)


def composed(*overrides: str, output: Path | str = "unused") -> Config:
    """Compose the real configuration and check it; it writes to ``output``."""
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        return validate(compose("config", [f"output_dir={output}", *overrides]))


def launch(
    *arguments: str, cwd: Path, path: Path = ROOT, **variables: str
) -> subprocess.Popen[str]:
    """Start ``python -m xai_sleep`` in a process of its own, from any working directory.

    The package is imported from ``path``; ``variables`` are added to the environment.
    """
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(path)} | variables
    return subprocess.Popen(
        [sys.executable, "-m", "xai_sleep", *arguments],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition: Callable[[], Any], process: subprocess.Popen[str]) -> None:
    """Wait until a condition holds; it must come true while the process is running."""
    while not condition():
        if process.poll() is not None:
            raise AssertionError(f"the process ended first:\n{process.communicate()[1]}")
        time.sleep(0.005)
