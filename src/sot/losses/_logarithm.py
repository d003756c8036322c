"""Logarithm of weights, with a slope that stays a number."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from sot._dispatch import in_forward_mode


def log_weights(weights: Tensor, eps: float) -> Tensor:
    """log(1 + weight / eps), of non-negative weights of any shape.

    The slope of faint weights is 1 / eps. Times a slope that is large already it may be beyond the
    range of numbers, though what follows makes it small again: so derivatives are bounded here, so
    far below the largest number that a Fourier transform may add them up.
    """
    if in_forward_mode():
        return torch.log1p(weights / eps)
    result: Tensor = _Logarithm.apply(weights, eps)
    return result


class _Logarithm(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(weights: Tensor, eps: float) -> Tensor:
        return torch.log1p(weights / eps)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, float], output: Tensor) -> None:
        del output
        weights, ctx.eps = inputs
        ctx.save_for_backward(weights)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (weights,) = ctx.saved_tensors
        most = torch.finfo(grad.dtype).max ** 0.75
        return (grad / (weights + ctx.eps)).clamp(-most, most), None
