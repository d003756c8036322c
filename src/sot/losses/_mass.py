"""Mass rules: from two spectra to the two histograms between which mass is transported."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class MassRule:
    """How the masses of a reference and an estimate are related before transport.

    Args:
        normalize: give the reference mass 1.
        balanced: give the estimate the mass of the reference; otherwise it keeps its ratio to it.
        eps: a frame with at most this mass is silent.
        silent_frames_vote: count frames in which a side is silent. Their missing mass then sits at
            the top bin, since `eps` is added to each mass before dividing by it.
    """

    normalize: bool
    balanced: bool
    eps: float
    silent_frames_vote: bool

    def __call__(self, reference: Tensor, estimate: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Histograms of shape (..., bins) each, and whether each of them votes, shape (...)."""
        mass_x, mass_y, votes = self.masses(reference.sum(-1), estimate.sum(-1))
        mass_x, mass_y = mass_x[..., None], mass_y[..., None]
        if self.normalize:
            reference = reference / mass_x
            estimate = estimate / (mass_y if self.balanced else mass_x)
        elif self.balanced:
            estimate = estimate * (mass_x / mass_y)
        return reference, estimate, votes

    def masses(self, mass_x: Tensor, mass_y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What both are divided by, given their masses, and whether each frame votes."""
        if self.silent_frames_vote:
            return mass_x + self.eps, mass_y + self.eps, torch.ones_like(mass_x, dtype=torch.bool)
        silent = (mass_x <= self.eps) | (mass_y <= self.eps)  # so that a NaN shows
        return mass_x.masked_fill(silent, 1.0), mass_y.masked_fill(silent, 1.0), ~silent
