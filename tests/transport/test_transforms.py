"""The functions under torch's own transformations, where no value of the input may be read."""

import pytest
import torch
from generators.histograms import generic
from torch._subclasses import FakeTensorMode

from sot import quantile_function, transport_plan_1d, wasserstein_1d, wasserstein_1d_circle

BINS = torch.linspace(0, 1, 9, dtype=torch.float64)

FUNCTIONS = {
    "line": lambda u, v: wasserstein_1d(BINS, BINS, u, v, p=2),
    "cut": lambda u, v: wasserstein_1d(BINS, BINS, u, v, p=1.5, limit_quantile_range=True),
    "sorted": lambda u, v: wasserstein_1d(BINS, BINS, u, v, require_sort=False),
    "circle": lambda u, v: wasserstein_1d_circle(BINS, BINS, u, v),
    "quantiles": lambda u, v: wasserstein_1d(BINS, BINS, u, v, return_quantiles=True)[0].sum(-1),
    "quantile function": lambda u, v: quantile_function(u, v.cumsum(-1), BINS).sum(-1),
}
functions = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)


def weights():
    return generic(4, 9)[1], generic(4, 9)[1]


@functions
def test_mapping_over_rows_is_the_same_as_a_batch(function):
    u, v = weights()
    torch.testing.assert_close(torch.func.vmap(function)(u, v), function(u, v))


def test_positions_can_be_mapped_too():
    (x, u), (y, v) = generic(4, 9), generic(4, 7)
    mapped = torch.func.vmap(lambda *sides: wasserstein_1d(*sides, p=3))(x, y, u, v)
    torch.testing.assert_close(mapped, wasserstein_1d(x, y, u, v, p=3))


@pytest.mark.parametrize("name", ["line", "cut", "circle"])
def test_gradients_per_row_are_those_of_the_sum(name):
    u, v = weights()
    per_row = torch.func.vmap(torch.func.grad(FUNCTIONS[name]))(u, v)
    together = torch.func.grad(lambda u: FUNCTIONS[name](u, v).sum())(u)
    torch.testing.assert_close(per_row, together)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # by torch itself
@pytest.mark.parametrize("name", ["line", "cut", "circle"])
def test_forward_and_reverse_mode_agree(name):
    u, v = weights()
    direction = torch.randn_like(u)
    _, forward = torch.func.jvp(lambda u: FUNCTIONS[name](u, v), (u,), (direction,))
    reverse = torch.func.grad(lambda u: FUNCTIONS[name](u, v).sum())(u)
    torch.testing.assert_close(forward, (reverse * direction).sum(-1))


@functions
def test_tensors_without_numbers_give_a_tensor_without_numbers(function):
    with FakeTensorMode(allow_non_fake_inputs=True):
        found = function(torch.empty(4, 9), torch.empty(4, 9))
    assert found.shape == (4,)


def test_a_plan_needs_no_numbers_either():
    with FakeTensorMode(allow_non_fake_inputs=True):
        plan = transport_plan_1d(BINS, BINS, torch.empty(4, 9), torch.empty(4, 9))
    assert {tuple(part.shape) for part in plan} == {(4, 17)}
