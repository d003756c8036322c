"""Costs between spectra by operators of torch, with their derivative in closed form.

The path of devices without compiled kernels. It computes what the fused kernel does, for all
frames at once: torch's own derivatives of the same steps would keep a dozen arrays.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from sot.losses._mass import MassRule
from sot.losses._steps import cost_in_steps
from sot.spectra import magnitude_or_power
from sot.transport import Slopes, potentials, slopes_by_rank


def closed_form_cost(
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
    rows = x.flatten(0, -2), y.flatten(0, -2)
    # A graph is made only where each argument is a tensor of its own.
    positions = x_positions, y_positions.view_as(y_positions)
    cost, votes = _ClosedForm.apply(*rows, *positions, square, rule, p, cut)
    return cost.reshape(x.shape[:-1]), votes.reshape(x.shape[:-1])


class _ClosedForm(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        y: Tensor,
        x_positions: Tensor,
        y_positions: Tensor,
        square: bool,
        rule: MassRule,
        p: float,
        cut: bool,
    ) -> tuple[Tensor, Tensor]:
        levels = [magnitude_or_power(side, square).cumsum(-1) for side in (x, y)]
        mass_x, mass_y, votes = rule.masses(*(side[:, -1] for side in levels))
        divisors = divisor_x, divisor_y = _divisors(rule, mass_x, mass_y)
        for side, divisor in zip(levels, divisors, strict=True):
            side.div_(divisor[:, None])
        del side  # nobody but the list may hold levels
        found = slopes_by_rank(x_positions, y_positions, levels, p, cut)
        slopes_x, slopes_y = None, None
        # The reciprocal of a mass of less than this is beyond the range of numbers.
        tiny = torch.finfo(mass_x.dtype).tiny
        if ctx.needs_input_grad[0]:
            offset = _offset_x(rule, found) / mass_x.clamp(min=tiny)
            divisor = divisor_x.clamp(min=tiny)
            slopes_x = torch.addcdiv(offset[:, None], potentials(found.u), divisor[:, None])
        if ctx.needs_input_grad[1]:
            offset = _offset_y(rule, found) / mass_y.clamp(min=tiny)
            divisor = divisor_y.clamp(min=tiny)
            slopes_y = torch.addcdiv(offset[:, None], potentials(found.v), divisor[:, None])
        ctx.settings = (square, rule, p, cut)
        ctx.save_for_backward(x, y, x_positions, y_positions, slopes_x, slopes_y)
        ctx.mark_non_differentiable(votes)
        return found.cost, votes

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Any) -> tuple[Tensor | None, ...]:
        x, y, x_positions, y_positions, *slopes = ctx.saved_tensors
        wanted = ctx.needs_input_grad[:2]
        if torch.is_grad_enabled() and not torch.compiler.is_compiling():
            # Somebody will differentiate once more: hand out derivatives that can be.
            cost, _ = cost_in_steps(x, y, x_positions, y_positions, *ctx.settings)
            sides = [side for side, needed in zip((x, y), wanted, strict=True) if needed]
            found = iter(torch.autograd.grad(cost, sides, grad, create_graph=True))
            grads = [next(found) if needed else None for needed in wanted]
        else:
            square = ctx.settings[0]
            grads = [
                None if slope is None else _chained(side, slope, grad[:, None], square)
                for side, slope in zip((x, y), slopes, strict=True)
            ]
        return *grads, *(None,) * 6


def _divisors(rule: MassRule, mass_x: Tensor, mass_y: Tensor) -> tuple[Tensor, Tensor]:
    """What the weights of both sides are divided by."""
    if rule.normalize:
        return mass_x, mass_y if rule.balanced else mass_x
    ones = torch.ones_like(mass_x)
    return ones, mass_y / mass_x if rule.balanced else ones


def _offset_x(rule: MassRule, found: Slopes) -> Tensor:
    """How the mass of x enters both histograms, times that mass: by the quotient rule."""
    offset = -found.moment_u if rule.normalize else torch.zeros_like(found.cost)
    if rule.normalize != rule.balanced:
        offset = offset - found.moment_v if rule.normalize else offset + found.moment_v
    return offset


def _offset_y(rule: MassRule, found: Slopes) -> Tensor:
    """:func:`_offset_x` for y, whose mass enters its own histogram alone."""
    return -found.moment_v if rule.balanced else torch.zeros_like(found.cost)


def _chained(side: Tensor, slopes: Tensor, grad: Tensor, square: bool) -> Tensor:
    """Derivative with respect to coefficients, from those by their weights and of the costs."""
    if not side.is_complex():
        return slopes * grad
    if square:
        return side * (slopes * (2 * grad))
    lengths = side.abs().clamp(min=torch.finfo(slopes.dtype).tiny)
    return side * lengths.reciprocal() * (slopes * grad)
