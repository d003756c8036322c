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
        mass_x, mass_y = reference.sum(-1, keepdim=True), estimate.sum(-1, keepdim=True)
        if self.silent_frames_vote:
            votes = torch.ones_like(mass_x, dtype=torch.bool)
            mass_x, mass_y = mass_x + self.eps, mass_y + self.eps
        else:
            votes = ~((mass_x <= self.eps) | (mass_y <= self.eps))  # so that a NaN shows
            mass_x, mass_y = torch.where(votes, mass_x, 1.0), torch.where(votes, mass_y, 1.0)
        if self.normalize:
            reference = reference / mass_x
            estimate = estimate / (mass_y if self.balanced else mass_x)
        elif self.balanced:
            estimate = estimate * (mass_x / mass_y)
        return reference, estimate, votes.squeeze(-1)
