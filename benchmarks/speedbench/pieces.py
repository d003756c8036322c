"""Where the time of this package's loss goes: the operators that torch's profiler saw, grouped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch.autograd.profiler_util import FunctionEvent
from torch.profiler import ProfilerActivity, profile

#: Piece and a part of the name of an operator; the first that fits an operator, or one that it is
#: called by, counts.
PIECES = (
    ("reflected ends", "reflection_pad1d"),
    ("FFT, both sides", "_fft_r2c"),
    ("inverse FFT", "_fft_c2r"),
    ("windowing and overlap-add of the gradient", "TransformedFramesBackward"),
    ("cutting into frames and windowing, both sides", "TransformedFrames"),
    ("scaling of the gradient", "spectral_cost_defaultBackward"),
    ("power, masses, merge, cost and gradient", "spectral_cost"),
    ("checks, reduction, calls", ""),
)


def seconds_by_piece(work: Callable[[], Any], calls: int) -> dict[str, float]:
    """Seconds of a call that each piece takes, a mean over some calls."""
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for _ in range(calls):
            work()
    found = dict.fromkeys((piece for piece, _ in PIECES), 0.0)
    for event in profiler.events():
        found[_piece(event)] += event.self_cpu_time_total * 1e-6 / calls
    return found


def _piece(event: FunctionEvent) -> str:
    names = []
    ancestor: FunctionEvent | None = event
    while ancestor is not None:
        names.append(ancestor.name)
        ancestor = ancestor.cpu_parent
    return next(piece for piece, part in PIECES if any(part in name for name in names))
