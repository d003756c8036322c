"""Compiled kernels of transport on the line: NumPy arrays in and out, no torch.

Importing this module compiles nothing; a kernel is compiled at its first call and then cached on
disk, or kept in memory where no cache can be written. A loop over an array compiles many times
faster than an assignment to a slice of it. The cache of a kernel is renewed when its own file
changes, not when that of a function it calls does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray


def compiled(function: Callable[..., Any]) -> Any:
    """Compile for use without the interpreter lock, cached on disk if there is a place for it."""
    try:
        return numba.njit(nogil=True, error_model="numpy", cache=True)(function)
    except RuntimeError:  # Numba finds no folder that it may write to
        return numba.njit(nogil=True, error_model="numpy")(function)


@compiled
def ground_cost(distance: Any, p: Any) -> Any:
    """Cost of a move over a distance."""
    if p == 2.0:
        return distance * distance
    if p == 1.0:
        return abs(distance)
    return abs(distance) ** p


@compiled
def merge_two(
    x0: Any, x1: Any, y0: Any, y1: Any, levels_u: Any, levels_v: Any, p: float, top: float,
    slopes_u: Any, slopes_v: Any, costs: Any,
) -> None:  # fmt: skip
    """Costs of two rows at once, and the derivative with respect to every level.

    Positions and levels have one entry more than there are bins: the last position again, and
    infinity. Every step takes the lower of two levels without a branch, and two rows side by side
    hide each other's waiting time. Levels of both sides that are equal need more care; a row that
    has some is done again by :func:`merge_one`.
    """
    n, m = levels_u.shape[1] - 1, levels_v.shape[1] - 1
    i0 = i1 = k0 = k1 = 0
    cost0 = cost1 = previous0 = previous1 = 0.0
    ties0 = ties1 = 0
    a0, b0 = levels_u[0, 0], levels_v[0, 0]
    a1, b1 = levels_u[1, 0], levels_v[1, 0]
    level0, level1 = min(a0, b0), min(a1, b1)
    c0 = ground_cost(x0[0] - y0[0], p) if level0 <= top else 0.0
    c1 = ground_cost(x1[0] - y1[0], p) if level1 <= top else 0.0
    for _ in range(n + m):
        ties0 += a0 == b0
        ties1 += a1 == b1
        next_i0, next_k0 = i0 + (a0 <= b0), k0 + (a0 > b0)
        next_i1, next_k1 = i1 + (a1 <= b1), k1 + (a1 > b1)
        cost0 += (level0 - previous0) * c0
        cost1 += (level1 - previous1) * c1
        previous0, previous1 = level0, level1
        a0, b0 = levels_u[0, next_i0], levels_v[0, next_k0]
        a1, b1 = levels_u[1, next_i1], levels_v[1, next_k1]
        level0, level1 = min(a0, b0), min(a1, b1)
        d0 = ground_cost(x0[next_i0] - y0[next_k0], p)
        d1 = ground_cost(x1[next_i1] - y1[next_k1], p)
        d0 = d0 if level0 <= top else 0.0
        d1 = d1 if level1 <= top else 0.0
        # The side that did not advance is overwritten when it does.
        slopes_u[0, i0] = slopes_v[0, k0] = c0 - d0
        slopes_u[1, i1] = slopes_v[1, k1] = c1 - d1
        i0, k0, i1, k1, c0, c1 = next_i0, next_k0, next_i1, next_k1, d0, d1
    costs[0], costs[1] = cost0, cost1
    if ties0 > _harmless_ties(levels_u[0], levels_v[0]):
        costs[0] = merge_one(x0, y0, levels_u[0], levels_v[0], p, top, slopes_u[0], slopes_v[0])
    if ties1 > _harmless_ties(levels_u[1], levels_v[1]):
        costs[1] = merge_one(x1, y1, levels_u[1], levels_v[1], p, top, slopes_u[1], slopes_v[1])


@compiled
def _harmless_ties(levels_u: Any, levels_v: Any) -> Any:
    """1 if only the two last levels are equal at the top, where u comes first in any case."""
    n, m = len(levels_u) - 1, len(levels_v) - 1
    tops_equal = levels_u[n - 1] == levels_v[m - 1]
    u_alone = n == 1 or levels_u[n - 2] < levels_u[n - 1]
    v_alone = m == 1 or levels_v[m - 2] < levels_v[m - 1]
    return 1 if tops_equal and u_alone and v_alone else 0


@compiled
def _run_slopes(
    own: Any, other: Any, start: int, start_other: int, count: int, count_other: int,
    p: float, inside: float, after: float, goes_first: bool, slopes: Any, last: int,
) -> None:  # fmt: skip
    """Derivatives for a run of equal levels of one side, passed in turn with its like opposite.

    The two orders, this side first or the other, are averaged; the last level of all keeps the
    order in which u goes first. See `_levels_below` in _merge.py.
    """
    for turn in range(count):
        bin_ = start + turn
        total = weight = 0.0
        for behind in range(2):  # this side first, then the other
            is_first_order = (behind == 0) == goes_first
            if bin_ == last and not is_first_order:
                continue
            passed = min(turn + behind, count_other)
            more = passed < count_other or turn < count - 1
            matched = other[start_other + passed]
            total += inside * ground_cost(own[bin_] - matched, p)
            total -= (inside if more else after) * ground_cost(own[bin_ + 1] - matched, p)
            weight += 1.0
        slopes[bin_] = total / weight


@compiled
def merge_one(
    x: Any, y: Any, levels_u: Any, levels_v: Any, p: float, top: float, slopes_u: Any, slopes_v: Any
) -> float:
    """Cost of one row and the derivatives, also where levels of both sides are equal."""
    n, m = len(levels_u) - 1, len(levels_v) - 1
    i = k = 0
    cost = previous = 0.0
    while i < n or k < m:
        level = min(levels_u[i], levels_v[k])
        u_count = v_count = 0
        while i + u_count < n and levels_u[i + u_count] == level:
            u_count += 1
        while k + v_count < m and levels_v[k + v_count] == level:
            v_count += 1
        inside = 1.0 if level <= top else 0.0
        beyond = min(levels_u[i + u_count], levels_v[k + v_count])
        after = 1.0 if beyond <= top else 0.0
        cost += inside * (level - previous) * ground_cost(x[i] - y[k], p)
        previous = level
        _run_slopes(x, y, i, k, u_count, v_count, p, inside, after, True, slopes_u, n - 1)
        _run_slopes(y, x, k, i, v_count, u_count, p, inside, after, False, slopes_v, m - 1)
        i += u_count
        k += v_count
    return cost


@compiled
def shared_grid_two(
    x: Any, levels_u: Any, levels_v: Any, slopes_u: Any, slopes_v: Any, costs: Any
) -> None:
    """Exponent 1 on a grid that both sides share: the area between the two distributions.

    A row in which both distributions meet at a level is done again by :func:`merge_one`.
    """
    bins = levels_u.shape[1] - 1
    for row in range(2):
        cost = 0.0
        ties = 0
        for i in range(bins):
            width = x[i + 1] - x[i]
            gap = levels_u[row, i] - levels_v[row, i]
            slope = width if gap > 0.0 else (-width if gap < 0.0 else 0.0)
            cost += abs(gap) * width
            ties += gap == 0.0
            slopes_u[row, i] = slope
            slopes_v[row, i] = -slope
        costs[row] = cost
        if ties > _harmless_ties(levels_u[row], levels_v[row]):
            costs[row] = merge_one(
                x, x, levels_u[row], levels_v[row], 1.0, 1e300, slopes_u[row], slopes_v[row]
            )


@compiled
def potentials(slopes: Any, row: int) -> None:
    """Turn derivatives with respect to levels into those with respect to weights, in place."""
    total = 0.0
    for i in range(slopes.shape[1] - 2, -1, -1):
        total += slopes[row, i]
        slopes[row, i] = total


def extended(positions: NDArray[Any]) -> NDArray[np.float64]:
    """Positions of shape (rows, bins) in double precision, the last one twice."""
    return np.concatenate([positions, positions[:, -1:]], axis=1, dtype=np.float64)


@compiled
def blank_unless_finite(levels_u: Any, levels_v: Any) -> float:
    """NaN if the weights of a row are not finite, whose levels are set to 0 here; otherwise 0.

    The merges rely on levels that ascend below infinity: with others they would run on or astray.
    """
    n, m = len(levels_u) - 1, len(levels_v) - 1
    if np.isfinite(levels_u[n - 1] + levels_v[m - 1]):
        return 0.0
    for i in range(n):
        levels_u[i] = 0.0
    for k in range(m):
        levels_v[k] = 0.0
    return np.nan


@compiled
def transport_rows(
    x: Any, y: Any, u: Any, v: Any, p: float, top: float, shared: bool,
    cost: Any, du: Any, dv: Any, start: int, stop: int,
) -> None:  # fmt: skip
    """Cost and gradients of rows `start` to `stop`; an empty `du` or `dv` is not filled.

    Args:
        x: extended positions of u, shape (1 or rows, n + 1), float64.
        y: extended positions of v, shape (1 or rows, m + 1), float64.
        u: weights, shape (rows, n).
        v: weights, shape (rows, m).
        p: exponent of the ground cost.
        top: level above which nothing counts.
        shared: x and y are one grid, p is 1 and nothing is cut.
        cost: result of shape (rows,).
        du: derivative with respect to u, of its shape, or empty.
        dv: derivative with respect to v, of its shape, or empty.
        start: first row.
        stop: row after the last.
    """
    n, m = u.shape[1], v.shape[1]
    levels_u, levels_v = np.empty((2, n + 1)), np.empty((2, m + 1))
    slopes_u, slopes_v = np.empty((2, n + 1)), np.empty((2, m + 1))
    costs = np.empty(2)
    for row in range(2):
        levels_u[row, n] = levels_v[row, m] = np.inf
    every_x, every_y = (0 if len(x) == 1 else 1), (0 if len(y) == 1 else 1)
    for first in range(start, stop, 2):
        second = min(first + 1, stop - 1)
        total0 = total1 = 0.0
        # Levels are rounded to the precision of the weights, as a cumulative sum in it would be.
        for i in range(n):
            total0 += u[first, i]
            total1 += u[second, i]
            levels_u[0, i] = u.dtype.type(total0)
            levels_u[1, i] = u.dtype.type(total1)
        total0 = total1 = 0.0
        for k in range(m):
            total0 += v[first, k]
            total1 += v[second, k]
            levels_v[0, k] = v.dtype.type(total0)
            levels_v[1, k] = v.dtype.type(total1)
        flaw0 = blank_unless_finite(levels_u[0], levels_v[0])
        flaw1 = blank_unless_finite(levels_u[1], levels_v[1])
        if shared:
            shared_grid_two(x[0], levels_u, levels_v, slopes_u, slopes_v, costs)
        else:
            merge_two(
                x[first * every_x], x[second * every_x], y[first * every_y], y[second * every_y],
                levels_u, levels_v, p, top, slopes_u, slopes_v, costs,
            )  # fmt: skip
        for row, index, flaw in ((0, first, flaw0), (1, second, flaw1)):
            cost[index] = costs[row] + flaw
            if len(du):
                potentials(slopes_u, row)
                for i in range(n):
                    du[index, i] = slopes_u[row, i] + flaw
            if len(dv):
                potentials(slopes_v, row)
                for k in range(m):
                    dv[index, k] = slopes_v[row, k] + flaw
