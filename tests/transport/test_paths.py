"""The fast ways through transport on the line agree with the clear one."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sot import wasserstein_1d
from sot.transport import _ops
from sot.transport._by_rank import cost_by_rank
from sot.transport._merge import transport_cost


def weights(rows, bins, ties, dtype=torch.float64):
    """Random rows, or multiples of 1/8 with many empty bins."""
    if not ties:
        return torch.rand(rows, bins, dtype=dtype) / bins
    levels = torch.randint(0, 5, (rows, bins)) * (torch.rand(rows, bins) < 0.6)
    return levels.to(dtype) / 8


def compare(x, y, u, v, p, cut=False):
    """Cost and weight gradients of all ways, with positions that are sorted already."""
    scale = torch.rand(len(u), dtype=u.dtype)
    results = []
    for function in (
        lambda u, v: transport_cost(x, y, u, v, p, cut),
        lambda u, v: cost_by_rank(x, y, u, v, p, cut),
        lambda u, v: wasserstein_1d(x, y, u, v, p=p, require_sort=False, limit_quantile_range=cut),
    ):
        inputs = [side.clone().requires_grad_() for side in (u, v)]
        cost = function(*inputs)
        results.append((cost.detach(), *torch.autograd.grad((cost * scale).sum(), inputs)))
    for clear, by_rank, fast in zip(*results, strict=True):
        torch.testing.assert_close(by_rank, clear)
        torch.testing.assert_close(fast, clear)


@pytest.mark.parametrize("bins", [32767, 32768, 40000])
def test_runs_of_empty_bins_may_be_of_any_length(bins):
    places = torch.linspace(0, 1, bins, dtype=torch.float64)
    u, v = torch.zeros(2, 3, bins, dtype=torch.float64)
    u[0, 0] = v[0, 0] = u[0, -1] = v[0, -1] = 0.5  # the levels between are equal on both sides
    u[1, 0] = v[1, 9] = u[1, -9] = v[1, -1] = 0.5
    u[2, 7] = v[2, -7] = 1.0
    compare(places, places, u, v, 2)
    compare(places, places[:10], u, torch.full((3, 10), 0.1, dtype=torch.float64), 2)
    compare(places[:10], places, torch.full((3, 10), 0.1, dtype=torch.float64), u, 2)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
@pytest.mark.parametrize(("rows", "n", "m"), [(1, 1, 1), (7, 1, 6), (32, 9, 9), (33, 20, 13)])
def test_values_and_gradients_are_the_same(rows, n, m, p, cut, ties):
    u, v = weights(rows, n, ties), weights(rows, m, ties)
    if not ties:
        u *= 2 * n  # levels on both sides of 1
        v *= 2 * m
    x = torch.rand(n, dtype=torch.float64).sort().values
    y = torch.rand(m, dtype=torch.float64).sort().values
    compare(x, y, u, v, p, cut)
    x = torch.rand(rows, n, dtype=torch.float64).sort().values
    compare(x, y, u, v, p, cut)
    if n == m:
        compare(y, y, u, v, p, cut)
        even = 0.25 * torch.arange(n, dtype=torch.float64) - 1
        compare(even, even, u, v, p, cut)


def test_they_are_the_same_in_single_precision():
    x = torch.linspace(0, 1, 40)
    for p in (1, 2, 2.5):
        compare(x, x, weights(20, 40, True, torch.float32), weights(20, 40, True, torch.float32), p)
        u, v = weights(20, 40, False, torch.float32), weights(20, 40, False, torch.float32)
        cost = transport_cost(x, x, u, v, p, False)
        torch.testing.assert_close(wasserstein_1d(x, x, u, v, p=p), cost)
        torch.testing.assert_close(cost_by_rank(x, x, u, v, p, False), cost)


@pytest.mark.parametrize("p", [1, 1.5, 2])
def test_steps_that_are_nearly_even_count_as_they_are(p):
    """The shortcut of even steps is for those that differ by rounding, and for no others."""
    u, v = weights(8, 30, False), weights(8, 30, False)
    even = torch.linspace(0, 1, 30, dtype=torch.float64)
    for off in (1e-16, 1e-7, 1e-4):
        grid = even + off * torch.rand(30, dtype=torch.float64)
        compare(grid, grid, u, v, p)
        torch.testing.assert_close(
            wasserstein_1d(grid, grid, u, v, p=p),
            transport_cost(grid, grid, u, v, p, False),
            rtol=1e-12,
            atol=1e-15,
        )


@pytest.mark.parametrize("p", [1, 1.5, 2])
def test_positions_written_out_for_every_row_are_those_that_all_share(p):
    u, v = weights(12, 20, True), weights(12, 20, False)
    x = torch.randn(20, dtype=torch.float64)
    written = x.repeat(3, 4, 1)
    results = []
    for positions in (x, x.expand(3, 4, 20), written):
        sides = [side.reshape(3, 4, 20).clone().requires_grad_() for side in (u, v)]
        cost = wasserstein_1d(positions, positions, *sides, p=p)
        results.append((cost.detach(), *torch.autograd.grad(cost.sum(), sides)))
    for found in results[1:]:
        for one, other in zip(found, results[0], strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=0)
    one_off = written.clone()
    one_off[1, 2] += 1
    found = wasserstein_1d(one_off, written, u.reshape(3, 4, 20), v.reshape(3, 4, 20), p=p)
    assert (~found.isclose(results[0][0])).nonzero().tolist() == [[1, 2]]


def test_positions_written_out_have_gradients_of_their_own():
    x = torch.rand(5, 6, dtype=torch.float64)[:1].repeat(5, 1).requires_grad_()
    u, v = weights(5, 6, False), weights(5, 6, False)
    (found,) = torch.autograd.grad(wasserstein_1d(x, x.detach(), u, v, p=2).sum(), x)
    assert (found.abs().sum(-1) > 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rows_that_are_sorted_and_rows_that_are_not_can_be_mixed(dtype):
    x, y = torch.randn(9, 40, dtype=dtype), torch.randn(9, 33, dtype=dtype)
    x[::2], y[::3] = x[::2].sort().values, y[::3].sort().values
    x[4] = x[4].round()
    u, v = weights(9, 40, False, dtype), weights(9, 33, False, dtype)
    orders = [side.argsort(dim=-1, stable=True) for side in (x, y)]
    results = []
    for function in (
        lambda u, v: wasserstein_1d(x, y, u, v, p=2),
        lambda u, v: transport_cost(
            *(
                side.take_along_dim(order, 1)
                for side, order in zip((x, y, u, v), orders * 2, strict=True)
            ),
            2.0,
            False,
        ),
    ):
        sides = [side.clone().requires_grad_() for side in (u, v)]
        cost = function(*sides)
        results.append((cost.detach(), *torch.autograd.grad(cost.sum(), sides)))
    for fast, clear in zip(*results, strict=True):
        torch.testing.assert_close(fast, clear)


def test_rows_shared_out_to_threads_are_all_done(four_threads):
    x = torch.linspace(0, 1, 200, dtype=torch.float64)
    for rows in (1001, 1002, 1005):
        compare(x, x, weights(rows, 200, False), weights(rows, 200, False), 2)


def test_calls_from_many_threads_do_not_disturb_each_other(four_threads):
    x = torch.linspace(0, 1, 100)
    pairs = [torch.rand(2, 700, 100) for _ in range(8)]
    expected = [wasserstein_1d(x, x, *pair, p=2) for pair in pairs]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda pair: wasserstein_1d(x, x, *pair, p=2), pairs * 4))
    for one, other in zip(found, expected * 4, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_the_compiled_graph_has_no_breaks_and_the_same_numbers():
    x = torch.linspace(0, 1, 9)
    inputs = [torch.rand(4, 9, requires_grad=True) for _ in range(2)]

    def function(u, v):
        return wasserstein_1d(x, x, u, v, p=2).sum()

    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    expected = torch.autograd.grad(function(*inputs), inputs)
    for found, gradient in zip(
        torch.autograd.grad(compiled(*inputs), inputs), expected, strict=True
    ):
        torch.testing.assert_close(found, gradient)


@pytest.mark.parametrize("wanted", [(True, True), (False, True)])
def test_the_operator_keeps_the_promises_of_one(wanted):
    x = torch.linspace(0, 1, 5)
    u, v = torch.rand(2, 3, 5).unbind()
    v.requires_grad_()
    torch.library.opcheck(
        _ops.transport.custom, (x, x, u.requires_grad_(wanted[0]), v, 2.0, False, False, *wanted)
    )


NOT_FINITE = """
import torch
from sot import wasserstein_1d

x, nan, inf = torch.arange(3.0), float("nan"), float("inf")
for p in (1, 2):
    for u in ([0.0, 0.5, nan], [0.1, nan, 0.7], [nan, nan, nan], [inf, 0.0, inf]):
        for v in ([0.0, 0.5, 0.5], [0.0, nan, 0.5], [inf, 0.0, 0.0]):
            for sides in ((u, v), (v, u)):
                rows = [torch.tensor([side, [0.2, 0.3, 0.5]]) for side in sides]
                cost = wasserstein_1d(x, x + 1, *rows, p=p, validate=False)
                assert cost.isfinite().tolist() == [False, True], (p, sides, cost)
"""


def ends(program):
    """Run a program in a process of its own, as the failure to fear is that it never ends."""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_what_is_not_finite_stays_so_and_leaves_other_rows_alone():
    ends(NOT_FINITE)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@given(seed=st.integers(0, 2**16))
def test_equal_levels_on_one_grid_have_the_rule_of_the_oracle(dtype, seed):
    """Whole numbers as weights: runs of equal levels wherever bins are empty on both sides."""
    generator = torch.Generator().manual_seed(seed)
    rows, bins = (int(torch.randint(1, top, (), generator=generator)) for top in (10, 9))
    sides = [torch.randint(0, 3, (rows, bins), generator=generator).to(dtype) for _ in range(2)]
    grid = torch.rand(bins, generator=generator, dtype=dtype).sort().values
    results = []
    for function in (
        lambda u, v: transport_cost(grid, grid, u, v, 1.0, False),
        lambda u, v: cost_by_rank(grid, grid, u, v, 1.0, False),
        lambda u, v: wasserstein_1d(grid, grid, u, v, p=1, require_sort=False),
    ):
        inputs = [side.clone().requires_grad_() for side in sides]
        cost = function(*inputs)
        results.append((cost.detach(), *torch.autograd.grad(cost.sum(), inputs)))
    for clear, *others in zip(*results, strict=True):
        for found in others:
            torch.testing.assert_close(found, clear)
