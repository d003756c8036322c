"""Pairs of histograms whose transport cost is known in closed form, and others for laws."""

from typing import NamedTuple

import numpy as np
import torch
from hypothesis import strategies as st


class Problem(NamedTuple):
    u_values: list[float]
    v_values: list[float]
    u_weights: list[float]
    v_weights: list[float]
    p: float
    cost: float
    cut: bool = False


def point_masses(p: float) -> Problem:
    """All mass moves by a distance d, which costs d ** p."""
    return Problem([-1.0], [2.5], [1.0], [1.0], p, 3.5**p)


def translation(p: float) -> Problem:
    """A histogram of mass 2 moves by d, which costs 2 d ** p, wherever its bins are."""
    weights = [0.3, 0.0, 1.1, 0.6]
    return Problem(
        [-2.0, 0.0, 0.5, 4.0], [-1.25, 0.75, 1.25, 4.75], weights, weights, p, 2 * 0.75**p
    )


def dilation(p: float) -> Problem:
    """x goes to 3 x, which costs the p-th absolute moment times 2 ** p."""
    values, weights = np.array([-2.0, 0.5, 1.0]), np.array([0.25, 0.5, 0.25])
    cost = float((weights * np.abs(values) ** p).sum() * 2**p)
    return Problem(
        values.tolist(), (3 * values).tolist(), weights.tolist(), weights.tolist(), p, cost
    )


def gathering(p: float) -> Problem:
    """Everything gathers at one point, which costs the p-th absolute moment about it."""
    values, weights = np.array([0.0, 1.0, 5.0, 7.0]), np.array([0.1, 0.2, 0.3, 0.4])
    cost = float((weights * np.abs(values - 4.0) ** p).sum())
    return Problem(values.tolist(), [4.0], weights.tolist(), [1.0], p, cost)


def uniform_grids(p: float) -> Problem:
    """n equal bins in [0, 1) against n equal bins in reverse order, half a step to the right."""
    n = 8
    values = [k / n for k in range(n)]
    moved = [(k + 0.5) / n for k in reversed(range(n))]
    return Problem(values, moved, [1 / n] * n, [1 / n] * n, p, (0.5 / n) ** p)


def lighter_side(p: float) -> Problem:
    """Mass 1 at 0 against mass 0.75: the missing 0.25 stands at the last position, 3."""
    return Problem([0.0], [1.0, 3.0], [1.0], [0.5, 0.25], p, 0.5 + 0.5 * 3.0**p)


def levels_above_one(p: float) -> Problem:
    """The levels end at 0.5, 1 and 1.5; the last interval is left out."""
    return Problem([0.0], [1.0, 2.0, 3.0], [1.5], [0.5, 0.5, 0.5], p, 0.5 + 0.5 * 2.0**p, True)


PROBLEMS = (
    point_masses,
    translation,
    dilation,
    gathering,
    uniform_grids,
    lighter_side,
    levels_above_one,
)


def generic(rows: int, bins: int, mass: float | None = 1.0, dtype=torch.float64):
    """Unsorted positions and positive weights without ties, each of shape (rows, bins)."""
    values = torch.rand(rows, bins, dtype=dtype) * 4 - 2
    weights = torch.rand(rows, bins, dtype=dtype) + 0.1
    if mass is not None:
        weights = weights * (mass / weights.sum(-1, keepdim=True))
    return values, weights


# Positions and weights are multiples of 1/4, so they are full of ties, zeros and single bins, and
# all sums of them are exact.
positions = st.integers(-16, 16).map(lambda k: k / 4)
heights = st.integers(0, 8).map(lambda k: k / 4)


@st.composite
def histogram(draw, max_bins: int = 6):
    """A histogram of positive mass: positions and weights in float64, shape (bins,)."""
    bins = draw(st.integers(1, max_bins))
    values = draw(st.lists(positions, min_size=bins, max_size=bins))
    weights = draw(st.lists(heights, min_size=bins, max_size=bins).filter(any))
    return torch.tensor(values, dtype=torch.float64), torch.tensor(weights, dtype=torch.float64)


@st.composite
def balanced(draw, count: int = 2):
    """Several histograms of equal mass."""
    sides = [draw(histogram()) for _ in range(count)]
    masses = torch.stack([weights.sum() for _, weights in sides])
    return [
        (values, weights * masses.prod() / mass)
        for (values, weights), mass in zip(sides, masses, strict=True)
    ]
