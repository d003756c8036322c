"""Where the energy of frames has to move: the plan of a loss, with its rules of masses."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from sot.losses import transport_plan_1d
from sot.report.scale import Scale

_ROUNDING = 1e-6  # by which a mass of 1 may be missed


class Moves(NamedTuple):
    """Moves of energy that turn the estimate of each frame into its reference.

    Attributes:
        sources: bins of the estimate, shape (frames, entries).
        targets: bins of the reference, likewise.
        mass: how much is moved, likewise; 0 for entries that are padding or that the loss leaves
            out.
        distance: how far, in the unit of the scale, positive upwards, likewise.
    """

    sources: Tensor
    targets: Tensor
    mass: Tensor
    distance: Tensor

    def mean_distance(self) -> Tensor:
        """Mean move of the energy of each frame, shape (frames,); NaN where there is none."""
        return (self.mass * self.distance).sum(-1) / self.mass.sum(-1)

    def by_source(self, bins: int) -> tuple[Tensor, Tensor]:
        """Mass times distance, and mass, of each bin of the estimate, shape (frames, bins)."""
        empty = self.mass.new_zeros(len(self.mass), bins)
        moved = empty.scatter_add(-1, self.sources, self.mass * self.distance)
        return moved, empty.scatter_add(-1, self.sources, self.mass)


def moves_between(reference: Tensor, estimate: Tensor, scale: Scale, beyond: bool = True) -> Moves:
    """The moves of a loss between histograms.

    Args:
        reference: histograms, shape (frames, bins). Unequal masses are completed at the top.
        estimate: likewise.
        scale: where their bins lie.
        beyond: count what lies above a cumulative mass of 1.
    """
    reference, estimate = reference.double(), estimate.double()
    if scale.circular:
        return _around(reference, estimate, scale)
    positions, heights = torch.tensor(scale.positions), torch.tensor(scale.heights)
    plan = transport_plan_1d(positions, positions, reference, estimate, require_sort=False)
    mass = plan.mass
    if not beyond:
        mass = torch.where(mass.cumsum(-1) <= 1 + _ROUNDING, mass, 0.0)
    distance = heights[plan.rows] - heights[plan.columns]
    return Moves(plan.columns, plan.rows, mass, distance)


def _around(reference: Tensor, estimate: Tensor, scale: Scale) -> Moves:
    """The moves on a circle, which is cut where the best plan moves nothing across.

    The difference of the cumulative masses less its median over the circle is what moves across
    each point, so it is cut on an arc on which the difference is the median.
    """
    ascending, order = (torch.tensor(scale.positions) % 1).sort(stable=True)
    u, v = reference[:, order], estimate[:, order]
    arcs = torch.cat([ascending.diff(), 1 - ascending[-1:] + ascending[:1]]).expand_as(u)
    ranks = (u - v).cumsum(-1).argsort(dim=-1, stable=True)
    lengths = arcs.gather(-1, ranks).cumsum(-1)
    middle = (lengths < 0.5).sum(-1, keepdim=True).clamp(max=u.shape[-1] - 1)
    places = ranks.gather(-1, middle) + 1 + torch.arange(u.shape[-1])
    turned = places % u.shape[-1]
    unrolled = ascending[turned] + (places >= u.shape[-1])
    plan = transport_plan_1d(
        unrolled, unrolled, u.gather(-1, turned), v.gather(-1, turned), require_sort=False
    )
    turn = 12.0 if scale.is_octave else 1.0
    distance = turn * (unrolled.gather(-1, plan.rows) - unrolled.gather(-1, plan.columns))
    sources, targets = (order[turned.gather(-1, index)] for index in (plan.columns, plan.rows))
    return Moves(sources, targets, plan.mass, distance)
