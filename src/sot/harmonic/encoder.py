"""The encoder: from one frame of a constant-Q transform to a pitch and harmonic amplitudes.

Frames are independent: a batch of frames is one long batch of little one-dimensional pictures.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from sot import _checks
from sot.harmonic.front_end import MOST_HARMONICS

_SLOPE = 0.3  # of the leaky rectifiers
_PART = 64  # frames whose features a processor keeps in its cache
_AMPLITUDE_POWER = math.log(10.0)
_AMPLITUDE_FLOOR = 1e-7


class Estimate(NamedTuple):
    """What the encoder says of each frame.

    `f0` in Hz, shape (...); `amplitudes` of the harmonics in (0, 2), shape (..., harmonics);
    `distribution` over the bins of the pitch axis, shape (..., bins), each row sums to 1.
    """

    f0: Tensor
    amplitudes: Tensor
    distribution: Tensor


class ToeplitzLinear(nn.Module):
    """A linear layer whose matrix is constant along its diagonals, so that it commutes with shifts.

    It is a convolution whose kernel has `in_features + out_features - 1` weights, written as a
    product with the matrix that is gathered from them, which is many times faster on a CPU.

    Args:
        in_features: length of the last axis of the input.
        out_features: length of the last axis of the output.
    """

    index: Tensor

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        in_features = _checks.integer("in_features", in_features)
        out_features = _checks.integer("out_features", out_features)
        size = in_features + out_features - 1
        bound = 1 / math.sqrt(size)  # what torch takes for a convolution of this shape
        self.weight = nn.Parameter(torch.empty(size).uniform_(-bound, bound))
        rows = torch.arange(in_features)[:, None] + (out_features - 1)
        index = rows - torch.arange(out_features)
        self.register_buffer("index", index, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Map (..., in_features) to (..., out_features)."""
        return features @ self.weight[self.index]


class PitchEncoder(nn.Module):
    """Pitch and amplitudes of harmonics from frames of a constant-Q transform.

    After PESTO: a small convolutional network over frequency, a Toeplitz head whose softmax gives
    the pitch as an expectation over a logarithmic axis, and a linear head for the amplitudes.
    With its defaults it has 46,012 parameters.

    Args:
        bins: bins of the transform.
        fmin: centre of the first bin in Hz.
        bins_per_octave: bins in an octave.
        harmonics: number of amplitudes.
        temperature: of the softmax of the pitch.
        dropout: share of features that is dropped while training, before the last convolution.
        amplitude_slope: by how much the logit of an amplitude falls from one harmonic to the next
            at the start of training; 0 is the paper's.
        amplitude_start: what is added to all logits at the start; 0 is the paper's.
        amplitude_spread: factor of the other weights of that head at the start; with 0 all frames
            start from the same amplitudes.

    Raises:
        ValueError: a setting out of range.
        TypeError: a setting of the wrong type.

    References:
        A. Riou et al., PESTO: Pitch estimation with self-supervised transposition-equivariant
        objective, ISMIR 2023. B. Torres et al., ICASSP 2024, section 4.

    Example:
        >>> import torch
        >>> from sot.harmonic import PitchEncoder
        >>> encoder = PitchEncoder()
        >>> sum(parameter.numel() for parameter in encoder.parameters())
        46012
        >>> estimate = encoder(torch.rand(2, 16, 285))
        >>> estimate.f0.shape, estimate.amplitudes.shape
        (torch.Size([2, 16]), torch.Size([2, 16, 20]))
    """

    def __init__(
        self,
        bins: int = 285,
        fmin: float = 32.7,
        bins_per_octave: int = 36,
        harmonics: int = 20,
        temperature: float = 0.1,
        dropout: float = 0.5,
        amplitude_slope: float = 0.0,
        amplitude_start: float = 0.0,
        amplitude_spread: float = 1.0,
    ) -> None:
        super().__init__()
        self.bins = _checks.integer("bins", bins, minimum=2)
        self.fmin = _checks.number("fmin", fmin, above=0)
        octave = _checks.integer("bins_per_octave", bins_per_octave)
        self.octaves = (self.bins - 1) / octave
        self.temperature = _checks.number("temperature", temperature, above=0)
        dropout = _checks.number("dropout", dropout, minimum=0)
        if dropout >= 1:
            _checks.fail("dropout", "less than 1", dropout)
        harmonics = _checks.integer("harmonics", harmonics, maximum=MOST_HARMONICS)
        slope = _checks.number("amplitude_slope", amplitude_slope, minimum=0)
        start = _checks.number("amplitude_start", amplitude_start)
        spread = _checks.number("amplitude_spread", amplitude_spread, minimum=0)
        self.norm = nn.LayerNorm((1, self.bins))
        # (1, 15) kernels on pictures of height 1: with the channels last in memory they are
        # faster than one-dimensional convolutions, and the 1 x 1 convolutions are linear layers.
        self.first = nn.Conv2d(1, 40, (1, 15), padding=(0, 7))
        self.second = nn.Conv2d(40, 40, (1, 15), padding=(0, 7))
        self.mix = nn.ModuleList(nn.Linear(*sizes) for sizes in ((40, 30), (30, 30), (30, 10)))
        self.dropout = dropout
        self.last = nn.Linear(10, 3)
        self.pitch_head = ToeplitzLinear(3 * self.bins, self.bins)
        self.amplitude_head = nn.Linear(3 * self.bins, harmonics)
        with torch.no_grad():
            self.amplitude_head.weight.mul_(spread)
            self.amplitude_head.bias.mul_(spread).add_(start - slope * torch.arange(harmonics))

    def forward(self, frames: Tensor) -> Estimate:
        """Estimate pitch and amplitudes.

        Args:
            frames: magnitudes of the transform, shape (..., bins).

        Raises:
            ValueError: another number of bins.
            TypeError: input that is not a floating-point tensor.
        """
        frames = _checks.floating("frames", frames)
        if frames.ndim == 0 or frames.shape[-1] != self.bins:
            _checks.fail("frames", f"shape (..., {self.bins})", frames)
        leading = frames.shape[:-1]
        features = self.features(frames.reshape(-1, self.bins))
        distribution = (self.pitch_head(features) / self.temperature).softmax(-1)
        shares = torch.sigmoid(self.amplitude_head(features))
        amplitudes = 2 * shares**_AMPLITUDE_POWER + _AMPLITUDE_FLOOR
        f0 = self.expected_pitch(distribution)
        return Estimate(
            f0.reshape(leading),
            amplitudes.reshape(*leading, -1),
            distribution.reshape(*leading, -1),
        )

    def features(self, frames: Tensor) -> Tensor:
        """Features of shape (n, 3 * bins), channel by channel, of frames (n, bins)."""
        if frames.device.type != "cpu":
            return self._features(frames)
        return torch.cat([self._features(part) for part in frames.split(_PART)])

    def _features(self, frames: Tensor) -> Tensor:
        x = self.norm(frames[:, None])[:, :, None].to(memory_format=torch.channels_last)
        x = functional.leaky_relu(self.first(x), _SLOPE, inplace=True)
        x = x + functional.leaky_relu(self.second(x), _SLOPE, inplace=True)
        # Squeezed, not indexed: the gradient of an index lies channels first in memory, and all
        # before it would be slow. In rows, since a rectifier in place wants no view.
        x = x.squeeze(2).transpose(1, 2).flatten(0, 1)
        for layer in self.mix:
            x = functional.leaky_relu(layer(x), _SLOPE, inplace=True)
        x = self.last(self._dropped(x)).unflatten(0, (-1, self.bins))
        features: Tensor = x.transpose(1, 2).flatten(1)
        return features

    def _dropped(self, x: Tensor) -> Tensor:
        if not self.training or self.dropout == 0:
            return x
        # On a processor uniform numbers are drawn several times faster than torch's own mask.
        return torch.where(torch.rand_like(x) < self.dropout, 0.0, x / (1 - self.dropout))

    def expected_pitch(self, distribution: Tensor) -> Tensor:
        """Pitch in Hz, shape (...), of distributions over the bins, shape (..., bins)."""
        axis = torch.linspace(0, 1, self.bins, dtype=distribution.dtype, device=distribution.device)
        expected = distribution @ axis
        return self.fmin * torch.exp2(self.octaves * expected)
