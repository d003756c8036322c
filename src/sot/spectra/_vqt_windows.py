"""Products of kernels with the windows of a signal, one window in every hop, and their adjoint."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def padded_to(signal: Tensor, samples: int) -> Tensor:
    """A signal with zeros after its end, if it is shorter than this."""
    missing = samples - signal.shape[-1]
    return functional.pad(signal, (0, missing)) if missing > 0 else signal


def window_products(signal: Tensor, kernels: Tensor, offset: int, hop: int, count: int) -> Tensor:
    """Products (rows, kernels, count) of kernels (kernels, taps) with windows of (rows, samples).

    Window t starts at sample offset + t hop.
    """
    taps = kernels.shape[-1]
    signal = padded_to(signal, offset + (count - 1) * hop + taps)
    windows = signal[:, offset:].unfold(-1, taps, hop)[:, :count]
    return kernels.expand(len(signal), -1, -1) @ windows.transpose(1, 2)


def add_windows(signal: Tensor, products: Tensor, kernels: Tensor, offset: int, hop: int) -> None:
    """Adjoint of :func:`window_products`: add the kernels, weighted, to a signal in place.

    The signal ends no earlier than a whole number of hops that covers all windows, see
    :func:`samples_for`.
    """
    count, taps = products.shape[-1], kernels.shape[-1]
    for first in range(0, taps, hop):  # in pieces that do not overlap
        piece = kernels[:, first : first + hop]
        start = offset + first
        target = signal[:, start : start + count * hop].unflatten(-1, (count, hop))
        target = target[..., : piece.shape[-1]]
        target.baddbmm_(products.transpose(1, 2), piece.expand(len(signal), -1, -1))


def samples_for(offset: int, taps: int, hop: int, count: int) -> int:
    """Samples of a signal in which :func:`add_windows` has room."""
    return offset + (count + (taps - 1) // hop) * hop


def spread_windows(
    products: Tensor, kernels: Tensor, offset: int, hop: int, samples: int
) -> Tensor:
    """Adjoint of :func:`window_products`: a signal (rows, samples)."""
    rows, _, count = products.shape
    wanted = samples_for(offset, kernels.shape[-1], hop, count)
    signal = products.new_zeros(rows, max(samples, wanted))
    add_windows(signal, products, kernels, offset, hop)
    return signal[:, :samples]
