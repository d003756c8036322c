"""Operators of torch around the compiled kernels, with their shapes and derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from sot._threads import scaled_rows, share_rows
from sot.transport._merge import highest_level


@torch.library.custom_op("sot::transport", mutates_args=())
def transport(
    x: Tensor,
    y: Tensor,
    u: Tensor,
    v: Tensor,
    p: float,
    cut: bool,
    with_u: bool,
    with_v: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Cost of each row, and its derivatives with respect to u and v where they are wanted.

    The arguments are those of :func:`sot.transport._merge.transport_cost`.
    """
    from sot.transport import _kernels

    rows, n = u.shape
    cost = u.new_empty(rows)
    du, dv = u.new_empty(rows if with_u else 0, n), v.new_empty(rows if with_v else 0, v.shape[1])
    positions_x, positions_y = (
        _kernels.extended(np.atleast_2d(side.detach().numpy())) for side in (x, y)
    )
    arrays = [side.detach().contiguous().numpy() for side in (u, v)]
    results = [result.numpy() for result in (cost, du, dv)]
    top = highest_level(cut, u.dtype)
    grid = _kernels.kind_of_grid(positions_x, positions_y, p, cut)

    def work(start: int, stop: int) -> None:
        _kernels.transport_rows(
            positions_x, positions_y, *arrays, p, top, grid, *results, start, stop
        )

    share_rows(work, rows, n + v.shape[1])
    return cost, du, dv


@transport.register_fake
def _(x: Tensor, y: Tensor, u: Tensor, v: Tensor, *settings: Any) -> tuple[Tensor, Tensor, Tensor]:
    del x, y
    with_u, with_v = settings[-2:]
    return (
        u.new_empty(u.shape[0]),
        u.new_empty(u.shape[0] if with_u else 0, u.shape[1]),
        v.new_empty(v.shape[0] if with_v else 0, v.shape[1]),
    )


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    ctx.set_materialize_grads(False)  # no zeros for the outputs that nobody differentiates
    ctx.wanted = inputs[-2:]
    ctx.save_for_backward(*output[1:])


def _backward(ctx: Any, grad: Tensor | None, *_: Any) -> tuple[Tensor | None, ...]:
    if grad is None:
        return (None,) * 8
    # The cost is piecewise linear in the weights, so what is multiplied with is constant in them.
    du, dv = (
        scaled_rows(slope, grad) if wanted else None
        for slope, wanted in zip(ctx.saved_tensors, ctx.wanted, strict=True)
    )
    return None, None, du, dv, None, None, None, None


transport.register_autograd(_backward, setup_context=_setup)
