"""Derivatives of wasserstein_1d: right where they are unique, subgradients where they are not."""

import functools

import numpy as np
import pytest
import torch
from generators.histograms import generic
from torch.autograd import gradcheck, gradgradcheck

from sot import wasserstein_1d

# Without derivatives to positions, and with one grid for both sides, faster ways are taken.
either_way = pytest.mark.parametrize("moving", [True, False], ids=["moving", "constant"])

MASSES = [(0.9, 0.9), (0.7, 1.6), (2.3, 1.4)]

# torch compiles its rules for forward-mode derivatives with what it calls deprecated itself.
forward_mode = pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")


def leaves(*sides):
    return [side.detach().clone().requires_grad_() for side in sides]


def gradients(x, y, u, v, p):
    """Gradients with respect to positions and weights of both sides, summed over rows."""
    inputs = leaves(x, y, u, v)
    return torch.autograd.grad(wasserstein_1d(*inputs, p=p).sum(), inputs)


def weight_gradients(x, y, u, v, p, moving):
    """Those with respect to the weights, with positions that move or that are constants."""
    if moving:
        return gradients(x, y, u, v, p)[2:]
    inputs = leaves(u, v)
    return torch.autograd.grad(wasserstein_1d(x, y, *inputs, p=p).sum(), inputs)


def potential(gradient):
    """Weight gradients up to the constant that balanced histograms leave open."""
    return gradient - gradient[..., :1]


def tied(rows, bins):
    """Weights in multiples of 1/8: peaks, empty bins and equal levels, exactly summed."""
    weights = torch.randint(0, 5, (rows, bins)).double() / 8
    weights *= torch.rand(rows, bins) < 0.6
    weights[0], weights[1] = 0.0, 0.125  # one peak, and all equal
    weights[0, bins // 2] = 1.0
    return weights


def balanced(u, v):
    u_mass, v_mass = u.sum(-1, keepdim=True), v.sum(-1, keepdim=True)
    return u * v_mass, v * u_mass


@forward_mode
@pytest.mark.parametrize("masses", MASSES)
@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("p", [1, 1.5, 2])
def test_derivatives_are_those_of_finite_differences(p, cut, masses):
    (x, u), (y, v) = generic(1, 4, masses[0]), generic(1, 5, masses[1])
    if masses[0] == masses[1]:
        v = v * 1.0001  # off the tie of the totals, where the derivative is not unique
    function = functools.partial(wasserstein_1d, p=p, limit_quantile_range=cut)
    assert gradcheck(function, leaves(x, y, u, v), check_forward_ad=True)


@forward_mode
@pytest.mark.parametrize("p", [1.5, 2, 3])
def test_second_derivatives_are_those_of_finite_differences(p):
    (x, u), (y, v) = generic(1, 4, 0.7), generic(1, 3, 1.6)
    function = functools.partial(wasserstein_1d, p=p)
    assert gradgradcheck(function, leaves(x, y, u, v), check_fwd_over_rev=True)


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("p", [1, 1.5, 2])
@pytest.mark.parametrize("masses", MASSES)
def test_derivatives_to_weights_alone_are_those_of_finite_differences(p, cut, masses):
    x, u = generic(2, 5, masses[0])
    _, v = generic(2, 5, masses[1] * 1.0001)
    function = functools.partial(wasserstein_1d, x[0], x[0], p=p, limit_quantile_range=cut)
    assert gradcheck(function, leaves(u, v))
    assert gradgradcheck(function, leaves(u, v))


def test_shared_positions_gather_the_gradients_of_all_rows():
    _, u = generic(3, 5, 0.7)
    _, v = generic(3, 5, 1.6)
    x, _ = generic(1, 5)
    assert gradcheck(lambda x: wasserstein_1d(x, x + 0.3, u, v, p=2), leaves(x[0]))


@either_way
@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
@pytest.mark.parametrize("shared", [True, False])
def test_the_potential_falls_by_the_rule_whether_or_not_a_bin_has_mass(p, moving, shared):
    (x, u), (y, v) = generic(1, 12), generic(1, 12)
    x = x.sort().values
    y = x if shared else y.sort().values
    u[0, [0, 4, 5]] = 0.0
    u /= u.sum()
    gradient, _ = weight_gradients(x, y, u, v, p, moving)
    index = np.searchsorted(v[0].cumsum(0).numpy(), u[0].cumsum(0).numpy())[:-1]
    matched = y[0, index]
    falls = (x[0, :-1] - matched).abs() ** p - (x[0, 1:] - matched).abs() ** p
    torch.testing.assert_close(-gradient[0].diff(), falls)


@either_way
def test_an_empty_bin_knows_the_way_to_the_target(moving):
    bins = torch.arange(8, dtype=torch.float64)
    u = torch.tensor([0.1, 0.8, 0, 0, 0, 0, 0, 0.1], dtype=torch.float64)
    v = torch.tensor([0.05, 0, 0, 0, 0, 0, 0.9, 0.05], dtype=torch.float64)
    gradient, _ = weight_gradients(bins, bins, u, v, 2, moving)
    torch.testing.assert_close(potential(gradient), (bins - 6) ** 2 - 36)


def test_the_position_gradient_of_a_moved_histogram_is_mass_times_slope():
    (x, u), p = generic(1, 6), 3
    to_x, to_y, _, _ = gradients(x, x + 0.5, u, u, p)
    torch.testing.assert_close(to_x, -u * p * 0.5 ** (p - 1))
    torch.testing.assert_close(to_y, -to_x)


def other_histograms(u, v):
    """Many places from which to look at rows of histograms: anything, ties, points, and nearby."""
    size = (40, *u.shape)
    yield 2 * torch.rand(2, *size, dtype=torch.float64)
    yield tied(40, u.shape[-1])[:, None], tied(40, u.shape[-1])[:, None]
    points = torch.eye(u.shape[-1], dtype=torch.float64)
    yield points[:, None, None], points[:, None]
    yield u + points[:, None] / 64, v
    yield u, v + points[:, None] / 64
    yield [(side + 0.01 * torch.randn(size)).clamp(min=0) for side in (u, v)]


@either_way
@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
@pytest.mark.parametrize("same_mass", [True, False])
@pytest.mark.parametrize("shared", [True, False])
def test_weight_gradients_are_subgradients_of_a_convex_cost(p, same_mass, shared, moving):
    x = torch.arange(6, dtype=torch.float64)
    y = x if shared else torch.tensor([-1.0, 0.0, 0.0, 2.5, 3.0, 3.0], dtype=torch.float64)
    u, v = tied(60, 6), tied(60, 6).roll(7, 0)
    u[12:30] = v[12:30]
    if same_mass:
        u, v = balanced(u, v)
    here = wasserstein_1d(x, y, u, v, p=p)
    to_u, to_v = weight_gradients(x, y, u, v, p, moving)
    for u2, v2 in other_histograms(u, v):
        there = wasserstein_1d(x, y, u2, v2, p=p)
        tangent = here + (to_u * (u2 - u)).sum(-1) + (to_v * (v2 - v)).sum(-1)
        assert bool((there >= tangent - 1e-9).all())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
def test_equal_histograms_have_no_gradient_at_all(p, dtype):
    values, weights = generic(20, 50, dtype=dtype)
    weights[:, ::7] = 0.0
    for gradient in gradients(values, values, weights, weights, p):
        assert gradient.abs().max().item() == 0
    for shared in (values, values[0]):
        for gradient in weight_gradients(shared, shared, weights, weights, p, moving=False):
            assert gradient.abs().max().item() == 0


@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
@pytest.mark.parametrize("masses", [(0.7, 1.6), (2.3, 1.4)])
def test_swapping_the_sides_swaps_the_gradients(p, masses):
    (x, u), (y, v) = generic(5, 8, masses[0]), generic(5, 11, masses[1])
    to_x, to_y, to_u, to_v = gradients(x, y, u, v, p)
    swapped = gradients(y, x, v, u, p)
    for forth, back in zip((to_y, to_x, to_v, to_u), swapped, strict=True):
        torch.testing.assert_close(forth, back)


@either_way
@pytest.mark.parametrize("p", [1, 1.5, 2])
def test_swapping_the_sides_swaps_the_potentials_also_on_ties(p, moving):
    x = torch.arange(7, dtype=torch.float64)
    u, v = balanced(tied(50, 7), tied(50, 7).roll(9, 0))
    to_u, to_v = weight_gradients(x, x, u, v, p, moving)
    back_v, back_u = weight_gradients(x, x, v, u, p, moving)
    torch.testing.assert_close(potential(to_u), potential(back_u))
    torch.testing.assert_close(potential(to_v), potential(back_v))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("p", [1, 1.01, 1.5, 2, 5])
def test_gradients_are_finite_on_anything(p, cut, dtype):
    x = torch.zeros(40, 9, dtype=dtype)
    x[10:] = torch.randint(0, 3, (30, 9)).to(dtype)
    u, v = tied(40, 9).to(dtype), tied(40, 9).roll(5, 0).to(dtype)
    u[3], v[4], u[5], v[5] = 0.0, 0.0, 1e-30, 1e30 if dtype == torch.float64 else 1e15
    inputs = leaves(x, x.roll(1, 0), u, v)
    cost = wasserstein_1d(*inputs, p=p, limit_quantile_range=cut)
    assert cost.isfinite().all()
    for gradient in torch.autograd.grad(cost.sum(), inputs):
        assert gradient.isfinite().all()
    for gradient in weight_gradients(x[10], x[10], u, v, p, moving=False):
        assert gradient.isfinite().all()


def test_following_the_gradient_brings_a_peak_to_its_target():
    bins = torch.linspace(0, 1, 50, dtype=torch.float64)
    target = torch.softmax(-((bins - 0.8) ** 2) / 0.002, 0)
    centre = torch.tensor(0.15, dtype=torch.float64, requires_grad=True)
    for _ in range(60):
        peak = torch.softmax(-((bins - centre) ** 2) / 0.002, 0)
        (step,) = torch.autograd.grad(wasserstein_1d(bins, bins, peak, target, p=2), centre)
        centre = (centre - 0.1 * step).detach().requires_grad_()
    assert centre.item() == pytest.approx(0.8, abs=0.002)


def test_rows_may_be_differentiated_one_after_the_other():
    """Each pass but the last keeps the graph; all see the derivatives as they were."""
    u, v = torch.rand(2, 5, 9).softmax(-1)
    u.requires_grad_()
    cost = wasserstein_1d(torch.arange(9.0), torch.arange(9.0), u, v)
    (whole,) = torch.autograd.grad(cost.sum(), u, retain_graph=True)
    for row in range(5):
        (slope,) = torch.autograd.grad(7 * cost[row], u, retain_graph=row < 4)
        expected = torch.zeros_like(whole)
        expected[row] = 7 * whole[row]
        torch.testing.assert_close(slope, expected, rtol=1e-6, atol=0)
