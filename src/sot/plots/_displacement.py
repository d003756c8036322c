"""How far the energy of each bin has to move, frame by frame."""

from __future__ import annotations

import torch
from torch import Tensor

from sot.transport import transport_plan_1d

_ENTRIES = 1 << 20  # of plans at a time, so that a long spectrogram needs no more memory


def displacements(positions: Tensor, source: Tensor, target: Tensor) -> Tensor:
    """Mean move of the energy of each bin of one spectrogram by the plan to another.

    Args:
        positions: of the bins in any unit, shape (bins,), ascending.
        source: spectrogram (frames, bins), non-negative; each frame is scaled to mass 1.
        target: likewise.

    Returns:
        Signed moves in the unit of the positions, shape (frames, bins); NaN in bins without energy
        and in frames in which either side is silent.
    """
    block = max(1, _ENTRIES // (2 * positions.shape[-1]))
    parts = [
        _moves(positions, u, v)
        for u, v in zip(source.split(block), target.split(block), strict=True)
    ]
    return torch.cat(parts)


def _moves(positions: Tensor, source: Tensor, target: Tensor) -> Tensor:
    masses = [side.sum(-1, keepdim=True) for side in (source, target)]
    u, v = (
        side / torch.where(mass > 0, mass, 1.0)
        for side, mass in zip((source, target), masses, strict=True)
    )
    plan = transport_plan_1d(positions, positions, u, v, require_sort=False)
    moved = plan.mass * (positions[plan.columns] - positions[plan.rows])
    totals = torch.zeros_like(u).scatter_add_(-1, plan.rows, moved)
    carried = torch.zeros_like(u).scatter_add_(-1, plan.rows, plan.mass)
    heard = (u > 0) & (masses[1] > 0)
    return torch.where(heard, totals / carried, torch.nan)
