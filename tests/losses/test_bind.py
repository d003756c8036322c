"""A bound loss is the loss with its reference fixed and analysed once."""

import copy
import pickle

import numpy as np
import pytest
import torch

from sot import MultiResolutionSOTLoss, MultiScaleSpectralLoss, Wasserstein1DLoss, WeightedSum
from sot.spectra._filtered import FilteredSTFT

LOSSES = {
    "stft": lambda: Wasserstein1DLoss(fft_size=256, hop_length=64),
    "mel": lambda: Wasserstein1DLoss("mel", fft_size=256, hop_length=64, n_mels=10),
    "cqt": lambda: Wasserstein1DLoss("cqt", fmin=400, n_bins=20),
    "time": lambda: Wasserstein1DLoss(fft_size=256, hop_length=64, dim=-2),
    "unbalanced": lambda: Wasserstein1DLoss(fft_size=256, hop_length=64, balanced=False),
    "preset": lambda: Wasserstein1DLoss(fft_size=256, hop_length=64, preset="sot-loss"),
    "multi-resolution": lambda: MultiResolutionSOTLoss(fft_sizes=[64, 128], hop_lengths=[16, 32]),
    "multi-scale": lambda: MultiScaleSpectralLoss("log-linear", [64, 128]),
    "smooth": lambda: MultiScaleSpectralLoss("smooth", [67, 127]),
}


@pytest.fixture(params=LOSSES)
def loss(request):
    return LOSSES[request.param]()


@pytest.mark.parametrize("leading", [(), (3,), (3, 2)])
def test_a_bound_loss_equals_the_plain_call(loss, noise, gradient, leading):
    x, y = noise(*leading, 800), noise(*leading, 800, seed=1)
    bound = loss.bind(x)
    for estimate in (y, 2 * y.flip(-1)):
        torch.testing.assert_close(bound(estimate), loss(x, estimate), rtol=0, atol=0)
    plain = gradient(lambda z: loss(x, z), y)
    torch.testing.assert_close(gradient(bound, y), plain, rtol=0, atol=0)


@pytest.mark.parametrize("leading", [(5,), (5, 2)])
def test_some_items_of_a_bound_reference_are_those_of_the_plain_call(
    loss, noise, gradient, leading
):
    x, y = noise(*leading, 800), noise(3, *leading[1:], 800, seed=1)
    bound, items = loss.bind(x), torch.tensor([4, 0, 4])
    # A product with filters is rounded by how many frames there are; all else is the same.
    filtered = isinstance(getattr(loss, "spectrum", None), FilteredSTFT)
    near = {"rtol": 1e-4, "atol": 1e-7} if filtered else {"rtol": 0, "atol": 0}
    torch.testing.assert_close(bound(y, items=items), loss(x[items], y), **near)
    plain = gradient(lambda z: loss(x[items], z), y)
    torch.testing.assert_close(gradient(lambda z: bound(z, items=items), y), plain, **near)


def test_some_items_vote_by_their_own_energy(noise):
    loss = Wasserstein1DLoss(fft_size=256, hop_length=64, frame_weighting="energy", silence_db=-30)
    x, y, items = noise(4, 800), noise(2, 800, seed=1), torch.tensor([3, 1])
    x = x * torch.linspace(0.001, 1, 800)
    torch.testing.assert_close(loss.bind(x)(y, items=items), loss(x[items], y), rtol=0, atol=0)


def test_items_of_a_reference_with_lengths_are_refused(loss, noise):
    bound = loss.bind(noise(2, 800), lengths=torch.tensor([800, 300]))
    with pytest.raises(ValueError, match="items: expected None with bound lengths"):
        bound(noise(1, 800), items=torch.tensor([1]))


def test_places_in_a_bound_reference_may_be_a_list_or_small_integers(loss, noise):
    bound, y = loss.bind(noise(3, 800)), noise(2, 800, seed=1)
    expected = bound(y, items=torch.tensor([2, 0]))
    for items in ([2, 0], [-1, -3], torch.tensor([2, 0], dtype=torch.uint8)):
        torch.testing.assert_close(bound(y, items=items), expected, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("items", "kind", "message"),
    [
        (torch.tensor([0, 3]), ValueError, r"places below 3, .*got \[0, 3\]"),
        (torch.tensor([-4, 0]), ValueError, r"places below 3, .*got \[-4, 0\]"),
        (torch.tensor(1), ValueError, r"places in the batch, shape \(items,\)"),
        (torch.tensor([[0, 1]]), ValueError, r"places in the batch, shape \(items,\)"),
        (torch.tensor([True, False, True]), TypeError, "places in the batch, got a bool tensor"),
        (torch.tensor([0.0, 1.0]), TypeError, "places in the batch, got a float32 tensor"),
        ("ab", TypeError, "places in the batch, got 'ab'"),
    ],
)
def test_places_that_are_none_are_refused_by_name(loss, noise, items, kind, message):
    bound = loss.bind(noise(3, 800))
    with pytest.raises(kind, match=f"^items: expected {message}"):
        bound(noise(2, 800, seed=1), items=items)


@pytest.mark.parametrize("reference", [None, [0.0, 1.0], np.zeros(9)])
def test_a_reference_that_is_no_tensor_is_refused_by_name(loss, reference):
    with pytest.raises(TypeError, match=r"^reference: expected a torch\.Tensor"):
        loss.bind(reference)


def test_a_bound_loss_keeps_the_lengths_of_the_reference(loss, noise):
    x, y, lengths = noise(2, 800), noise(2, 800, seed=1), torch.tensor([800, 300])
    bound = loss.bind(x, lengths=lengths)
    torch.testing.assert_close(bound(y), loss(x, y, lengths=lengths), rtol=0, atol=0)
    y[1, 300:] = 5.0
    torch.testing.assert_close(bound(y), loss(x, y, lengths=lengths), rtol=0, atol=0)


def test_a_bound_loss_is_as_precise_as_its_reference(loss, noise):
    x, y = (noise(2, 800, seed=seed, dtype=torch.float64) for seed in (0, 1))
    bound = loss.bind(x)(y)
    assert bound.dtype == torch.float64
    torch.testing.assert_close(bound, loss(x, y), rtol=1e-15, atol=0)


def test_gradients_reach_the_estimate_alone(loss, noise):
    x, y = noise(2, 800).requires_grad_(), noise(2, 800, seed=1).requires_grad_()
    loss.bind(x)(y).backward()
    assert x.grad is None
    assert y.grad.abs().max() > 0


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda bound: pickle.loads(pickle.dumps(bound))])
def test_a_bound_loss_can_be_copied_whatever_its_reference_came_from(loss, noise, clone):
    weight = torch.tensor(2.0, requires_grad=True)
    bound = loss.bind(weight * noise(2, 800))
    y = noise(2, 800, seed=1)
    torch.testing.assert_close(clone(bound)(y), bound(y), rtol=0, atol=0)


def test_the_reference_is_not_saved_with_a_model(loss, noise):
    assert not loss.bind(noise(2, 800)).state_dict()


@pytest.mark.parametrize("shape", [(5,), (2, 5), (2, 5, 7)])
def test_a_reference_spectrogram_keeps_its_positions(noise, shape):
    x, y = noise(2, 5, 7).abs(), noise(2, 5, 7, seed=1).abs()
    positions = noise(*shape, seed=2)
    loss = Wasserstein1DLoss("identity")
    bound = loss.bind(x, positions=positions)
    torch.testing.assert_close(bound(y), loss(x, y, positions), rtol=0, atol=0)
    elsewhere = noise(9, seed=3)
    taller = noise(2, 9, 7, seed=4).abs()
    torch.testing.assert_close(
        bound(taller, positions=elsewhere), loss(x, taller, positions, elsewhere), rtol=0, atol=0
    )


def test_a_weighted_sum_binds_every_part(noise):
    x, y = noise(2, 800), noise(2, 800, seed=1)
    loss = WeightedSum({"a": LOSSES["stft"](), "b": LOSSES["multi-scale"]()}, {"b": 0.1})
    plain, bound = loss(x, y), loss.bind(x)(y)
    torch.testing.assert_close(bound.total, plain.total, rtol=0, atol=0)
    torch.testing.assert_close(bound.parts, plain.parts, rtol=0, atol=0)


def test_a_bound_loss_fits_a_tone_to_its_reference():
    time = torch.arange(4096) / 16000
    bound = Wasserstein1DLoss(
        fft_size=2048, sample_rate=16000, square_magnitude=True, bin_position_scaling="absolute"
    ).bind(torch.sin(2 * torch.pi * 440 * time))
    pitch = torch.tensor(700.0, requires_grad=True)
    optimizer = torch.optim.SGD([pitch], lr=0.2)
    for _ in range(30):
        optimizer.zero_grad()
        bound(torch.sin(2 * torch.pi * pitch * time)).backward()
        optimizer.step()
    assert pitch.item() == pytest.approx(440, abs=2)


def test_an_estimate_that_does_not_fit_is_refused_by_name(noise):
    bound = Wasserstein1DLoss().bind(noise(2, 3000))
    with pytest.raises(ValueError, match=r"^y: expected the batch of x, 2, got 3"):
        bound(noise(3, 3000))
    with pytest.raises(ValueError, match=r"^y: expected finite numbers"):
        bound(noise(2, 3000) / 0)
