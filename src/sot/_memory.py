"""What the C library does with memory that is freed."""

from __future__ import annotations

import functools

import numpy as np

_LARGE = 31 * 2**20  # bytes; GNU's library learns from blocks up to 32 MB


@functools.cache
def keep_freed_memory() -> None:
    """Have the C library keep what is freed, instead of giving it back to the system.

    To have some megabytes mapped anew for every block of frames, page by page and in several
    threads, takes as long as the work on them. GNU's library keeps what is freed up to twice the
    largest block that it has seen freed: so a large one is freed here, which nobody has touched.
    """
    np.empty(_LARGE, np.uint8)
