"""How kernels are compiled by Numba; only modules of kernels import this."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

#: What becomes part of a compiled kernel: functions, constants and settings.
_SOURCES = ("*_kernels.py", "_grids.py", "_compiled.py")


def compiled(function: Callable[..., Any]) -> Any:
    """Compile for use without the interpreter lock, cached on disk if there is a place for it.

    Sums may be reordered, so that they use the width of the processor; nothing else is relaxed.
    """
    return _compiled(function)


def inner(function: Callable[..., Any]) -> Any:
    """:func:`compiled` for what only other kernels call: done sooner, but no call for Python."""
    return _compiled(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def _compiled(function: Callable[..., Any], **settings: Any) -> Any:
    settings |= {
        "nogil": True,
        "error_model": "numpy",
        "fastmath": {"reassoc", "contract"},
    }
    try:
        kernel = numba.njit(cache=True, **settings)(function)
    except RuntimeError:  # Numba finds no folder that it may write to
        return numba.njit(**settings)(function)
    # Numba renews what it has cached of a kernel when the file of the kernel changes. That holds
    # the functions which the kernel calls as well, so it has to be renewed with their files too.
    index = getattr(getattr(kernel, "_cache", None), "_cache_file", None)
    if index is not None:  # as it is where NUMBA_DISABLE_JIT is set
        index._source_stamp = (index._source_stamp, _sources())
    return kernel


@functools.cache
def _sources() -> str:
    """A digest of the files of all kernels."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted(path for pattern in _SOURCES for path in folder.rglob(pattern)):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
