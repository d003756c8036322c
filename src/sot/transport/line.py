"""Optimal transport between histograms on the real line."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from sot import _checks
from sot._dispatch import is_transformed, kernels_serve
from sot.transport._by_rank import cost_by_rank
from sot.transport._histograms import Histogram, check_weights, paired_histograms
from sot.transport._merge import transport_cost


class TransportPlan(NamedTuple):
    """The monotone optimal plan, sparse.

    Entry `e` of a row moves `mass[..., e]` from bin `rows[..., e]` of the first histogram to bin
    `columns[..., e]` of the second. Entries with zero mass are padding. All three have the shape
    (..., n + m - 1).
    """

    rows: Tensor
    columns: Tensor
    mass: Tensor


def wasserstein_1d(
    u_values: Tensor,
    v_values: Tensor,
    u_weights: Tensor | None = None,
    v_weights: Tensor | None = None,
    p: float = 1,
    require_sort: bool = True,
    return_quantiles: bool = False,
    limit_quantile_range: bool = False,
    *,
    validate: bool | None = None,
) -> Tensor | tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    r"""Wasserstein distance on the line, to the power p, of batches of histograms.

    .. math:: W_p^p(u, v) = \int_0^1 |F_u^{-1}(r) - F_v^{-1}(r)|^p \, dr

    computed exactly: the quantile functions are steps, so the integral is a finite sum over the
    merged levels of both cumulative distributions. If the masses differ, the lighter side is
    completed at its last position.

    Args:
        u_values: positions of the first histogram, shape (..., n); leading axes broadcast.
        v_values: positions of the second, shape (..., m).
        u_weights: its weights, shape (..., n), non-negative, of any mass; None is uniform, 1 / n.
        v_weights: likewise, shape (..., m).
        p: exponent of the distance, any real number of at least 1.
        require_sort: sort the positions (and weights with them); False promises sorted positions.
        return_quantiles: return the quantile functions instead of the distance.
        limit_quantile_range: count an interval of levels only if its upper level is at most 1.
        validate: check the values of the input. None checks eager CPU tensors only.

    Returns:
        Tensor of shape (...), in float32 at least; gradients reach positions and weights. With
        `return_quantiles` the tuple (u_quantiles, v_quantiles, levels, u_cdf, v_cdf), where levels
        and quantiles have the shape (..., n + m).

    Raises:
        ValueError: p below 1, shapes that do not fit, NaN, infinite or negative input, or
            unsorted positions with `require_sort=False`.
        TypeError: input that is not a real tensor.

    References:
        F. Santambrogio, Optimal Transport for Applied Mathematicians, 2015, proposition 2.17.

    Example:
        >>> import torch
        >>> from sot import wasserstein_1d
        >>> bins = torch.tensor([0.0, 1.0, 2.0])
        >>> u, v = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 0.0, 1.0])
        >>> wasserstein_1d(bins, bins, u, v, p=2)
        tensor(4.)
    """
    p = _checks.number("p", p, minimum=1)
    _checks.flag("return_quantiles", return_quantiles)
    _checks.flag("limit_quantile_range", limit_quantile_range)
    u, v, shape = paired_histograms(
        u_values, v_values, u_weights, v_weights, require_sort, validate
    )
    by_kernels = _by_kernels(u, v) and not return_quantiles
    if not by_kernels:
        check_weights(u_weights, v_weights, validate)
    if return_quantiles:
        return _unflatten(quantiles(u.sorted(), v.sorted()), shape)
    cost = row_transport(u, v, p, cut=limit_quantile_range).reshape(shape)
    # The kernels read the weights anyway, and give NaN where they meet what is none.
    read = by_kernels and _checks.reads_values(cost, validate)
    if read and not _checks.holds(cost.detach().isfinite().all()):
        check_weights(u_weights, v_weights, validate)
    return cost


def row_transport(u: Histogram, v: Histogram, p: float, cut: bool = False) -> Tensor:
    """Transport cost of each row of two flat, checked histograms, shape (rows,)."""
    tensors = (u.positions, v.positions, u.weights, v.weights)
    if not _by_kernels(u, v):
        u, v = u.sorted(), v.sorted()
        by_steps = _are_moving(u, v) or is_transformed(*tensors)
        vectorised = transport_cost if by_steps else cost_by_rank
        return vectorised(u.positions, v.positions, u.weights, v.weights, p, cut)
    from sot.transport._ops import transport

    gradients = torch.is_grad_enabled()
    cost: Tensor = transport(
        *tensors,
        p,
        cut,
        not (u.is_sorted and v.is_sorted),
        gradients and u.weights.requires_grad,
        gradients and v.weights.requires_grad,
    )[0]
    return cost


def _by_kernels(u: Histogram, v: Histogram) -> bool:
    """Whether the compiled kernels do this transport; they give no derivatives for positions."""
    tensors = (u.positions, v.positions, u.weights, v.weights)
    return not _are_moving(u, v) and kernels_serve(*tensors)


def _are_moving(u: Histogram, v: Histogram) -> bool:
    return u.positions.requires_grad or v.positions.requires_grad


def quantiles(u: Histogram, v: Histogram) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Both quantile functions at the merged levels of two flat, sorted histograms."""
    u_cdf, v_cdf = u.weights.cumsum(-1), v.weights.cumsum(-1)
    levels = torch.cat([u_cdf, v_cdf], dim=-1).sort(dim=-1).values
    return (
        _quantiles_at(levels, u_cdf, u.positions),
        _quantiles_at(levels, v_cdf, v.positions),
        levels,
        u_cdf,
        v_cdf,
    )


def _quantiles_at(levels: Tensor, cdf: Tensor, positions: Tensor) -> Tensor:
    index = torch.searchsorted(cdf.detach().contiguous(), levels.detach().contiguous())
    index = index.clamp(max=cdf.shape[-1] - 1)
    positions = positions.expand(*index.shape[:-1], positions.shape[-1])
    return positions.gather(-1, index)


def _unflatten(
    parts: tuple[Tensor, Tensor, Tensor, Tensor, Tensor], shape: tuple[int, ...]
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    a, b, c, d, e = (part.reshape(*shape, part.shape[-1]) for part in parts)
    return a, b, c, d, e


def quantile_function(
    qs: Tensor, cws: Tensor, xs: Tensor, *, validate: bool | None = None
) -> Tensor:
    """Quantile function (inverse cumulative distribution) of a discrete distribution.

    Args:
        qs: levels at which to evaluate it, shape (..., k).
        cws: cumulative weights, ascending, shape (..., n).
        xs: sorted positions, shape (..., n).
        validate: check the values of the input. None checks eager CPU tensors only.

    Returns:
        For each level the first position whose cumulative weight reaches it, the last position
        for a level beyond the mass: shape (..., k). Gradients reach `xs`.

    Raises:
        ValueError: shapes that do not fit, NaN or infinite input, or cumulative weights that
            descend.
        TypeError: input that is not a real tensor.

    Example:
        >>> import torch
        >>> from sot import quantile_function
        >>> cdf, bins = torch.tensor([0.25, 1.0]), torch.tensor([10.0, 20.0])
        >>> quantile_function(torch.tensor([0.2, 0.25, 0.3]), cdf, bins)
        tensor([10., 10., 20.])
    """
    qs, cws, xs = (
        _checks.at_least_single(_checks.tensor(name, value))
        for name, value in (("qs", qs), ("cws", cws), ("xs", xs))
    )
    for name, value in (("qs", qs), ("cws", cws), ("xs", xs)):
        if value.ndim == 0 or (name != "qs" and value.shape[-1] == 0):
            _checks.fail(name, "at least one axis with at least one entry", value)
        _checks.finite(name, value, validate)
    if cws.shape[-1] != xs.shape[-1]:
        _checks.fail("xs", f"as many positions as cws, {cws.shape[-1]}", xs)
    _checks.ascending("cws", cws, "take the cumulative sum of the weights", validate)
    dtype = torch.promote_types(qs.dtype, cws.dtype)
    batch = _checks.broadcast("qs", qs, cws, xs)
    qs = qs.to(dtype).expand(*batch, qs.shape[-1])
    cws = cws.to(dtype).expand(*batch, cws.shape[-1])
    return _quantiles_at(qs, cws, xs.expand(*batch, xs.shape[-1]))


def transport_plan_1d(
    u_values: Tensor,
    v_values: Tensor,
    u_weights: Tensor | None = None,
    v_weights: Tensor | None = None,
    require_sort: bool = True,
    *,
    validate: bool | None = None,
) -> TransportPlan:
    """The monotone plan, which is optimal for every exponent p >= 1 at once.

    Its cost, the sum of mass times distance to the power p, is :func:`wasserstein_1d`, also for
    unequal masses, where the lighter side is completed at its last position.

    Args:
        u_values: positions of the first histogram, shape (..., n); leading axes broadcast.
        v_values: positions of the second, shape (..., m).
        u_weights: its weights, shape (..., n), non-negative; None is uniform, 1 / n.
        v_weights: likewise, shape (..., m).
        require_sort: sort the positions; False promises sorted positions.
        validate: check the values of the input. None checks eager CPU tensors only.

    Returns:
        A :class:`TransportPlan` with n + m - 1 entries a row, in ascending order of position. Bins
        are numbered in the order in which they were given.

    Raises:
        ValueError: as :func:`wasserstein_1d`.
        TypeError: as :func:`wasserstein_1d`.

    Example:
        >>> import torch
        >>> from sot import transport_plan_1d
        >>> bins = torch.tensor([0.0, 1.0])
        >>> low, high = torch.tensor([0.5, 0.5]), torch.tensor([0.25, 0.75])
        >>> plan = transport_plan_1d(bins, bins, low, high)
        >>> plan.rows.tolist(), plan.columns.tolist(), plan.mass.tolist()
        ([0, 0, 1], [0, 1, 1], [0.25, 0.25, 0.5])
    """
    u, v, shape = paired_histograms(
        u_values, v_values, u_weights, v_weights, require_sort, validate
    )
    check_weights(u_weights, v_weights, validate)
    u, v = u.sorted(), v.sorted()
    u_cdf, v_cdf = u.weights.cumsum(-1), v.weights.cumsum(-1)
    total = torch.maximum(u_cdf[..., -1:], v_cdf[..., -1:])
    u_cdf = torch.cat([u_cdf[..., :-1], total], dim=-1)
    v_cdf = torch.cat([v_cdf[..., :-1], total], dim=-1)
    # Both tops are equal, so the last of the merged levels closes an empty interval.
    levels = torch.cat([u_cdf, v_cdf], dim=-1).sort(dim=-1).values[..., :-1].contiguous()
    mass = levels.diff(dim=-1, prepend=torch.zeros_like(levels[..., :1]))
    shape = (*shape, levels.shape[-1])
    return TransportPlan(
        u.original(torch.searchsorted(u_cdf, levels)).reshape(shape),
        v.original(torch.searchsorted(v_cdf, levels)).reshape(shape),
        mass.reshape(shape),
    )
