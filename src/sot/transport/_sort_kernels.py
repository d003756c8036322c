"""Compiled kernels that sort rows by position, and put what was computed back in its place."""

from __future__ import annotations

from typing import Any

import numpy as np

from sot._compiled import compiled


@compiled
def sort_rows(
    positions: Any, bits: Any, weights: Any, start: int, stop: int,
    order: Any, places: Any, sorted_weights: Any,
) -> None:  # fmt: skip
    """Rows `start` to `stop` of a histogram in ascending order of position.

    A radix sort of the bits of the positions, byte by byte from the lowest.

    Args:
        positions: shape (1 or rows, bins).
        bits: the same as unsigned whole numbers.
        weights: shape (rows, bins).
        start: first row.
        stop: row after the last.
        order: result, where each sorted bin was; shape (stop - start, bins), int32.
        places: result, sorted positions and the last once more; (stop - start, bins + 1), float64.
        sorted_weights: result of shape (stop - start, bins).
    """
    bins = positions.shape[1]
    width = 8 * positions.itemsize
    sign, byte = np.uint64(1) << np.uint64(width - 1), np.uint64(255)
    everything = sign | (sign - np.uint64(1))
    keys, found = np.empty(bins, np.uint64), np.empty(bins, np.uint64)
    other, counts = np.empty(bins, np.int32), np.empty(256, np.int64)
    for row in range(start, stop):
        source = row if len(positions) > 1 else 0
        index = order[row - start]
        for i in range(bins):
            key = np.uint64(bits[source, i])
            # Bits ascend with positive numbers, and descend with negative ones.
            keys[i] = everything ^ key if key & sign else key | sign
            index[i] = i
        for shift in range(0, width, 8):
            place = np.uint64(shift)
            for value in range(256):
                counts[value] = 0
            for i in range(bins):
                counts[(keys[i] >> place) & byte] += 1
            total = 0
            for value in range(256):
                counts[value], total = total, total + counts[value]
            for i in range(bins):
                value = (keys[i] >> place) & byte
                found[counts[value]], other[counts[value]] = keys[i], index[i]
                counts[value] += 1
            for i in range(bins):
                keys[i], index[i] = found[i], other[i]
        for i in range(bins):
            places[row - start, i] = positions[source, index[i]]
            sorted_weights[row - start, i] = weights[row, index[i]]
        places[row - start, bins] = places[row - start, bins - 1]


@compiled
def put_back(values: Any, order: Any, start: int, result: Any) -> None:
    """Values of sorted bins, in the order in which the bins were given, from row `start` on."""
    for row in range(values.shape[0]):
        for i in range(values.shape[1]):
            result[start + row, order[row, i]] = values[row, i]
