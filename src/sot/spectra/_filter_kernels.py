"""Compiled kernels of filtered spectra: what comes before and after the product with the filters.

All values have the precision of the audio.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sot._compiled import compiled, inner
from sot.spectra._median_kernels import median

#: What is filtered: powers, magnitudes, or magnitudes that fade out where they are faint.
POWER, MAGNITUDE, FADING = 0, 1, 2


@inner
def _magnitude(value: Any) -> Any:
    """Magnitude, also of numbers whose squares are beyond single precision."""
    real, imaginary = np.float64(value.real), np.float64(value.imag)
    return np.sqrt(real * real + imaginary * imaginary)


@compiled
def read_weights(
    spectrum: Any, how: int, floor: float, faintest: float, weights: Any, limits: Any
) -> None:
    """What is filtered, of complex spectra.

    Args:
        spectrum: shape (rows, bins).
        how: which weights.
        floor: how many times the median of a row is taken off its weights.
        faintest: share of the largest power below which magnitudes fade out.
        weights: result, shape (rows, bins).
        limits: result, shape (rows, 2): the floor of each row, and the power that is faint.
    """
    bins = spectrum.shape[1]
    ordered = np.empty((1, bins))
    zero = weights.dtype.type(0)
    for index in range(len(spectrum)):
        frame, row = spectrum[index], weights[index]
        largest = zero
        if how == MAGNITUDE:
            for i in range(bins):
                row[i] = _magnitude(frame[i])
        else:
            for i in range(bins):
                value = frame[i]
                row[i] = value.real * value.real + value.imag * value.imag
            for i in range(bins):
                largest = max(largest, row[i])
        limits[index, 0], limits[index, 1] = 0.0, faintest * largest + 1e-30
        if floor > 0.0:
            for i in range(bins):
                ordered[0, i] = row[i]
            limits[index, 0] = floor * median(ordered, 0)
            least = limits[index, 0]
            for i in range(bins):
                row[i] = max(row[i] - least, zero)
        if how == FADING:
            faint = limits[index, 1]
            root = np.sqrt(faint)
            for i in range(bins):
                row[i] = np.sqrt(row[i] + faint) - root


@compiled
def write_gradient(spectrum: Any, how: int, limits: Any, slopes: Any, gradient: Any) -> None:
    """Derivative with respect to the spectrum, from that with respect to its weights.

    Args:
        spectrum: see :func:`read_weights`, and so the next two.
        how: likewise.
        limits: likewise.
        slopes: derivative with respect to the weights, shape (rows, bins).
        gradient: result, shape (rows, bins), complex.
    """
    zero = slopes.dtype.type(0)
    for index in range(len(spectrum)):
        frame, row, result = spectrum[index], slopes[index], gradient[index]
        least, faint = limits[index, 0], limits[index, 1]
        for i in range(spectrum.shape[1]):
            value, rise = frame[i], row[i]
            if how == MAGNITUDE:
                weight = _magnitude(value)
                rise = rise / weight if weight > 0.0 else 0.0
            else:
                weight = value.real * value.real + value.imag * value.imag
                if how == FADING:
                    rise = rise / np.sqrt(max(weight - least, zero) + faint)
                else:
                    rise = rise + rise
            above = weight > least or least == zero  # what has underflowed to 0 keeps its slope
            result[i] = value * (rise if above else zero)


@compiled
def to_salience(sums: Any, largest: Any, salience: Any) -> None:
    """Eighth power of what is positive, divided by the largest of the row.

    Args:
        sums: shape (rows, bins).
        largest: result of shape (rows,), 1 where nothing is positive.
        salience: result, shape (rows, bins).
    """
    zero = sums.dtype.type(0)
    for index in range(len(sums)):
        row, result, most = sums[index], salience[index], zero
        for i in range(sums.shape[1]):
            most = max(most, row[i])
        largest[index] = most if most > zero else 1.0
        most = largest[index]
        for i in range(sums.shape[1]):
            share = zero if row[i] < zero else row[i] / most
            square = share * share
            result[i] = square * square * square * square


@compiled
def from_salience(sums: Any, largest: Any, slopes: Any) -> None:
    """Derivative with respect to the sums in place of that with respect to their salience.

    Args:
        sums: see :func:`to_salience`, and so the next.
        largest: likewise.
        slopes: derivative with respect to the salience, which is replaced; shape (rows, bins).
    """
    zero = sums.dtype.type(0)
    for index in range(len(sums)):
        row, slope, most = sums[index], slopes[index], largest[index]
        eight = sums.dtype.type(8) / most
        highest, moment = 0, 0.0
        for i in range(sums.shape[1] - 1, -1, -1):
            highest = i if row[i] == most else highest
        for i in range(sums.shape[1]):
            share = zero if row[i] < zero else row[i] / most
            square = share * share
            rise = slope[i] * (square * square * square * share)
            moment += rise * share
            slope[i] = eight * rise
        slope[highest] -= eight * moment  # all are divided by the highest
