"""Products of kernels with the windows of a signal, one window in every hop, and their adjoint."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def padded_to(signal: Tensor, samples: int) -> Tensor:
    """A signal with zeros after its end, if it is shorter than this."""
    missing = samples - signal.shape[-1]
    return functional.pad(signal, (0, missing)) if missing > 0 else signal


def window_products(signal: Tensor, kernels: Tensor, offset: int, hop: int, count: int) -> Tensor:
    """Products (rows, count, kernels) of kernels (kernels, taps) with windows of (rows, samples).

    Window t starts at sample offset + t hop.
    """
    taps = kernels.shape[-1]
    signal = padded_to(signal, offset + (count - 1) * hop + taps)
    windows = signal[:, offset:].unfold(-1, taps, hop)[:, :count]
    return windows @ kernels.T.expand(signal.shape[0], -1, -1)


def spread_windows(
    products: Tensor, kernels: Tensor, offset: int, hop: int, signal: Tensor
) -> None:
    """Adjoint of :func:`window_products`: add kernels, weighted, to a signal in place.

    The signal has at least :func:`samples_for` samples.
    """
    count, taps = products.shape[1], kernels.shape[-1]
    for first in range(0, taps, hop):  # in pieces that do not overlap
        piece = kernels[:, first : first + hop]
        start = offset + first
        target = signal[:, start : start + count * hop].unflatten(-1, (count, hop))
        target[..., : piece.shape[-1]].baddbmm_(products, piece.expand(signal.shape[0], -1, -1))


def samples_for(offset: int, taps: int, hop: int, count: int) -> int:
    """Samples that a signal needs to hold all windows in whole hops."""
    return offset + (count + (taps - 1) // hop) * hop
