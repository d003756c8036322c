"""Compiled kernels for exponent 1 on one grid, where the cost is an area between distributions.

Nothing has to be merged there: these are plain passes over the bins.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sot._compiled import inner


@inner
def shared_grid(
    x: Any, levels_u: Any, levels_v: Any, row: int, slopes_u: Any, slopes_v: Any, moments: Any
) -> None:
    """Exponent 1 on one grid: the derivatives of the area between the two distributions."""
    last, ties = levels_u.shape[1] - 2, 0
    moment_u = moment_v = 0.0
    for i in range(last):
        width = x[0, i + 1] - x[0, i]
        slope = width if levels_u[row, i] > levels_v[row, i] else -width
        slopes_u[row, i] = slope
        slopes_v[row, i] = -slope
        moment_u += slope * levels_u[row, i]
        moment_v -= slope * levels_v[row, i]
        ties += levels_u[row, i] == levels_v[row, i]
    slopes_u[row, last] = slopes_v[row, last] = 0.0  # nothing lies between the last bin and itself
    if ties > 0:
        sign = 0.0
        for i in range(last):
            if levels_u[row, i] == levels_v[row, i]:
                sign = _sign_at_tie(levels_u, levels_v, row, i, sign)
                slopes_u[row, i] = sign * (x[0, i + 1] - x[0, i])
                slopes_v[row, i] = -slopes_u[row, i]
        moment_u = moment_v = 0.0  # summed once more, so that slopes of 0 have moments of 0
        for i in range(last):
            moment_u += slopes_u[row, i] * levels_u[row, i]
            moment_v += slopes_v[row, i] * levels_v[row, i]
    moments[row, 0], moments[row, 1] = moment_u, moment_v


@inner
def four_areas(
    x: Any, levels_u: Any, levels_v: Any, weights: Any, flaws: Any, slopes: Any, costs: Any
) -> Any:
    """Areas between two distributions on one grid, and their derivatives, for four rows.

    Levels are rounded to the precision of the weights. The derivatives with respect to those of v
    are those of u with the other sign. Returns False for rows with a flaw, or with equal levels
    before the last bin; there `shared_grid` has to be asked.
    """
    rounded, last, ties, flaw = weights.dtype.type, weights.shape[1] - 1, 0, 0.0
    for row in range(len(costs)):
        area = 0.0
        for i in range(last):
            width = x[0, i + 1] - x[0, i]
            gap = np.float64(rounded(levels_u[row, i]) - rounded(levels_v[row, i]))
            area += width * abs(gap)
            ties += gap == 0.0
            slopes[row, i] = width if gap > 0.0 else -width
        slopes[row, last] = 0.0
        costs[row] = area
        flaw += flaws[row]
    return ties == 0 and flaw == 0.0


@inner
def _sign_at_tie(levels_u: Any, levels_v: Any, row: int, i: int, before: float) -> float:
    """Sign of the derivative with respect to u where both levels of bin `i` are equal.

    It is the mean over the two orders in which these could be passed, see `average_orders` in
    _slope_kernels.py. On one grid it depends on who reached this level first: +1 if u did, -1 if v
    did, 0 if both did at once. `before` is the sign of the bin before, if there was a tie as well.
    """
    if i == 0:
        return 0.0
    u_stays = levels_u[row, i] == levels_u[row, i - 1]
    v_stays = levels_v[row, i] == levels_v[row, i - 1]
    if u_stays == v_stays:
        return before if u_stays else 0.0
    return 1.0 if u_stays else -1.0


@inner
def sum_into(slopes: Any, sign: float, flaws: Any, first: int, rows: int, grad: Any) -> None:
    """Derivatives for weights of up to four rows from those for levels; none if `grad` is empty.

    The flaw of a row is added: 0, or NaN.
    """
    if len(grad) == 0:
        return
    if rows < len(flaws):
        for row in range(rows):
            total = flaws[row]
            for i in range(grad.shape[1] - 1, -1, -1):
                total += sign * slopes[row, np.uint64(i)]
                grad[first + row, np.uint64(i)] = total
        return
    flat, bins = grad.reshape(-1), np.uint64(grad.shape[1])
    row0 = np.uint64(first) * bins
    row1, row2, row3 = row0 + bins, row0 + bins + bins, row0 + bins + bins + bins
    total0, total1, total2, total3 = flaws[0], flaws[1], flaws[2], flaws[3]
    for i in range(grad.shape[1] - 1, -1, -1):
        k = np.uint64(i)
        total0 += sign * slopes[0, k]
        total1 += sign * slopes[1, k]
        total2 += sign * slopes[2, k]
        total3 += sign * slopes[3, k]
        flat[row0 + k], flat[row1 + k] = total0, total1
        flat[row2 + k], flat[row3 + k] = total2, total3
