"""Networks on images: sizes that are known, evidence that says where, and refusals."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from xai_sleep.errors import InputError
from xai_sleep.models.cnn2d import CNN2d
from xai_sleep.models.cnn2d_evidence import EvidenceCNN2d


def n_trainable(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def test_the_published_network_has_18154_parameters_and_1024_features() -> None:
    network = CNN2d(3, 128, 128)
    assert n_trainable(network) == 18154
    assert network.features(torch.zeros(2, 3, 128, 128)).flatten(1).shape == (2, 1024)


@pytest.mark.parametrize(("n_chans", "n_freqs", "n_times"), [(1, 16, 16), (3, 40, 100)])
def test_parameters_follow_from_the_layers(n_chans: int, n_freqs: int, n_times: int) -> None:
    widths = list(pairwise((n_chans, 4, 8, 16)))
    convolutions = sum(9 * before * after + after for before, after in widths)
    normalisations = sum(4 * after for _, after in widths) + 2 * 16
    flat = 16 * (n_freqs // 16) * (n_times // 16)
    dense = flat * 16 + 16 + 16 * 2 + 2
    network = CNN2d(n_chans, n_times, n_freqs)
    assert n_trainable(network) == convolutions + normalisations + dense
    assert network(torch.zeros(2, n_chans, n_freqs, n_times)).shape == (2, 2)


@pytest.mark.parametrize(("n_freqs", "n_times"), [(15, 128), (128, 15), (2, 2)])
def test_images_too_small_to_be_halved_are_refused(n_freqs: int, n_times: int) -> None:
    said = f"images of {n_freqs} × {n_times} are too small for CNN2d, .* raise task.image_size"
    with pytest.raises(InputError, match=said):
        CNN2d(3, n_times, n_freqs)


@pytest.mark.parametrize(("n_freqs", "n_times"), [(128, 128), (32, 48)])
def test_feature_maps_are_the_last_ones_before_pooling(n_freqs: int, n_times: int) -> None:
    images = torch.randn(2, 3, n_freqs, n_times, generator=torch.Generator().manual_seed(0))
    expected = {
        CNN2d: (16, n_freqs // 8, n_times // 8),
        EvidenceCNN2d: (16, n_freqs // 4, n_times // 2),
    }
    for make, shape in expected.items():
        network = make(3, n_times, n_freqs).eval()
        seen: list[torch.Tensor] = []
        network.cam_layer.register_forward_hook(lambda *arguments, to=seen: to.append(arguments[2]))
        network(images)
        assert seen[0].shape == (2, *shape)
        assert isinstance(network.cam_layer, nn.ReLU)


def test_evidence_knows_the_frequency_but_not_the_time() -> None:
    """The same blob high or low differs; early or late, away from the borders, it does not."""
    torch.manual_seed(0)
    network = EvidenceCNN2d(1, 64, 64).eval().double()
    images = torch.zeros(3, 1, 64, 64, dtype=torch.float64)
    images[0, 0, 16:20, 16:20] = images[1, 0, 16:20, 36:40] = images[2, 0, 36:40, 16:20] = 5.0
    early, late, low = network(images)
    torch.testing.assert_close(early, late, rtol=0, atol=1e-12)
    assert (early - low).abs().max() > 1e-6


def test_the_frequency_is_no_weight() -> None:
    network = EvidenceCNN2d(3, 32, 16)
    assert "frequency" not in network.state_dict()
    assert network.frequency[0, 0, :, 7].tolist() == pytest.approx(
        torch.linspace(1, -1, 16).tolist()
    )
