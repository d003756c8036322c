"""Windowed frames and their Fourier transform, with a backward pass of its own.

The transpose of cutting a signal into frames is to add the frames up where they overlap, and that
of a real transform is nearly its inverse: together much cheaper than differentiating each step.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from sot._dispatch import in_forward_mode


def transformed_frames(
    signal: Tensor, window: Tensor, fft_size: int, hop_length: int, frames: int
) -> Tensor:
    """Fourier transform of the windowed frames of a signal.

    Args:
        signal: shape (rows, samples); frame t starts at t * hop_length.
        window: shape (frame_length,), constant.
        fft_size: samples of the transform, at least frame_length.
        hop_length: samples from one frame to the next.
        frames: number of frames.

    Returns:
        Complex, shape (rows, frames, fft_size // 2 + 1), differentiable to any order in the signal.
    """
    settings = (signal, window, fft_size, hop_length, frames)
    if in_forward_mode():
        return transform_frames(*settings)  # forward-mode derivatives go step by step
    result: Tensor = _TransformedFrames.apply(*settings)
    return result


def transform_frames(
    signal: Tensor, window: Tensor, fft_size: int, hop_length: int, frames: int
) -> Tensor:
    """:func:`transformed_frames` without derivatives of its own."""
    framed = signal.unfold(-1, window.shape[0], hop_length)[..., :frames, :]
    spectrum: Tensor = torch.fft.rfft(framed * window, n=fft_size)
    return spectrum


class _TransformedFrames(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(
        signal: Tensor, window: Tensor, fft_size: int, hop_length: int, frames: int
    ) -> Tensor:
        return transform_frames(signal, window, fft_size, hop_length, frames)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        del output
        signal, window, fft_size, hop_length, _ = inputs
        ctx.transposed = (signal.shape[-1], fft_size, hop_length)
        ctx.save_for_backward(window)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        (window,) = ctx.saved_tensors
        return transpose_frames(grad, window, *ctx.transposed), None, None, None, None


def transpose_frames(
    grad: Tensor, window: Tensor, samples: int, fft_size: int, hop_length: int
) -> Tensor:
    """The transpose of :func:`transform_frames`: (rows, frames, bins) to (rows, samples)."""
    length = window.shape[0]
    half = 0.5 * window
    # The inverse transform counts every bin twice, except for the two that have no mirror image.
    # With those two doubled, half of it is the sum that is wanted; the half is in the window.
    doubled = grad.clone()
    doubled[..., 0].mul_(2)
    if fft_size % 2 == 0:
        doubled[..., -1].mul_(2)
    inverse = torch.fft.irfft(doubled, n=fft_size, norm="forward")[..., :length]
    total = _overlap_add(inverse * half, hop_length)
    return functional.pad(total, (0, samples - total.shape[-1]))


def _overlap_add(pieces: Tensor, hop_length: int) -> Tensor:
    """Sum of frames (rows, frames, length), each a hop later than the one before."""
    frames, length = pieces.shape[-2:]
    overlap = -(-length // hop_length)
    missing = overlap * hop_length - length
    parts = functional.pad(pieces, (0, missing)) if missing else pieces
    parts = parts.unflatten(-1, (overlap, hop_length))
    total = pieces.new_zeros(*pieces.shape[:-2], frames + overlap - 1, hop_length)
    for part in range(overlap):
        total[..., part : part + frames, :].add_(parts[..., part, :])
    return total.flatten(-2)[..., : (frames - 1) * hop_length + length]
