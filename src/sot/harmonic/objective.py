"""What training minimises: a weighted sum of a transport loss and a multi-scale spectral loss."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import numpy as np
import torch
from torch import Tensor, nn

from sot import _checks
from sot.harmonic.front_end import SAMPLE_RATE
from sot.losses import AudioLoss, MultiScaleSpectralLoss, Wasserstein1DLoss, WeightedLoss
from sot.spectra import FramingRule

_LOWEST, _HIGHEST = 32.7, 7750.7  # Hz, mapped to 0 and 1
_AT_ZERO = -0.254  # where the paper means the bin at 0 Hz to lie
_HOP = 256

POSITIONS = ("linear", "log")
VARIANTS = ("linear", "log-linear")


@dataclass(frozen=True)
class ObjectiveSettings:
    """The loss of an experiment.

    Args:
        transport_weight: factor of the transport loss; 0 leaves it out.
        transport_fft_size: its window, in samples.
        cut: keep the estimate's ratio of mass to the target's, and leave out energy beyond it;
            otherwise each spectrum is normalised by itself.
        positions: of the bins, 'linear', f / 8000 Hz, or 'log', the logarithm of f with 32.7 Hz
            at 0 and 7750.7 Hz at 1.
        magnitude_weight: factor of the multi-scale spectral loss; 0 leaves it out.
        magnitude_variant: 'linear' magnitudes, or 'log-linear' for their logarithms beside them.
        magnitude_fft_sizes: its windows, in samples.
        framing: where the frames of both lie, see :class:`sot.spectra.Framing`; the paper's is
            'end'.

    Raises:
        ValueError: a setting out of range, or no loss at all.
        TypeError: a setting of the wrong type.
    """

    transport_weight: float = 1.0
    transport_fft_size: int = 2048
    cut: bool = True
    positions: Literal["linear", "log"] = "linear"
    magnitude_weight: float = 0.05
    magnitude_variant: Literal["linear", "log-linear"] = "linear"
    magnitude_fft_sizes: list[int] = field(default_factory=lambda: [2048, 1024, 512, 256, 128, 64])
    framing: FramingRule = "end"

    def __post_init__(self) -> None:
        for name in ("transport_weight", "magnitude_weight"):
            _checks.number(name, getattr(self, name), minimum=0)
        if self.transport_weight == self.magnitude_weight == 0:
            _checks.fail("magnitude_weight", "a loss with a positive weight", "two zeros")
        _checks.frame_samples("transport_fft_size", self.transport_fft_size, minimum=4)
        _checks.flag("cut", self.cut)
        _checks.choice("positions", self.positions, POSITIONS)
        _checks.choice("magnitude_variant", self.magnitude_variant, VARIANTS)


class _LogFrequencyTransport(Wasserstein1DLoss):
    """Transport along the logarithm of frequency, over the range of the encoder's pitches."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        assert self.spectrum is not None
        octaves = np.log2(np.maximum(self.spectrum.frequencies, 1e-9) / _LOWEST)
        positions = octaves / math.log2(_HIGHEST / _LOWEST)
        positions[0] = _AT_ZERO
        self.add_constant("bin_positions", np.sort(positions))


class Objective(nn.Module):
    """The weighted loss between clips and their resynthesis, with its parts.

    Args:
        settings: of the experiment.

    Example:
        >>> import torch
        >>> from sot.harmonic import Objective, ObjectiveSettings
        >>> objective = Objective(ObjectiveSettings())
        >>> sorted(objective(torch.randn(2, 4096), torch.randn(2, 4096)).parts)
        ['magnitude', 'transport']
    """

    def __init__(self, settings: ObjectiveSettings) -> None:
        super().__init__()
        losses: dict[str, nn.Module] = {}
        if settings.transport_weight > 0:
            kind = _LogFrequencyTransport if settings.positions == "log" else Wasserstein1DLoss
            losses["transport"] = kind(
                fft_size=settings.transport_fft_size,
                hop_length=_HOP,
                window="flattop",
                sample_rate=SAMPLE_RATE,
                framing=settings.framing,
                square_magnitude=True,
                p=2,
                balanced=not settings.cut,
                quantile_lowpass=settings.cut,
                validate=False,
            )
        if settings.magnitude_weight > 0:
            losses["magnitude"] = MultiScaleSpectralLoss(
                settings.magnitude_variant,
                settings.magnitude_fft_sizes,
                framing=settings.framing,
                validate=False,
            )
        self.losses = nn.ModuleDict(losses)
        weights = {
            "transport": settings.transport_weight,
            "magnitude": settings.magnitude_weight,
        }
        self.weights = {name: weights[name] for name in losses}

    def forward(self, target: Tensor, estimate: Tensor) -> WeightedLoss:
        """The loss of estimates (clips, samples) of targets (clips, samples).

        Returns:
            The total, and each part before its weight.
        """
        return self._weighted({name: loss(target, estimate) for name, loss in self.losses.items()})

    def bind(self, targets: Tensor) -> Callable[[Tensor, Tensor], WeightedLoss]:
        """Fix many targets (clips, samples) and compute their spectra once.

        Returns:
            A function of the places (batch,) of some of them, and of estimates (batch, samples).
        """
        bound = {
            name: cast("AudioLoss[Any]", loss).bind(targets) for name, loss in self.losses.items()
        }

        def compare(places: Tensor, estimate: Tensor) -> WeightedLoss:
            return self._weighted(
                {name: loss(estimate, items=places) for name, loss in bound.items()}
            )

        return compare

    def _weighted(self, parts: dict[str, Tensor]) -> WeightedLoss:
        total = torch.stack([self.weights[name] * part for name, part in parts.items()]).sum()
        return WeightedLoss(total, parts)
