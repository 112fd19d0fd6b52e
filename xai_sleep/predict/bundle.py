"""The models of a finished run, ready for a recording that it has not seen."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xai_sleep.config import restored
from xai_sleep.detect.detector import Detector, middle_of
from xai_sleep.detect.slide import Reading, Values, reading_of
from xai_sleep.errors import InputError
from xai_sleep.evaluate.windows import SCHEMA
from xai_sleep.experiment.training import build_classifier
from xai_sleep.explain.explainers import EXPLAINERS
from xai_sleep.models.classifier import EventClassifier
from xai_sleep.recordings.recording import Recording
from xai_sleep.results.leaky import leaks_of
from xai_sleep.schema import Config
from xai_sleep.windows.images import Images
from xai_sleep.windows.scaling import amplitude
from xai_sleep.windows.windows import Windows, cut_signals

BATCH = 256


@dataclass(frozen=True, eq=False)
class TrainedFold:
    """One model of a run.

    Parameters
    ----------
    name : str
        Of the fold.
    weights : Path
        Its ``model.ckpt``.
    learnt : mapping of str to array
        What it learnt for scaling, see :attr:`xai_sleep.windows.datamodule.FoldDataModule.learnt`.
    detector : Detector
        Chosen for it.
    """

    name: str
    weights: Path
    learnt: Mapping[str, NDArray[np.float32]]
    detector: Detector

    def classifier(
        self, config: Config, inputs: Recording, images: Images | None
    ) -> EventClassifier:
        """Build the network for such a recording and load its weights."""
        classifier = build_classifier(config, [inputs], images)
        try:
            stored = torch.load(self.weights, weights_only=True, map_location="cpu")
            classifier.load_state_dict(stored["state_dict"])
        except FileNotFoundError:
            raise InputError(
                f"{self.weights} is missing; copy the whole run, or repeat it"
            ) from None
        except (OSError, RuntimeError, KeyError, ValueError, EOFError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(
                f"{self.weights} cannot be loaded ({reason}); repeat the run"
            ) from error
        return classifier.eval()

    def scale(self, inputs: Recording) -> NDArray[np.float32]:
        """Say what signals are divided by: the recording's own amplitude, or that of training."""
        return self.learnt.get("amplitude", amplitude([inputs.signals]))


@dataclass(frozen=True, eq=False)
class TrainedRun:
    """A finished run: its settings and its models."""

    config: Config
    folds: Sequence[TrainedFold]

    @property
    def detector(self) -> Detector:
        """Median of the folds' detectors."""
        return middle_of([fold.detector for fold in self.folds])

    def batches(
        self, inputs: Recording, windows: Windows, images: Images | None
    ) -> Iterator[tuple[Tensor]]:
        """Windows of a recording in µV, or their images: what no fold has scaled yet."""
        for first in range(0, len(windows), BATCH):
            signals = cut_signals(
                [inputs.signals], windows, np.arange(len(windows))[first:][:BATCH]
            )
            yield (torch.from_numpy(signals) if images is None else images.compute(signals),)

    def reading(self, inputs: Recording, images: Images | None) -> Reading:
        """Read each batch with every model, scaled as it was trained, and average."""
        explainer = EXPLAINERS[self.config.detector.map]
        models = []
        for fold in self.folds:
            classifier = fold.classifier(self.config, inputs, images)
            models.append((fold, reading_of(classifier, explainer), fold.scale(inputs)))

        def read(batch: Tensor, n_times: int) -> dict[str, Values]:
            found = []
            for fold, reading, scale in models:
                if images is None:
                    scaled = batch / torch.from_numpy(scale)
                else:
                    scaled = images.transform.rescaled(batch, scale)
                    mean, sd = (
                        torch.from_numpy(fold.learnt[k]) for k in ("image_mean", "image_sd")
                    )
                    scaled = (scaled - mean) / sd
                found.append(reading(scaled, n_times))
            return {name: np.mean([one[name] for one in found], axis=0) for name in found[0]}

        return read


def load_run(directory: Path, fold: str | None = None) -> TrainedRun:
    """Load a run from its directory.

    Parameters
    ----------
    directory : Path
        Of the run, with ``results.json``.
    fold : str, optional
        Take the model of this fold alone; by default those of all folds.

    Raises
    ------
    InputError
        If the run is not finished, was made with leaks or by another version, or lacks the fold.
    """
    found = _results(directory)
    if leaks_of(found):
        raise InputError(
            f"{directory} is a LEAKY run ({', '.join(leaks_of(found))}): its models measure a "
            "mistake and are for nothing else; name a run without leaks (leak=none)"
        )
    of_fold = {each["name"]: each for each in found["folds"]}
    if fold is not None and fold not in of_fold:
        raise InputError(f"{directory} has no fold {fold}; --fold is one of {', '.join(of_fold)}")
    names = list(of_fold) if fold is None else [fold]
    try:
        config = restored(found["config"])
        folds = [_fold(directory, name, of_fold[name]["detector"]) for name in names]
    except (InputError, KeyError, TypeError) as error:
        raise InputError(
            f"{directory} was made by a version of xai_sleep without a detector, or damaged "
            f"({error}); repeat the run"
        ) from error
    return TrainedRun(config, folds)


def _results(directory: Path) -> dict[str, Any]:
    file = directory / "results.json"
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            f"{directory} holds no results.json; name the directory of a finished run"
        ) from None
    except ValueError as error:
        raise InputError(f"{file} is damaged ({error}); repeat the run") from error
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise InputError(f"{file} was written by another version of xai_sleep; repeat the run")
    return found


def _fold(directory: Path, name: str, chosen: Mapping[str, Any]) -> TrainedFold:
    path = directory / "folds" / name
    detector = Detector(**{each.name: chosen[each.name] for each in fields(Detector)})
    try:
        with np.load(path / "test.npz") as stored:
            kept = ("amplitude", "image_mean", "image_sd")
            learnt = {key: stored[key] for key in kept if key in stored}
    except FileNotFoundError:
        raise InputError(f"{path / 'test.npz'} is missing") from None
    return TrainedFold(name, path / "model.ckpt", learnt, detector)
