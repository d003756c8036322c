"""The moves of a report are those that the loss pays for."""

import numpy as np
import pytest
import torch

from sot import Wasserstein1DLoss, wasserstein_1d_circle
from sot.losses import frame_by_frame
from sot.report.moves import moves_between
from sot.report.scale import Scale

RATE = 16000
SETTINGS = {
    "Hz": {"bin_position_scaling": "absolute", "square_magnitude": True, "p": 1},
    "square": {"p": 2},
    "log": {"bin_position_scaling": "log", "p": 1},
    "mel": {"transform": "mel", "p": 1, "n_mels": 40},
    "paper": {"preset": "paper"},
    "unbalanced": {"balanced": False, "p": 1},
    "chroma": {"preset": "chroma", "fft_size": 2048},
}


def sounds():
    time = torch.arange(4000) / RATE
    first = sum(torch.sin(6.2832 * 311 * k * time + k) / k for k in range(1, 6))
    second = sum(torch.sin(6.2832 * 437 * k * time + k) / k for k in range(1, 9))
    return first[None], (0.7 * second + 0.01 * torch.randn(4000))[None]


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_the_moves_cost_what_the_loss_of_a_frame_is(settings):
    """Mass times the distance of ground positions to the power p, over all moves of a frame."""
    loss = Wasserstein1DLoss(**{**settings, "sample_rate": RATE})
    (frames,) = frame_by_frame(loss, *sounds())
    scale = Scale.of_loss(loss)
    moves = moves_between(
        frames.reference_mass[0], frames.estimate_mass[0], scale, not loss.quantile_lowpass
    )
    places = torch.tensor(scale.positions)
    apart = (places[moves.targets] - places[moves.sources]).abs()
    if scale.circular:
        apart = torch.minimum(apart, 1 - apart)
    costs = (moves.mass * apart**loss.p).sum(-1)
    torch.testing.assert_close(costs, frames.cost[0].double(), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", ["Hz", "square", "log", "mel", "chroma"])
def test_what_leaves_a_bin_is_what_the_estimate_has_there(name):
    loss = Wasserstein1DLoss(**SETTINGS[name], sample_rate=RATE)
    (frames,) = frame_by_frame(loss, *sounds())
    sides = frames.reference_mass[0].double(), frames.estimate_mass[0].double()
    moves = moves_between(*sides, Scale.of_loss(loss))
    _, left = moves.by_source(sides[0].shape[-1])
    torch.testing.assert_close(left, sides[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("low", "high", "way"), [(500, 750, -250), (750, 500, 250)])
def test_the_energy_of_a_tone_has_to_move_by_the_difference_of_pitches(low, high, way):
    time = torch.arange(8000) / RATE
    loss = Wasserstein1DLoss(fft_size=2048, square_magnitude=True, sample_rate=RATE)
    x, y = (torch.sin(6.2832 * pitch * time)[None] for pitch in (low, high))
    (frames,) = frame_by_frame(loss, x, y)
    scale = Scale.of_loss(loss)
    moves = moves_between(frames.reference_mass[0], frames.estimate_mass[0], scale)
    assert scale.unit == "Hz"
    assert moves.mean_distance().tolist() == pytest.approx([way] * len(frames.cost[0]), abs=0.5)


def circle(bins=12):
    return Scale(np.arange(bins) / bins, 261.63 * 2 ** (np.arange(bins) / bins), True)


def test_on_the_circle_b_goes_up_to_c():
    classes = torch.eye(12)
    scale = circle()
    assert scale.unit == "semitones"
    moves = moves_between(classes[[0, 11, 2]], classes[[11, 0, 0]], scale)
    assert moves.mean_distance().tolist() == pytest.approx([1, -1, 2])


def test_moves_around_the_circle_are_the_shortest():
    reference, estimate = torch.rand(50, 12) ** 3, torch.rand(50, 12) ** 3
    reference, estimate = (side / side.sum(-1, keepdim=True) for side in (reference, estimate))
    scale = circle()
    moves = moves_between(reference, estimate, scale)
    paid = (moves.mass * moves.distance.abs()).sum(-1) / 12
    places = torch.tensor(scale.positions)
    best = wasserstein_1d_circle(places, places, reference.double(), estimate.double())
    torch.testing.assert_close(paid, best, rtol=1e-4, atol=1e-6)


def test_a_circle_without_octaves_is_told_in_turns():
    loss = Wasserstein1DLoss(circular=True, p=1, sample_rate=RATE)
    scale = Scale.of_loss(loss)
    assert scale.unit == "turns"
    (frames,) = frame_by_frame(loss, *sounds())
    moves = moves_between(frames.reference_mass[0], frames.estimate_mass[0], scale)
    paid = (moves.mass * moves.distance.abs()).sum(-1)
    torch.testing.assert_close(paid, frames.cost[0].double(), rtol=1e-3, atol=1e-6)
