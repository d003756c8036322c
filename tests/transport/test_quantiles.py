"""Quantile functions."""

import numpy as np
import pytest
import torch
from generators.histograms import generic, histogram
from hypothesis import given
from hypothesis import strategies as st

from sot import quantile_function, wasserstein_1d

levels = st.lists(st.integers(0, 60).map(lambda k: k / 4), min_size=1, max_size=5)


@given(u=histogram(), levels=levels)
def test_a_quantile_is_the_first_position_whose_cumulative_weight_reaches_the_level(u, levels):
    bins, order = u[0].sort()
    cdf = u[1][order].cumsum(-1)
    found = quantile_function(torch.tensor(levels, dtype=torch.float64), cdf, bins)
    index = np.searchsorted(cdf.numpy(), levels, side="left").clip(max=len(bins) - 1)
    assert found.tolist() == bins.numpy()[index].tolist()


def test_quantiles_broadcast_over_leading_axes():
    levels, cdf, bins = torch.rand(3, 1, 4), torch.rand(2, 6).cumsum(-1), torch.arange(6.0)
    found = quantile_function(levels, cdf, bins)
    assert found.shape == (3, 2, 4)
    for i in range(3):
        for j in range(2):
            index = np.searchsorted(cdf[j].numpy(), levels[i, 0].numpy())
            assert found[i, j].tolist() == np.minimum(index, 5).tolist()


def test_the_gradient_of_a_quantile_goes_to_its_position():
    bins = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    cdf = torch.tensor([0.2, 0.5, 1.0])
    quantile_function(torch.tensor([0.3, 0.4, 0.9]), cdf, bins).sum().backward()
    assert bins.grad.tolist() == [0, 2, 1]


@given(u=histogram(), v=histogram(), p=st.sampled_from([1.0, 2.0, 2.7]))
def test_the_cost_is_the_integral_over_the_returned_levels(u, v, p):
    sides = u[0], v[0], u[1], v[1]
    uq, vq, merged, u_cdf, v_cdf = wasserstein_1d(*sides, p=p, return_quantiles=True)
    assert u_cdf[-1] == u[1].sum()
    assert v_cdf[-1] == v[1].sum()
    assert merged.tolist() == sorted([*u_cdf.tolist(), *v_cdf.tolist()])
    widths = np.diff(merged.numpy(), prepend=0)
    integral = (widths * np.abs(uq.numpy() - vq.numpy()) ** p).sum()
    assert wasserstein_1d(*sides, p=p).item() == pytest.approx(integral, rel=1e-9, abs=1e-12)


def test_returned_quantiles_keep_the_leading_axes():
    (x, u), (y, v) = generic(6, 5), generic(6, 3)
    parts = wasserstein_1d(
        x.reshape(2, 3, 5), y[0], u.reshape(2, 3, 5), v[:3], return_quantiles=True
    )
    assert [tuple(part.shape) for part in parts] == [(2, 3, 8)] * 3 + [(2, 3, 5), (2, 3, 3)]
