"""Compiled kernel of the fused paths: spectra in, cost and gradient out, frame by frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sot._compiled import compiled, inner
from sot.spectra._median_kernels import median
from sot.transport._kernels import (
    ROWS,
    both_sides,
    cumulate,
    four_slopes,
    potentials,
    scale_levels,
)
from sot.transport._slope_kernels import costs_of_moves

#: How a spectrum becomes weights: as it is, by its power, by its magnitude; or the running sums of
#: its weights are known already.
AS_IT_IS, POWER, MAGNITUDE, LEVELS = 0, 1, 2, 3


def parts(spectrum: NDArray[Any]) -> NDArray[Any]:
    """What the kernels below take: a complex spectrum as real and imaginary parts by turns."""
    return spectrum.view(spectrum.real.dtype)


@inner
def _read_weights(
    spectrum: Any, index: int, bin_: int, how: int, gains: Any, floor: float, weights: Any, row: int
) -> None:
    """Weights of the bins of a frame that count, less the floor and times the gains."""
    bins = weights.shape[1]
    if how == AS_IT_IS:
        for i in range(bins):
            weights[row, i] = spectrum[index, bin_ + i]
        return
    frame = spectrum[index, 2 * bin_ : 2 * (bin_ + bins)]
    for i in range(bins):
        real, imag = frame[np.uint64(2 * i)], frame[np.uint64(2 * i + 1)]
        size = real * real + imag * imag
        size = np.sqrt(size) if how == MAGNITUDE else size
        weights[row, i] = size * (1.0 if floor > 0.0 else gains[i])
    if floor > 0.0:
        least = floor * median(weights, row)
        for i in range(bins):
            weights[row, i] = max(weights[row, i] - least, 0.0) * gains[i]


@inner
def _running_sums(
    spectrum: Any, how: int, bin_: int, gains: Any, floor: float, first: int, stop: int,
    weights: Any, levels: Any,
) -> None:  # fmt: skip
    """Weights of four frames, the last one repeated at the end, and their running sums."""
    for row in range(ROWS):
        index = min(first + row, stop - 1)
        _read_weights(spectrum, index, bin_, how, gains, floor, weights, row)
    cumulate(weights[0], weights[1], weights[2], weights[3], levels)


@inner
def _known_sums(sums: Any, first: int, stop: int, levels: Any) -> None:
    """Running sums of four frames that were computed before."""
    for row in range(ROWS):
        for i in range(sums.shape[1]):
            levels[row, i] = sums[min(first + row, stop - 1), i]


@compiled
def level_rows(spectrum: Any, how: int, bin_: int, gains: Any, floor: float, levels: Any) -> None:
    """Running sums of the weights of every frame, for :func:`fused_rows` to take as LEVELS.

    Args:
        spectrum: :func:`parts` of it.
        how: how it becomes weights.
        bin_: the first bin that counts.
        gains: see :func:`fused_rows`.
        floor: likewise.
        levels: result of shape (rows, number of bins that count), float64.
    """
    rows, bins = levels.shape
    weights, sums = np.empty((ROWS, bins)), np.empty((ROWS, bins + 1))
    for first in range(0, rows, ROWS):
        _running_sums(spectrum, how, bin_, gains, floor, first, rows, weights, sums)
        for row in range(min(ROWS, rows - first)):
            for i in range(bins):
                levels[first + row, i] = sums[row, i]


@inner
def _write_gradient(
    spectrum: Any, index: int, bin_: int, how: int, gains: Any, weights: Any, slopes: Any, row: int,
    factor: float, offset: float, grad: Any,
) -> None:  # fmt: skip
    """Derivative with respect to the spectrum, from `factor * slope + offset` for the weights."""
    bins = weights.shape[1]
    if how == AS_IT_IS:
        for i in range(bins):
            grad[index, bin_ + i] = factor * slopes[row, i] + offset
        return
    frame = spectrum[index, 2 * bin_ : 2 * (bin_ + bins)]
    result = grad[index, 2 * bin_ : 2 * (bin_ + bins)]
    for i in range(bins):
        real, imag = frame[np.uint64(2 * i)], frame[np.uint64(2 * i + 1)]
        rise = (factor * slopes[row, i] + offset) * gains[i]
        rise = rise if weights[row, i] > 0.0 else 0.0
        if how == MAGNITUDE:
            power = real * real + imag * imag
            rise *= np.sqrt(power) / power if power > 0.0 else 1.0
        else:
            rise *= 2.0
        result[np.uint64(2 * i)] = real * rise
        result[np.uint64(2 * i + 1)] = imag * rise


@inner
def _fill(grad: Any, index: int, bin_: int, how: int, bins: int, value: float) -> None:
    """One value for the bins of a row that count, if the gradient is wanted."""
    parts = 1 if how == AS_IT_IS else 2
    if len(grad):
        for i in range(parts * bin_, parts * (bin_ + bins)):
            grad[index, i] = value


@compiled
def fused_rows(
    x: Any, y: Any, x_levels: Any, x_positions: Any, y_positions: Any, x_how: int, y_how: int,
    x_bin: int, y_bin: int, gains: Any, floor: float, p: float, top: float, grid: int, root: bool,
    normalize: bool, balanced: bool, silent_vote: bool, eps: float,
    cost: Any, votes: Any, x_grad: Any, y_grad: Any, start: int, stop: int,
) -> None:  # fmt: skip
    """Cost, vote and gradients of frames `start` to `stop`; an empty gradient is not filled.

    Args:
        x: :func:`parts` of the spectrum of the reference, shape (rows, n), or (rows, 2 n) if it is
            complex; not read with LEVELS.
        y: spectrum of the estimate, likewise.
        x_levels: with LEVELS the running sums of the reference, shape (rows, n), float64.
        x_positions: extended positions, shape (1, n + 1), float64.
        y_positions: extended positions, shape (1, m + 1), float64.
        x_how: how x becomes weights.
        y_how: how y becomes weights.
        x_bin: the first bin of x that counts; as many do as there are positions.
        y_bin: likewise for y.
        gains: factor of each bin, of the same number on both sides, if these are complex.
        floor: how many times the median of a frame is taken off its bins first.
        p: exponent of the ground cost.
        top: level above which nothing counts.
        grid: see :func:`sot.transport._grids.kind_of_grid`.
        root: take the p-th root of the cost of a frame.
        normalize: see :class:`sot.losses._mass.MassRule`, and so the next three.
        balanced: likewise.
        silent_vote: likewise.
        eps: likewise.
        cost: result of shape (rows,).
        votes: the weight of the vote of each row, which becomes 0 if it is silent; shape (rows,).
        x_grad: derivative with respect to x, of its shape, or empty. It is 0 where no bin counts.
        y_grad: likewise for y.
        start: first row.
        stop: row after the last.
    """
    n, m = x_positions.shape[1] - 1, y_positions.shape[1] - 1
    u, v = np.empty((ROWS, n)), np.empty((ROWS, m))
    levels = np.empty(ROWS * (n + m + 2))
    levels_u, levels_v = both_sides(levels, n)
    slopes_u, slopes_v = np.empty((ROWS, n + 1)), np.empty((ROWS, m + 1))
    ranks = np.empty(levels.shape, np.int32)
    mass_x, mass_y, scale_x, scale_y = (
        np.empty(ROWS),
        np.empty(ROWS),
        np.empty(ROWS),
        np.empty(ROWS),
    )
    costs, moments, room = np.empty(ROWS), np.empty((ROWS, 2)), np.empty((1, max(n, m)))
    moves = costs_of_moves(x_positions, p, grid)
    fit = np.empty(ROWS, np.bool_)
    every = np.int64(0)  # a plain 0 would be a type of its own, for which all is compiled again
    x_wanted, y_wanted = len(x_grad) > 0, len(y_grad) > 0
    for first in range(start, stop, ROWS):
        if x_how == LEVELS:
            _known_sums(x_levels, first, stop, levels_u)
        else:
            _running_sums(x, x_how, x_bin, gains, floor, first, stop, u, levels_u)
        _running_sums(y, y_how, y_bin, gains, floor, first, stop, v, levels_v)
        rows = min(ROWS, stop - first)
        for row in range(ROWS):
            mass_x[row], mass_y[row] = levels_u[row, n - 1], levels_v[row, m - 1]
            silent = mass_x[row] <= eps or mass_y[row] <= eps
            if silent_vote:
                mass_x[row] += eps
                mass_y[row] += eps
            if row < rows and silent and not silent_vote:
                votes[first + row] = 0.0
            # Rows that are silent or not finite are given their result below.
            fit[row] = np.isfinite(mass_x[row] + mass_y[row]) and (silent_vote or not silent)
            if row < rows and votes[first + row] == 0.0:
                fit[row] = False
            scale_x[row] = scale_y[row] = np.nan
            if fit[row]:
                scale_x[row] = 1.0 / mass_x[row] if normalize else 1.0
                scale_y[row] = scale_x[row]
                if balanced:
                    scale_y[row] = (1.0 if normalize else mass_x[row]) / mass_y[row]
            scale_levels(levels_u, row, scale_x[row])
            scale_levels(levels_v, row, scale_y[row])
        four_slopes(
            x_positions, every, every, y_positions, every, every, levels, fit, p, top,
            grid, moves, slopes_u, slopes_v, costs, moments, ranks, room,
        )  # fmt: skip
        if x_wanted:
            potentials(slopes_u)
        if y_wanted:
            potentials(slopes_v)
        for row in range(rows):
            index = first + row
            if np.isnan(scale_x[row]):
                value = np.nan if votes[index] > 0.0 else 0.0
                cost[index] = value
                _fill(x_grad, index, x_bin, x_how, n, value)
                _fill(y_grad, index, y_bin, y_how, m, value)
                continue
            rise = 1.0
            if root:
                costs[row] = max(costs[row], 0.0)
                power = costs[row] ** (1.0 / p)
                rise = power / (p * costs[row]) if costs[row] > 0.0 else 0.0
                costs[row] = power
            cost[index] = costs[row]
            rise *= votes[index]
            # How a mass enters both histograms: u = x / mass_x and so on, by the quotient rule.
            moment_u, moment_v = moments[row, 0], moments[row, 1]
            if x_wanted:
                offset = 0.0
                if normalize:
                    offset = -(moment_u if balanced else moment_u + moment_v) / mass_x[row]
                elif balanced:
                    offset = moment_v / mass_x[row]
                _write_gradient(
                    x, index, x_bin, x_how, gains, u, slopes_u, row,
                    rise * scale_x[row], rise * offset, x_grad,
                )  # fmt: skip
            if y_wanted:
                offset = -moment_v / mass_y[row] if balanced else 0.0
                _write_gradient(
                    y, index, y_bin, y_how, gains, v, slopes_v, row,
                    rise * scale_y[row], rise * offset, y_grad,
                )  # fmt: skip
