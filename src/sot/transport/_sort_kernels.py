"""Compiled kernels that sort rows by position, and put what was computed back in its place."""

from __future__ import annotations

from typing import Any

import numpy as np

from sot._compiled import compiled, inner

_HALF, _LOWER, _BYTE = np.uint64(32), np.uint64(0xFFFFFFFF), np.uint64(255)


@compiled
def sort_rows(
    positions: Any, bits: Any, weights: Any, start: int, stop: int,
    order: Any, places: Any, sorted_weights: Any,
) -> None:  # fmt: skip
    """Rows `start` to `stop` of a histogram in ascending order of position.

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
    sign = np.uint64(1) << np.uint64(width - 1)
    everything = sign | (sign - np.uint64(1))
    pairs, spare = np.empty(bins, np.uint64), np.empty(bins, np.uint64)
    for row in range(start, stop):
        source = row if len(positions) > 1 else 0
        index = order[row - start]
        for i in range(bins):
            index[i] = i
        descents = 0
        for i in range(bins - 1):
            descents += positions[source, i] > positions[source, i + 1]
        for shift in range(0, width if descents > 0 else 0, 32):  # long numbers' lower half first
            for i in range(bins):
                key = np.uint64(bits[source, np.uint64(index[i])])
                # Bits ascend with positive numbers, and descend with negative ones.
                key = everything ^ key if key & sign else key | sign
                pairs[i] = (key >> np.uint64(shift)) << _HALF | np.uint64(index[i])
            _sort_pairs(pairs, spare)
            for i in range(bins):
                index[i] = np.int32(pairs[i] & _LOWER)
        for i in range(bins):
            k = np.uint64(index[i])
            places[row - start, i] = positions[source, k]
            sorted_weights[row - start, i] = weights[row, k]
        places[row - start, bins] = places[row - start, bins - 1]


@inner
def _sort_pairs(pairs: Any, spare: Any) -> None:
    """Sort numbers of 64 bits by their upper halves, and leave equal ones in their order.

    A radix sort, byte by byte from the lowest.

    Args:
        pairs: what is sorted, shape (bins,), uint64.
        spare: room for as much.
    """
    counts = np.zeros((4, 256), np.int64)
    for i in range(len(pairs)):
        for byte in range(4):
            counts[byte, (pairs[i] >> np.uint64(32 + 8 * byte)) & _BYTE] += 1
    for byte in range(4):
        total = 0
        for value in range(256):
            counts[byte, value], total = total, total + counts[byte, value]
    source, target = pairs, spare
    for byte in range(4):
        places = counts[byte]
        for i in range(len(pairs)):
            value = (source[i] >> np.uint64(32 + 8 * byte)) & _BYTE
            target[np.uint64(places[value])] = source[i]
            places[value] += 1
        source, target = target, source


@compiled
def put_back(values: Any, order: Any, start: int, result: Any) -> None:
    """Values of sorted bins, in the order in which the bins were given, from row `start` on."""
    for row in range(values.shape[0]):
        for i in range(values.shape[1]):
            result[start + row, order[row, i]] = values[row, i]
