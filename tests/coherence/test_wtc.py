"""Coherence against pycwt and its definition, the scalogram against pycwt; what both promise."""

import copy
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.dreams import read
from xai_sleep.coherence.wtc import POWER_FLOOR, Scalogram, WaveletCoherence
from xai_sleep.errors import InputError
from xai_sleep.recordings.dreams import TextExcerpt

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of SciPy, at import
    import pycwt

Array = NDArray[np.float64]
Maps = tuple[Array, Array]

# Windows of 5, 3, 4 and 2.5 s, at the Nyquist frequency and below, lengths that are powers of two
# and not: (n_times, sfreq, fmin, fmax, n_freqs, n_out)
GRIDS = [
    (1000, 200.0, 0.5, 30.0, 71, 128),
    (500, 100.0, 0.5, 30.0, 128, 128),
    (250, 50.0, 0.5, 25.0, 40, 61),
    (1024, 256.0, 1.0, 64.0, 33, 100),
    (300, 100.0, 0.5, 50.0, 30, 300),
    (320, 128.0, 2.0, 20.0, 12, 1),
]
ONE = (200, 50.0, 0.5, 20.0, 24, 40)


def noise(n_windows: int, n_times: int, seed: int = 0) -> Array:
    """Pairs of random walks that share a part: steep spectra, like EEG."""
    rng = np.random.default_rng(seed)
    own = rng.standard_normal((n_windows, 2, n_times))
    return np.cumsum(own + rng.standard_normal((n_windows, 1, n_times)), axis=-1)


def scale_arguments(transform: WaveletCoherence | Scalogram) -> dict[str, float]:
    """Scales of a transform as pycwt wants them, from its frequencies alone."""
    freqs = transform.freqs.double().numpy()
    steps = len(freqs) - 1
    wavelength = float(pycwt.Morlet(6).flambda())
    return {
        "dj": float(np.log2(freqs[0] / freqs[-1])) / steps,
        "s0": 1 / (wavelength * float(freqs[0])),
        "J": steps,
    }


def columns(transform: WaveletCoherence | Scalogram, sfreq: float) -> NDArray[np.int64]:
    samples = transform.times.double().numpy() * sfreq
    assert np.allclose(samples, np.round(samples), atol=1e-6)
    return np.round(samples).astype(np.int64)


def by_pycwt(pair: Array, transform: WaveletCoherence, sfreq: float) -> Maps:
    """R² and phase at the columns of a transform."""
    squared, phase, *_ = pycwt.wct(*pair, 1 / sfreq, sig=False, **scale_arguments(transform))
    chosen = columns(transform, sfreq)
    return squared[:, chosen], phase[:, chosen]


def by_definition(pair: Array, transform: WaveletCoherence, sfreq: float) -> Maps:
    """R² and phase in Grinsted's way: the longer padding, the narrower boxcar."""
    n_times, scales = pair.shape[1], 1 / (1.0330436477492537 * transform.freqs.double().numpy())
    n_power = 2 ** int(np.ceil(np.log2(n_times)))
    angular = 2 * np.pi * np.fft.fftfreq(2 * n_power, 1 / sfreq)
    morlet = np.exp(-0.5 * (scales[:, None] * angular - 6) ** 2)
    zero_mean = pair - pair.mean(axis=1, keepdims=True)
    transforms = [
        np.fft.ifft(np.fft.fft(channel, 2 * n_power) * morlet)[:, :n_times] for channel in zero_mean
    ]
    gauss = np.exp(-0.5 * (scales[:, None] * 2 * np.pi * np.fft.fftfreq(n_power, 1 / sfreq)) ** 2)
    half = 0.3 * (len(scales) - 1) / np.log2(scales[-1] / scales[0])
    whole = 2 * round(half) - 1
    boxcar = np.array([half % 1, *np.ones(whole), half % 1]) / (whole + 2 * (half % 1))

    def smooth(product: NDArray[Any]) -> NDArray[Any]:
        in_time = np.fft.ifft(np.fft.fft(product, n_power) * gauss)[:, :n_times]
        return np.apply_along_axis(np.convolve, 0, in_time, boxcar)[whole // 2 + 1 :][: len(scales)]

    x, y = transforms
    cross = x * y.conj()
    powers = smooth(np.abs(x) ** 2).real * smooth(np.abs(y) ** 2).real
    chosen = columns(transform, sfreq)
    return (np.abs(smooth(cross)) ** 2 / powers)[:, chosen], np.angle(cross)[:, chosen]


ORACLES: dict[str, Callable[[Array, WaveletCoherence, float], Maps]] = {
    "pycwt": by_pycwt,
    "grinsted": by_definition,
}


def assert_agrees(windows: NDArray[Any], transform: WaveletCoherence, sfreq: float) -> None:
    """Channel 0 to 1e-10 and 1e-5; the other two too, where the phase is more than rounding."""
    oracle = ORACLES[transform.semantics]
    maps = [oracle(pair, transform, sfreq) for pair in windows.astype(np.float64)]
    squared, phase = (np.stack(each) for each in zip(*maps, strict=True))
    for dtype, bound, phase_bound in ((torch.float64, 1e-10, 1e-9), (torch.float32, 1e-5, 1e-4)):
        images = transform(torch.tensor(windows, dtype=dtype)).double().numpy()
        assert np.abs(images[:, 0] - squared).max() <= bound
        for image, part in ((images[:, 1], np.cos(phase)), (images[:, 2], np.sin(phase))):
            assert np.quantile(np.abs(image - squared * part), 0.99) <= phase_bound


@pytest.mark.parametrize("semantics", ORACLES)
@pytest.mark.parametrize("grid", GRIDS)
def test_coherence_equals_the_reference(
    grid: tuple[int, float, float, float, int, int], semantics: str
) -> None:
    transform = WaveletCoherence(*grid, semantics=semantics)
    white = np.random.default_rng(1).standard_normal((2, 2, grid[0]))
    windows = np.concatenate([white, noise(2, grid[0])]).astype(np.float32)
    assert_agrees(windows, transform, grid[1])


@pytest.mark.data
@pytest.mark.parametrize("semantics", ORACLES)
@pytest.mark.parametrize(("excerpt", "sfreq"), [(3, 50.0), (1, 100.0), (4, 200.0)])
def test_coherence_of_real_eeg_equals_the_reference(
    dreams_root: Path, excerpt: int, sfreq: float, semantics: str
) -> None:
    path = dreams_root / "DatabaseSpindles" / f"excerpt{excerpt}.txt"
    if not path.exists():
        pytest.skip(f"{path.name} is not here")
    (signal,), found, *_ = TextExcerpt(path, ("central",)).read(["central"])
    assert found == sfreq
    n_times, second = round(5 * sfreq), round(sfreq)
    starts = range(0, len(signal) - n_times - second, len(signal) // 5)
    moments = [(start, start + second) for start in starts]
    windows = np.stack([[signal[at : at + n_times] for at in pair] for pair in moments])
    transform = WaveletCoherence(n_times, sfreq, fmax=min(30, sfreq / 2), semantics=semantics)
    assert_agrees(windows, transform, sfreq)


@pytest.mark.data
def test_coherence_of_real_eog_equals_the_reference(dreams_root: Path) -> None:
    if not (dreams_root / "DatabaseSpindles" / "excerpt3.edf").exists():
        pytest.skip("excerpt3.edf is not here")
    eogs = [["EOG1-A1"], ["EOG2-A1"]]
    recording = read(dreams_root, event="spindle", channels=eogs, records=["excerpt3"])[0]
    windows = recording.signals[:, 5000:10000].reshape(2, 20, 250).swapaxes(0, 1)
    assert_agrees(windows, WaveletCoherence(250, 50.0, fmax=25.0), 50.0)


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1e-6, 0.02, 1.0, 300.0]),
    st.floats(-1e3, 1e3),
)
@settings(max_examples=15, deadline=None)
def test_neither_amplitude_nor_offset_nor_order_of_channels_matters(
    seed: int, factor: float, offset: float
) -> None:
    transform = WaveletCoherence(*ONE)
    windows = torch.from_numpy(noise(2, ONE[0], seed))
    images = transform(windows)
    assert 0 <= images[:, 0].min() <= images[:, 0].max() <= 1
    assert torch.equal(
        images[:, 1:].square().sum(1).sqrt() <= images[:, 0] + 1e-12, images[:, 0] >= 0
    )
    moved = transform(windows * factor + offset)
    assert torch.allclose(moved[:, 0], images[:, 0], atol=1e-6)
    # Phases only where the offset leaves the signal its digits: rounding has a phase of its own.
    assert torch.allclose(transform((windows + offset) * factor), images, atol=1e-6)
    swapped = transform(windows.flip(1)) * torch.tensor([1.0, 1.0, -1.0]).view(1, 3, 1, 1)
    assert torch.allclose(swapped, images, atol=1e-9)


def test_a_channel_with_itself_is_coherent_and_in_phase() -> None:
    one = torch.from_numpy(noise(3, ONE[0])[:, :1])
    for dtype, bound in ((torch.float64, 1e-9), (torch.float32, 1e-4)):
        images = WaveletCoherence(*ONE)(one.to(dtype).expand(-1, 2, -1))
        assert (images[:, :2] - 1).abs().max() <= bound
        assert images[:, 2].abs().max() <= bound


@pytest.mark.parametrize("flat", [0.0, 0.1, -1234.5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_nothing_is_coherent_with_a_flat_channel(flat: float, dtype: torch.dtype) -> None:
    windows = torch.from_numpy(noise(2, ONE[0])).to(dtype)
    windows[0, 1] = flat
    windows[1] = flat
    windows.requires_grad_()
    images = WaveletCoherence(*ONE)(windows)
    assert torch.equal(images, torch.zeros_like(images))
    images.sum().backward()
    assert windows.grad is not None
    assert torch.equal(windows.grad, torch.zeros_like(windows))


def test_silence_and_spikes_give_finite_images_and_gradients() -> None:
    windows = torch.zeros(4, 2, ONE[0])
    windows[0, 0, 5], windows[0, 1, 150] = 1, 1  # far apart: next to nothing at most cells
    windows[1, :, 100:] = torch.tensor([[1.0], [-1e6]])
    windows[2] = torch.from_numpy(noise(1, ONE[0])[0])
    windows[2, 0, :100] = 0
    windows[3] = 1e-20 * torch.arange(2 * ONE[0]).view(2, -1)
    windows.requires_grad_()
    images = WaveletCoherence(*ONE)(windows)
    images.sum().backward()
    assert images.isfinite().all()
    assert images[:, 0].min() >= 0
    assert images[:, 0].max() <= 1
    assert windows.grad is not None
    assert windows.grad.isfinite().all()


def test_a_missing_value_is_not_passed_over() -> None:
    windows = torch.from_numpy(noise(2, ONE[0]))
    windows[0, 1, 17] = torch.nan
    images = WaveletCoherence(*ONE)(windows)
    assert images[0].isnan().all()
    assert images[1].isfinite().all()


def test_the_phase_tells_which_channel_leads() -> None:
    transform = WaveletCoherence(1000, 200.0)
    times = torch.arange(1000) / 200.0
    late = 0.0125  # s, an eighth of a period of 10 Hz
    windows = torch.stack(
        [torch.sin(20 * torch.pi * times), torch.sin(20 * torch.pi * (times - late))]
    )
    row = int((transform.freqs - 10).abs().argmin())
    squared, cos, sin = transform(windows[None])[0, :, row, 40:88]
    assert squared.min() > 0.999
    assert torch.allclose(torch.atan2(sin, cos), torch.tensor(torch.pi / 4), atol=0.02)


def test_gradients_are_right() -> None:
    windows = torch.from_numpy(noise(2, 48)).requires_grad_()
    assert torch.autograd.gradcheck(WaveletCoherence(48, 16.0, 1.0, 8.0, 6, 5), windows)
    assert torch.autograd.gradcheck(Scalogram(48, 16.0, 1.0, 8.0, 6, 5), windows[:, :1])


def test_a_transform_first_used_in_inference_mode_still_has_gradients() -> None:
    transform = WaveletCoherence(*ONE)
    windows = torch.from_numpy(noise(1, ONE[0]))
    with torch.inference_mode():
        expected = transform(windows)
    images = transform(windows.requires_grad_())
    assert torch.equal(images, expected)
    images.sum().backward()
    assert windows.grad is not None


def test_an_image_is_the_same_whether_or_not_a_gradient_is_asked_for() -> None:
    windows = torch.from_numpy(noise(3, 1000)).float()
    transform = WaveletCoherence(*GRIDS[0])
    followed = transform(windows.clone().requires_grad_())
    assert followed.requires_grad
    assert torch.allclose(transform(windows)[:, 0], followed[:, 0], atol=1e-5)


def test_the_dtype_of_the_input_rules_and_casting_the_module_costs_nothing() -> None:
    windows = torch.from_numpy(noise(2, ONE[0]))
    transform = WaveletCoherence(*ONE)
    exact = transform(windows)
    assert exact.dtype == torch.float64
    assert transform(windows.float()).dtype == torch.float32
    for other in (transform.float(), transform.double(), copy.deepcopy(transform)):
        assert torch.equal(other(windows), exact)


def test_an_image_does_not_depend_on_the_batch() -> None:
    transform = WaveletCoherence(100, 50.0, 1.0, 20.0, 12, 10)
    windows = torch.from_numpy(noise(300, 100))
    images = transform(windows)
    chosen = [0, 31, 32, 127, 128, 299]
    alone = torch.cat([transform(windows[i : i + 1]) for i in chosen])
    assert torch.allclose(images[chosen], alone, atol=1e-12)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_gpu_computes_the_same() -> None:
    windows = torch.from_numpy(noise(40, ONE[0]))
    for transform, one in ((WaveletCoherence(*ONE), windows), (Scalogram(*ONE), windows[:, :1])):
        expected = transform(one)
        images = transform.to("cuda")(one.to("cuda"))
        assert images.is_cuda
        assert transform.coi_mask.is_cuda
        assert torch.allclose(images.cpu(), expected, atol=1e-8)


@pytest.mark.parametrize("grid", GRIDS)
def test_the_mask_holds_what_the_cone_of_influence_leaves(
    grid: tuple[int, float, float, float, int, int],
) -> None:
    transform = WaveletCoherence(*grid)
    signal = np.random.default_rng(0).standard_normal(grid[0])
    *_, freqs, coi, _, _ = pycwt.cwt(signal, 1 / grid[1], **scale_arguments(transform))
    assert np.allclose(transform.freqs, freqs, rtol=1e-12)
    expected = 1 / freqs[:, None] <= coi[columns(transform, grid[1])]
    assert np.array_equal(transform.coi_mask, expected)


@pytest.mark.parametrize(("low", "high", "share"), [(0.3, 1, 0.13), (1, 5, 0.73), (11, 16, 0.96)])
def test_how_much_of_five_seconds_can_be_trusted(low: float, high: float, share: float) -> None:
    transform = WaveletCoherence(1000, 200.0, low, high)
    assert transform.coi_mask.double().mean() == pytest.approx(share, abs=0.01)


def test_columns_are_the_middles_of_equal_parts() -> None:
    assert WaveletCoherence(100, 50.0, n_out=5, fmax=20.0).times.tolist() == [
        0.2,
        0.6,
        1.0,
        1.4,
        1.8,
    ]
    every = WaveletCoherence(100, 50.0, n_out=100, fmax=20.0)
    assert np.array_equal(columns(every, 50.0), np.arange(100))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"sfreq": 50.0},
            r"to 30 Hz .* at 50 Hz.* above 25 Hz; lower the upper .*task\.image_band",
        ),
        (
            {"n_times": 300, "fmin": 0.5},
            r"1\.5 s .* of 0\.5 Hz; raise the lower frequency .* to 0\.667 Hz",
        ),
        ({"fmin": 30.0}, r"from 30 to 30 Hz; task\.image_band is two rising"),
        ({"fmin": 0.0}, r"from 0 to 30 Hz"),
        ({"n_freqs": 1}, r"1 rows; task\.image_size is 2 or more"),
        ({"n_out": 1001}, r"1001 columns .* 1000 samples; task\.image_size is 1000 at most"),
        ({"n_out": 0}, r"0 columns"),
        ({"semantics": "matlab"}, r"'matlab'; .* one of pycwt, grinsted"),
    ],
)
def test_impossible_settings_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        WaveletCoherence(**{"n_times": 1000, "sfreq": 200.0, **change})


@pytest.mark.parametrize(
    ("transform", "shape", "message"),
    [
        (WaveletCoherence, (4, 1, 200), r"\(4, 1, 200\); expected \(1 or more, 2, 200\)"),
        (WaveletCoherence, (4, 2, 199), r"\(4, 2, 199\)"),
        (WaveletCoherence, (2, 200), r"\(2, 200\)"),
        (WaveletCoherence, (0, 2, 200), r"\(0, 2, 200\)"),
        (Scalogram, (4, 2, 200), r"Scalogram .* \(1 or more, 1, 200\)"),
    ],
)
def test_windows_of_another_shape_are_refused(
    transform: type[WaveletCoherence | Scalogram], shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        transform(*ONE)(torch.zeros(shape))


def test_windows_of_another_dtype_are_refused() -> None:
    with pytest.raises(InputError, match=r"torch\.float16; convert"):
        WaveletCoherence(*ONE)(torch.zeros(1, 2, 200, dtype=torch.float16))


def test_the_key_tells_transforms_apart() -> None:
    transforms: list[WaveletCoherence | Scalogram] = [
        WaveletCoherence(*ONE),
        WaveletCoherence(*ONE, semantics="grinsted"),
        WaveletCoherence(*GRIDS[0]),
        Scalogram(*ONE),
    ]
    assert len({transform.parameters_key for transform in transforms}) == 4
    assert WaveletCoherence(*ONE).parameters_key == transforms[0].parameters_key


@pytest.mark.parametrize("grid", GRIDS)
def test_the_scalogram_equals_the_log_power_of_pycwt(
    grid: tuple[int, float, float, float, int, int],
) -> None:
    transform = Scalogram(*grid)
    windows = noise(2, grid[0])[:, :1].astype(np.float32)
    arguments, chosen = scale_arguments(transform), columns(transform, grid[1])
    expected = []
    for (channel,) in windows.astype(np.float64):
        wavelets, *_ = pycwt.cwt(channel - channel.mean(), 1 / grid[1], **arguments)
        expected.append(np.log10(np.maximum(np.abs(wavelets[:, chosen]) ** 2, POWER_FLOOR)))
    for dtype, bound in ((torch.float64, 1e-9), (torch.float32, 1e-3)):
        images = transform(torch.tensor(windows, dtype=dtype))
        assert images.shape == (2, 1, *grid[-2:])
        assert np.abs(images[:, 0].double().numpy() - np.stack(expected)).max() <= bound


def test_the_scalogram_of_white_noise_shows_its_variance() -> None:
    windows = 3 * torch.from_numpy(np.random.default_rng(0).standard_normal((200, 1, ONE[0])))
    power = (10 ** Scalogram(*ONE)(windows)).mean(dim=(0, 1, 3))
    assert torch.allclose(power[:12], torch.tensor(9.0, dtype=torch.float64), rtol=0.15)


def test_the_scalogram_of_a_flat_window_is_the_floor() -> None:
    windows = torch.full((2, 1, ONE[0]), 0.1, requires_grad=True)
    images = Scalogram(*ONE)(windows)
    assert torch.allclose(images, torch.tensor(POWER_FLOOR).log10())
    images.sum().backward()
    assert windows.grad is not None
    assert torch.equal(windows.grad, torch.zeros_like(windows))


def test_rescaling_an_image_is_like_rescaling_its_windows() -> None:
    windows = torch.from_numpy(noise(3, ONE[0]))
    scale = np.array([[20.0]], dtype=np.float32)
    scalogram, coherence = Scalogram(*ONE), WaveletCoherence(*ONE)
    single = windows[:, :1]
    expected = scalogram(single / 20)
    assert torch.allclose(scalogram.rescaled(scalogram(single), scale), expected, atol=1e-6)
    both = np.array([[20.0], [3.0]], dtype=np.float32)
    expected = coherence(windows / torch.from_numpy(both))
    assert torch.allclose(coherence.rescaled(coherence(windows), both), expected, atol=1e-9)
