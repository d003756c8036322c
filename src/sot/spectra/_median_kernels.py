"""Compiled kernel for the medians of frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from sot._compiled import compiled


@compiled
def median(values: Any, row: int) -> Any:
    """The lower median of a row of non-negative float64 numbers.

    Their bits are in their order, so that the bits of the median are found by bisection: every step
    counts the numbers on one side, at the processor's width.
    """
    bits = values.view(np.uint64)
    bins, one = values.shape[1], np.uint64(1)
    rank = (bins - 1) // 2
    # The median lies above `low` and not above `high`; as many numbers as told are up to each.
    low, high, up_to_low, up_to_high = bits[row, 0], bits[row, 0], 0, bins
    for i in range(bins):
        low, high = min(low, bits[row, i]), max(high, bits[row, i])
    for i in range(bins):
        up_to_low += bits[row, i] == low
    if up_to_low > rank:
        return np.float64(values[row].min())
    while up_to_high - up_to_low > 1 and high - low > one:
        middle, up_to_middle = low + ((high - low) >> one), 0
        for i in range(bins):
            up_to_middle += bits[row, i] <= middle
        if up_to_middle > rank:
            high, up_to_high = middle, up_to_middle
        else:
            low, up_to_low = middle, up_to_middle
    result = 0.0
    for i in range(bins):
        if bits[row, i] > low and bits[row, i] <= high:
            result = values[row, i]
    return result


@compiled
def row_medians(values: Any, result: Any, start: int, stop: int) -> None:
    """Lower medians of rows `start` to `stop` of non-negative numbers.

    Args:
        values: shape (rows, bins).
        result: shape (rows,).
        start: first row.
        stop: row after the last.
    """
    row = np.empty((1, values.shape[1]))
    for index in range(start, stop):
        for i in range(values.shape[1]):
            row[0, i] = values[index, i]
        result[index] = median(row, 0)
