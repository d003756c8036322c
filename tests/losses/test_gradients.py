"""Gradients through whole losses against finite differences, in double precision."""

import pytest
import torch

from sot import MultiResolutionSOTLoss, MultiScaleSpectralLoss, Wasserstein1DLoss

TINY = {
    "stft": {"fft_size": 16, "hop_length": 6},
    "mel": {"transform": "mel", "fft_size": 32, "hop_length": 6, "n_mels": 6},
    "cqt": {"transform": "cqt", "fmin": 900.0, "n_bins": 6, "bins_per_octave": 4},
    "vqt": {"transform": "vqt", "fmin": 900.0, "n_bins": 6, "bins_per_octave": 4, "gamma": 200.0},
}
VARIANTS = {
    "p=1": {"p": 1},
    "p=2": {},
    "p=3.5": {"p": 3.5},
    "root of p=2": {"apply_root": True},
    "root of p=3": {"apply_root": True, "p": 3},
    "powers": {"square_magnitude": True},
    "log": {"log": True, "eps": 0.01},
    "over time": {"dim": -2},
    "unbalanced": {"balanced": False},
    "cut": {"balanced": False, "quantile_lowpass": True},
    "balanced only": {"normalize": False},
    "as it is": {"normalize": False, "balanced": False},
    "as it is, cut": {"normalize": False, "balanced": False, "quantile_lowpass": True},
    "reflect": {"framing": "reflect"},
    "end": {"framing": "end"},
    "log positions": {"bin_position_scaling": "log"},
    "circular": {"circular": True},
}


def signals(noise, samples=40):
    x = 0.1 * noise(2, samples, dtype=torch.float64)
    y = 0.13 * noise(2, samples, seed=1, dtype=torch.float64)
    return x.requires_grad_(), y.requires_grad_()


def assert_true_gradient(loss, *inputs):
    value = loss(*inputs)
    assert value > 0
    slopes = torch.autograd.grad(value, inputs)
    assert all(slope.abs().max() > 1e-6 for slope in slopes)
    assert torch.autograd.gradcheck(loss, inputs, atol=1e-6, rtol=1e-4, fast_mode=True)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("transform", TINY)
def test_the_gradient_of_both_sides_is_that_of_finite_differences(noise, path, transform, variant):
    settings = {"hop_length": 6, "sample_rate": 8000, **TINY[transform], **VARIANTS[variant]}
    assert_true_gradient(Wasserstein1DLoss(**settings), *signals(noise))


@pytest.mark.parametrize("variant", ["p=1", "log", "over time", "unbalanced", "as it is"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_gradient_of_salience_is_that_of_its_share_of_the_largest(
    noise, path, variant, reduction
):
    # To a hundredth, since what counts as faint beside the loudest bin is held constant.
    settings = {"transform": "harmonic", "fft_size": 64, "hop_length": 16, "fmin": 600.0}
    settings |= {"sample_rate": 8000, "bins_per_octave": 6, **VARIANTS[variant]}
    loss = Wasserstein1DLoss(**settings, reduction=reduction)
    x, y = signals(noise, 120)
    slopes = torch.autograd.grad(loss(x, y), (x, y))
    steps = [noise(2, 120, seed=seed, dtype=torch.float64) for seed in (2, 3)]
    expected = sum((slope * step).sum() for slope, step in zip(slopes, steps, strict=True))
    with torch.no_grad():
        ahead, behind = (loss(x + t * steps[0], y + t * steps[1]) for t in (1e-7, -1e-7))
    torch.testing.assert_close((ahead - behind) / 2e-7, expected, rtol=1e-2, atol=0)


@pytest.mark.parametrize("circular", [False, True])
@pytest.mark.parametrize("lengths", [None, torch.tensor([3, 1])])
def test_the_gradient_reaches_spectrograms_and_positions(noise, lengths, circular):
    x, y = (noise(2, 5, 3, seed=seed, dtype=torch.float64).square() for seed in (0, 1))
    x_positions, y_positions = (noise(5, seed=seed, dtype=torch.float64) for seed in (2, 3))
    inputs = [tensor.requires_grad_() for tensor in (x, y, x_positions, y_positions)]
    loss = Wasserstein1DLoss("identity", circular=circular)
    assert_true_gradient(lambda *tensors: loss(*tensors, lengths=lengths), *inputs)


def test_the_gradient_of_a_padded_batch_is_that_of_finite_differences(noise):
    loss = Wasserstein1DLoss(fft_size=16, hop_length=6, framing="reflect", reduction="sum")
    lengths = torch.tensor([40, 21])
    assert_true_gradient(lambda x, y: loss(x, y, lengths=lengths), *signals(noise))


def test_the_gradient_of_the_multi_resolution_loss_is_that_of_finite_differences(noise):
    loss = MultiResolutionSOTLoss(fft_sizes=[8, 20], hop_lengths=[4, 7], weights=[1, 0.3])
    assert_true_gradient(loss, *signals(noise))


@pytest.mark.parametrize("variant", ["linear", "log-linear", "smooth"])
def test_the_gradient_of_the_multi_scale_loss_is_that_of_finite_differences(noise, variant):
    assert_true_gradient(MultiScaleSpectralLoss(variant, [8, 21]), *signals(noise))


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_a_graph_that_is_kept_gives_its_gradient_again_and_leaves_what_it_gave(
    noise, path, reduction
):
    x, y = signals(noise, samples=400)
    value = Wasserstein1DLoss(**TINY["stft"], reduction=reduction)(x, y)
    ones = torch.ones_like(value)
    first = torch.autograd.grad(value, (x, y), ones, retain_graph=True)
    copies = [slope.clone() for slope in first]
    thrice = torch.autograd.grad(value, (x, y), 3 * ones, retain_graph=True)
    last = torch.autograd.grad(value, (x, y), 2 * ones)
    for slope, copy, larger, end in zip(first, copies, thrice, last, strict=True):
        assert slope.count_nonzero() > 0
        assert torch.equal(slope, copy)
        torch.testing.assert_close(larger, 3 * copy, rtol=1e-12, atol=0)
        torch.testing.assert_close(end, 2 * copy, rtol=1e-12, atol=0)
    with pytest.raises(RuntimeError, match="second time"):
        torch.autograd.grad(value, x, ones)
