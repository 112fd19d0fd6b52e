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
from tests.support.training import planned, settings, train
from xai_sleep.coherence.wtc import Scalogram
from xai_sleep.errors import InputError
from xai_sleep.experiment.run import run
from xai_sleep.experiment.training import build_input
from xai_sleep.recordings.recording import require_usable
from xai_sleep.windows.folds import k_fold
from xai_sleep.windows.windows import cut

MODEL = ("model=cnn2d", "task.image_size=16", "balance=none", "explain.figures=0")


def attempt(output: Path, *overrides: str) -> None:
    run(composed(*TINY, *MODEL, *overrides, output=output), console=Console(quiet=True))


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
        ("task.image_channels.scalogram=[[X]]", r"^task\.image_channels\.scalogram: there is no "),
    ],
)
def test_settings_that_cannot_be_met_are_one_line(
    setting: str, said: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        attempt(tmp_path / "run", setting)
    assert "\n" not in str(caught.value)
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]


def test_records_that_were_sampled_too_slowly_are_named(caplog: pytest.LogCaptureFixture) -> None:
    slow = make_recording("excerpt1", sfreq=50.0)
    build_input(composed(*MODEL, "task.image_band=[1.0,30.0]")).check([slow])
    (line,) = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert line.startswith("task.image_band reaches up to 30 Hz, ")
    assert "excerpt1 (50 Hz)" in line


def test_a_flat_channel_of_an_image_names_its_setting() -> None:
    recording = make_recording("night")
    recording.signals[:] = 7
    with pytest.raises(InputError, match=r"flat .* another channel \(task\.image_channels\.coher"):
        require_usable([recording], build_input(composed(*MODEL, "task.image=coherence")).setting)


@pytest.mark.parametrize("scheme", ["loso", "kfold"])
def test_folds_share_their_images(scheme: str, tmp_path: Path) -> None:
    """What trains and validates is computed once; what only tests or is slid over, each time."""
    config = settings(*MODEL, "explain=none", "trainer.max_epochs=1", "detector.step=5")
    plan, folds = planned(config)
    if scheme == "kfold":
        folds = k_fold(plan.store.recordings, k=3, window=5.0, guard=5.0, seed=0)
    seen = build_input(config)
    parts = [plan.data(fold, seen) for fold in folds]
    trained_on = {
        pair
        for data in parts
        for windows in (data.train, data.val)
        for pair in zip(windows.record.tolist(), windows.start.tolist(), strict=True)
    }
    computed: list[int] = []

    def count(module: nn.Module, inputs: tuple[Tensor, ...], _output: Tensor) -> None:
        if isinstance(module, Scalogram):
            computed.append(len(inputs[0]))

    hook = register_module_forward_hook(count)
    try:
        plan.store.remember([part for data in parts for part in (data.train, data.val)])
        assert sum(computed) == len(trained_on)
        for fold in folds:
            train(plan, fold, tmp_path / fold.name)
    finally:
        hook.remove()
    tested = sum(len(data.test) for data in parts)
    # To find events, windows slide over other time as well, but seldom where nothing is known.
    edges = 4 * len(parts) * len(plan.store.recordings)
    slid = tested + sum(
        len(cut(plan.store.recordings, d.fold.val, length=5, step=5))
        + len(cut(plan.store.recordings, d.fold.train, length=5, step=5))
        for d in parts
    )
    assert sum(computed) <= len(trained_on) + 2 * tested + slid + edges


DENSE = """
import resource
import sys
from itertools import islice
import numpy as np
from torch.utils.data import DataLoader
from tests.support.recordings import make_recording
from xai_sleep.windows.datamodule import WindowDataset, already_a_batch
from xai_sleep.windows.inputs import ImageInput, SignalInput
from xai_sleep.windows.windows import cut

night = make_recording("night", seconds=8 * 3600, sfreq=100.0, channels=("one", "two"),
                       events=[(i, i + 1) for i in range(0, 28000, 30)])
windows = cut([night], [night.scored], length=5.0, step=0.1)
assert len(windows) == (8 * 3600 - 5) * 10 + 1
names = [["one"], ["two"]]
shown = {"window": 5.0, "sfreq": 100.0}
scales = [np.ones((2, 1), dtype=np.float32)]
for seen, batches in (
    (SignalInput(names, [0.5, 15.0], **shown), 50),
    (ImageInput("coherence", {"coherence": names}, [0.5, 15.0], band=[0.5, 15.0], **shown), 2),
):
    data = WindowDataset(seen, seen.store([night]), windows, scales)
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
