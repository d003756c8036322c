"""From one value per frame to the result that was asked for."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from sot import _checks

Reduction = Literal["mean", "sum", "none", "batch"]
REDUCTIONS = ("mean", "sum", "none", "batch")


def checked_reduction(reduction: str, reduce: bool | None) -> Reduction:
    """A reduction by name; `reduce` is the replaced package's way to say 'mean' or 'none'."""
    _checks.choice("reduction", reduction, REDUCTIONS)
    if reduce is None:
        return reduction  # type: ignore[return-value]
    meant: Reduction = "mean" if _checks.flag("reduce", reduce) else "none"
    if reduction not in ("mean", meant):
        expected = f"no contradiction to reduction={reduction!r}"
        _checks.fail("reduce", expected, f"{reduce}, which is {meant!r}", "leave out reduce")
    return meant


def reduce_frames(values: Tensor, votes: Tensor, reduction: Reduction) -> Tensor:
    """Reduce values of shape (batch, channels, frames) over the frames that vote.

    Args:
        values: shape (batch, channels, frames).
        votes: the weight of the vote of each frame, or whether it votes, of the same shape.
        reduction: see the losses.

    Returns:
        A scalar for 'mean' and 'sum', (batch,) for 'batch', and for 'none' the values with zeros
        where a frame does not vote. A mean over no frame is 0.
    """
    if reduction == "none":
        return torch.where(votes > 0, values, 0.0)
    return reduce_clips(*clip_sums(values, votes), reduction)


def clip_sums(values: Tensor, votes: Tensor) -> tuple[Tensor, Tensor]:
    """Sums over the frames that vote, of values and of votes, shape (batch, channels) each."""
    votes = votes.to(values.dtype)
    return (values.masked_fill(votes <= 0, 0.0) * votes).sum(-1), votes.sum(-1)


def reduce_clips(sums: Tensor, votes: Tensor, reduction: Reduction) -> Tensor:
    """:func:`reduce_frames` from sums over the frames, of values and votes: (batch, channels)."""
    if reduction == "sum":
        return sums.sum()
    if reduction == "batch":
        sums, votes = sums.sum(-1), votes.sum(-1)
    else:
        sums, votes = sums.sum(), votes.sum()
    return sums / votes.masked_fill(votes <= 0, 1.0)
