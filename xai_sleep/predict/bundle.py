"""The models of a finished run, ready for a recording that it has not seen."""

import shlex
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xai_sleep.detect.slide import detector_of, input_of
from xai_sleep.errors import InputError
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.results.run import RunRecord
from xai_sleep.windows.inputs import Input

POINTER = b"version https://git-lfs"


@dataclass(frozen=True, eq=False)
class TrainedRun:
    """A finished run: its record, and the classifier of each fold by name."""

    record: RunRecord
    classifiers: Mapping[str, EventClassifier]

    @property
    def input(self) -> Input:
        """What the networks see."""
        return input_of(next(iter(self.classifiers.values())))


def load_run(directory: Path, fold: str | None = None) -> TrainedRun:
    """Load a run from its directory, with the model of one fold or, by default, those of all.

    Raises InputError if the run is not finished, was made with leaks or by another version, lacks
    the fold, or a file of it is missing or damaged.
    """
    record = RunRecord.load(directory)
    if record.leaks:
        leaky = f"is a LEAKY run ({', '.join(leak.name for leak in record.leaks)})"
        remedy = "are for nothing else; name a run without leaks (leak=none)"
        raise InputError(f"{directory} {leaky}: its models measure a mistake and {remedy}")
    names = [each.name for each in record.folds]
    if not names or fold not in (None, *names):
        raise InputError(f"{directory} has no fold {fold}; --fold is one of {', '.join(names)}")
    wanted = names if fold is None else [fold]
    return TrainedRun(record, {name: _classifier(directory / "folds" / name) for name in wanted})


def _classifier(fold: Path) -> EventClassifier:
    checkpoint = fold / "model.ckpt"
    for path in (fold / "test.npz", checkpoint):
        _require_whole(path)
    try:
        load = EventClassifier.load_from_checkpoint
        classifier = load(checkpoint, map_location="cpu", weights_only=True)
        detector_of([classifier])
    except InputError as error:
        raise InputError(f"{checkpoint}: {error}") from error
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        remedy = "it is damaged or of another version: copy it again or repeat the run"
        raise InputError(f"{checkpoint} cannot be loaded ({reason}); {remedy}") from error
    return classifier.eval()


def _require_whole(path: Path) -> None:
    """Refuse a file that did not come over whole: both kinds are archives with their list last."""
    if not path.is_file():
        raise InputError(f"{path} is missing; copy the whole run, or repeat it")
    if zipfile.is_zipfile(path):
        return
    with path.open("rb") as file:
        if file.read(len(POINTER)) == POINTER:
            fetch = f"git -C {shlex.quote(str(path.parent))} lfs pull"
            raise InputError(f"{path} is a Git LFS pointer, not the file itself; fetch it: {fetch}")
    left = f"of its content {path.stat().st_size} bytes are here, but not its end"
    raise InputError(f"{path} is damaged: {left}; copy it again or repeat the run")
