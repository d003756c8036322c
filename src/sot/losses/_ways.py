"""Which way leads from spectra to costs: the one place that chooses."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from sot._dispatch import is_transformed, kernels_serve
from sot.losses._closed_form import closed_form_cost
from sot.losses._fused import fused_cost
from sot.losses._steps import cost_in_steps

Way = Callable[..., tuple[Tensor, Tensor]]


def way_to_costs(x: Tensor, y: Tensor, x_positions: Tensor, y_positions: Tensor) -> Way:
    """Compiled kernels, a closed form by torch, or steps that any transform of torch can follow.

    The first two take positions as constants that all frames share. All three have the arguments
    of :func:`sot.losses._steps.cost_in_steps`.
    """
    tensors = (x, y, x_positions, y_positions)
    shared = x_positions.ndim == y_positions.ndim == 1
    moving = x_positions.requires_grad or y_positions.requires_grad
    if not shared or moving or is_transformed(*tensors):
        return cost_in_steps
    return fused_cost if kernels_serve(*tensors) else closed_form_cost
