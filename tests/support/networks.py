"""A network small enough that its Grad-CAM can be written down."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Values = NDArray[np.float64]
STRIDE = 4  # samples per cell


class TwoFilterNetwork(nn.Module):
    """Two filters, each over cells of four samples, judged by the energy of their responses.

    With ``A_k(i)`` the rectified response of filter k in cell i, the logit of class c is
    ``Σ_k evidence[c, k] · ½ Σ_i A_k(i)²``.

    Parameters
    ----------
    kernels : array of shape (2, STRIDE)
        The filters.
    biases : array of shape (2,)
        Of the filters.
    evidence : array of shape (2, 2)
        Weight of each filter (column) for each class (row).
    dropout : float
        On the energies; it must not act when a window is explained.
    """

    input_kind: Literal["signal"] = "signal"

    def __init__(
        self, kernels: Values, biases: Values, evidence: Values, dropout: float = 0.5
    ) -> None:
        super().__init__()
        convolution = nn.Conv1d(1, 2, STRIDE, stride=STRIDE)
        self.features = nn.Sequential(convolution, nn.ReLU())
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(2, 2, bias=False))
        convolution.weight = nn.Parameter(torch.tensor(kernels[:, None], dtype=torch.float32))
        assert convolution.bias is not None
        convolution.bias.data[:] = torch.tensor(biases)
        self.head[1].weight = nn.Parameter(torch.tensor(evidence, dtype=torch.float32))

    @property
    def cam_layer(self) -> nn.Module:
        """The rectified responses."""
        return self.features

    def forward(self, signals: Tensor) -> Tensor:
        """Logits of shape ``(window, 2)``."""
        energies = self.features(signals).square().sum(2) / 2
        logits: Tensor = self.head(energies)
        return logits


@dataclass(frozen=True, eq=False)
class Weights:
    """Parameters of a :class:`TwoFilterNetwork`, and what follows from them by hand."""

    kernels: Values
    biases: Values
    evidence: Values

    def network(self, dropout: float = 0.5) -> TwoFilterNetwork:
        """Build the network, in training mode."""
        return TwoFilterNetwork(self.kernels, self.biases, self.evidence, dropout)

    def grad_cam(self, windows: Values) -> Values:
        """Grad-CAM of the event class for windows ``(window, 1, time)``, from its formula."""
        cells = windows[:, 0].reshape(len(windows), -1, STRIDE)
        responses = np.einsum("wij,kj->wki", cells, self.kernels) + self.biases[:, None]
        features = np.maximum(responses, 0)
        gradients = self.evidence[1][:, None] * features
        weights = gradients.mean(axis=2)
        coarse = np.maximum(np.einsum("wk,wki->wi", weights, features), 0)
        # A sample's place on the grid of cells, whose centres lie half a cell inside.
        places = (np.arange(windows.shape[2]) + 0.5) / STRIDE - 0.5
        fine = np.stack([np.interp(places, np.arange(len(row)), row) for row in coarse])
        peak = fine.max(axis=1, keepdims=True)
        return np.asarray(fine / np.where(peak > 0, peak, 1))


# The first filter speaks for an event, the second, which responds to a falling edge, against it.
WEIGHTS = Weights(
    kernels=np.array([[0.5, 1.0, -0.25, 0.5], [1.0, 0.5, -0.5, -1.0]]),
    biases=np.array([0.1, -0.2]),
    evidence=np.array([[0.3, 0.8], [1.0, -0.4]]),
)


class BrokenNetwork(nn.Module):
    """A network that keeps to the contract, but cannot be trained."""

    input_kind: Literal["signal"] = "signal"

    def __init__(self, n_chans: int, n_times: int) -> None:
        super().__init__()
        self.features, self.layer = nn.Identity(), nn.Linear(n_chans * n_times, 2)

    @property
    def cam_layer(self) -> nn.Module:
        """The signal itself."""
        return self.features

    def forward(self, signals: Tensor) -> Tensor:
        """Break down in training."""
        if self.training:
            raise FloatingPointError(f"broken at {tuple(signals.shape)}")
        logits: Tensor = self.layer(self.features(signals).flatten(1))
        return logits
