"""Spectral optimal transport as a metric of torchmetrics: a function per item, a class over many.

They need torchmetrics: `pip install "sot-loss[metrics]"`. The estimate comes first, the reference
second, as in all of torchmetrics; the losses of this package have it the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from sot import _checks
from sot._extras import require
from sot.losses import Wasserstein1DLoss
from sot.losses._spectral import check_that_they_fit

require("torchmetrics", "metrics")

from torchmetrics import Metric  # noqa: E402 - after the message that tells how to install it
from torchmetrics.utilities import dim_zero_cat  # noqa: E402

__all__ = ["SpectralOptimalTransport", "spectral_optimal_transport"]

REDUCTIONS = ("mean", "none")

#: Settings of a loss that make something else of it than one value per item.
_REFUSED = ("reduction", "reduce", "return_quantiles")

#: Keyword arguments that torchmetrics gives to all metrics.
_OF_METRICS = (
    "compute_on_cpu",
    "compute_with_cache",
    "dist_sync_fn",
    "dist_sync_on_step",
    "distributed_available_fn",
    "process_group",
    "sync_on_compute",
)


def spectral_optimal_transport(
    preds: Tensor,
    target: Tensor,
    *,
    positions: Tensor | None = None,
    lengths: Tensor | None = None,
    **settings: Any,
) -> Tensor:
    """Spectral optimal transport from each target to its estimate.

    Args:
        preds: the estimates: audio (samples,), (batch, samples) or (batch, channels, samples); with
            `transform='identity'` spectrograms, see :class:`~sot.Wasserstein1DLoss`.
        target: the references, likewise.
        positions: of the bins of both, for spectrograms.
        lengths: samples of each item of a padded batch (frames of spectrograms), shape (batch,).
        **settings: arguments of :class:`~sot.Wasserstein1DLoss`, such as `preset='pitch'`, but for
            `reduction`, `reduce` and `return_quantiles`.

    Returns:
        The mean over the frames that vote (and channels) of each item, shape (batch,); NaN for an
        item in which no frame votes. With `silence='ignore'`, the default, these are items in
        which one of the two sides is silent wherever the other sounds; `silence='top_bin'` lets
        all frames vote.

    Raises:
        ValueError: as :class:`~sot.Wasserstein1DLoss`, or a refused setting.
        TypeError: as :class:`~sot.Wasserstein1DLoss`.

    Example:
        >>> import torch
        >>> from sot.metrics import spectral_optimal_transport
        >>> time = torch.arange(8000) / 16000
        >>> target = torch.sin(6.2832 * torch.tensor([[440.0], [440.0]]) * time)
        >>> preds = torch.sin(6.2832 * torch.tensor([[440.0], [660.0]]) * time)
        >>> settings = {"fft_size": 2048, "sample_rate": 16000, "square_magnitude": True}
        >>> spectral_optimal_transport(
        ...     preds, target, p=1, bin_position_scaling="absolute", **settings).round()  # Hz
        tensor([  0., 220.])
    """
    values, votes = _per_item(_loss(settings), preds, target, positions, lengths)
    return torch.where(votes, values, torch.nan)


class SpectralOptimalTransport(Metric):
    """Mean spectral optimal transport over items, across batches and processes.

    Every item counts alike, whatever its length. An item in which no frame votes, see
    :func:`spectral_optimal_transport`, does not count: its value would be 0, and silence would look
    like a perfect estimate. If no item counts, the mean is NaN.

    Args:
        reduction: 'mean' over the items, or 'none' for the value of each item, in the order in
            which they came, process after process; NaN for those that do not count.
        **settings: arguments of :class:`~sot.Wasserstein1DLoss`, such as `preset='pitch'`, but for
            `reduce` and `return_quantiles`; also those that torchmetrics gives to all metrics, such
            as `dist_sync_on_step`.

    Raises:
        ValueError: a setting out of range or of no known name, or a refused one.
        TypeError: a setting of the wrong type, or an unknown keyword.

    Example:
        >>> import torch
        >>> from sot.metrics import SpectralOptimalTransport
        >>> time = torch.arange(8000) / 16000
        >>> target = torch.sin(6.2832 * torch.tensor([[440.0], [440.0]]) * time)
        >>> preds = torch.sin(6.2832 * torch.tensor([[440.0], [660.0]]) * time)
        >>> metric = SpectralOptimalTransport(
        ...     p=1, bin_position_scaling="absolute", square_magnitude=True,
        ...     fft_size=2048, sample_rate=16000)
        >>> metric.update(preds, target)
        >>> metric.update(preds[:1], target[:1])
        >>> metric.compute().round()  # a third of 220 Hz
        tensor(73.)
    """

    is_differentiable: bool = True
    higher_is_better: bool = False
    full_state_update: bool = False
    plot_lower_bound: float = 0.0

    total: Tensor
    items: Tensor
    values: list[Tensor]

    def __init__(self, reduction: Literal["mean", "none"] = "mean", **settings: Any) -> None:
        shared = {name: settings.pop(name) for name in _OF_METRICS if name in settings}
        super().__init__(**shared)
        self.reduction = _checks.choice("reduction", reduction, REDUCTIONS)
        self.loss = _loss(settings)
        if reduction == "none":
            self.add_state("values", default=[], dist_reduce_fx="cat")
        else:
            self.add_state("total", default=torch.tensor(0.0), dist_reduce_fx="sum")
            self.add_state("items", default=torch.tensor(0), dist_reduce_fx="sum")

    def update(
        self,
        preds: Tensor,
        target: Tensor,
        positions: Tensor | None = None,
        lengths: Tensor | None = None,
    ) -> None:
        """Add the items of a batch; the arguments are those of :func:`spectral_optimal_transport`.

        Raises:
            ValueError: shapes that do not fit, or NaN, infinite or negative values.
            TypeError: input that is not a floating-point tensor.
        """
        values, votes = _per_item(self.loss, preds, target, positions, lengths)
        if self.reduction == "none":
            self.values.append(torch.where(votes, values, torch.nan))
        else:
            self.total = self.total + torch.where(votes, values, 0.0).sum()
            self.items = self.items + votes.sum()

    def compute(self) -> Tensor:
        """The mean over all items, or the value of each, shape (items,)."""
        if self.reduction == "none":
            # A list of batches, or one tensor where processes have shared theirs.
            nothing = torch.empty(0, device=self.device)
            return dim_zero_cat(self.values) if len(self.values) else nothing
        return self.total / self.items

    def plot(self, val: Tensor | Sequence[Tensor] | None = None, ax: Any = None) -> tuple[Any, Any]:
        """A figure of one value or of several, as all of torchmetrics draw them.

        Args:
            val: what `forward` or `compute` returned, or a list of these over the steps; by default
                what `compute` returns now.
            ax: where to draw.

        Returns:
            The figure (None if axes were given) and the axes.

        Raises:
            ImportError: Matplotlib is not installed.
        """
        require("matplotlib", "plot")
        figure, drawn = self._plot(val, ax)
        return figure, drawn


def _loss(settings: dict[str, Any]) -> Wasserstein1DLoss:
    for name in _REFUSED:
        if name in settings:
            _checks.fail(name, "no such setting beside one value per item", repr(settings[name]))
    return Wasserstein1DLoss(**settings)


def _per_item(
    loss: Wasserstein1DLoss,
    preds: Tensor,
    target: Tensor,
    positions: Tensor | None,
    lengths: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """The mean of each item over its votes, and whether there are any: (batch,) each."""
    reference = loss.represent("target", target, positions=positions, lengths=lengths)
    estimate = loss.represent("preds", preds, positions=positions, lengths=lengths)
    check_that_they_fit(reference, estimate, "target", "preds")
    sums, votes = (part.sum(-1) for part in loss.sums(reference, estimate))
    counted = votes > 0
    return sums / torch.where(counted, votes, 1.0), counted
