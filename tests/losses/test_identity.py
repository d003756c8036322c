"""Losses between spectrograms of one's own, with positions of one's own."""

import numpy as np
import ot
import pytest
import torch

from sot import Wasserstein1DLoss

BATCH, BINS, TIME = 2, 6, 4


def exact_cost(x, y, a, b, p=2):
    """The transport cost by POT between two columns of bins, in any order."""
    a, b = (side.double().numpy() / side.double().numpy().sum() for side in (a, b))
    x, y = x.double().numpy(), y.double().numpy()
    return float(ot.emd2_1d(x, y, a, b, metric="minkowski", p=p))


@pytest.fixture
def spectrograms(noise):
    return noise(BATCH, BINS, TIME).abs(), noise(BATCH, BINS, TIME, seed=1).abs()


@pytest.mark.parametrize("transform", ["identity", None])
@pytest.mark.parametrize("shape", [(BINS,), (BATCH, BINS), (BATCH, BINS, TIME)])
def test_positions_of_every_documented_shape_reach_their_bins_in_any_order(
    spectrograms, noise, shape, transform
):
    x, y = spectrograms
    positions = noise(*shape, seed=2)  # unsorted
    values = Wasserstein1DLoss(transform, reduction="none")(x, y, positions)
    full = positions if len(shape) == 3 else positions[..., None]
    full = full.expand(BATCH, BINS, TIME)
    for item, frame in np.ndindex(BATCH, TIME):
        place = full[item, :, frame]
        truth = exact_cost(place, place, x[item, :, frame], y[item, :, frame])
        assert values[item, frame].item() == pytest.approx(truth, rel=1e-4)


@pytest.mark.parametrize("shape", [(9,), (BATCH, 9), (BATCH, 9, TIME)])
def test_the_sides_may_differ_in_their_bins(spectrograms, noise, shape):
    x = spectrograms[0]
    y, x_positions = noise(BATCH, 9, TIME, seed=3).abs(), noise(BINS, seed=4)
    y_positions = noise(*shape, seed=5)
    values = Wasserstein1DLoss("identity", reduction="none", p=3)(x, y, x_positions, y_positions)
    full = y_positions if len(shape) == 3 else y_positions[..., None]
    full = full.expand(BATCH, 9, TIME)
    for item, frame in np.ndindex(BATCH, TIME):
        truth = exact_cost(
            x_positions, full[item, :, frame], x[item, :, frame], y[item, :, frame], p=3
        )
        assert values[item, frame].item() == pytest.approx(truth, rel=1e-4)


def test_the_positions_of_the_estimate_are_those_of_the_reference_unless_given(spectrograms, noise):
    x, y = spectrograms
    positions = noise(BINS, seed=2)
    loss = Wasserstein1DLoss("identity")
    torch.testing.assert_close(loss(x, y, positions), loss(x, y, positions, positions))


def test_spectra_without_a_time_axis_are_single_frames(spectrograms, noise):
    x, y = (side[..., 0] for side in spectrograms)
    loss = Wasserstein1DLoss("identity", reduction="none")
    for positions in (noise(BINS, seed=2), noise(BATCH, BINS, seed=2)):
        flat = loss(x, y, positions)
        assert flat.shape == (BATCH, 1)
        torch.testing.assert_close(flat, loss(x[..., None], y[..., None], positions))


def test_channels_are_compared_one_by_one(noise):
    x, y = noise(BATCH, 3, BINS, TIME).abs(), noise(BATCH, 3, BINS, TIME, seed=1).abs()
    loss = Wasserstein1DLoss("identity", reduction="none")
    for positions in (noise(BINS, seed=2), noise(BATCH, BINS, TIME, seed=2)):
        together = loss(x, y, positions)
        assert together.shape == (BATCH, 3, TIME)
        for channel in range(3):
            alone = loss(x[:, channel], y[:, channel], positions)
            torch.testing.assert_close(together[:, channel], alone)


def test_over_time_no_positions_are_needed_and_those_given_are_used(spectrograms, noise):
    x, y = spectrograms
    loss = Wasserstein1DLoss("identity", dim=-2, reduction="none")
    by_index = loss(x, y)
    assert by_index.shape == (BATCH, BINS)
    torch.testing.assert_close(by_index, loss(x, y, torch.arange(TIME)))
    seconds = 0.5 * torch.arange(TIME)
    torch.testing.assert_close(loss(x, y, seconds), 0.25 * by_index)
    place = noise(BATCH, BINS, TIME, seed=2)
    truth = exact_cost(place[1, 2], place[1, 2], x[1, 2], y[1, 2])
    assert loss(x, y, place)[1, 2].item() == pytest.approx(truth, rel=1e-4)


def test_positions_of_ones_own_replace_those_of_a_transform(settings, noise):
    x, y = noise(2, 900), noise(2, 900, seed=1)
    loss = Wasserstein1DLoss(**settings)
    own = torch.from_numpy(loss.spectrum.positions("normalized"))
    torch.testing.assert_close(loss(x, y, 10 * own), 100 * loss(x, y), rtol=1e-4, atol=0)
    torch.testing.assert_close(loss(x, y, None, own), loss(x, y), rtol=1e-4, atol=1e-9)


def test_powers_of_a_spectrogram_are_compared_on_request(spectrograms):
    x, y = spectrograms
    positions = torch.linspace(0, 1, BINS)
    squared = Wasserstein1DLoss("identity", square_magnitude=True)(x, y, positions)
    plain = Wasserstein1DLoss("identity")(x.square(), y.square(), positions)
    torch.testing.assert_close(squared, plain)


def test_gradients_reach_the_positions(spectrograms):
    x, _ = spectrograms
    grid = torch.linspace(0, 1, BINS)
    shift = torch.tensor(0.3, requires_grad=True)
    # Everything has to move by the shift, so the cost is its square.
    Wasserstein1DLoss("identity")(x, x, grid, grid + shift).backward()
    assert shift.grad.item() == pytest.approx(0.6, rel=1e-4)


@pytest.mark.parametrize("turn", [0.0, 0.37])
def test_on_a_circle_it_is_the_circular_distance_of_pot(noise, turn):
    bins = 12
    x, y = noise(BATCH, bins, TIME).square(), noise(BATCH, bins, TIME, seed=1).square()
    positions = torch.arange(bins) / bins + turn
    values = Wasserstein1DLoss("identity", circular=True, reduction="none")(x, y, positions)
    place = positions.double().numpy() % 1
    for item, frame in np.ndindex(BATCH, TIME):
        a, b = (side[item, :, frame].double().numpy() for side in (x, y))
        truth = ot.wasserstein_circle(place, place, a / a.sum(), b / b.sum(), p=1).item()
        assert values[item, frame].item() == pytest.approx(truth, rel=1e-4)


def test_on_a_circle_the_last_bin_is_next_to_the_first():
    first, last = torch.eye(12)[:1], torch.eye(12)[-1:]
    positions = torch.arange(12) / 12
    around = Wasserstein1DLoss("identity", circular=True)(first, last, positions)
    along = Wasserstein1DLoss("identity", p=1)(first, last, positions)
    assert around.item() == pytest.approx(1 / 12, rel=1e-5)
    assert along.item() == pytest.approx(11 / 12, rel=1e-5)
