"""Optimal transport between histograms on the circle, such as pitch classes of an octave."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from sot import _checks
from sot.transport._histograms import (
    Histogram,
    check_weights,
    paired_histograms,
    sorted_histogram,
)


def wasserstein_1d_circle(
    u_values: Tensor,
    v_values: Tensor,
    u_weights: Tensor | None = None,
    v_weights: Tensor | None = None,
    require_sort: bool = True,
    *,
    preset: Literal["sot-loss"] | None = None,
    validate: bool | None = None,
) -> Tensor:
    r"""Wasserstein-1 distance between histograms on the circle of circumference 1.

    .. math:: W_1(u, v) = \min_\alpha \int_0^1 |F_u(t) - F_v(t) - \alpha| \, dt

    whose minimum is at the level median of the difference of the cumulative distributions.

    Args:
        u_values: positions of the first histogram, shape (..., n), taken modulo 1.
        v_values: positions of the second, shape (..., m).
        u_weights: its weights, shape (..., n), non-negative; None is uniform, 1 / n.
        v_weights: likewise, shape (..., m), of the same mass as `u_weights`.
        require_sort: kept for compatibility; positions are sorted after the modulus in any case.
        preset: 'sot-loss' repeats the numbers of the replaced package, which leaves out the arc
            from 0 to the first position, so that its value changes when everything is rotated.
        validate: check the values of the input. None checks eager CPU tensors only.

    Returns:
        Tensor of shape (...), in float32 at least; gradients reach positions and weights.

    Raises:
        ValueError: shapes that do not fit, NaN, infinite or negative input, unequal masses.
        TypeError: input that is not a real tensor.

    References:
        S. Hundrieser, M. Klatt, A. Munk, The statistics of circular optimal transport, 2022.

    Example:
        >>> import torch
        >>> from sot import wasserstein_1d_circle
        >>> wasserstein_1d_circle(torch.tensor([0.05]), torch.tensor([0.95]))
        tensor(0.1000)
    """
    if preset is not None:
        _checks.choice("preset", preset, ["sot-loss"])
    _checks.flag("require_sort", require_sort)
    u, v, shape = paired_histograms(u_values, v_values, u_weights, v_weights, True, validate)
    check_weights(u_weights, v_weights, validate)
    if _checks.reads_values(u.weights, validate):
        u_mass, v_mass = u.weights.detach().sum(-1), v.weights.detach().sum(-1)
        _check_equal_masses(u_mass, v_mass, _rounding(u_weights, v_weights))
    return circular_transport(u, v, whole_circle=preset is None).reshape(shape)


def circular_transport(u: Histogram, v: Histogram, whole_circle: bool = True) -> Tensor:
    """Circular transport cost of each row of two flat, checked histograms, shape (rows,)."""
    rows = u.weights.shape[0]
    positions = torch.cat([side.positions.expand(rows, -1) for side in (u, v)], dim=-1)
    positions = positions % 1
    positions = torch.where(positions < 1, positions, 0.0)  # a rounding below 0 gives 1
    merged = sorted_histogram(positions, torch.cat([u.weights, -v.weights], dim=-1))
    # F_u - F_v on the arc from each support point to the next; the last one wraps around to the
    # first, and there the difference is zero, as at its start.
    difference = merged.weights.cumsum(-1)
    last = 1 - merged.positions[:, -1:]
    if whole_circle:
        last = last + merged.positions[:, :1]
    arcs = torch.cat([merged.positions.diff(dim=-1), last], dim=-1)
    median = _level_median(difference, arcs.detach())
    return (arcs * (difference - median).abs()).sum(-1)


def _level_median(levels: Tensor, lengths: Tensor) -> Tensor:
    """Median of levels weighted by arc length, shape (rows, 1), and differentiable.

    The median moves with the arcs that lie on it, so their mean is returned, not a constant: that
    makes the gradient of the distance the right one, also where several arcs share the median.
    """
    ascending, order = levels.detach().sort(dim=-1, stable=True)
    cumulative = lengths.gather(-1, order).cumsum(-1)
    half = 0.5 * cumulative[:, -1:]
    index = torch.searchsorted(cumulative, half).clamp(max=levels.shape[-1] - 1)
    on_median = torch.where(levels.detach() == ascending.gather(-1, index), lengths, 0.0)
    return (levels * on_median).sum(-1, keepdim=True) / on_median.sum(-1, keepdim=True)


def _rounding(*given: Tensor | None) -> float:
    """By how much masses of equal ones may differ since weights were rounded, relatively."""
    types = [side.dtype for side in given if side is not None and side.is_floating_point()]
    return max([1e-3, *(2 * torch.finfo(dtype).eps for dtype in types)])


def _check_equal_masses(u_mass: Tensor, v_mass: Tensor, rounding: float) -> None:
    gap = (u_mass - v_mass).abs()
    if not _checks.holds((gap <= rounding * torch.maximum(u_mass, v_mass)).all()):
        row = int(gap.argmax())
        _checks.fail(
            "v_weights",
            f"the mass of u_weights, {float(u_mass[row]):.6g}",
            f"{float(v_mass[row]):.6g}",
            "divide each by its sum",
        )
