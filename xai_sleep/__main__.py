"""The Hydra entry point: ``python -m xai_sleep`` and the console script ``xai-sleep``."""

import os
import sys

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from xai_sleep.composition import composition_error
from xai_sleep.config import Config, config_dir, validate
from xai_sleep.data.load import data_source
from xai_sleep.errors import InputError


def job(composed: DictConfig) -> None:
    """Run one experiment of a Hydra job."""
    try:
        config = validate(composed)
        # Late, so that --help and a mistyped setting need not wait for torch.
        from xai_sleep.experiment import run

        run(config)
    except (InputError, OSError) as error:
        # In a sweep Hydra goes on with the other jobs; a single run need not hear its comment.
        if HydraConfig.get().mode == RunMode.RUN:
            _leave(_account(error))
        raise


def main() -> None:
    """Run the command line; a user's mistake is one line on stderr and exit code 2."""
    # Hydra would print its own account of an error and exit with 1; this makes it raise.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    OmegaConf.register_new_resolver("data_source", data_source, replace=True)
    run = hydra.main(version_base="1.3", config_path=str(config_dir()), config_name="config")(job)
    try:
        run()
    except (HydraException, OmegaConfBaseException) as error:
        _leave(composition_error(error, sys.argv[1:], Config))
    except (InputError, OSError) as error:
        _leave(_account(error))
    except ValueError as error:
        # Hydra meets some unusable settings with a ValueError; once a job runs it is a defect.
        if HydraConfig.initialized():
            raise
        _leave(composition_error(error, sys.argv[1:], Config))
    except KeyboardInterrupt:
        _leave("interrupted; finished folds are kept, repeat the command to go on", 130)


def _account(error: InputError | OSError) -> str:
    if isinstance(error, InputError):
        return str(error)
    return (
        f"{error.filename or 'a file'}: {error.strerror or error}; check the path, its permissions "
        "and the disk (hydra.run.dir=… or hydra.sweep.dir=… says where results go)"
    )


def _leave(message: str, code: int = 2) -> None:
    sys.stderr.write(f"xai_sleep: {' '.join(message.split())}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
