"""The Hydra entry point: ``python -m xai_sleep`` and the console script ``xai-sleep``."""

import json
import os
import re
import shlex
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console
from yaml import YAMLError

from xai_sleep.config import composition_error, config_dir, validate
from xai_sleep.errors import InputError, account, leave
from xai_sleep.recordings.sources import source_name
from xai_sleep.results.files import leaky_prefix
from xai_sleep.schema import Config
from xai_sleep.sweep import accounted, alone, validation_score

NAMED = ("data.records", "data.event_names")  # settings that list names


def job(composed: DictConfig) -> float | None:
    """Run one experiment of a Hydra job; its validation score is all that a tuner sees."""
    if HydraConfig.get().mode == RunMode.MULTIRUN:
        return alone(_experiment, composed)
    try:
        return _experiment(composed)
    except (InputError, OSError) as error:
        # Here, because Hydra would add a comment of its own.
        leave(account(error))


def _experiment(composed: DictConfig) -> float | None:
    config = validate(composed)
    # Late, so that --help and a mistyped setting need not wait for torch.
    from xai_sleep.experiment.run import run
    from xai_sleep.report.page import Pages
    from xai_sleep.report.run_tables import run_table
    from xai_sleep.report.understood import OnTerminal
    from xai_sleep.tracking.observer import Tracking
    from xai_sleep.tracking.runs import sync_command

    console, directory = Console(stderr=True), Path(config.output_dir)
    record = run(config, [Pages, Tracking, lambda *_: OnTerminal(console)], console)
    console.print(run_table(record))
    say = partial(console.print, markup=False, highlight=False, soft_wrap=True)
    say(f"results in {directory}, to look at: {directory / 'report.html'}")
    if not record.leaks:  # whose models are for nothing else
        words = "events of a new night: python -m xai_sleep.predict"
        say(f"{words} {shlex.quote(str(directory))} night.edf")
    if command := sync_command(directory):
        say(f"to show this run on Weights & Biases: {command}")
    return validation_score(record)


def _at_home(argument: str) -> str:
    """Put the folder of the user for a ``~`` that begins a value; Hydra cannot read it."""
    name, _, value = argument.partition("=")
    if not value.startswith("~"):
        return argument
    paths = (
        json.dumps(str(Path(path).expanduser()), ensure_ascii=False) for path in value.split(",")
    )
    return f"{name}={','.join(paths)}"


def _as_written(argument: str) -> str:
    """Quote names in lists that Hydra would take for numbers and the like: ``1.10``, ``1_0``."""
    setting, _, value = argument.partition("=")
    listed = setting.lstrip("+") in NAMED and value.startswith("[") and not set(value) & set("\"'$")
    plain = re.compile(r"(?!(true|false|null|nan|inf)$)[a-z_][\w-]*|0|[1-9]\d*", re.IGNORECASE)

    def quoted(word: re.Match[str]) -> str:
        name = word[0].strip()
        return name if plain.fullmatch(name) else json.dumps(name, ensure_ascii=False)

    return f"{setting}={re.sub(r'[^][,]+', quoted, value)}" if listed else argument


def main() -> None:
    """Run an experiment, or several."""
    command_line(job)


def command_line(work: Callable[[DictConfig], float | None]) -> None:
    """Do some work with the settings of the command line.

    A user's mistake is one line on stderr and exit code 2.
    """
    # Hydra would print its own account of an error and exit with 1; this makes it raise.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    OmegaConf.register_new_resolver("data_source", source_name, replace=True)
    OmegaConf.register_new_resolver("leaky", leaky_prefix, replace=True)
    run = hydra.main(version_base="1.3", config_path=str(config_dir()), config_name="config")(work)
    sys.argv[1:] = map(_as_written, map(_at_home, sys.argv[1:]))
    try:
        with accounted():
            run()
    except (HydraException, OmegaConfBaseException) as error:
        leave(composition_error(error, sys.argv[1:], Config))
    except YAMLError as error:  # says which file and where
        leave(f"{error}; correct the file, or leave it out of --config-dir")
    except (InputError, OSError) as error:
        leave(account(error))
    except ValueError as error:
        # Hydra meets some unusable settings with a ValueError; once a job runs it is a defect.
        if HydraConfig.initialized():
            raise
        leave(composition_error(error, sys.argv[1:], Config))
    except KeyboardInterrupt:
        leave("interrupted; finished folds are kept, repeat the command to go on", 130)


if __name__ == "__main__":
    main()
