"""Signals for which the loss is known on paper."""

import pytest
import torch

from sot import Wasserstein1DLoss


def sine(frequency, samples=8000, sample_rate=16000):
    time = torch.arange(samples, dtype=torch.float64) / sample_rate
    return torch.sin(2 * torch.pi * frequency * time)


@pytest.mark.parametrize("p", [1, 2, 3.5])
@pytest.mark.parametrize("estimate", [1010.0, 1500.0, 7000.0])
def test_two_sines_are_as_far_apart_as_their_frequencies(p, estimate):
    # Of a sine on a bin, a Hann window leaves exactly three bins, so the spectra are translates.
    loss = Wasserstein1DLoss(
        fft_size=1600,
        hop_length=400,
        window="hann",
        sample_rate=16000,
        bin_position_scaling="absolute",
        apply_root=True,
        p=p,
    )
    distance = loss(sine(1000.0), sine(estimate)).item()
    assert distance == pytest.approx(estimate - 1000.0, rel=1e-4)


@pytest.mark.parametrize("transform", ["cqt", "stft"])
def test_in_log_frequency_an_octave_costs_the_same_everywhere(transform):
    loss = Wasserstein1DLoss(
        transform,
        fft_size=4096,
        fmin=100.0,
        fmax=6400.0,
        sample_rate=16000,
        bin_position_scaling="log",
        square_magnitude=True,
        apply_root=True,
    )
    # Six octaves are mapped to [0, 1].
    for low in (400.0, 800.0, 1600.0):
        distance = loss(sine(low, 16000), sine(2 * low, 16000)).item()
        assert distance == pytest.approx(1 / 6, rel=0.01)


def test_the_gradient_of_the_pitch_is_that_of_the_squared_distance():
    loss = Wasserstein1DLoss(
        fft_size=2048,
        sample_rate=16000,
        square_magnitude=True,
        bin_position_scaling="absolute",
    )
    pitch = torch.tensor(700.0, dtype=torch.float64, requires_grad=True)
    time = torch.arange(16000, dtype=torch.float64) / 16000
    loss(sine(500.0, 16000), torch.sin(2 * torch.pi * pitch * time)).backward()
    assert pitch.grad.item() == pytest.approx(2 * (700 - 500), rel=0.02)


@pytest.mark.parametrize("frames", [1, 4])
@pytest.mark.parametrize("p", [1, 2, 3])
def test_a_click_that_moves_by_some_frames_costs_that_many_to_the_power(frames, p):
    hop = 32
    loss = Wasserstein1DLoss(fft_size=128, hop_length=hop, dim=-2, p=p, reduction="none")
    early, late = torch.zeros(2, 2000).unbind()
    early[800], late[800 + frames * hop] = 1.0, -0.5
    cost = loss(early, late)
    assert cost.shape == (1, 65)
    torch.testing.assert_close(cost, torch.full_like(cost, float(frames**p)))


def test_the_level_of_either_side_does_not_matter_to_the_balanced_loss(settings, noise):
    loss = Wasserstein1DLoss(**settings)
    x, y = noise(2, 1200), noise(2, 1200, seed=1)
    value = loss(x, y)
    for x_level, y_level in ((1.0, 0.01), (30.0, 1.0), (-0.3, 7.0)):
        torch.testing.assert_close(loss(x_level * x, y_level * y), value, rtol=1e-4, atol=0)


def test_without_normalisation_the_loss_grows_with_the_level_of_the_reference(settings, noise):
    loss = Wasserstein1DLoss(**settings, normalize=False)
    x, y = noise(2, 1200), noise(2, 1200, seed=1)
    torch.testing.assert_close(loss(3 * x, y), 3 * loss(x, y), rtol=1e-4, atol=0)


def test_the_balanced_loss_is_symmetric_and_the_unbalanced_one_is_not(settings, noise):
    x, y = noise(2, 1200), 3 * noise(2, 1200, seed=1)
    balanced = Wasserstein1DLoss(**settings)
    torch.testing.assert_close(balanced(x, y), balanced(y, x))
    unbalanced = Wasserstein1DLoss(**settings, balanced=False)
    assert unbalanced(x, y) > 2 * unbalanced(y, x)


def test_the_root_obeys_the_triangle_inequality(settings, noise):
    distance = Wasserstein1DLoss(**settings, apply_root=True, reduction="none")
    a, b, c = (noise(4, 1200, seed=seed) for seed in range(3))
    assert (distance(a, c) <= distance(a, b) + distance(b, c) + 1e-6).all()


@pytest.mark.parametrize("scaling", ["normalized", "normalized_linear", "log", "mel"])
def test_scaled_positions_bound_the_loss_by_one(settings, noise, scaling):
    loss = Wasserstein1DLoss(**settings, bin_position_scaling=scaling, reduction="none")
    values = loss(noise(4, 1200), noise(4, 1200, seed=1))
    assert ((values >= 0) & (values <= 1)).all()
