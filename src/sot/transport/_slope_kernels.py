"""Compiled kernels for the derivatives of a cost with respect to levels, whose order is known.

A rank says how many levels of the other side come before a level. Arrays of levels and positions
are those of _kernels.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sot._compiled import inner
from sot.transport._grids import EVEN

_NO_TOP = float(np.finfo(np.float32).max)  # from here on nothing is cut


@inner
def ground_cost(distance: Any, p: Any) -> Any:
    """Cost of a move over a distance."""
    if p == 2.0:
        return distance * distance
    if p == 1.0:
        return abs(distance)
    return abs(distance) ** p


@inner
def side_slopes(
    own: Any, own_row: int, other: Any, other_row: int, levels: Any, other_levels: Any, ranks: Any,
    row: int, p: float, top: float, grid: int, moves: Any, slopes: Any, room: Any,
) -> Any:  # fmt: skip
    """Derivatives with respect to the levels of one side: what ends there less what begins there.

    Returns the sum of levels times derivatives.
    """
    if grid == EVEN:
        return _even_slopes(levels, other_levels, ranks, row, p, moves, slopes)
    return _level_slopes(
        own, own_row, other, other_row, levels, other_levels, ranks, row, p, top, slopes, room
    )


@inner
def _level_slopes(
    own: Any, own_row: int, other: Any, other_row: int, levels: Any, other_levels: Any, ranks: Any,
    row: int, p: float, top: float, slopes: Any, room: Any,
) -> Any:  # fmt: skip
    """:func:`side_slopes` on any positions."""
    bins = levels.shape[1] - 1
    for i in range(bins):  # by itself, so that what follows uses the processor's width
        room[0, i] = other[other_row, np.uint64(ranks[row, i])]
    moment = 0.0
    if top < _NO_TOP:
        for i in range(bins):
            level, k = levels[row, i], np.uint64(ranks[row, i])
            ends = ground_cost(own[own_row, i] - room[0, i], p)
            begins = ground_cost(own[own_row, i + 1] - room[0, i], p)
            counts = min(other_levels[row, k], levels[row, i + 1]) <= top
            slope = (ends if level <= top else 0.0) - (begins if counts else 0.0)
            slopes[row, i] = slope
            moment += slope * level
        return moment
    last = bins - 1
    _cost_differences(own, own_row, room, p, slopes, row)
    for i in range(last):
        moment += slopes[row, i] * levels[row, i]
    distance = own[own_row, last] - room[0, last]
    slopes[row, last] = _last_slope(ground_cost(distance, p), other_levels, ranks[row, last])
    return moment + slopes[row, last] * levels[row, last]


@inner
def _cost_differences(own: Any, own_row: int, room: Any, p: float, slopes: Any, row: int) -> None:
    """Costs between positions and `room` less those of the next positions, for all but the last.

    What `room` holds of these is lost. Each kind of exponent has a loop, for the common ones to use
    the processor's width.
    """
    places, partners = own[own_row], room[0]
    last = slopes.shape[1] - 2
    if p == 2.0:
        for i in range(last):
            near, far = places[i] - partners[i], places[i + 1] - partners[i]
            slopes[row, i] = near * near - far * far
    elif p == 1.0:
        for i in range(last):
            near, far = places[i] - partners[i], places[i + 1] - partners[i]
            slopes[row, i] = abs(near) - abs(far)
    else:
        for i in range(last):
            near, far = places[i] - partners[i], places[i + 1] - partners[i]
            slopes[row, i], partners[i] = abs(near), abs(far)
        _raise(slopes[row], last, p)
        _raise(partners, last, p)
        for i in range(last):
            slopes[row, i] -= partners[i]


@inner
def _raise(values: Any, count: int, p: float) -> None:
    """Put the powers of the first non-negative values in their place.

    Halves, such as 1.5 and 3, are made of products and roots, which a processor does many at once.
    """
    whole = int(p)
    root = p - whole == 0.5
    if p > 7.5 or not (root or p == whole):
        for i in range(count):
            values[i] = values[i] ** p
        return
    for i in range(count):
        base = values[i]
        square = base * base
        power = np.sqrt(base) if root else 1.0
        power *= base if whole & 1 else 1.0
        power *= square if whole & 2 else 1.0
        power *= square * square if whole & 4 else 1.0
        values[i] = power


@inner
def _last_slope(cost: float, other_levels: Any, rank: int) -> float:
    """What begins behind the last bin stays there; behind the last level of all, nothing begins."""
    return cost if rank >= other_levels.shape[1] - 1 else 0.0


@inner
def _even_slopes(
    levels: Any, other_levels: Any, ranks: Any, row: int, p: float, moves: Any, slopes: Any
) -> Any:
    """:func:`side_slopes` on one grid of even steps, if nothing is cut.

    `moves` is what :func:`costs_of_moves` gives.
    """
    last, other_last = levels.shape[1] - 2, np.int32(other_levels.shape[1] - 2)
    moment = 0.0
    if p == 2.0:
        for i in range(last):
            # In 32 bits: processors without AVX-512 make no floats of whole numbers of 64.
            distance = np.int32(min(ranks[row, i], other_last) - np.int32(i))
            slope = moves[1] * (2.0 * distance - 1.0)
            slopes[row, i] = slope
            moment += slope * levels[row, i]
    else:
        for i in range(last):
            distance = min(ranks[row, i], other_last) - i
            slope = moves[np.uint64(abs(distance))] - moves[np.uint64(abs(distance - 1))]
            slopes[row, i] = slope
            moment += slope * levels[row, i]
    cost = moves[abs(last - min(ranks[row, last], other_last))]
    slopes[row, last] = _last_slope(cost, other_levels, ranks[row, last])
    return moment + slopes[row, last] * levels[row, last]


@inner
def costs_of_moves(x: Any, p: float, grid: int) -> Any:
    """Costs of moves over so many bins of an even grid; nothing on others."""
    moves = np.empty(x.shape[1] if grid == EVEN else 0)
    last = x.shape[1] - 2
    step = (x[0, last] - x[0, 0]) / max(last, 1)
    for i in range(len(moves)):
        moves[i] = ground_cost(step * i, p)
    return moves


@inner
def harmless_ties(levels_u: Any, levels_v: Any, row: int) -> Any:
    """1 if only the two last levels are equal at the top, where u comes first in any case."""
    n, m = levels_u.shape[1] - 1, levels_v.shape[1] - 1
    tops_equal = levels_u[row, n - 1] == levels_v[row, m - 1]
    u_alone = n == 1 or levels_u[row, n - 2] < levels_u[row, n - 1]
    v_alone = m == 1 or levels_v[row, m - 2] < levels_v[row, m - 1]
    return 1 if tops_equal and u_alone and v_alone else 0


@inner
def average_orders(
    own: Any, own_row: int, other: Any, other_row: int, levels: Any, other_levels: Any, ranks: Any,
    row: int, p: float, top: float, grid: int, moves: Any, slopes: Any, room: Any, moments: Any,
    side: int,
) -> Any:  # fmt: skip
    """Mean of the derivatives for the two orders in which equal levels could be passed.

    A run of equal levels is passed in turn with its like on the other side; the last level of all
    keeps the order in which u goes first. See `levels_below` in _merge.py.

    `side` is 0 if `own` is u, 1 if it is v. Returns the sum of levels times derivatives in the
    order in which u goes first.
    """
    bins = levels.shape[1] - 1
    orders, both = np.empty((2, row + 1, bins), np.int32), np.empty((2, row + 1, bins + 1))
    turn, below, last = 0, 0, 0
    for i in range(bins):
        level = levels[row, i]
        turn += 1
        if i == 0 or level > levels[row, i - 1]:
            turn, below, last = 0, ranks[row, i], ranks[row, i]
            while below > 0 and other_levels[row, below - 1] == level:
                below -= 1
            while other_levels[row, last] == level:
                last += 1
        orders[0, row, i] = min(below + turn, last)
        orders[1, row, i] = min(below + turn + 1, last)
    sums = np.empty(2)
    for order in range(2):
        sums[order] = side_slopes(
            own, own_row, other, other_row, levels, other_levels, orders[order], row, p, top, grid,
            moves, both[order], room,
        )  # fmt: skip
    moment = 0.0
    for i in range(bins):
        slopes[row, i] = 0.5 * (both[0, row, i] + both[1, row, i])
        if i == bins - 1:
            slopes[row, i] = both[side, row, i]
        moment += slopes[row, i] * levels[row, i]
    moments[row, side] = moment
    return sums[side]
