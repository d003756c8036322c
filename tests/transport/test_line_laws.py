"""Laws of optimal transport, on histograms full of ties, empty bins and single bins."""

import pytest
import torch
from generators.histograms import balanced, histogram, positions
from hypothesis import given
from hypothesis import strategies as st

from sot import wasserstein_1d

exponents = st.sampled_from([1.0, 1.5, 2.0, 2.7, 3.0])


def cost(u, v, p):
    return wasserstein_1d(u[0], v[0], u[1], v[1], p=p).item()


def close(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(u=histogram(), v=histogram(), p=exponents)
def test_the_way_back_costs_as_much(u, v, p):
    assert cost(u, v, p) == close(cost(v, u, p))


@given(u=histogram(), p=exponents)
def test_staying_costs_nothing(u, p):
    assert cost(u, u, p) == 0


@given(pair=balanced(), p=exponents)
def test_only_staying_costs_nothing(pair, p):
    def held(side, position):
        return side[1][side[0] == position].sum().item()

    u, v = pair
    same = all(held(u, x) == close(held(v, x)) for x in [*u[0], *v[0]])
    assert (cost(u, v, p) == 0) == same


@given(u=histogram(), v=histogram(), p=exponents, shift=positions)
def test_moving_both_changes_nothing(u, v, p, shift):
    moved = (u[0] + shift, u[1]), (v[0] + shift, v[1])
    assert cost(*moved, p) == close(cost(u, v, p))


@given(u=histogram(), p=exponents, shift=positions)
def test_moving_everything_by_a_distance_costs_its_power_for_each_unit_of_mass(u, p, shift):
    assert cost(u, (u[0] + shift, u[1]), p) == close(u[1].sum().item() * abs(shift) ** p)


@given(pair=balanced(), shift=positions)
def test_the_square_cost_of_a_move_splits_into_shape_and_mean(pair, shift):
    (x, u), (y, v) = pair
    mass = u.sum()
    gap = (x @ u - y @ v) / mass
    expected = cost((x, u), (y, v), 2) + (mass * (shift**2 + 2 * shift * gap)).item()
    assert cost((x + shift, u), (y, v), 2) == close(expected)


@given(u=histogram(), v=histogram(), p=exponents, scale=st.sampled_from([0.25, 3.0]))
def test_scaling_positions_scales_the_cost_by_the_power(u, v, p, scale):
    scaled = (u[0] * scale, u[1]), (v[0] * scale, v[1])
    assert cost(*scaled, p) == close(cost(u, v, p) * scale**p)


@given(pair=balanced(), p=exponents)
def test_mirroring_changes_nothing(pair, p):
    (x, u), (y, v) = pair
    assert cost((-x, u), (-y, v), p) == close(cost((x, u), (y, v), p))


@given(u=histogram(), v=histogram(), p=exponents, scale=st.sampled_from([0.25, 4.0]))
def test_scaling_mass_scales_the_cost(u, v, p, scale):
    scaled = (u[0], u[1] * scale), (v[0], v[1] * scale)
    assert cost(*scaled, p) == close(cost(u, v, p) * scale)


@given(sides=balanced(count=3), p=exponents)
def test_a_detour_is_never_shorter(sides, p):
    a, b, c = sides
    direct, first, second = cost(a, c, p), cost(a, b, p), cost(b, c, p)
    assert direct ** (1 / p) <= first ** (1 / p) + second ** (1 / p) + 1e-9


@given(u=histogram(), v=histogram(), p=exponents, data=st.data())
def test_the_order_of_the_bins_changes_nothing(u, v, p, data):
    order = data.draw(st.permutations(range(len(u[0]))))
    assert cost((u[0][order], u[1][order]), v, p) == close(cost(u, v, p))


@given(u=histogram(), v=histogram(), p=exponents, data=st.data())
def test_splitting_a_bin_in_two_changes_nothing(u, v, p, data):
    index = data.draw(st.integers(0, len(u[0]) - 1))
    part = data.draw(st.sampled_from([0.0, 0.25, 0.5]))
    weights = torch.cat([u[1], u[1][index : index + 1] * part])
    weights[index] *= 1 - part
    split = torch.cat([u[0], u[0][index : index + 1]]), weights
    assert cost(split, v, p) == close(cost(u, v, p))


@given(pair=balanced(), p=exponents, position=positions)
def test_an_empty_bin_changes_nothing(pair, p, position):
    (x, u), v = pair
    wider = torch.cat([x, torch.tensor([position])]), torch.cat([u, torch.zeros(1)]).double()
    assert cost(wider, v, p) == close(cost((x, u), v, p))


@given(pair=balanced())
def test_with_exponent_one_it_is_the_area_between_the_cumulative_distributions(pair):
    (x, u), (y, v) = pair
    ends = torch.cat([x, y]).sort().values
    gap = ((x <= ends[:, None]) * u).sum(-1) - ((y <= ends[:, None]) * v).sum(-1)
    assert cost((x, u), (y, v), 1) == close((gap[:-1].abs() @ ends.diff()).item())
