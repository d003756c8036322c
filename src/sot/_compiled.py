"""How kernels are compiled by Numba; only modules of kernels import this."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable[..., Any]) -> Any:
    """Compile for use without the interpreter lock, cached on disk if there is a place for it.

    Sums may be reordered, so that they use the width of the processor; nothing else is relaxed.
    """
    settings: dict[str, Any] = {
        "nogil": True,
        "error_model": "numpy",
        "fastmath": {"reassoc", "contract"},
    }
    try:
        return numba.njit(cache=True, **settings)(function)
    except RuntimeError:  # Numba finds no folder that it may write to
        return numba.njit(**settings)(function)
