"""Which path computes: compiled kernels and derivatives of our own, or torch step by step."""

from __future__ import annotations

import contextlib
import importlib.util

import torch
from torch import Tensor

# Whether Numba can be imported; it is not imported here.
NUMBA_IS_THERE = importlib.util.find_spec("numba") is not None

_PLAIN = (Tensor, torch.nn.Parameter)


def kernels_serve(*tensors: Tensor) -> bool:
    """Whether the compiled kernels can do this work.

    They do values and gradients on the CPU, eagerly or in a compiled graph. Other devices,
    `torch.func` transforms, forward-mode derivatives and a missing Numba go the vectorised way.
    """
    if not NUMBA_IS_THERE or any(tensor.device.type != "cpu" for tensor in tensors):
        return False
    return not is_transformed(*tensors)


def is_transformed(*tensors: Tensor) -> bool:
    """Whether derivatives are taken forwards, or `torch.func` transforms what is computed."""
    if torch.compiler.is_compiling():
        return False
    if in_forward_mode():
        return True
    wrapped = torch._C._functorch.is_functorch_wrapped_tensor
    transforms = torch._C._are_functorch_transforms_active()
    return transforms and any(wrapped(tensor) for tensor in tensors)


def can_be_read(*tensors: Tensor) -> bool:
    """Whether these are plain tensors on the CPU, which kernels may read here and now."""
    if torch.compiler.is_compiling() or torch._C._len_torch_dispatch_stack() > 0:
        return False  # somebody watches the operators that are called
    return all(type(tensor) in _PLAIN for tensor in tensors) and kernels_serve(*tensors)


def in_forward_mode() -> bool:
    """Whether derivatives are taken forwards (jvp), for which only torch's own steps are made."""
    return not torch.compiler.is_compiling() and torch.autograd.forward_ad._current_level >= 0


def may_come_back() -> bool:
    """Whether what this backward pass takes may be asked for by another one (`retain_graph`)."""
    asked = getattr(torch._C._autograd, "_get_current_graph_task_keep_graph", None)
    return asked is None or bool(asked())  # torch 2.4 does not tell


def without_autocast(tensor: Tensor) -> contextlib.AbstractContextManager[object]:
    """Arithmetic in the precision of the operands, also where autocast would lower it.

    Tensors that carry shapes but no numbers have no autocast to switch off.
    """
    if tensor.is_meta:
        return contextlib.nullcontext()
    return torch.autocast(tensor.device.type, enabled=False)
