"""Losses are saved, copied and sent between processes without their constants."""

import copy
import io
import pickle

import pytest
import torch
from torch import nn

from sot import MultiResolutionSOTLoss, MultiScaleSpectralLoss, Wasserstein1DLoss, WeightedSum


def saved_and_loaded(module):
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


CLONES = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda module: pickle.loads(pickle.dumps(module)),
    "torch.save": saved_and_loaded,
}


@pytest.fixture
def losses(settings):
    return [
        Wasserstein1DLoss(**settings),
        Wasserstein1DLoss(**settings, preset="sot-loss", dim=-2),
        MultiResolutionSOTLoss(fft_sizes=[64, 128], hop_lengths=[16, 32]),
        MultiScaleSpectralLoss("smooth", [67, 127]),
        WeightedSum({"a": Wasserstein1DLoss(**settings)}, {"a": 2.0}),
    ]


def test_a_loss_adds_nothing_to_the_state_of_a_model(losses):
    for loss in losses:
        assert not loss.state_dict()
        assert not list(loss.parameters())
        loss.load_state_dict({}, strict=True)


@pytest.mark.parametrize("clone", CLONES)
@pytest.mark.parametrize("used", [False, True])
def test_a_copy_computes_the_same(losses, noise, clone, used):
    x, y = noise(2, 900), noise(2, 900, seed=1)
    for loss in losses:
        if used:
            loss(x, y.clone().requires_grad_())
        copied = CLONES[clone](loss)
        torch.testing.assert_close(copied(x, y), loss(x, y), rtol=0, atol=0)


def test_a_copy_is_small_even_after_long_clips_were_seen(noise):
    loss = Wasserstein1DLoss("cqt", sample_rate=16000)
    before = len(pickle.dumps(loss))
    loss(noise(1, 40000), noise(1, 40000, seed=1))
    assert len(pickle.dumps(loss)) <= before + 1000


def test_a_model_that_holds_a_loss_is_saved_without_it(losses, noise):
    model = nn.Module()
    model.layer = nn.Linear(3, 3)
    model.losses = nn.ModuleList(losses)
    assert set(model.state_dict()) == {"layer.weight", "layer.bias"}


def gradient_of(loss, x, y):
    y = y.clone().requires_grad_()
    return torch.autograd.grad(loss(x, y), y)[0]


@pytest.mark.parametrize("make", [MultiScaleSpectralLoss, Wasserstein1DLoss])
def test_a_loss_that_is_made_without_memory_is_whole_once_it_gets_some(make, noise):
    x, y = noise(2, 900), noise(2, 900, seed=1)
    with torch.device("meta"):
        loss = make()
    loss = loss.to_empty(device="cpu")
    torch.testing.assert_close(gradient_of(loss, x, y), gradient_of(make(), x, y))


def test_a_loss_that_is_made_for_inference_can_be_trained_with(settings, noise):
    x, y = noise(2, 900), noise(2, 900, seed=1)
    with torch.inference_mode():
        loss = Wasserstein1DLoss(**settings)
        loss(x, y)
    expected = gradient_of(Wasserstein1DLoss(**settings), x, y)
    torch.testing.assert_close(gradient_of(loss, x, y), expected, rtol=0, atol=0)
