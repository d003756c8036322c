"""Filters for blocks of frames, and their transpose, in the manner of :mod:`sot.spectra._blocks`.

NumPy arrays in and out; several threads may use one instance.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sot.spectra._filter_steps import FAINTEST

_GROUPS = 4  # of filters, each multiplied with the bins that any filter in it reaches


class Filtered(NamedTuple):
    """Spectra through filters, and what their derivative needs.

    Attributes:
        spectra: shape (sides, frames, bins).
        coefficients: of the STFT, shape (sides, frames, bins of the STFT).
        limits: shape (sides, frames, 2), see :mod:`sot.spectra._filter_kernels`.
        sums: shape (sides, frames, bins); the spectra themselves, unless they are saliences.
        largest: of the sums of each frame, shape (sides, frames), for saliences.
    """

    spectra: NDArray[Any]
    coefficients: NDArray[Any]
    limits: NDArray[Any]
    sums: NDArray[Any]
    largest: NDArray[Any]


class BlockFilters:
    """What :func:`sot.spectra.filtered_spectrum` does, block by block.

    Most filters reach a part of the bins only: so a few of them at a time are multiplied with the
    part that they reach.

    Args:
        filters: shape (bins of the STFT, bins), in the type of the audio.
        square: see :func:`sot.spectra.filtered_spectrum`, and so the next two.
        salient: likewise.
        noise_floor: likewise.
    """

    def __init__(self, filters: Tensor, square: bool, salient: bool, noise_floor: float) -> None:
        from sot.spectra import _filter_kernels as kernels

        self.salient = salient
        self.noise_floor = noise_floor
        self._how = kernels.FADING if salient else kernels.POWER if square else kernels.MAGNITUDE
        self._bins = filters.shape[1]
        self._groups = []
        values = filters.numpy()
        used = values != 0
        width = -(-self._bins // _GROUPS)
        for first in range(0, self._bins, width):
            columns = slice(first, first + width)
            (reached,) = used[:, columns].any(1).nonzero()
            rows = slice(reached[0], reached[-1] + 1) if len(reached) else slice(0, 0)
            part = torch.from_numpy(np.ascontiguousarray(values[rows, columns]))
            self._groups.append((rows, columns, part))

    def __call__(self, coefficients: NDArray[Any]) -> Filtered:
        """Spectra of coefficients of shape (sides, frames, bins of the STFT)."""
        from sot.spectra import _filter_kernels as kernels

        sides, frames, bins = coefficients.shape
        rows, real = sides * frames, coefficients.real.dtype
        weights, limits = np.empty((rows, bins), real), np.empty((rows, 2), real)
        kernels.read_weights(
            coefficients.reshape(rows, bins), self._how, self.noise_floor, FAINTEST, weights, limits
        )
        left, sums = torch.from_numpy(weights), np.empty((rows, self._bins), real)
        for reached, columns, part in self._groups:
            torch.mm(left[:, reached], part, out=torch.from_numpy(sums)[:, columns])
        spectra, largest = sums, np.empty(rows, real)
        if self.salient:
            spectra = np.empty_like(sums)
            kernels.to_salience(sums, largest, spectra)
        spectra, limits, sums = (
            part.reshape(sides, frames, -1) for part in (spectra, limits, sums)
        )
        return Filtered(spectra, coefficients, limits, sums, largest.reshape(sides, frames))

    def derivative(self, found: Filtered, side: int, slopes: NDArray[Any]) -> NDArray[Any]:
        """Derivative with respect to the coefficients of a side.

        Args:
            found: what was given for the coefficients.
            side: which side of it.
            slopes: derivative with respect to its spectra, shape (frames, bins), which is changed.
        """
        from sot.spectra import _filter_kernels as kernels

        coefficients = found.coefficients[side]
        if self.salient:
            kernels.from_salience(found.sums[side], found.largest[side], slopes)
        left = torch.from_numpy(slopes)
        weights = torch.zeros(coefficients.shape, dtype=left.dtype)
        for reached, columns, part in self._groups:
            weights[:, reached].addmm_(left[:, columns], part.T)
        result: NDArray[Any] = np.empty_like(coefficients)
        kernels.write_gradient(coefficients, self._how, found.limits[side], weights.numpy(), result)
        return result
