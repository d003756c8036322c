"""Costs between spectra step by step, each step differentiable to any order."""

from __future__ import annotations

from torch import Tensor

from sot.losses._mass import MassRule
from sot.spectra import magnitude_or_power
from sot.transport import Histogram, row_transport


def cost_in_steps(
    x: Tensor,
    y: Tensor,
    x_positions: Tensor,
    y_positions: Tensor,
    square: bool,
    rule: MassRule,
    p: float,
    cut: bool,
) -> tuple[Tensor, Tensor]:
    """Transport costs between frames, and whether each votes.

    Args:
        x: reference, complex coefficients or real weights, shape (..., n).
        y: estimate, likewise, shape (..., m).
        x_positions: sorted, of shape (n,) or broadcasting with x.
        y_positions: sorted, of shape (m,) or broadcasting with y.
        square: complex coefficients count by their power, otherwise by their magnitude.
        rule: how the masses of both are related.
        p: exponent of the ground cost.
        cut: leave out levels above 1.

    Returns:
        Two tensors of shape (...).
    """
    u, v, votes = rule(magnitude_or_power(x, square), magnitude_or_power(y, square))
    rows = (Histogram.of_rows(x_positions, u), Histogram.of_rows(y_positions, v))
    return row_transport(*rows, p, cut).reshape(votes.shape), votes
