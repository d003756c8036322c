"""The fused path: from the spectra of both sides to costs and gradients in one pass over a frame.

The one place where a complex spectrum and a merge meet.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from sot._operators import Operator
from sot._threads import scaled_rows, share_rows
from sot.losses._mass import MassRule
from sot.losses._steps import cost_in_steps
from sot.transport import highest_level
from sot.transport._grids import extended, kind_of_grid


def fused_cost(
    x: Tensor,
    y: Tensor,
    x_positions: Tensor,
    y_positions: Tensor,
    square: bool,
    rule: MassRule,
    p: float,
    cut: bool,
) -> tuple[Tensor, Tensor]:
    """:func:`sot.losses._steps.cost_in_steps` on positions that are constant and shared."""
    gradients = torch.is_grad_enabled()
    cost, votes, _, _ = spectral_cost(
        x.reshape(-1, x.shape[-1]),
        y.reshape(-1, y.shape[-1]),
        x_positions,
        y_positions,
        square,
        rule.normalize,
        rule.balanced,
        rule.silent_frames_vote,
        rule.eps,
        p,
        cut,
        gradients and x.requires_grad,
        gradients and y.requires_grad,
    )
    return cost.reshape(x.shape[:-1]), votes.reshape(x.shape[:-1])


def _spectral_cost(
    x: Tensor,
    y: Tensor,
    x_positions: Tensor,
    y_positions: Tensor,
    square: bool,
    normalize: bool,
    balanced: bool,
    silent_vote: bool,
    eps: float,
    p: float,
    cut: bool,
    with_x: bool,
    with_y: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Cost and vote of each row, and the derivatives of the cost where they are wanted."""
    from sot.losses import _fused_kernels as kernels

    rows, n = x.shape
    costs = np.empty(rows)
    votes = np.ones(rows)
    x_grad, y_grad = _room_for_gradient(x, with_x), _room_for_gradient(y, with_y)
    spectra = [kernels.parts(side.detach().resolve_conj().contiguous().numpy()) for side in (x, y)]
    positions = [extended(side.detach().numpy()[None]) for side in (x_positions, y_positions)]
    how = [
        (kernels.POWER if square else kernels.MAGNITUDE) if side.is_complex() else kernels.AS_IT_IS
        for side in (x, y)
    ]
    top = highest_level(cut, x.real.dtype)
    gains = np.ones(max(n, y.shape[1]))
    grid = kind_of_grid(positions[0], positions[1], p, cut, torch.finfo(x_positions.dtype).eps)
    gradients = [kernels.parts(result.numpy()) for result in (x_grad, y_grad)]

    def work(start: int, stop: int) -> None:
        kernels.fused_rows(
            *spectra, np.empty((0, n)), *positions, *how, 0, 0, gains, 0.0, p, top, grid, False,
            normalize, balanced, silent_vote, eps, costs, votes, *gradients, start, stop,
        )  # fmt: skip

    share_rows(work, rows, n + y.shape[1])
    cost = torch.from_numpy(costs).to(x.real.dtype)
    return cost, torch.from_numpy(votes > 0.0), x_grad, y_grad


def _fake(x: Tensor, y: Tensor, *settings: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    with_x, with_y = settings[-2:]
    return (
        x.new_empty(x.shape[0], dtype=x.real.dtype),
        x.new_empty(x.shape[0], dtype=torch.bool),
        _room_for_gradient(x, with_x),
        _room_for_gradient(y, with_y),
    )


def _room_for_gradient(side: Tensor, wanted: bool) -> Tensor:
    """Where the derivative with respect to one side goes; it has no rows if it is not wanted."""
    return side.new_empty(side.shape[0] if wanted else 0, side.shape[1])


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    x, y, x_positions, y_positions, *ctx.settings, with_x, with_y = inputs
    ctx.set_materialize_grads(False)  # no zeros for the outputs that nobody differentiates
    ctx.wanted = (with_x, with_y)
    ctx.save_for_backward(x, y, x_positions, y_positions, *output[2:])


def _backward(ctx: Any, grad: Tensor | None, *_: Any) -> tuple[Tensor | None, ...]:
    if grad is None:
        return (None,) * 13
    x, y, x_positions, y_positions, *slopes = ctx.saved_tensors
    if torch.is_grad_enabled() and not torch.compiler.is_compiling():
        # Somebody will differentiate once more: hand out derivatives that can be.
        square, normalize, balanced, silent_vote, eps, p, cut = ctx.settings
        rule = MassRule(normalize, balanced, eps, silent_vote)
        cost = cost_in_steps(x, y, x_positions, y_positions, square, rule, p, cut)[0]
        sides = [side for side, wanted in zip((x, y), ctx.wanted, strict=True) if wanted]
        found = iter(torch.autograd.grad(cost, sides, grad, create_graph=True))
        grads = [next(found) if wanted else None for wanted in ctx.wanted]
    else:
        grads = [
            scaled_rows(slope, grad) if wanted else None
            for slope, wanted in zip(slopes, ctx.wanted, strict=True)
        ]
    return *grads, *(None,) * 11


spectral_cost = Operator("sot::spectral_cost", _spectral_cost, _fake, _setup, _backward)
