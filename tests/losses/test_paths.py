"""The compiled kernels of the losses agree with the steps that they replace."""

import pytest
import torch

from sot import Wasserstein1DLoss, _dispatch

VARIANTS = {
    "p=1": {"p": 1},
    "p=2": {},
    "p=2.5, powers": {"p": 2.5, "square_magnitude": True},
    "root": {"apply_root": True, "p": 3},
    "unbalanced": {"balanced": False},
    "cut": {"balanced": False, "quantile_lowpass": True},
    "p=1, cut": {"balanced": False, "quantile_lowpass": True, "p": 1},
    "balanced only": {"normalize": False},
    "as it is": {"normalize": False, "balanced": False},
    "as it is, cut": {"normalize": False, "balanced": False, "quantile_lowpass": True},
    "log": {"log": True},
    "over time": {"dim": -2},
    "top bin": {"silence": "top_bin"},
    "top bin, unbalanced": {"silence": "top_bin", "balanced": False},
}


def results(loss, x, y, monkeypatch):
    """Values and gradients of the kernels, then those of the vectorised steps."""
    found = []
    for compiled in (True, False):
        monkeypatch.setattr(_dispatch, "NUMBA_IS_THERE", compiled)
        inputs = [side.clone().requires_grad_() for side in (x, y)]
        values = loss(*inputs)
        scale = torch.linspace(1, 2, values.numel()).reshape(values.shape)
        found.append([values, *torch.autograd.grad((scale * values).sum(), inputs)])
    return found


@pytest.mark.parametrize("variant", VARIANTS)
def test_values_and_gradients_are_the_same(settings, variant, noise, monkeypatch):
    loss = Wasserstein1DLoss(**settings, **VARIANTS[variant], reduction="none")
    x, y = (0.1 * noise(2, 900, seed=seed, dtype=torch.float64) for seed in (0, 1))
    x[0, :500] = 0
    for fast, clear in zip(*results(loss, x, y, monkeypatch), strict=True):
        torch.testing.assert_close(fast, clear, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("variant", VARIANTS)
def test_spectrograms_are_treated_alike(variant, noise, monkeypatch):
    loss = Wasserstein1DLoss("identity", **VARIANTS[variant], reduction="none")
    x, y = (noise(3, 7, 5, seed=seed, dtype=torch.float64).square() for seed in (0, 1))
    x[0, 2:5], y[1, :, 3] = 0, 0
    positions = None if loss.over_time else torch.linspace(0, 1, 7)
    for fast, clear in zip(
        *results(lambda a, b: loss(a, b, positions), x, y, monkeypatch), strict=True
    ):
        torch.testing.assert_close(fast, clear, rtol=1e-7, atol=1e-9)


def test_in_single_precision_they_are_the_same_to_single_precision(settings, noise, monkeypatch):
    loss = Wasserstein1DLoss(**settings, reduction="none")
    x, y = noise(2, 900), noise(2, 900, seed=1)
    for fast, clear in zip(*results(loss, x, y, monkeypatch), strict=True):
        torch.testing.assert_close(fast, clear, rtol=1e-3, atol=1e-5 * clear.abs().max().item())


def test_a_gradient_of_a_gradient_is_that_of_finite_differences(noise):
    loss = Wasserstein1DLoss(fft_size=16, hop_length=8, square_magnitude=True)
    x, y = (noise(24, seed=seed, dtype=torch.float64) for seed in (0, 1))
    assert torch.autograd.gradgradcheck(
        loss, (x.requires_grad_(), y.requires_grad_()), fast_mode=True, rtol=1e-3, atol=1e-6
    )
