"""Compiled kernel for the medians of frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from sot._compiled import compiled

_WORD = np.uint64(32)  # bits of the upper half of a number


@compiled
def median(values: Any, row: int) -> Any:
    """The lower median of a row of non-negative float64 numbers.

    Their bits are in their order, so that the bits of the median are found between two bounds that
    close in on it; every step counts the numbers on one side, at the processor's width. At first
    only the upper halves of the bits are looked at, which leaves few numbers to tell apart.
    """
    bits = values.view(np.uint64)
    bins = values.shape[1]
    rank = (bins - 1) // 2
    first, last = np.int64(0x7FFFFFFF), np.int64(0)
    words = np.empty(bins, np.int32)
    for i in range(bins):
        words[i] = np.int32(bits[row, i] >> _WORD)
    for i in range(bins):
        first, last = min(first, words[i]), max(last, words[i])
    # The median is from `first` to `last`; `below` numbers are less, `within` are up to `last`.
    below, within, halve = 0, bins, False
    while within - below > 1 and last > first:
        middle, left = first + (last - first) // 2, within - below
        if not halve:  # where it would be if the numbers lay evenly
            middle = first + np.int64((last - first) * ((rank + 0.5 - below) / left))
        halve = not halve
        bound, count = np.int32(middle), 0
        for i in range(bins):
            count += words[i] <= bound
        if count > rank:
            last, within = middle, count
        else:
            first, below = middle + 1, count
        if within - below == left:  # nothing was told apart: the bounds go to the numbers
            least, most = last, first
            for i in range(bins):
                word = np.int64(words[i])
                least = min(least, word if word >= first else last)
                most = max(most, word if word <= last else first)
            first, last = least, most
    low = np.uint64(first) << _WORD
    high = (np.uint64(last + 1) << _WORD) - np.uint64(1)
    while True:  # at most 32 times, and hardly ever, since few numbers are left
        least, most = high, low  # of the numbers between the bounds
        for i in range(bins):
            least = min(least, bits[row, i] if bits[row, i] >= low else high)
            most = max(most, bits[row, i] if bits[row, i] <= high else low)
        if within - below == 1 or least >= most:
            break
        low, high = least, most
        middle_bits, count = low + ((high - low) >> np.uint64(1)), 0
        for i in range(bins):
            count += bits[row, i] <= middle_bits
        if count > rank:
            high, within = middle_bits, count
        else:
            low, below = middle_bits + np.uint64(1), count
    found = np.empty(1, np.uint64)
    found[0] = least
    return found.view(np.float64)[0]


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
