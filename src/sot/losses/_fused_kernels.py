"""Compiled kernel of the fused path: spectra in, cost and gradient out, each frame touched once."""

from __future__ import annotations

from typing import Any

import numpy as np

from sot.transport._kernels import (
    blank_unless_finite,
    compiled,
    merge_two,
    shared_grid_two,
)

#: How a spectrum becomes weights: as it is, by its power, by its magnitude.
AS_IT_IS, POWER, MAGNITUDE = 0, 1, 2


@compiled
def _levels_two(
    spectrum: Any, first: int, second: int, how: int, weights: Any, levels: Any, mass: Any
) -> None:
    """Weights of two frames, their running sums and their masses."""
    bins = weights.shape[1]
    for row, index in ((0, first), (1, second)):
        if how == POWER:
            for i in range(bins):
                value = spectrum[index, i]
                weights[row, i] = value.real * value.real + value.imag * value.imag
        elif how == MAGNITUDE:
            for i in range(bins):
                value = spectrum[index, i]
                weights[row, i] = np.sqrt(value.real * value.real + value.imag * value.imag)
        else:
            for i in range(bins):
                weights[row, i] = spectrum[index, i].real
    # Two sums side by side, which hide each other's waiting time.
    total0 = total1 = 0.0
    for i in range(bins):
        total0 += weights[0, i]
        total1 += weights[1, i]
        levels[0, i] = total0
        levels[1, i] = total1
    mass[0], mass[1] = total0, total1


@compiled
def _write_gradient(
    spectrum: Any, how: int, weights: Any, slopes: Any, factor: float, offset: float, grad: Any
) -> None:
    """Derivative with respect to the spectrum, from `factor * slope + offset` for the weights."""
    if how == POWER:
        for i in range(len(weights)):
            grad[i] = spectrum[i] * (2.0 * (factor * slopes[i] + offset))
    elif how == MAGNITUDE:
        for i in range(len(weights)):
            inverse = 1.0 / weights[i] if weights[i] > 0.0 else 0.0
            grad[i] = spectrum[i] * (inverse * (factor * slopes[i] + offset))
    else:
        for i in range(len(weights)):
            grad[i] = factor * slopes[i] + offset


@compiled
def _fill(grad: Any, index: int, value: float) -> None:
    """One value for a whole row, if the gradient is wanted."""
    if len(grad):
        for i in range(grad.shape[1]):
            grad[index, i] = value


@compiled
def _potentials_two(slopes: Any, weights: Any, moments: Any) -> None:
    """Derivatives for weights from those for levels, in place, and their sums times weights."""
    total0 = total1 = moment0 = moment1 = 0.0
    for i in range(weights.shape[1] - 1, -1, -1):
        total0 += slopes[0, i]
        total1 += slopes[1, i]
        slopes[0, i] = total0
        slopes[1, i] = total1
        moment0 += total0 * weights[0, i]
        moment1 += total1 * weights[1, i]
    moments[0], moments[1] = moment0, moment1


@compiled
def fused_rows(
    x: Any, y: Any, x_positions: Any, y_positions: Any, x_how: int, y_how: int,
    p: float, top: float, shared: bool,
    normalize: bool, balanced: bool, silent_vote: bool, eps: float,
    cost: Any, votes: Any, x_grad: Any, y_grad: Any, start: int, stop: int,
) -> None:  # fmt: skip
    """Cost, vote and gradients of frames `start` to `stop`; an empty gradient is not filled.

    Args:
        x: spectrum of the reference, shape (rows, n), real or complex.
        y: spectrum of the estimate, shape (rows, m).
        x_positions: extended positions, shape (n + 1,), float64.
        y_positions: extended positions, shape (m + 1,), float64.
        x_how: how x becomes weights.
        y_how: how y becomes weights.
        p: exponent of the ground cost.
        top: level above which nothing counts.
        shared: both positions are one grid, p is 1 and nothing is cut.
        normalize: see :class:`sot.losses._mass.MassRule`, and so the next three.
        balanced: likewise.
        silent_vote: likewise.
        eps: likewise.
        cost: result of shape (rows,).
        votes: result of shape (rows,).
        x_grad: derivative with respect to x, of its shape, or empty.
        y_grad: derivative with respect to y, of its shape, or empty.
        start: first row.
        stop: row after the last.
    """
    n, m = x.shape[1], y.shape[1]
    u, v = np.empty((2, n)), np.empty((2, m))
    levels_u, levels_v = np.empty((2, n + 1)), np.empty((2, m + 1))
    slopes_u, slopes_v = np.empty((2, n + 1)), np.empty((2, m + 1))
    costs, moments_u, moments_v = np.empty(2), np.empty(2), np.empty(2)
    mass_x, mass_y, scale_x, scale_y = np.empty(2), np.empty(2), np.empty(2), np.empty(2)
    x_wanted, y_wanted = len(x_grad) > 0, len(y_grad) > 0
    for first in range(start, stop, 2):
        second = min(first + 1, stop - 1)
        _levels_two(x, first, second, x_how, u, levels_u, mass_x)
        _levels_two(y, first, second, y_how, v, levels_v, mass_y)
        for row, index in ((0, first), (1, second)):
            silent = mass_x[row] <= eps or mass_y[row] <= eps
            if silent_vote:
                mass_x[row] += eps
                mass_y[row] += eps
            votes[index] = silent_vote or not silent
            scale_x[row] = 1.0 / mass_x[row] if normalize else 1.0
            scale_y[row] = scale_x[row]
            if balanced:
                scale_y[row] = (1.0 if normalize else mass_x[row]) / mass_y[row]
            if not (votes[index] and np.isfinite(mass_x[row] + mass_y[row])):
                # Nothing to merge: the row is given its result below.
                scale_x[row] = scale_y[row] = 0.0
                levels_u[row, n - 1] = levels_v[row, m - 1] = np.nan
            blank_unless_finite(levels_u[row], levels_v[row])
            for i in range(n):
                levels_u[row, i] *= scale_x[row]
            for k in range(m):
                levels_v[row, k] *= scale_y[row]
            levels_u[row, n] = levels_v[row, m] = np.inf
        if shared:
            shared_grid_two(x_positions, levels_u, levels_v, slopes_u, slopes_v, costs)
        else:
            merge_two(
                x_positions, x_positions, y_positions, y_positions,
                levels_u, levels_v, p, top, slopes_u, slopes_v, costs,
            )  # fmt: skip
        if x_wanted:
            _potentials_two(slopes_u, u, moments_u)
        if y_wanted or (x_wanted and normalize != balanced):
            _potentials_two(slopes_v, v, moments_v)
        for row, index in ((0, first), (1, second)):
            if not votes[index]:
                cost[index] = 0.0
                _fill(x_grad, index, 0.0)
                _fill(y_grad, index, 0.0)
                continue
            if not np.isfinite(mass_x[row] + mass_y[row]):
                cost[index] = np.nan
                _fill(x_grad, index, np.nan)
                _fill(y_grad, index, np.nan)
                continue
            cost[index] = costs[row]
            # How a mass enters both histograms: u = x / mass_x and so on, by the quotient rule.
            moment_u, moment_v = moments_u[row] * scale_x[row], moments_v[row] * scale_y[row]
            if x_wanted:
                offset = 0.0
                if normalize:
                    offset = -(moment_u if balanced else moment_u + moment_v) / mass_x[row]
                elif balanced:
                    offset = moment_v / mass_x[row]
                _write_gradient(
                    x[index], x_how, u[row], slopes_u[row], scale_x[row], offset, x_grad[index]
                )
            if y_wanted:
                offset = -moment_v / mass_y[row] if balanced else 0.0
                _write_gradient(
                    y[index], y_how, v[row], slopes_v[row], scale_y[row], offset, y_grad[index]
                )
