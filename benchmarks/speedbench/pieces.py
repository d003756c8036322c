"""Where the time of this package's loss goes: the functions that do the work, each with a clock."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import torch

#: Piece, and the module and name of the function that does it.
PIECES = (
    ("cutting into frames and windowing, both sides", "sot.spectra._frame_kernels", "cut_frames"),
    ("FFT, both sides", "torch.fft", "rfft"),
    ("power, masses, merge, cost and gradient", "sot.losses._fused_kernels", "fused_rows"),
    ("inverse FFT", "torch.fft", "irfft"),
    ("windowing and overlap-add of the gradient", "sot.spectra._frame_kernels", "add_frames"),
    ("scaling of the gradient", "sot.losses._streamed", "scaled_rows"),
)
REST = "checks, reduction, calls"


def seconds_by_piece(work: Callable[[], Any], calls: int) -> dict[str, float]:
    """Seconds of a call that each piece takes on one thread, a mean over some calls."""
    found = dict.fromkeys((piece for piece, _, _ in PIECES), 0.0)
    with ExitStack() as stack:
        stack.enter_context(_one_thread())
        for piece, module, name in PIECES:
            owner = importlib.import_module(module)
            stack.enter_context(
                mock.patch.object(owner, name, _timed(getattr(owner, name), piece, found))
            )
        start = time.perf_counter()
        for _ in range(calls):
            work()
        total = time.perf_counter() - start
    found[REST] = total - sum(found.values())
    return {piece: seconds / calls for piece, seconds in found.items()}


def _timed(function: Callable[..., Any], piece: str, found: dict[str, float]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            found[piece] += time.perf_counter() - start

    return run


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
