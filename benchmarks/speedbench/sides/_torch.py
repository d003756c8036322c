"""What the sides that use torch share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from speedbench import inputs

Call = Callable[[], tuple[Tensor, Tensor | None]]


def tensor(array: NDArray, dtype: str = "float32") -> Tensor:
    """A tensor of its own memory."""
    return torch.tensor(array, dtype=getattr(torch, dtype))


def audio(clips: int, samples: int, dtype: str = "float32") -> tuple[Tensor, Tensor]:
    """Both batches of audio."""
    x, y = inputs.audio_pair(clips, samples)
    return tensor(x, dtype), tensor(y, dtype)


def with_gradient(function: Callable[[], Tensor], leaf: Tensor) -> Call:
    """A call that gives values and the gradient of their sum."""
    leaf.requires_grad_()

    def run() -> tuple[Tensor, Tensor]:
        value = function()
        (grad,) = torch.autograd.grad(value.sum(), leaf)
        return value, grad

    return run


def operators(call: Call) -> int:
    """How many operators a call uses, forward and backward."""
    with _Counting() as counting:
        call()
    return counting.count


class _Counting(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += 1
        return func(*args, **(kwargs or {}))


def without_gradient(function: Callable[[], Tensor]) -> Call:
    """A call that gives values only."""

    def run() -> tuple[Tensor, None]:
        with torch.no_grad():
            return function(), None

    return run
