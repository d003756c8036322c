"""Spectral optimal transport at several time-frequency resolutions."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from sot import _checks
from sot.losses._base import AudioLoss
from sot.losses._spectral import Side
from sot.losses._spectrum import Transform
from sot.losses.spectral_transport import Wasserstein1DLoss


class MultiResolutionSOTLoss(AudioLoss[list[Side]]):
    """Weighted sum of :class:`~sot.Wasserstein1DLoss` at several resolutions.

    Args:
        transform: as in Wasserstein1DLoss.
        fft_sizes: samples of each transform.
        hop_lengths: samples from one frame to the next of each.
        win_lengths: samples under the window of each; `fft_sizes` by default.
        weights: factor of each resolution; 1 by default.
        **arguments: all other arguments of Wasserstein1DLoss, the same for every resolution.

    Raises:
        ValueError: lists of different lengths, or as Wasserstein1DLoss.
        TypeError: as Wasserstein1DLoss.

    Example:
        >>> import torch
        >>> from sot import MultiResolutionSOTLoss
        >>> loss = MultiResolutionSOTLoss(reduction="batch")
        >>> loss(torch.randn(4, 8000), torch.randn(4, 8000)).shape
        torch.Size([4])
    """

    def __init__(
        self,
        transform: Transform | None = "stft",
        fft_sizes: Sequence[int] = (1024, 2048, 512),
        hop_lengths: Sequence[int] = (256, 512, 128),
        win_lengths: Sequence[int] | None = None,
        *,
        weights: Sequence[float] | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__()
        _checks.known_keywords(type(self).__name__, arguments, _keywords())
        sizes = _checked_list("fft_sizes", fft_sizes)
        hops = _checked_list("hop_lengths", hop_lengths, len(sizes))
        windows = (
            sizes if win_lengths is None else _checked_list("win_lengths", win_lengths, len(sizes))
        )
        factors = (
            [1.0] * len(sizes) if weights is None else _checked_list("weights", weights, len(sizes))
        )
        self.weights = [_checks.number("weights", factor, minimum=0) for factor in factors]
        self.loss_modules = nn.ModuleList(
            Wasserstein1DLoss(
                transform=transform,
                fft_size=size,
                hop_length=hop,
                win_length=window,
                **arguments,
            )
            for size, hop, window in zip(sizes, hops, windows, strict=True)
        )

    def forward(
        self,
        x: Tensor,
        y: Tensor,
        x_positions: Tensor | None = None,
        y_positions: Tensor | None = None,
        *,
        lengths: Tensor | None = None,
    ) -> Any:
        """The weighted sum of the losses, with the arguments of Wasserstein1DLoss.

        Returns:
            A scalar, or (batch,) for `reduction='batch'`. The resolutions differ in their frames,
            so 'none' gives a tuple with the weighted values of each, and `return_quantiles` a
            tuple with the quantiles of each.
        """
        y_positions = x_positions if y_positions is None else y_positions
        return self.compare(
            self.represent("x", x, positions=x_positions, lengths=lengths),
            self.represent("y", y, positions=y_positions, lengths=lengths),
        )

    def represent(self, name: str, value: Tensor, **settings: Any) -> list[Side]:
        """The histograms of one side at every resolution."""
        return [loss.represent(name, value, **settings) for loss in self._losses()]

    def keep(self, reference: list[Side]) -> list[Side]:
        """What a bound loss keeps of its reference."""
        return [loss.keep(side) for loss, side in zip(self._losses(), reference, strict=True)]

    def compare(self, reference: list[Side], estimate: list[Side]) -> Any:
        """The loss between two representations."""
        parts: list[Any] = []
        for loss, weight, x, y in zip(
            self._losses(), self.weights, reference, estimate, strict=True
        ):
            part = loss.compare(x, y)
            parts.append(weight * part if isinstance(part, Tensor) else part)
        first = self._losses()[0]
        if first.return_quantiles or first.reduction == "none":
            return tuple(parts)
        return sum(parts[1:], start=parts[0])

    def _losses(self) -> list[Wasserstein1DLoss]:
        return [loss for loss in self.loss_modules if isinstance(loss, Wasserstein1DLoss)]


def _keywords() -> list[str]:
    """Keywords of this class: those of a single resolution, with lists for what differs."""
    own = {"fft_size": "fft_sizes", "hop_length": "hop_lengths", "win_length": "win_lengths"}
    single = list(inspect.signature(Wasserstein1DLoss).parameters)
    return [own.get(name, name) for name in single] + ["weights"]


def _checked_list(name: str, values: Sequence[Any], length: int | None = None) -> list[Any]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
        _checks.fail(name, "a list with one entry for each resolution", values, kind=TypeError)
    if not values:
        _checks.fail(name, "at least one resolution", "an empty list")
    if length is not None and len(values) != length:
        _checks.fail(name, f"{length} entries, as fft_sizes has", f"{len(values)}: {list(values)}")
    return list(values)
