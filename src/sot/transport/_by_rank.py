"""Transport on the line by operators of torch, made for devices where each of them is a launch.

The levels of one side find their ranks among those of the other. These give the derivative with
respect to every level, and the levels times their derivatives are the cost: the backward pass
needs nothing but the derivative itself. Positions are constants here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from sot.transport._merge import extended, ground_cost, highest_level, positions_at, slope

Orders = list[Tensor]


class Slopes(NamedTuple):
    """Costs of rows, and their derivatives with respect to the levels of both sides.

    Attributes:
        cost: shape (rows,).
        u: shape (rows, n); where levels are equal, the mean over the two orders of passing them.
        v: shape (rows, m), likewise.
        moment_u: sum of levels times derivatives, shape (rows,).
        moment_v: likewise.
    """

    cost: Tensor
    u: Tensor
    v: Tensor
    moment_u: Tensor
    moment_v: Tensor


def slopes_by_rank(x: Tensor, y: Tensor, levels: list[Tensor], p: float, cut: bool) -> Slopes:
    """Costs and derivatives from the running sums of both sides, which are taken off their list.

    See :func:`sot.transport._merge.transport_cost`. Most of the memory is in arrays as large as
    those, so each goes when nobody needs it any more.
    """
    v, u = levels.pop(), levels.pop()
    x, y, orders = extended(x), extended(y), _ranks(u, v)
    cost_u, moment_u, slopes_u = _slopes(x, y, u, v if cut else None, orders, p)
    other = u if cut else None
    del u
    for order, ranks in enumerate(orders):
        orders[order] = _counts(ranks, v.shape[-1])
    cost_v, moment_v, slopes_v = _slopes(y, x, v, other, orders, p)
    return Slopes((cost_u + cost_v).clamp(min=0.0), slopes_u, slopes_v, moment_u, moment_v)


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
        found = slopes_by_rank(x, y, [u.cumsum(-1), v.cumsum(-1)], p, cut)
        wanted = zip((found.u, found.v), ctx.needs_input_grad[2:4], strict=True)
        ctx.save_for_backward(*(potentials(side) if needed else None for side, needed in wanted))
        return found.cost

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        # The cost is piecewise linear in the weights, so what is multiplied with is constant.
        du, dv = (None if side is None else grad[:, None] * side for side in ctx.saved_tensors)
        return None, None, du, dv, None, None


def _ranks(u: Tensor, v: Tensor) -> Orders:
    """How many levels of v come before each of u, shape (rows, n), in as few bits as hold that.

    First if u goes first where levels are equal, then if v does, bin by bin; see
    :func:`sot.transport._merge.levels_below`, which searches for what is counted here.
    """
    few = max(u.shape[-1], v.shape[-1]) < torch.iinfo(torch.int16).max
    counted = torch.int16 if few else torch.int32
    turns_v = _turns(v, counted)
    upto = torch.searchsorted(v, u, right=True, out_int32=True).to(counted)
    last = upto.long().sub_(1).clamp_(min=0)
    # Of the levels up to this one, those that equal it and are no earlier in their run.
    equals = v.gather(-1, last) == u
    equal = turns_v.gather(-1, last).add_(1).mul_(equals)
    del last, turns_v, equals  # before as much is needed again
    first = upto - equal.sub_(_turns(u, counted)).clamp_(min=0)
    return [first, (first + 1).clamp_(max=upto)]


def _counts(ranks: Tensor, bins: int) -> Tensor:
    """How many of the ranks (rows, n) are at most 0, 1, ... `bins` - 1: shape (rows, bins).

    From the ranks of one side follow those of the other.
    """
    counts = ranks.new_zeros(ranks.shape[0], bins + 1)
    counts.scatter_add_(-1, ranks.long(), ranks.new_ones(()).expand_as(ranks))
    return counts[:, :-1].cumsum(-1, dtype=ranks.dtype)


def _turns(levels: Tensor, counted: torch.dtype) -> Tensor:
    """The place of each level in its run of equal levels."""
    index = torch.arange(levels.shape[-1], dtype=counted, device=levels.device)
    starts = (index[1:] * (levels[:, 1:] > levels[:, :-1])).cummax(-1).values
    return torch.nn.functional.pad(starts.sub_(index[1:]).neg_(), (1, 0))


def _slopes(
    x: Tensor, y: Tensor, own: Tensor, other: Tensor | None, orders: Orders, p: float
) -> tuple[Tensor, Tensor, Tensor]:
    """What the levels of one side add to the costs, their moment, and the derivatives by them.

    Positions are extended ones; the levels of the other side are given if there is a cut. A cost is
    linear in the levels of both sides while these keep an order: it is the sum of levels times
    derivatives, in either order and so in the mean of both. In the derivatives the last level keeps
    the first order, a constant in the potentials; the moment is their sum times levels.
    """
    if other is not None:
        top = highest_level(True, own.dtype)
        sides = x[..., :-1], y[..., :-1], own, other
        first, second = (slope(*sides, ranks.long(), p, top) for ranks in orders)
        last, slopes = first[:, -1], torch.lerp(first, second, 0.5)
        late = second[:, -1]
        slopes[:, -1] = 0.0
    else:
        slopes = _differences(x, y, orders, p)
        # Behind the last level of all nothing begins.
        end = ground_cost(x[..., -1], y[..., -1], p)
        last, late = (end * (ranks[:, -1] == y.shape[-1] - 1) for ranks in orders)
    inner, highest = torch.linalg.vecdot(own, slopes), own[:, -1]
    cost = torch.addcmul(inner, highest, last + late, value=0.5)
    slopes[:, -1] = last
    return cost, inner.addcmul_(highest, last), slopes


def _differences(x: Tensor, y: Tensor, orders: Orders, p: float) -> Tensor:
    """Costs between positions and partners, less those of the next positions; 0 at the last.

    The mean over the orders. Positions are extended ones.
    """
    x, after = x[..., :-1], x[..., 1:]
    first, second = (positions_at(y, ranks.int()) for ranks in orders)
    if p == 2:  # as a product there is no difference of close numbers
        moves, step = first.sub_(x).add_(second.sub_(x)), after - x
        return moves.sub_(step).mul_(step)
    first, second = (
        ground_cost(x, partner, p).sub_(ground_cost(after, partner, p))
        for partner in (first, second)
    )
    return first.add_(second).mul_(0.5)
