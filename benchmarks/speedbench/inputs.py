"""The inputs of the benchmark, the same in every environment: NumPy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def audio_pair(clips: int, samples: int) -> tuple[Array, Array]:
    """Two batches of white noise, shape (clips, samples): every bin of every frame has energy."""
    generator = np.random.default_rng(1)
    x, y = generator.standard_normal((2, clips, samples), dtype=np.float32)
    return x, y


def histogram_pair(rows: int, bins: int) -> tuple[Array, Array]:
    """Two batches of positive weights of mass 1, shape (rows, bins)."""
    weights = np.random.default_rng(2).random((2, rows, bins)) + 1e-3
    u, v = (weights / weights.sum(-1, keepdims=True)).astype(np.float32)
    return u, v


def shared_grid(bins: int) -> Array:
    """Evenly spaced positions on [0, 1], shape (bins,)."""
    return np.linspace(0, 1, bins, dtype=np.float32)


def unsorted_supports(rows: int, bins: int) -> tuple[Array, Array]:
    """Positions in no order, others in every row and on either side, shape (rows, bins)."""
    x, y = np.random.default_rng(3).random((2, rows, bins), dtype=np.float32)
    return x, y
