"""Operators of torch around compiled kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_type_hints

import torch
from torch import Tensor

from sot._dispatch import can_be_read


class Operator:
    """A function of tensors with a fake and a derivative of its own.

    In graphs it is a custom operator. Tensors that are there go to the function at once: to pass
    through torch's registry would take longer than a small batch, and load the compiler.

    Args:
        name: of the custom operator, with its namespace.
        forward: the function, with annotations from which its schema follows.
        fake: results without numbers, for the same arguments.
        setup: `setup_context` as in :class:`torch.autograd.Function`.
        backward: likewise.
    """

    def __init__(
        self,
        name: str,
        forward: Callable[..., Any],
        fake: Callable[..., Any],
        setup: Callable[..., None],
        backward: Callable[..., Any],
    ) -> None:
        # Older versions of torch do not look up the names of types.
        forward.__annotations__ = get_type_hints(forward)
        self.custom = torch.library.custom_op(name, forward, mutates_args=())
        self.custom.register_fake(fake)
        self.custom.register_autograd(backward, setup_context=setup)

        def both(ctx: Any, *arguments: Any) -> Any:
            results = forward(*arguments)
            setup(ctx, arguments, results)
            return results

        # With a `setup_context` of its own torch would look at the signature in every call.
        methods = {"forward": staticmethod(both), "backward": staticmethod(backward)}
        self._function: Any = type(forward.__name__, (torch.autograd.Function,), methods)

    def __call__(self, *arguments: Any) -> Any:
        """The results of the function, differentiable."""
        tensors = (argument for argument in arguments if isinstance(argument, Tensor))
        return (self._function.apply if can_be_read(*tensors) else self.custom)(*arguments)
