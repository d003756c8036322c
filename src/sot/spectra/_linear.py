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
        return forward(argument)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        forward, adjoint = ctx.maps
        return _Linear.apply(grad, adjoint, forward), None, None
