"""Values of wasserstein_1d against closed forms, other libraries and transport done by hand."""

import math

import numpy as np
import ot
import pytest
import torch
from generators.histograms import PROBLEMS, generic
from generators.reference import carried_cost
from scipy import stats

from sot import wasserstein_1d

EXPONENTS = [1, 1.5, 2, 2.7, 3]


def by_hand(u_values, v_values, u_weights, v_weights, p, limit=math.inf):
    rows = zip(u_values, v_values, u_weights, v_weights, strict=True)
    return torch.tensor([carried_cost(*row, p, limit) for row in rows], dtype=torch.float64)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("p", EXPONENTS)
@pytest.mark.parametrize("make", PROBLEMS, ids=lambda make: make.__name__)
def test_problems_with_a_known_answer_get_it(make, p, dtype):
    problem = make(p)
    sides = [torch.tensor(side, dtype=dtype) for side in problem[:4]]
    cost = wasserstein_1d(*sides, p=p, limit_quantile_range=problem.cut)
    assert cost.dtype == dtype
    assert cost.item() == pytest.approx(problem.cost, rel=1e-5 if dtype == torch.float32 else 1e-12)


@pytest.mark.parametrize("p", EXPONENTS)
@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 7), (30, 30), (50, 17)])
def test_the_cost_is_that_of_pot(n, m, p):
    (x, u), (y, v) = generic(3, n), generic(3, m)
    pot = [
        ot.emd2_1d(*row, metric="minkowski", p=p)
        for row in zip(x.numpy(), y.numpy(), u.numpy(), v.numpy(), strict=True)
    ]
    np.testing.assert_allclose(wasserstein_1d(x, y, u, v, p=p), pot, rtol=1e-9)
    single = wasserstein_1d(x.float(), y.float(), u.float(), v.float(), p=p)
    assert single.dtype == torch.float32
    np.testing.assert_allclose(single, pot, rtol=2e-5)


@pytest.mark.parametrize("p", [1, 1.5, 3])
def test_no_plan_at_all_is_cheaper(p):
    (x, u), (y, v) = generic(1, 12), generic(1, 9)
    u[0, 3] = v[0, 0] = 0.0
    u, v = u / u.sum(), v / v.sum()
    ground = (x[0][:, None] - y[0][None, :]).abs() ** p
    linear_program = ot.emd2(u[0].numpy(), v[0].numpy(), ground.numpy())
    assert wasserstein_1d(x, y, u, v, p=p).item() == pytest.approx(linear_program, rel=1e-9)


def test_with_exponent_one_it_is_the_distance_of_scipy():
    (x, u), (y, v) = generic(1, 40), generic(1, 25)
    expected = stats.wasserstein_distance(x[0], y[0], u[0], v[0])
    assert wasserstein_1d(x, y, u, v).item() == pytest.approx(expected, rel=1e-12)


def test_without_weights_every_bin_weighs_the_same():
    (x, _), (y, _) = generic(1, 40), generic(1, 25)
    expected = stats.wasserstein_distance(x[0], y[0])
    assert wasserstein_1d(x[0], y[0]).item() == pytest.approx(expected, rel=1e-12)
    _, v = generic(1, 25)
    expected = stats.wasserstein_distance(x[0], y[0], None, v[0])
    assert wasserstein_1d(x[0], y[0], None, v[0]).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("p", EXPONENTS)
def test_bins_may_come_in_any_order_and_share_their_positions(p):
    x, _ = generic(1, 20)
    _, u = generic(4, 20)
    _, v = generic(4, 20)
    expected = by_hand(x.expand(4, -1), x.expand(4, -1), u, v, p)
    ascending = x[0].sort()
    shared = wasserstein_1d(x[0], x[0], u, v, p=p)
    ordered = wasserstein_1d(
        ascending.values,
        ascending.values,
        u[:, ascending.indices],
        v[:, ascending.indices],
        p=p,
        require_sort=False,
    )
    np.testing.assert_allclose(shared, expected, rtol=1e-9)
    np.testing.assert_allclose(ordered, expected, rtol=1e-9)


@pytest.mark.parametrize("p", EXPONENTS)
@pytest.mark.parametrize("masses", [(0.3, 1.9), (1.9, 0.3), (4.0, 3.0)])
def test_the_lighter_side_is_completed_at_its_last_position(masses, p):
    (x, u), (y, v) = generic(3, 11, masses[0]), generic(3, 14, masses[1])
    np.testing.assert_allclose(wasserstein_1d(x, y, u, v, p=p), by_hand(x, y, u, v, p), rtol=1e-9)


@pytest.mark.parametrize("p", EXPONENTS)
@pytest.mark.parametrize("masses", [(0.7, 1.6), (1.6, 0.7), (1.9, 1.4), (0.5, 0.8), (1.5, 1.5)])
def test_the_cut_counts_only_intervals_that_end_below_level_one(masses, p):
    (x, u), (y, v) = generic(3, 9, masses[0]), generic(3, 12, masses[1])
    cost = wasserstein_1d(x, y, u, v, p=p, limit_quantile_range=True)
    np.testing.assert_allclose(cost, by_hand(x, y, u, v, p, limit=1.0), rtol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_cut_takes_no_rounding_error_for_mass_beyond_one(dtype):
    (x, u), (y, v) = generic(50, 513, dtype=dtype), generic(50, 513, dtype=dtype)
    cost = wasserstein_1d(x, y, u, v, p=2, limit_quantile_range=True)
    torch.testing.assert_close(cost, wasserstein_1d(x, y, u, v, p=2), rtol=1e-4, atol=0)


@pytest.mark.parametrize("cut", [False, True])
def test_ties_and_empty_bins_are_carried_right(cut):
    # Multiples of 1/8 are summed exactly, so levels of both sides coincide, also at 1.
    x = torch.randint(-8, 9, (200, 7)).double() / 8
    y = torch.randint(-8, 9, (200, 6)).double() / 8
    u = torch.randint(0, 4, (200, 7)).double() / 8 * (torch.rand(200, 7) < 0.6)
    v = torch.randint(0, 4, (200, 6)).double() / 8 * (torch.rand(200, 6) < 0.6)
    cost = wasserstein_1d(x, y, u, v, p=2, limit_quantile_range=cut)
    torch.testing.assert_close(cost, by_hand(x, y, u, v, 2, 1.0 if cut else math.inf))


@pytest.mark.parametrize(
    ("x", "y", "u", "v", "shape"),
    [
        ((5,), (7,), (5,), (7,), ()),
        ((5,), (7,), (2, 3, 5), (3, 7), (2, 3)),
        ((3, 5), (2, 1, 7), (5,), (7,), (2, 3)),
        ((4, 1, 5), (7,), (3, 5), (4, 3, 7), (4, 3)),
        ((5,), (7,), (0, 5), (7,), (0,)),
    ],
)
def test_leading_axes_broadcast_like_those_of_numpy(x, y, u, v, shape):
    x, y, u, v = (torch.rand(size, dtype=torch.float64) for size in (x, y, u, v))
    cost = wasserstein_1d(x, y, u, v, p=2)
    assert cost.shape == shape
    sides = (
        side.expand(*shape, side.shape[-1]).reshape(-1, side.shape[-1]) for side in (x, y, u, v)
    )
    torch.testing.assert_close(cost.reshape(-1), by_hand(*sides, 2))


def test_whole_numbers_are_computed_in_single_precision():
    cost = wasserstein_1d(
        torch.tensor([0, 3]), torch.tensor([1, 5]), torch.tensor([2, 1]), torch.tensor([1, 2]), p=2
    )
    assert cost.dtype == torch.float32
    assert cost.item() == 1 * 1 + 1 * 25 + 1 * 4


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_and_returned_in_single_precision(dtype):
    x, y, u, v = (torch.rand(2, 9).to(dtype).requires_grad_() for _ in range(4))
    cost = wasserstein_1d(x, y, u, v, p=2)
    assert cost.dtype == torch.float32
    exact = by_hand(*(side.detach().double().numpy() for side in (x, y, u, v)), 2)
    np.testing.assert_allclose(cost.detach(), exact, rtol=1e-5)
    cost.sum().backward()
    assert {side.grad.dtype for side in (x, y, u, v)} == {dtype}


def test_mixed_precision_gives_the_higher_one():
    (x, u), (y, v) = generic(2, 5, dtype=torch.float32), generic(2, 5)
    assert wasserstein_1d(x, y, u, v).dtype == torch.float64


def test_any_strides_are_accepted():
    (x, u), (y, v) = generic(6, 10), generic(6, 10)
    every_second = [side[::2, ::2] for side in (x, y, u, v)]
    transposed = [side.T.contiguous().T for side in every_second]
    expected = by_hand(*every_second, 2)
    torch.testing.assert_close(wasserstein_1d(*every_second, p=2), expected)
    torch.testing.assert_close(wasserstein_1d(*transposed, p=2), expected)


def test_mass_at_the_first_and_last_bin_travels_the_whole_way():
    bins = torch.arange(1000, dtype=torch.float64)
    first, last = torch.zeros_like(bins), torch.zeros_like(bins)
    first[0] = last[-1] = 1.0
    assert wasserstein_1d(bins, bins, first, last, p=2).item() == 999.0**2


def test_nothing_against_nothing_costs_nothing():
    bins, empty = torch.rand(4), torch.zeros(4, requires_grad=True)
    cost = wasserstein_1d(bins, bins, empty, empty, p=2)
    assert cost.item() == 0
    (gradient,) = torch.autograd.grad(cost, empty)
    assert gradient.isfinite().all()
