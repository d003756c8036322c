"""A padded batch with `lengths` gives each clip what it gets by itself."""

import pytest
import torch

from sot import MultiScaleSpectralLoss, Wasserstein1DLoss

SAMPLES = 1300
LENGTHS = (1300, 777, 300, 1)


@pytest.fixture
def lengths():
    return torch.tensor(LENGTHS)


@pytest.fixture
def clips(noise):
    """Clips with two channels, in float64 so that only framing can make a difference."""
    shape = (len(LENGTHS), 2, SAMPLES)
    return noise(*shape, dtype=torch.float64), noise(*shape, seed=1, dtype=torch.float64)


@pytest.mark.parametrize("dim", [-1, -2])
@pytest.mark.parametrize("framing", ["whole", "reflect", "zero", "end"])
def test_each_item_of_a_padded_batch_equals_the_clip_alone(settings, clips, lengths, framing, dim):
    x, y = clips
    settings = {**settings, "framing": framing, "dim": dim}
    items = Wasserstein1DLoss(**settings, reduction="batch")
    frames = Wasserstein1DLoss(**settings, reduction="none")
    per_item, per_frame = items(x, y, lengths=lengths), frames(x, y, lengths=lengths)
    for index, length in enumerate(LENGTHS):
        clip = (slice(index, index + 1), slice(None), slice(length))
        # The bands of the kernels of cqt and vqt depend a little on the length of the batch.
        close = {"rtol": 1e-4, "atol": 1e-6}
        torch.testing.assert_close(per_item[index], items(x[clip], y[clip])[0], **close)
        alone = frames(x[clip], y[clip])[0]
        rows = alone.shape[-1]
        torch.testing.assert_close(per_frame[index, :, :rows], alone, **close)
        assert (per_frame[index, :, rows:] == 0).all()


@pytest.mark.parametrize("dim", [-1, -2])
@pytest.mark.parametrize("framing", ["whole", "reflect", "zero", "end"])
def test_the_padding_has_no_say_and_no_gradient(settings, clips, lengths, gradient, framing, dim):
    x, y = clips
    loss = Wasserstein1DLoss(**settings, framing=framing, dim=dim)
    padding = (torch.arange(SAMPLES) >= lengths[:, None])[:, None].expand(-1, 2, -1)
    noisy = torch.where(padding, 100.0, x), torch.where(padding, -7.0, y)
    torch.testing.assert_close(
        loss(*noisy, lengths=lengths), loss(x, y, lengths=lengths), rtol=0, atol=0
    )
    slope = gradient(lambda z: loss(x, z, lengths=lengths), y)
    assert (slope[padding] == 0).all()
    # The last two clips may hold a single frame, which over time has nowhere to go.
    for index in range(2):
        assert slope[index].abs().max() > 0


@pytest.mark.parametrize("votes", [{"frame_weighting": "energy"}, {"silence_db": -10}])
def test_the_loudest_frame_is_one_that_the_item_has_by_itself(votes):
    # By itself the first clip has one frame, at its start; beside the second, one at its end also
    # reaches into it.
    x = torch.full((2, 51), 0.01, dtype=torch.float64)
    x[0, 48:50] = 1.0
    y = x.flip(0) + 0.01 * torch.arange(51)
    loss = Wasserstein1DLoss(
        fft_size=32, win_length=4, hop_length=51, framing="zero", reduction="sum", **votes
    )
    alone = [loss(x[:1, :50], y[:1, :50]), loss(x[1:], y[1:])]
    assert min(alone) > 0
    torch.testing.assert_close(loss(x, y, lengths=torch.tensor([50, 51])), sum(alone))


def test_the_mean_is_over_the_frames_that_lie_inside(settings, clips, lengths):
    x, y = (side[:3] for side in clips)
    frames = Wasserstein1DLoss(**settings, reduction="none")
    alone = [
        frames(x[index : index + 1, :, :length], y[index : index + 1, :, :length]).flatten()
        for index, length in enumerate(LENGTHS[:3])
    ]
    mean = Wasserstein1DLoss(**settings)(x, y, lengths=lengths[:3])
    torch.testing.assert_close(mean, torch.cat(alone).mean(), rtol=1e-4, atol=1e-9)


def test_full_lengths_change_nothing(settings, clips):
    x, y = clips
    loss = Wasserstein1DLoss(**settings)
    full = torch.full((len(LENGTHS),), SAMPLES, dtype=torch.int32)
    torch.testing.assert_close(loss(x, y, lengths=full), loss(x, y), rtol=1e-12, atol=0)


def test_the_lengths_of_spectrograms_are_in_frames(noise):
    x, y = noise(2, 5, 7).abs(), noise(2, 5, 7, seed=1).abs()
    positions = torch.linspace(0, 1, 5)
    loss = Wasserstein1DLoss("identity", reduction="batch")
    found = loss(x, y, positions, lengths=torch.tensor([7, 3]))
    alone = loss(x[1:, :, :3], y[1:, :, :3], positions)
    torch.testing.assert_close(found, torch.cat([loss(x[:1], y[:1], positions), alone]))


def test_over_time_a_shorter_spectrogram_is_compared_as_if_alone(noise):
    x, y = noise(2, 5, 7).abs(), noise(2, 5, 7, seed=1).abs()
    loss = Wasserstein1DLoss("identity", dim=-2, reduction="none")
    found = loss(x, y, lengths=torch.tensor([4, 7]))
    torch.testing.assert_close(found[:1], loss(x[:1, :, :4], y[:1, :, :4]))
    torch.testing.assert_close(found[1:], loss(x[1:], y[1:]))


@pytest.mark.parametrize("placed", [False, True])
@pytest.mark.parametrize(
    "arguments",
    [{"balanced": False}, {"balanced": False, "normalize": False}, {"silence": "top_bin"}],
    ids=["unbalanced", "as_it_is", "top_bin"],
)
def test_over_time_missing_mass_is_completed_at_the_last_frame_of_each_item(
    arguments, placed, noise
):
    x, y = noise(2, 2, 5, 7).abs(), noise(2, 2, 5, 7, seed=1).abs() / 3
    y[0, 0, 2] = 0  # a bin that is silent
    positions = torch.tensor([0.5, 0.0, 0.2, 0.4, 1.0, 3.0, 2.0]) if placed else None
    loss = Wasserstein1DLoss("identity", dim=-2, reduction="none", **arguments)
    found = loss(x, y, positions, lengths=torch.tensor([4, 7]))
    first = None if positions is None else positions[:4]
    torch.testing.assert_close(found[:1], loss(x[:1, ..., :4], y[:1, ..., :4], first))
    torch.testing.assert_close(found[1:], loss(x[1:], y[1:], positions))


@pytest.mark.parametrize("framing", ["whole", "reflect", "zero", "end"])
@pytest.mark.parametrize("variant", ["linear", "log-linear", "smooth"])
def test_the_multi_scale_loss_of_a_padded_item_equals_the_clip_alone(
    clips, lengths, gradient, variant, framing
):
    x, y = clips
    loss = MultiScaleSpectralLoss(variant, [64, 333], framing=framing, reduction="batch")
    found = loss(x, y, lengths=lengths)
    for index, length in enumerate(LENGTHS):
        alone = loss(x[index : index + 1, :, :length], y[index : index + 1, :, :length])
        torch.testing.assert_close(found[index], alone[0])
    slope = gradient(lambda z: loss(x, z, lengths=lengths), y)
    assert (slope[1, :, 777:] == 0).all()
