"""Compiled kernel for the medians of frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from sot._compiled import compiled, inner

_WORD = 32  # bits of the upper half of a number


@inner
def median(values: Any, row: int) -> Any:
    """The lower median of a row of non-negative float64 numbers.

    Their bits are in their order, so that the bits of the median are found between two bounds that
    close in on it; every step counts the numbers on one side, at the processor's width. Only the
    upper halves of the bits are looked at, which leaves few numbers to tell apart, and mostly one.
    What is as wide as these halves stays so: wider counts take twice the time.
    """
    bits = values.view(np.int64)
    bins = values.shape[1]
    rank = (bins - 1) // 2
    words = np.empty(bins, np.int32)
    for i in range(bins):
        words[i] = np.int32(bits[row, i] >> _WORD)
    least, most = np.int32(0x7FFFFFFF), np.int32(0)
    for i in range(bins):
        least, most = min(least, words[i]), max(most, words[i])
    # The median is from `first` to `last`; `below` numbers are less, `within` are up to `last`.
    first, last, below, within, turn = np.int64(least), np.int64(most), 0, bins, 0
    while within - below > 1 and last > first:
        middle, left = first + (last - first) // 2, within - below
        if turn % 4 < 3:  # where it would be if the numbers lay evenly
            middle = first + np.int64((last - first) * ((rank + 0.5 - below) / left))
        turn += 1
        bound, count = np.int32(middle), np.int32(0)
        for i in range(bins):
            count = np.int32(count + (words[i] <= bound))
        if count > rank:
            last, within = middle, np.int64(count)
        else:
            first, below = middle + 1, np.int64(count)
        if within - below == left:  # nothing was told apart: the bounds go to the numbers
            low, high = np.int32(first), np.int32(last)
            least, most = high, low
            for i in range(bins):
                least = min(least, words[i] if words[i] >= low else high)
                most = max(most, words[i] if words[i] <= high else low)
            first, last = np.int64(least), np.int64(most)
    if within - below > 1:
        return _lower_half(values, bits, row, first, rank)
    low, high, place = np.int32(first), np.int32(last), np.int32(0)
    for i in range(bins):
        place = max(place, np.int32(i) if low <= words[i] and words[i] <= high else np.int32(0))
    return values[row, place]


@inner
def _lower_half(values: Any, bits: Any, row: int, word: int, rank: int) -> Any:
    """The number of that rank in a row, of which the upper half of the bits is known."""
    low = word << _WORD
    high = low + (np.int64(1) << _WORD) - 1
    while low < high:  # at most 32 times, and hardly ever, since few numbers are left
        middle, count = low + ((high - low) >> 1), 0
        for i in range(values.shape[1]):
            count += bits[row, i] <= middle
        if count > rank:
            high = middle
        else:
            low = middle + 1
    found = 0
    for i in range(values.shape[1]):
        found = i if bits[row, i] == low else found
    return values[row, found]


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
