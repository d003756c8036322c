"""The monotone plan."""

import numpy as np
import ot
import pytest
import torch
from generators.histograms import balanced, generic, histogram
from hypothesis import given
from hypothesis import strategies as st

from sot import transport_plan_1d, wasserstein_1d


def dense(plan, n, m):
    """The plan as a matrix of shape (..., n, m)."""
    flat = plan.rows * m + plan.columns
    matrix = torch.zeros(*plan.mass.shape[:-1], n * m, dtype=plan.mass.dtype)
    return matrix.scatter_add(-1, flat, plan.mass).unflatten(-1, (n, m))


def test_the_plan_is_that_of_pot():
    (x, u), (y, v) = generic(4, 13), generic(4, 8)
    plan = dense(transport_plan_1d(x, y, u, v), 13, 8)
    for row in range(4):
        expected = ot.emd_1d(x[row].numpy(), y[row].numpy(), u[row].numpy(), v[row].numpy())
        np.testing.assert_allclose(plan[row], expected, atol=1e-14)


@given(pair=balanced())
def test_the_plan_takes_what_is_there_and_brings_what_is_due(pair):
    (x, u), (y, v) = pair
    plan = transport_plan_1d(x, y, u, v)
    assert plan.mass.shape[-1] <= len(x) + len(y) - 1
    assert bool((plan.mass >= 0).all())
    matrix = dense(plan, len(x), len(y))
    torch.testing.assert_close(matrix.sum(-1), u)
    torch.testing.assert_close(matrix.sum(-2), v)


@given(pair=balanced())
def test_no_two_ways_of_the_plan_cross(pair):
    (x, u), (y, v) = pair
    plan = transport_plan_1d(x, y, u, v)
    used = plan.mass > 0
    assert bool((x[plan.rows][used].diff() >= 0).all())
    assert bool((y[plan.columns][used].diff() >= 0).all())


@given(u=histogram(), v=histogram(), p=st.sampled_from([1.0, 1.5, 2.0, 3.0]))
def test_the_cost_of_the_plan_is_the_distance_also_between_unequal_masses(u, v, p):
    plan = transport_plan_1d(u[0], v[0], u[1], v[1])
    ways = (u[0][plan.rows] - v[0][plan.columns]).abs() ** p
    expected = wasserstein_1d(u[0], v[0], u[1], v[1], p=p).item()
    assert (plan.mass * ways).sum().item() == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_a_plan_between_unequal_masses_fills_up_the_last_position():
    (x, u), (y, v) = generic(1, 6, 0.8), generic(1, 5, 1.5)
    matrix = dense(transport_plan_1d(x[0], y[0], u[0], v[0]), 6, 5)
    order = x[0].argsort()
    filled = u[0][order]
    filled[-1] += 0.7
    torch.testing.assert_close(matrix.sum(-1)[order], filled)
    torch.testing.assert_close(matrix.sum(-2), v[0])


def test_plans_keep_the_leading_axes():
    (x, u), (y, v) = generic(6, 5), generic(3, 4)
    plan = transport_plan_1d(x[0], y, u.reshape(2, 3, 5), v)
    assert {tuple(part.shape) for part in plan} == {(2, 3, 8)}
    torch.testing.assert_close(dense(plan, 5, 4).sum(-1), u.reshape(2, 3, 5))
    assert transport_plan_1d(x[0], y[0], u[:0], v[0]).mass.shape == (0, 8)
