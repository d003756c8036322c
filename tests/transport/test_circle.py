"""Transport on the circle."""

import numpy as np
import ot
import pytest
import torch
from generators.histograms import balanced, generic, histogram
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch.autograd import gradcheck

from sot import wasserstein_1d, wasserstein_1d_circle

turns = st.integers(-40, 40).map(lambda k: k / 16)


def cost(u, v):
    return wasserstein_1d_circle(u[0], v[0], u[1], v[1]).item()


def close(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-12)


def leaves(*sides):
    return [side.detach().clone().requires_grad_() for side in sides]


def test_it_is_the_distance_of_pot():
    for n, m in [(1, 1), (1, 6), (20, 20), (30, 13)]:
        (x, u), (y, v) = generic(3, n), generic(3, m)
        expected = [
            ot.wasserstein_circle(*row, p=1)
            for row in zip(x.numpy() % 1, y.numpy() % 1, u.numpy(), v.numpy(), strict=True)
        ]
        found = wasserstein_1d_circle(x, y, u, v)
        np.testing.assert_allclose(found, np.ravel(expected), rtol=1e-8)  # POT rounds to 1e-9
        single = wasserstein_1d_circle(x.float(), y.float(), u.float(), v.float())
        assert single.dtype == torch.float32
        np.testing.assert_allclose(single, np.ravel(expected), rtol=1e-4)


@given(pair=balanced())
def test_no_plan_along_the_shorter_arcs_is_cheaper(pair):
    (x, u), (y, v) = pair
    x, y = x / 3, y / 3
    apart = (x[:, None] - y).abs().numpy() % 1
    shorter = np.minimum(apart, 1 - apart)
    mass = u.sum().item()
    expected = mass * ot.emd2((u / mass).numpy(), (v / mass).numpy(), shorter)
    assert cost((x, u), (y, v)) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_it_is_the_least_cost_over_all_points_where_the_circle_can_be_cut_open():
    (x, u), (y, v) = generic(1, 15), generic(1, 11)
    x, y = x[0] % 1, y[0] % 1
    cuts = [*x.tolist(), *y.tolist()]
    lines = [stats.wasserstein_distance((x - c) % 1, (y - c) % 1, u[0], v[0]) for c in cuts]
    assert cost((x, u[0]), (y, v[0])) == close(min(lines))


@given(pair=balanced(), turn=turns)
def test_rotating_both_changes_nothing(pair, turn):
    (x, u), (y, v) = pair
    x, y = x / 16, y / 16
    assert cost((x + turn, u), (y + turn, v)) == close(cost((x, u), (y, v)))


@given(pair=balanced())
def test_the_way_back_costs_as_much(pair):
    u, v = pair
    assert cost(u, v) == close(cost(v, u))


@given(u=histogram(), turn=st.sampled_from([0.0, 1.0, -3.0]))
def test_whole_turns_cost_nothing(u, turn):
    assert cost(u, (u[0] + turn, u[1])) == 0


@given(pair=balanced())
def test_it_is_never_dearer_than_the_line(pair):
    (x, u), (y, v) = pair
    x, y = x / 16, y / 16
    on_line = wasserstein_1d(x, y, u, v).item()
    assert cost((x, u), (y, v)) <= on_line + 1e-9


def test_a_small_turn_costs_its_angle():
    x, u = generic(1, 50)
    assert cost((x[0], u[0]), (x[0] + 0.01, u[0])) == close(0.01)


def test_leading_axes_broadcast():
    (x, u), (y, v) = generic(6, 5), generic(6, 4)
    found = wasserstein_1d_circle(x[0], y[:3], u.reshape(2, 3, 5), v[:3])
    assert found.shape == (2, 3)
    for i in range(2):
        for j in range(3):
            expected = cost((x[0], u[3 * i + j]), (y[j], v[j]))
            assert found[i, j].item() == close(expected)


def test_without_weights_every_bin_weighs_the_same():
    found = wasserstein_1d_circle(torch.tensor([0.0, 0.5]), torch.tensor([0.95, 1.5, 0.25, 0.25]))
    assert found.item() == pytest.approx(0.25 * (0.05 + 0.25 + 0.25), rel=1e-5)


def test_half_precision_is_computed_in_single_precision():
    sides = torch.tensor([0.25, 0.5]).half(), torch.tensor([0.75, 0.5]).half()
    found = wasserstein_1d_circle(*sides)
    assert found.dtype == torch.float32
    assert found.item() == 0.25


def test_derivatives_are_those_of_finite_differences():
    (x, u), (y, v) = generic(3, 5), generic(3, 4)

    def on_the_simplex(x, y, u, v):
        return wasserstein_1d_circle(x, y, u.log().softmax(-1), v.log().softmax(-1))

    assert gradcheck(on_the_simplex, leaves(x, y, u, v))


def test_weight_gradients_are_subgradients_also_on_ties():
    bins = torch.arange(8, dtype=torch.float64) / 8
    u = torch.randint(0, 4, (60, 8)).double() * (torch.rand(60, 8) < 0.5)
    v = u.roll(3, 0) + u.roll(3, 1)
    u, v = u + 1 * (u.sum(-1, keepdim=True) == 0), v + 1 * (v.sum(-1, keepdim=True) == 0)
    u, v = u / u.sum(-1, keepdim=True), v / v.sum(-1, keepdim=True)
    v[:10] = u[:10]
    inputs = leaves(u, v)
    here = wasserstein_1d_circle(bins, bins, *inputs)
    to_u, to_v = torch.autograd.grad(here.sum(), inputs)
    points = torch.eye(8, dtype=torch.float64)
    for share in (1.0, 0.3, 0.01):
        u2 = (1 - share) * u + share * points[:, None, None]
        v2 = (1 - share) * v + share * points[:, None]
        there = wasserstein_1d_circle(bins, bins, u2, v2)
        tangent = here + (to_u * (u2 - u)).sum(-1) + (to_v * (v2 - v)).sum(-1)
        assert bool((there >= tangent - 1e-9).all())


def test_gradients_are_finite_on_equal_and_single_bins():
    for bins in (1, 6):
        values, weights = generic(2, bins)
        inputs = leaves(values, values, weights, weights)
        found = wasserstein_1d_circle(*inputs)
        assert found.tolist() == [0, 0]
        for gradient in torch.autograd.grad(found.sum(), inputs):
            assert gradient.isfinite().all()


def test_unequal_masses_are_refused():
    bins, weights = torch.rand(2, 5), torch.ones(2, 5)
    with pytest.raises(ValueError, match=r"v_weights: expected the mass of u_weights, 5, got 6"):
        wasserstein_1d_circle(bins, bins, weights, weights * 1.2)
    wasserstein_1d_circle(bins, bins, weights, weights * 1.0001)


def test_an_unknown_preset_is_refused():
    with pytest.raises(ValueError, match=r"preset: .*did you mean 'sot-loss'"):
        wasserstein_1d_circle(torch.rand(3), torch.rand(3), preset="sotloss")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_weights_that_were_divided_by_their_sums_in_half_precision_have_equal_masses(dtype):
    generator = torch.Generator().manual_seed(0)
    places = torch.rand(2, 300, generator=generator)
    weights = torch.rand(2, 50, 300, generator=generator).to(dtype)
    u, v = weights / weights.sum(-1, keepdim=True)
    exact = [side.double() / side.double().sum(-1, keepdim=True) for side in (u, v)]
    found = wasserstein_1d_circle(*places, u, v)
    slack = 2 * torch.finfo(dtype).eps
    expected = wasserstein_1d_circle(*places.double(), *exact)
    torch.testing.assert_close(found.double(), expected, rtol=slack, atol=slack)
    with pytest.raises(ValueError, match=r"v_weights: expected the mass of u_weights"):
        wasserstein_1d_circle(*places, u, 1.1 * v)
