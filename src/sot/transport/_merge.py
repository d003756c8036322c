"""The clear vectorised path of transport on the line: the oracle that other paths are held to.

Both cumulative distributions are sorted already, so their levels are never sorted again: each level
of one side finds its place among the levels of the other by binary search, and everything else is
local to it.
"""

from __future__ import annotations

import torch
from torch import Tensor


def transport_cost(x: Tensor, y: Tensor, u: Tensor, v: Tensor, p: float, cut: bool) -> Tensor:
    r"""Cost of the monotone transport between rows of two histograms on sorted supports.

    With the cumulative weights :math:`U, V` and their merged levels :math:`r_j`, the cost is
    :math:`\sum_j (r_j - r_{j-1}) |F_u^{-1}(r_j) - F_v^{-1}(r_j)|^p`. The lighter side is completed
    at its last position. With `cut`, an interval counts only if its upper level is at
    most 1, give or take rounding.

    The derivative with respect to a level :math:`U_i` is
    :math:`|x_i - y|^p - |x_{i+1} - y|^p` with :math:`y = F_v^{-1}(U_i)`, whether or not bin i
    carries mass. Where a level of one side equals one of the other, the two orders in which they
    could be passed give the two one-sided derivatives; their mean is taken, so that equal
    histograms have a zero gradient and both sides are treated alike.

    Args:
        x: positions of the first histogram, sorted, of shape (n,) or (rows, n).
        y: positions of the second, sorted, of shape (m,) or (rows, m).
        u: weights of the first, of shape (rows, n), non-negative.
        v: weights of the second, of shape (rows, m), non-negative.
        p: exponent of the ground cost, at least 1.
        cut: leave out levels above 1.

    Returns:
        The cost of each row, of shape (rows,), differentiable to any order in all four tensors
        (it is piecewise linear in the weights).
    """
    levels_u, levels_v = u.cumsum(-1), v.cumsum(-1)
    top = highest_level(cut, levels_u.dtype)
    sorted_u, sorted_v = levels_u.detach().contiguous(), levels_v.detach().contiguous()

    early_u, late_u = levels_below(sorted_u, sorted_v)
    early_v, late_v = levels_below(sorted_v, sorted_u)
    cost = _interval_costs(x, y, sorted_u, sorted_v, early_u, p, top)
    cost = cost + _interval_costs(y, x, sorted_v, sorted_u, late_v, p, top)

    slope_u = slope(x, y, sorted_u, sorted_v, early_u, p, top)
    slope_v = slope(y, x, sorted_v, sorted_u, late_v, p, top)
    # And the other order; the last level keeps the first order, a constant in the potentials.
    slope_u = _mean_but_last(slope_u, slope(x, y, sorted_u, sorted_v, late_u, p, top))
    slope_v = _mean_but_last(slope_v, slope(y, x, sorted_v, sorted_u, early_v, p, top))

    # The brackets are exactly zero; they carry the derivatives with respect to the weights, while
    # the intervals, held constant above, carry those with respect to the positions.
    carried_u = ((levels_u - sorted_u) * slope_u).sum(-1)
    carried_v = ((levels_v - sorted_v) * slope_v).sum(-1)
    return cost + carried_u + carried_v


def highest_level(cut: bool, dtype: torch.dtype) -> float:
    """The level up to which intervals count.

    With a cut that is 1, give or take what a sum of weights is rounded by: a histogram of mass 1
    has to reach it.
    """
    if not cut:
        return torch.finfo(torch.float64 if dtype == torch.float64 else torch.float32).max
    return 1 + (1e-12 if dtype == torch.float64 else 1e-6)


def levels_below(own: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """The number of levels of `other` below each of `own`, if ties go to `own` or to `other`.

    A run of equal levels, as empty bins make, is passed in turn with its like on the other side:
    bin by bin, so that every bin of one of two equal histograms meets itself.
    """
    below = torch.searchsorted(other, own)
    below_or_equal = torch.searchsorted(other, own, right=True)
    turn = torch.arange(own.shape[-1], device=own.device) - torch.searchsorted(own, own)
    early = torch.minimum(below + turn, below_or_equal)
    return early, torch.minimum(early + 1, below_or_equal)


def extended(positions: Tensor) -> Tensor:
    """Positions with the last one once more, for what is past the end."""
    return torch.cat([positions, positions[..., -1:]], dim=-1)


def positions_at(positions: Tensor, index: Tensor) -> Tensor:
    """Positions at the given bins."""
    if positions.ndim == 1:
        return positions.index_select(0, index.flatten()).reshape(index.shape)
    positions = positions.expand(*index.shape[:-1], positions.shape[-1])
    return positions.gather(-1, index.long())


def ground_cost(a: Tensor, b: Tensor, p: float) -> Tensor:
    distance = (a - b).abs()
    if p == 1:
        return distance
    return distance.square() if p == 2 else distance.pow(p)


def _shifted(levels: Tensor, start: float) -> Tensor:
    """Each level's predecessor in its own row, `start` before the first."""
    return torch.nn.functional.pad(levels[..., :-1], (1, 0), value=start)


def _interval_costs(
    x: Tensor, y: Tensor, own: Tensor, other: Tensor, below: Tensor, p: float, top: float
) -> Tensor:
    """The part of the cost whose intervals of levels end at a level of `own`."""
    previous = torch.nn.functional.pad(other, (1, 0)).gather(-1, below)
    width = own - torch.maximum(_shifted(own, 0.0), previous)
    width = torch.where(own <= top, width, 0.0)
    return (width * ground_cost(x, positions_at(extended(y), below), p)).sum(-1)


def slope(
    x: Tensor, y: Tensor, own: Tensor, other: Tensor, below: Tensor, p: float, top: float
) -> Tensor:
    """Derivative of the cost with respect to each level of `own`.

    Raising a level lengthens the interval that ends there and shortens the next one, if any.
    """
    infinity = float("inf")
    matched = positions_at(extended(y), below)
    following = torch.nn.functional.pad(other, (0, 1), value=infinity).gather(-1, below.long())
    following = torch.minimum(
        following, torch.nn.functional.pad(own[..., 1:], (0, 1), value=infinity)
    )
    successor = extended(x)[..., 1:]
    ends = torch.where(own <= top, ground_cost(x, matched, p), 0.0)
    begins = torch.where(following <= top, ground_cost(successor, matched, p), 0.0)
    return ends - begins


def _mean_but_last(first: Tensor, second: Tensor) -> Tensor:
    mean = 0.5 * (first + second)
    return torch.cat([mean[..., :-1], first[..., -1:]], dim=-1)
