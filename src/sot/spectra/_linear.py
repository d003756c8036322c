"""A linear map with its adjoint as the derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sot._dispatch import in_forward_mode

Map = Callable[[Tensor], Tensor]


def linear(argument: Tensor, forward: Map, adjoint: Map) -> Tensor:
    """Apply a linear map of steps of torch, and its own adjoint in the backward pass.

    Compiled graphs, `torch.func` transforms and forward-mode derivatives take the map as it is.

    Args:
        argument: what is mapped.
        forward: the map; it changes nothing in place.
        adjoint: its adjoint, in which the real and imaginary parts of complex numbers count as two
            real numbers.
    """
    if torch.compiler.is_compiling() or in_forward_mode():
        return forward(argument)
    if torch._C._functorch.is_functorch_wrapped_tensor(argument):
        return forward(argument)
    result: Tensor = _Linear.apply(argument, forward, adjoint)
    return result


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, argument: Tensor, forward: Map, adjoint: Map) -> Tensor:
        ctx.maps = forward, adjoint
        ctx.like = argument.shape, argument.dtype, argument.device
        return forward(argument)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        forward, adjoint = ctx.maps
        if torch._C._functorch.is_legacy_batchedtensor(grad):  # of `is_grads_batched`
            return _step_by_step(grad, forward, *ctx.like), None, None
        return _Linear.apply(grad, adjoint, forward), None, None


def _step_by_step(
    grad: Tensor, forward: Map, shape: torch.Size, dtype: torch.dtype, device: torch.device
) -> Tensor:
    """The adjoint by the derivatives of all steps, which torch can batch."""
    with torch.enable_grad():
        argument = torch.zeros(shape, dtype=dtype, device=device, requires_grad=True)
        result = forward(argument)
    (adjoint,) = torch.autograd.grad(result, argument, grad, create_graph=grad.requires_grad)
    return adjoint
