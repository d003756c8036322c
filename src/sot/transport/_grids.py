"""What is known of the positions of two histograms before they are compared."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Nothing; one grid for all, and p is 1; one grid of even steps.
ANY, SHARED, EVEN = 0, 1, 2


def extended(positions: NDArray[Any]) -> NDArray[np.float64]:
    """Positions of shape (rows, bins) in double precision, the last one twice."""
    return np.concatenate([positions, positions[:, -1:]], axis=1, dtype=np.float64)


def kind_of_grid(x: NDArray[Any], y: NDArray[Any], p: float, cut: bool, eps: float) -> int:
    """Which shortcut extended positions allow: SHARED if p is 1, otherwise EVEN or ANY.

    Steps are even if they are but for rounding, of which `eps` is the unit.
    """
    if cut or len(x) > 1 or not (x is y or np.array_equal(x, y)):
        return ANY
    if p == 1.0:
        return SHARED
    return EVEN if _is_even(x[0, :-1].tobytes(), eps) else ANY


@functools.lru_cache(maxsize=16)  # a loss asks for the same positions in every call
def _is_even(doubles: bytes, eps: float) -> bool:
    positions = np.frombuffer(doubles)
    even = np.linspace(positions[0], positions[-1], len(positions))
    near = 2 * eps * (positions[-1] - positions[0])
    return bool((abs(positions - even) <= near).all())
