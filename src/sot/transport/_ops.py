"""Operators of torch around the compiled kernels, with their shapes and derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sot._operators import Operator
from sot._threads import scaled_rows, share_rows
from sot.transport._grids import ANY, extended, kind_of_grid
from sot.transport._merge import highest_level

Array = NDArray[Any]

_ROWS = 64  # that a thread sorts before it goes on with them


def _transport(
    x: Tensor,
    y: Tensor,
    u: Tensor,
    v: Tensor,
    p: float,
    cut: bool,
    sort: bool,
    with_u: bool,
    with_v: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Cost of each row, and its derivatives with respect to u and v where they are wanted.

    The arguments are those of :func:`sot.transport._merge.transport_cost`; with `sort`, positions
    may be in any order.
    """
    from sot.transport import _kernels

    rows, n = u.shape
    cost = u.new_empty(rows)
    du, dv = u.new_empty(rows if with_u else 0, n), v.new_empty(rows if with_v else 0, v.shape[1])
    positions = [np.atleast_2d(side.detach().contiguous().numpy()) for side in (x, y)]
    weights = [side.detach().contiguous().numpy() for side in (u, v)]
    results = [result.numpy() for result in (cost, du, dv)]
    top = highest_level(cut, u.dtype)
    if sort:

        def work(start: int, stop: int) -> None:
            for first in range(start, stop, _ROWS):
                last = min(first + _ROWS, stop)
                _sorted_transport(positions, weights, p, top, results, first, last)

    else:
        places = [extended(side) for side in positions]
        grid = kind_of_grid(places[0], places[1], p, cut, torch.finfo(x.dtype).eps)

        def work(start: int, stop: int) -> None:
            _kernels.transport_rows(*places, *weights, p, top, grid, *results, start, stop)

    share_rows(work, rows, n + v.shape[1])
    return cost, du, dv


def _sorted_transport(
    positions: list[Array],
    weights: list[Array],
    p: float,
    top: float,
    results: list[Array],
    start: int,
    stop: int,
) -> None:
    """Sort the bins of some rows, do the rows, and put the derivatives where the bins were."""
    from sot.transport import _kernels, _sort_kernels

    rows = stop - start
    places, arranged, orders, slopes = [], [], [], []
    for side, mass, grad in zip(positions, weights, results[1:], strict=True):
        bins = mass.shape[1]
        orders.append(np.empty((rows, bins), np.int32))
        places.append(np.empty((rows, bins + 1)))
        arranged.append(np.empty((rows, bins), mass.dtype))
        slopes.append(np.empty((rows if len(grad) else 0, bins), mass.dtype))
        bits = side.view(np.uint32 if side.itemsize == 4 else np.uint64)
        _sort_kernels.sort_rows(side, bits, mass, start, stop, orders[-1], places[-1], arranged[-1])
    cost = results[0][start:stop]
    _kernels.transport_rows(*places, *arranged, p, top, ANY, cost, *slopes, 0, rows)
    for slope, order, grad in zip(slopes, orders, results[1:], strict=True):
        if len(grad):
            _sort_kernels.put_back(slope, order, start, grad)


def _fake(
    x: Tensor, y: Tensor, u: Tensor, v: Tensor, *settings: Any
) -> tuple[Tensor, Tensor, Tensor]:
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
        return (None,) * 9
    # The cost is piecewise linear in the weights, so what is multiplied with is constant in them.
    du, dv = (
        scaled_rows(slope, grad) if wanted else None
        for slope, wanted in zip(ctx.saved_tensors, ctx.wanted, strict=True)
    )
    return None, None, du, dv, None, None, None, None, None


transport = Operator("sot::transport", _transport, _fake, _setup, _backward)
