"""Runs of networks on images: settings that cannot be met, images computed once, memory."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook

from tests.support.dreams import write_record
from tests.support.recordings import make_recording
from tests.support.runs import ROOT, TINY, composed
from xai_sleep.coherence.wtc import Scalogram
from xai_sleep.errors import InputError
from xai_sleep.experiment.run import divide, read, run
from xai_sleep.experiment.training import fold_data
from xai_sleep.progress import Progress
from xai_sleep.recordings.recording import require_usable
from xai_sleep.windows.images import SETTINGS
from xai_sleep.windows.windows import cut

MODEL = ("model=cnn2d", "task.image_size=16", "balance=none", "explain.figures=0")


def attempt(output: Path, *overrides: str) -> None:
    run(composed(*TINY, *MODEL, *overrides, output=output), Console(quiet=True))


def test_a_record_of_one_channel_has_no_coherence(tmp_path: Path) -> None:
    for number, labels in ((1, ("CZ-A1", "FP1-A1")), (2, ("CZ-A1",)), (3, ("C3-A1",))):
        write_record(tmp_path, number, labels=labels)
    with pytest.raises(InputError) as caught:
        attempt(tmp_path / "run", "data=dreams", f"data.root={tmp_path}", "task.image=coherence")
    assert str(caught.value) == (
        "task.image_channels.coherence (or task.image=scalogram, of one channel): there is no "
        "channel FP1-A1 or FP1-A2 or O1-A1 or O1-A2 in excerpt2, excerpt3 (found there: C3-A1, "
        "CZ-A1); name a channel that they hold, or leave these records out (data.records)"
    )


@pytest.mark.data
def test_real_text_excerpts_have_no_coherence(dreams_root: Path, tmp_path: Path) -> None:
    arguments = ("data=dreams", f"data.root={dreams_root}", "task.image=coherence")
    with pytest.raises(InputError, match=r"or task\.image=scalogram, .* FP1-A1 .* in excerpt1, "):
        attempt(tmp_path / "run", *arguments)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (
            "task.image_band=[1,60]",
            r"up to 60 Hz of signals at 100 Hz, .*task\.image_band or raise",
        ),
        ("task.image_band=[0.1,30]", r"5 s is shorter .* 0\.1 Hz; raise .* to 0\.2 Hz or more"),
        ("task.image_band=[5]", r"task\.image_band holds \[5\.0\]; a band is two rising"),
        ("task.image_band=[9,3]", r"task\.image_band holds \[9\.0, 3\.0\]; a band is two rising"),
        ("task.image_size=501", r"task\.image_size is 500 at most"),
        ("task.image_size=8", r"too small for CNN2d, .* raise task\.image_size"),
        ("task.image_semantics=x", r"task\.image_semantics is 'x'; it must be one of pycwt, gri"),
        ("task.image_channels.scalogram=[]", r"names no channels for task\.image=scalogram"),
        ("task.image_channels.scalogram=[[X]]", r"^task\.image_channels\.scalogram: simulated rec"),
    ],
)
def test_settings_that_cannot_be_met_are_one_line(
    setting: str, said: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        attempt(tmp_path / "run", setting)
    assert "\n" not in str(caught.value)
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]


def test_records_that_were_sampled_too_slowly_are_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_record(tmp_path, 1)
    band = "task.image_band=[1.0,30.0]"
    config = composed(*MODEL, band, "data=dreams", f"data.root={tmp_path}", output=tmp_path)
    with Progress(Console(quiet=True)) as progress:
        read(config, progress)
    (line,) = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert line.startswith("task.image_band reaches up to 30 Hz, ")
    assert "excerpt1 (50 Hz)" in line


def test_a_flat_channel_of_an_image_names_its_setting() -> None:
    recording = make_recording("night")
    recording.signals[:] = 7
    with pytest.raises(InputError, match=r"flat .* another channel \(task\.image_channels\.coher"):
        require_usable([recording], SETTINGS["coherence"])


@pytest.mark.parametrize("scheme", ["loso", "kfold"])
def test_folds_share_their_images(scheme: str, tmp_path: Path) -> None:
    settings = (*TINY, *MODEL, f"cv={scheme}", "explain=none", "trainer.max_epochs=1")
    folds_setting = ("cv.folds=3",) if scheme == "kfold" else ()
    slide = ("detector.step=5", "detector.min_events=0")
    config = composed(*settings, *folds_setting, *slide, output=tmp_path)
    with Progress(Console(quiet=True)) as progress:
        recordings, inputs = read(config, progress)
    parts = [fold_data(config, inputs, fold) for fold in divide(config, recordings)]
    trained_on = {
        pair
        for data in parts
        for windows in (data.train, data.val)
        for pair in zip(windows.record.tolist(), windows.start.tolist(), strict=True)
    }
    seen: list[int] = []

    def count(module: nn.Module, inputs: tuple[Tensor, ...], _output: Tensor) -> None:
        if isinstance(module, Scalogram):
            seen.append(len(inputs[0]))

    hook = register_module_forward_hook(count)
    try:
        run(config, Console(quiet=True))
    finally:
        hook.remove()
    tested = sum(len(data.test) for data in parts)
    # To find events, windows slide over validation and test time; a test block grows by guards.
    slid = tested + sum(len(cut(inputs, d.fold.val, length=5, step=5)) for d in parts)
    edges = 4 * len(parts) * len(recordings)
    assert len(trained_on) <= sum(seen) <= len(trained_on) + 2 * tested + slid + edges


DENSE = """
import resource
import sys
from itertools import islice
import numpy as np
from torch.utils.data import DataLoader
from tests.support.recordings import make_recording
from xai_sleep.windows.datasets import ImageDataset, WindowDataset, already_a_batch
from xai_sleep.windows.images import Images, image_transform
from xai_sleep.windows.windows import cut
from pathlib import Path
import torch

night = make_recording("night", seconds=8 * 3600, sfreq=100.0, channels=("one", "two"),
                       events=[(i, i + 1) for i in range(0, 28000, 30)])
windows = cut([night], [night.scored], length=5.0, step=0.1)
assert len(windows) == (8 * 3600 - 5) * 10 + 1
transform = image_transform("coherence", n_chans=2, n_times=500, sfreq=100.0,
                            band=(0.5, 15.0), size=128)
images = Images([night], transform, memory=2.0, directory=Path("unused"))
scales = [np.ones((2, 1), dtype=np.float32)]
normal = (torch.zeros(3, 128, 1), torch.ones(3, 128, 1))
for data, batches in (
    (WindowDataset([night.signals], windows), 50),
    (ImageDataset(images, windows, scales, normal), 2),
):
    loader = DataLoader(data, batch_size=256, collate_fn=already_a_batch)
    for inputs, _ in islice(loader, batches):
        assert inputs.isfinite().all()
sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20))
"""


def test_a_night_tested_every_tenth_of_a_second_fits_into_memory() -> None:
    found = subprocess.run(
        [sys.executable, "-c", DENSE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert float(found.stdout) < 1.5  # GiB
