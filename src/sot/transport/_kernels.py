"""Compiled kernels of transport on the line: NumPy arrays in and out, no torch.

Importing this module compiles nothing; a kernel is compiled at its first call and then cached on
disk, or kept in memory where no cache can be written. A loop over an array compiles many times
faster than an assignment to a slice of it.

Rows are done four at a time. In all arrays below the cumulative weights ("levels") of a row are
followed by infinity, and its positions by the last of them once more.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sot._compiled import compiled, inner
from sot.transport._area_kernels import four_areas, shared_grid, sum_into
from sot.transport._grids import SHARED
from sot.transport._slope_kernels import (
    average_orders,
    costs_of_moves,
    harmless_ties,
    side_slopes,
)

#: Rows that are merged side by side.
ROWS = 4


@inner
def both_sides(values: Any, bins: int) -> Any:
    """Views of the halves of an array that holds four rows of u and then four of v.

    Args:
        values: shape (4 (n + 1) + 4 (m + 1),).
        bins: n, the number of bins of u.
    """
    end = ROWS * (bins + 1)
    return values[:end].reshape(ROWS, -1), values[end:].reshape(ROWS, -1)


@inner
def merge_ranks(levels: Any, ranks: Any, bins: int) -> None:
    """For every level of four rows, how many levels of the other side come before it.

    Of two equal levels that of u comes first. Every step takes the lower of two levels without a
    branch, and four rows side by side hide each other's waiting time. Non-negative numbers are in
    the order of their bits, and whole numbers are compared faster. Both sides lie in one array, so
    that a processor has a register for everything that a step needs.

    Args:
        levels: ascending, then infinity, float64; see :func:`both_sides`.
        ranks: result of the same shape, int32; those of infinity are left in any state.
        bins: the number of bins of u.
    """
    across = bins + 1
    along = len(levels) // ROWS - across
    bits, one = levels.view(np.uint64), np.uint64(1)
    # Unsigned indices into the flat arrays: they are not looked at for counting from the end.
    i0, i1, i2, i3 = np.uint64(0), np.uint64(across), np.uint64(2 * across), np.uint64(3 * across)
    k0 = np.uint64(ROWS * across)
    k1, k2, k3 = k0 + np.uint64(along), k0 + np.uint64(2 * along), k0 + np.uint64(3 * along)
    for _ in range(across + along - 2):
        # What is written for the side that does not advance is written again when it does.
        ranks[i0], ranks[k0] = k0, i0
        v_first = np.uint64(bits[k0] < bits[i0])
        k0 += v_first
        i0 += one - v_first
        ranks[i1], ranks[k1] = k1, i1
        v_first = np.uint64(bits[k1] < bits[i1])
        k1 += v_first
        i1 += one - v_first
        ranks[i2], ranks[k2] = k2, i2
        v_first = np.uint64(bits[k2] < bits[i2])
        k2 += v_first
        i2 += one - v_first
        ranks[i3], ranks[k3] = k3, i3
        v_first = np.uint64(bits[k3] < bits[i3])
        k3 += v_first
        i3 += one - v_first
    # Indices into the flat arrays become indices into their rows.
    ranks_u, ranks_v = both_sides(ranks, bins)
    for row in range(ROWS):
        for i in range(across):
            ranks_u[row, i] -= ROWS * across + row * along
        for k in range(along):
            ranks_v[row, k] -= row * across


@inner
def four_slopes(
    x: Any, x_row: int, every_x: int, y: Any, y_row: int, every_y: int,
    levels: Any, fit: Any, p: float, top: float, grid: int, moves: Any,
    slopes_u: Any, slopes_v: Any, costs: Any, moments: Any, ranks: Any, room: Any,
) -> None:  # fmt: skip
    """Costs of four rows, and their derivatives with respect to every level.

    A cost is linear in the levels while their order holds, so that it is the sum of levels times
    derivatives; `moments` gets the parts of both sides.

    Args:
        x: extended positions of u, float64; those of the first row are in row `x_row`.
        x_row: see x.
        every_x: rows of x from one row to the next: 0 or 1.
        y: extended positions of v, likewise.
        y_row: see y.
        every_y: see y.
        levels: see :func:`merge_ranks`.
        fit: which rows are wanted, shape (4,); changed.
        p: exponent of the ground cost.
        top: level above which nothing counts.
        grid: see :func:`sot.transport._grids.kind_of_grid`.
        moves: see :func:`sot.transport._slope_kernels.costs_of_moves`.
        slopes_u: result of shape (4, n + 1).
        slopes_v: result of shape (4, m + 1).
        costs: result of shape (4,).
        moments: result of shape (4, 2).
        ranks: room, see :func:`merge_ranks`.
        room: room of shape (1, max(n, m)).
    """
    bins = x.shape[1] - 1
    levels_u, levels_v = both_sides(levels, bins)
    if grid == SHARED:
        for row in range(ROWS):
            shared_grid(x, levels_u, levels_v, row, slopes_u, slopes_v, moments)
            costs[row] = moments[row, 0] + moments[row, 1]
        return
    if not (fit[0] or fit[1] or fit[2] or fit[3]):
        return
    merge_ranks(levels, ranks, bins)
    ranks_u, ranks_v = both_sides(ranks, bins)
    for row in range(ROWS):
        if not fit[row]:
            continue
        own, other = x_row + row * every_x, y_row + row * every_y
        moments[row, 0] = side_slopes(
            x, own, y, other, levels_u, levels_v, ranks_u, row, p, top, grid, moves, slopes_u, room
        )
        moments[row, 1] = side_slopes(
            y, other, x, own, levels_v, levels_u, ranks_v, row, p, top, grid, moves, slopes_v, room
        )
        costs[row] = max(moments[row, 0] + moments[row, 1], 0.0)
        ties = 0
        for i in range(bins):
            ties += levels_u[row, i] == levels_v[row, np.uint64(ranks_u[row, i])]
        if ties > harmless_ties(levels_u, levels_v, row):
            # These were the derivatives if u goes first wherever levels are equal. A plain 0 or 1
            # would be a type of its own, for which all is compiled again.
            cost_u = average_orders(
                x, own, y, other, levels_u, levels_v, ranks_u, row, p, top, grid, moves,
                slopes_u, room, moments, np.int64(0),
            )  # fmt: skip
            cost_v = average_orders(
                y, other, x, own, levels_v, levels_u, ranks_v, row, p, top, grid, moves,
                slopes_v, room, moments, np.int64(1),
            )  # fmt: skip
            costs[row] = max(cost_u + cost_v, 0.0)


@inner
def potentials(slopes: Any) -> None:
    """Turn derivatives for levels of four rows into those for weights, in place."""
    total0 = total1 = total2 = total3 = 0.0
    for i in range(slopes.shape[1] - 2, -1, -1):
        total0 += slopes[0, i]
        total1 += slopes[1, i]
        total2 += slopes[2, i]
        total3 += slopes[3, i]
        slopes[0, i], slopes[1, i], slopes[2, i], slopes[3, i] = total0, total1, total2, total3


@inner
def cumulate(row0: Any, row1: Any, row2: Any, row3: Any, levels: Any) -> None:
    """Running sums of four rows of weights; the last column of `levels` is left in any state."""
    total0 = total1 = total2 = total3 = 0.0
    for i in range(len(row0)):
        k = np.uint64(i)
        total0 += row0[k]
        total1 += row1[k]
        total2 += row2[k]
        total3 += row3[k]
        levels[0, k], levels[1, k], levels[2, k], levels[3, k] = total0, total1, total2, total3


@inner
def scale_levels(levels: Any, row: int, scale: float) -> None:
    """Multiply the running sums of a row, and put infinity behind them; all 0 for a NaN.

    A merge runs on or astray with levels that are negative, or not finite.
    """
    for i in range(levels.shape[1] - 1):
        levels[row, i] = max(levels[row, i], 0.0) * scale if scale == scale else 0.0
    levels[row, levels.shape[1] - 1] = np.inf


@compiled
def transport_rows(
    x: Any, y: Any, u: Any, v: Any, p: float, top: float, grid: int,
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
        grid: see :func:`sot.transport._grids.kind_of_grid`.
        cost: result of shape (rows,).
        du: derivative with respect to u, of its shape, or empty.
        dv: derivative with respect to v, of its shape, or empty.
        start: first row.
        stop: row after the last.
    """
    n, m = u.shape[1], v.shape[1]
    levels = np.empty(ROWS * (n + m + 2))
    levels_u, levels_v = both_sides(levels, n)
    slopes_u, slopes_v = np.empty((ROWS, n + 1)), np.empty((ROWS, m + 1))
    ranks = np.empty(levels.shape, np.int32)
    costs, flaws, fit = np.empty(ROWS), np.empty(ROWS), np.empty(ROWS, np.bool_)
    moments, room = np.empty((ROWS, 2)), np.empty((1, max(n, m)))
    moves = costs_of_moves(x, p, grid)
    every_x, every_y = (0 if len(x) == 1 else 1), (0 if len(y) == 1 else 1)
    for first in range(start, stop, ROWS):
        rows = min(ROWS, stop - first)
        for row in range(ROWS):
            flaws[row] = 0.0
        _running_sums(u, first, stop, levels_u, flaws)
        _running_sums(v, first, stop, levels_v, flaws)
        if grid == SHARED and four_areas(x, levels_u, levels_v, u, flaws, slopes_u, costs):
            for row in range(rows):
                cost[first + row] = costs[row]
            sum_into(slopes_u, 1.0, flaws, first, rows, du)
            sum_into(slopes_u, -1.0, flaws, first, rows, dv)
            continue
        for row in range(ROWS):
            fit[row] = row < rows and flaws[row] == 0.0
            _round_levels(levels_u, row, fit[row], u)
            _round_levels(levels_v, row, fit[row], v)
        four_slopes(
            x, first * every_x, every_x, y, first * every_y, every_y, levels, fit,
            p, top, grid, moves, slopes_u, slopes_v, costs, moments, ranks, room,
        )  # fmt: skip
        for row in range(rows):
            cost[first + row] = costs[row] + flaws[row]
        sum_into(slopes_u, 1.0, flaws, first, rows, du)
        sum_into(slopes_v, 1.0, flaws, first, rows, dv)


@inner
def _running_sums(weights: Any, first: int, stop: int, levels: Any, flaws: Any) -> None:
    """Running sums of four rows; `flaws` becomes NaN for rows with what is no weight.

    Rows behind the last are the last one again.
    """
    rounded, bins, last = weights.dtype.type, weights.shape[1], stop - 1
    for row in range(ROWS):
        index, negative = min(first + row, last), np.int32(0)
        for i in range(bins):
            negative = np.int32(negative + (weights[index, i] < 0.0))
        if negative > 0:
            flaws[row] = np.nan
    row0, row1 = weights[first], weights[min(first + 1, last)]
    row2, row3 = weights[min(first + 2, last)], weights[min(first + 3, last)]
    cumulate(row0, row1, row2, row3, levels)
    for row in range(ROWS):
        flaws[row] += 0.0 * rounded(levels[row, bins - 1])


@inner
def _round_levels(levels: Any, row: int, fit: bool, weights: Any) -> None:
    """Round running sums to the precision of the weights, as torch would have them.

    Infinity comes behind them; see :func:`scale_levels` for those of a row that is not fit.
    """
    rounded = weights.dtype.type
    for i in range(levels.shape[1] - 1):
        levels[row, i] = np.float64(rounded(levels[row, i])) if fit else 0.0
    levels[row, levels.shape[1] - 1] = np.inf
