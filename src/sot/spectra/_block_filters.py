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
    """Spectra of one side through filters, and what their derivative needs.

    Attributes:
        spectra: shape (frames, bins).
        coefficients: of the STFT, shape (frames, bins of the STFT).
        limits: shape (frames, 2), see :mod:`sot.spectra._filter_kernels`.
        sums: shape (frames, bins); the spectra themselves, unless they are saliences.
        largest: of the sums of each frame, shape (frames,), for saliences.
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
            part = np.ascontiguousarray(values[rows, columns])
            self._groups.append((rows, columns, torch.from_numpy(part).clone()))

    def __call__(self, coefficients: NDArray[Any]) -> Filtered:
        """Spectra of coefficients of shape (frames, bins of the STFT)."""
        from sot.spectra import _filter_kernels as kernels

        (frames, _), real = coefficients.shape, coefficients.real.dtype
        # Products are rounded by where in memory they lie: torch has one alignment for all.
        left = torch.empty(coefficients.shape, dtype=torch.from_numpy(coefficients).real.dtype)
        result, limits = left.new_empty(frames, self._bins), np.empty((frames, 2), real)
        kernels.read_weights(
            coefficients, self._how, self.noise_floor, FAINTEST, left.numpy(), limits
        )
        for reached, columns, part in self._groups:
            torch.mm(left[:, reached], part, out=result[:, columns])
        spectra = sums = result.numpy()
        largest = np.empty(frames, real)
        if self.salient:
            spectra = np.empty_like(sums)
            kernels.to_salience(sums, largest, spectra)
        return Filtered(spectra, coefficients, limits, sums, largest)

    def derivative(self, found: Filtered, slopes: NDArray[Any]) -> NDArray[Any]:
        """Derivative with respect to the coefficients.

        Args:
            found: what was given for the coefficients.
            slopes: derivative with respect to its spectra, shape (frames, bins), which is changed.
        """
        from sot.spectra import _filter_kernels as kernels

        if self.salient:
            kernels.from_salience(found.sums, found.largest, slopes)
        left = torch.from_numpy(slopes)
        weights = torch.zeros(found.coefficients.shape, dtype=left.dtype)
        for reached, columns, part in self._groups:
            weights[:, reached].addmm_(left[:, columns], part.T)
        result: NDArray[Any] = np.empty_like(found.coefficients)
        kernels.write_gradient(found.coefficients, self._how, found.limits, weights.numpy(), result)
        return result
