"""What a run was made with: versions, commit and command, as far as they can be known."""

import platform
import shlex
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from hydra.core.hydra_config import HydraConfig

PACKAGES = "torch pytorch-lightning captum imbalanced-learn numpy scipy mne hydra-core matplotlib"


def versions() -> dict[str, str]:
    """Version of Python and of each package that results depend on."""
    found = {"Python": platform.python_version()}
    for package in PACKAGES.split():
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def commit(root: Path = Path(__file__).parents[2]) -> str | None:
    """Commit of a git checkout, marked where files differ from it; None elsewhere."""
    if not (root / ".git").exists():
        return None
    describe = ["describe", "--always", "--abbrev=40", "--exclude=*", "--dirty= with changes"]
    git = ["git", "-C", str(root), *describe]
    try:
        return subprocess.check_output(git, text=True, stderr=subprocess.DEVNULL).strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def command() -> str | None:
    """Command line of the run at work, without where files go; None if called from Python."""
    if not HydraConfig.initialized():
        return None
    return shlex.join(["python", "-m", "xai_sleep", *HydraConfig.get().overrides.task])
