"""What every transport function starts with: two checked, sorted histograms of flat rows."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from sot import _checks
from sot._dispatch import can_be_read


class Histogram(NamedTuple):
    """Weights of shape (rows, n) on positions of shape (n,) or (rows, n)."""

    positions: Tensor
    weights: Tensor
    order: Tensor | None = None  # where each sorted bin was before, like the positions
    is_sorted: bool = True

    @classmethod
    def of_rows(cls, positions: Tensor, weights: Tensor) -> Histogram:
        """Flatten weights of shape (..., n) on sorted positions that broadcast with them."""
        support = weights.shape[-1]
        positions = positions.to(weights.dtype)
        if positions.ndim > 1:
            positions = positions.expand(weights.shape).reshape(-1, support)
        return cls(positions, weights.reshape(-1, support))

    def sorted(self) -> Histogram:
        """The same, in ascending order of position."""
        return self if self.is_sorted else sorted_histogram(self.positions, self.weights)

    def original(self, index: Tensor) -> Tensor:
        """Bins of the sorted histogram, shape (rows, k), numbered as they were given."""
        if self.order is None:
            return index
        order = self.order.expand(index.shape[0], self.order.shape[-1])
        return order.gather(-1, index)


def sorted_histogram(positions: Tensor, weights: Tensor) -> Histogram:
    """Sort the bins by position: once for all rows where all share the positions."""
    if positions.ndim == 1 and _checks.is_ascending(positions):
        return Histogram(positions, weights)
    positions, order = positions.sort(dim=-1, stable=True)
    if positions.ndim == 1:
        return Histogram(positions, weights[..., order], order)
    # Not by `take_along_dim`, which makes compiled graphs for one batch size each.
    return Histogram(positions, weights.gather(-1, order.expand_as(weights)), order)


def paired_histograms(
    u_values: Tensor,
    v_values: Tensor,
    u_weights: Tensor | None,
    v_weights: Tensor | None,
    require_sort: bool,
    validate: bool | None,
) -> tuple[Histogram, Histogram, tuple[int, ...]]:
    """Check two histograms but for the values of weights, broadcast and flatten their leading axes.

    Positions that all rows share are sorted; others are left as they are, to be sorted where it is
    done fastest. Returns the two histograms and the shape of the leading axes.
    """
    _checks.flag("require_sort", require_sort)
    u_values, u_weights = _checked("u", u_values, u_weights, require_sort, validate)
    v_values, v_weights = _checked("v", v_values, v_weights, require_sort, validate)
    dtype = torch.promote_types(
        torch.promote_types(u_values.dtype, u_weights.dtype),
        torch.promote_types(v_values.dtype, v_weights.dtype),
    )
    shape = _checks.broadcast("v_values", v_values, v_weights, u_values, u_weights)

    def flat(values: Tensor, weights: Tensor) -> Histogram:
        bins = values.shape[-1]
        weights = weights.to(dtype).expand(*shape, bins).reshape(-1, bins)
        values = _once(values).to(dtype)
        if values.ndim > 1:
            values = values.expand(*shape, bins).reshape(-1, bins)
        if require_sort and values.ndim == 1:
            return sorted_histogram(values, weights)
        return Histogram(values, weights, is_sorted=not require_sort)

    return flat(u_values, u_weights), flat(v_values, v_weights), tuple(shape)


def _once(positions: Tensor) -> Tensor:
    """Positions that all rows share, expanded or written out, without their leading axes."""
    while positions.ndim > 1 and (positions.shape[0] == 1 or positions.stride(0) == 0):
        positions = positions[0]
    if positions.ndim > 1 and _is_repeated(positions):
        return positions.flatten(0, -2)[0]
    return positions


def _is_repeated(positions: Tensor) -> bool:
    """Whether all rows can be read and are the same, and none has a derivative of its own."""
    if positions.requires_grad or not can_be_read(positions):
        return False
    rows = positions.numpy().reshape(-1, positions.shape[-1])
    return bool((rows[:1] == rows[-1:]).all() and (rows[:1] == rows).all()) and len(rows) > 0


def _checked(
    side: str, values: Tensor, weights: Tensor | None, require_sort: bool, validate: bool | None
) -> tuple[Tensor, Tensor]:
    name = f"{side}_values"
    values = _checks.at_least_single(_checks.tensor(name, values))
    if values.ndim == 0 or values.shape[-1] == 0:
        _checks.fail(name, "positions of shape (..., bins) with at least one bin", values)
    _checks.finite(name, values, validate)
    if not require_sort:
        _checks.ascending(name, values, "sort them or leave require_sort=True", validate)
    if weights is None:
        return values, torch.full_like(values, 1.0 / values.shape[-1]).detach()
    weights = _checks.at_least_single(_checks.tensor(f"{side}_weights", weights))
    if weights.ndim == 0 or weights.shape[-1] != values.shape[-1]:
        _checks.fail(
            f"{side}_weights", f"shape (..., {values.shape[-1]}) as its positions", weights
        )
    return values, weights


def check_weights(
    u_weights: Tensor | None, v_weights: Tensor | None, validate: bool | None
) -> None:
    """No weight of two checked histograms is negative, NaN or infinite."""
    for side, weights in (("u", u_weights), ("v", v_weights)):
        if weights is not None:
            name = f"{side}_weights"
            _checks.non_negative(name, _checks.at_least_single(weights), validate)
