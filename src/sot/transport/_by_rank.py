"""Transport on the line by operators of torch, made for devices where each of them is a launch.

The levels of one side find their ranks among those of the other. These give the derivative with
respect to every level, and the levels times their derivatives are the cost: the backward pass
needs nothing but the derivative itself. Positions are constants here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from sot.transport._merge import ground_cost, highest_level, positions_at, slope


class Slopes(NamedTuple):
    """Costs of rows, and their derivatives with respect to the levels of both sides.

    Attributes:
        cost: shape (rows,).
        u: shape (rows, n); where levels are equal, the mean over the two orders of passing them.
        v: shape (rows, m), likewise.
    """

    cost: Tensor
    u: Tensor
    v: Tensor


def slopes_by_rank(
    x: Tensor, y: Tensor, levels_u: Tensor, levels_v: Tensor, p: float, cut: bool
) -> Slopes:
    """Costs and derivatives from running sums; see :func:`sot.transport._merge.transport_cost`."""
    ranks = _ranks(levels_u, levels_v)
    first_u, slopes_u = _slopes(x, y, levels_u, levels_v, ranks, p, cut)
    ranks = _counts(ranks, levels_v.shape[-1])
    first_v, slopes_v = _slopes(y, x, levels_v, levels_u, ranks, p, cut)
    # A cost is linear in the levels as long as these keep their order.
    cost = torch.linalg.vecdot(levels_u, first_u) + torch.linalg.vecdot(levels_v, first_v)
    return Slopes(cost.clamp(min=0.0), slopes_u, slopes_v)


def potentials(slopes: Tensor) -> Tensor:
    """Derivatives for weights, each of which raises all levels from its own on."""
    return slopes.flip(-1).cumsum(-1).flip(-1)


def cost_by_rank(x: Tensor, y: Tensor, u: Tensor, v: Tensor, p: float, cut: bool) -> Tensor:
    """:func:`sot.transport._merge.transport_cost` where only weights have derivatives."""
    # A graph is made only where each argument is a tensor of its own.
    cost: Tensor = _CostByRank.apply(x, y.view_as(y), u, v.view_as(v), p, cut)
    return cost


class _CostByRank(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, y: Tensor, u: Tensor, v: Tensor, p: float, cut: bool
    ) -> Tensor:
        found = slopes_by_rank(x, y, u.cumsum(-1), v.cumsum(-1), p, cut)
        wanted = zip(found[1:], ctx.needs_input_grad[2:4], strict=True)
        ctx.save_for_backward(*(potentials(side) if needed else None for side, needed in wanted))
        return found.cost

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        # The cost is piecewise linear in the weights, so what is multiplied with is constant.
        du, dv = (None if side is None else grad[:, None] * side for side in ctx.saved_tensors)
        return None, None, du, dv, None, None


def _ranks(u: Tensor, v: Tensor) -> Tensor:
    """How many levels of v come before each of u, shape (2, rows, n).

    First if u goes first where levels are equal, then if v does, bin by bin; see
    :func:`sot.transport._merge.levels_below`, which searches for what is counted here.
    """
    upto = torch.searchsorted(v, u, right=True, out_int32=True)
    last = (upto - 1).clamp_(min=0).long()
    # Of the levels up to this one, those that equal it and are no earlier in their run.
    equal = (_turns(v) + 1).gather(-1, last) * (v.gather(-1, last) == u)
    first = upto - (equal - _turns(u)).clamp_(min=0)
    return torch.stack([first, torch.minimum(first + 1, upto)])


def _counts(ranks: Tensor, bins: int) -> Tensor:
    """How many of the ranks (..., n) are at most 0, 1, ... `bins` - 1: shape (..., bins).

    From the ranks of one side follow those of the other.
    """
    counts = ranks.new_zeros(*ranks.shape[:-1], bins + 1)
    counts.scatter_add_(-1, ranks.long(), ranks.new_ones(()).expand_as(ranks))
    return counts[..., :-1].cumsum(-1, dtype=ranks.dtype)


def _turns(levels: Tensor) -> Tensor:
    """The place of each level in its run of equal levels."""
    index = torch.arange(levels.shape[-1], dtype=torch.int32, device=levels.device)
    first = index[1:] * (levels[:, 1:] > levels[:, :-1])
    return index - torch.nn.functional.pad(first, (1, 0)).cummax(-1).values


def _slopes(
    x: Tensor, y: Tensor, own: Tensor, other: Tensor, ranks: Tensor, p: float, cut: bool
) -> tuple[Tensor, Tensor]:
    """Derivatives with respect to the levels of one side: in the first order, and the mean of both.

    The last level keeps the first order, a constant in the potentials.
    """
    if cut:
        top = highest_level(cut, own.dtype)
        first, second = (slope(x, y, own, other, rank, p, top) for rank in ranks)
        return first, torch.cat([torch.lerp(first, second, 0.5)[:, :-1], first[:, -1:]], dim=-1)
    here, after, partner = x[..., :-1], x[..., 1:], positions_at(y, ranks[..., :-1])
    if p == 2:  # as a product there is no difference of close numbers
        inner = (here - partner).add_(after - partner).mul_(here - after)
    else:
        inner = ground_cost(here, partner, p).sub_(ground_cost(after, partner, p))
    del partner  # as large as all that is needed from here on
    # What begins behind the last bin stays there, but behind the last level of all nothing begins.
    last = ground_cost(x[..., -1:], y[..., -1:], p) * (ranks[0, :, -1:] == other.shape[-1])
    return torch.cat([inner[0], last], dim=-1), torch.cat([inner.mean(0), last], dim=-1)
