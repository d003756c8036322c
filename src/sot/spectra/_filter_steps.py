"""From the coefficients of an STFT to a spectrum through filters, step by step."""

from __future__ import annotations

import torch
from torch import Tensor

from sot.spectra._base import above_floor, magnitude_or_power

FAINTEST = 1e-6  # of the largest power in a frame: below it, magnitudes fade out for a salience


def filtered_spectrum(
    coefficients: Tensor, filters: Tensor, square: bool, salient: bool, noise_floor: float
) -> Tensor:
    """Sums of the bins of an STFT, or the salience that combs find in it.

    Args:
        coefficients: complex, shape (..., frames, bins of the STFT).
        filters: shape (bins of the STFT, bins).
        square: filter powers instead of magnitudes; a salience is always that of magnitudes.
        salient: give the salience, see :class:`~sot.spectra.HarmonicSalience`.
        noise_floor: take so many times the median of a frame off its bins before.

    Returns:
        Shape (..., frames, bins), differentiable to any order in the coefficients.
    """
    if salient:
        return _salience(coefficients, filters, noise_floor)
    return above_floor(magnitude_or_power(coefficients, square), noise_floor) @ filters


def _salience(coefficients: Tensor, combs: Tensor, noise_floor: float) -> Tensor:
    power = magnitude_or_power(coefficients, square=True)
    # Next to the largest bin of a frame, the root of what is faint is replaced by its tangent.
    faint = FAINTEST * power.detach().amax(-1, keepdim=True) + 1e-30
    power = above_floor(power, noise_floor)
    sums = (((power + faint).sqrt() - faint.sqrt()) @ combs).clamp(min=0.0)
    largest = sums.gather(-1, sums.detach().argmax(-1, keepdim=True))
    shares = sums / torch.where(largest > 0, largest, 1.0)
    return shares.square().square().square()
