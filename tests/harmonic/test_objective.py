"""The losses of the experiments are those of the paper."""

import numpy as np
import pytest
import torch

from sot import MultiScaleSpectralLoss, Wasserstein1DLoss
from sot.harmonic import Objective, ObjectiveSettings

X, Y = 0.1 * torch.randn(2, 3, 4096, generator=torch.Generator().manual_seed(1))


def test_the_default_is_the_papers_transport_with_a_little_of_the_magnitudes():
    total, parts = Objective(ObjectiveSettings())(X, Y)
    transport = Wasserstein1DLoss(preset="paper")(X, Y)
    magnitude = MultiScaleSpectralLoss("linear")(X, Y)
    torch.testing.assert_close(parts["transport"], transport)
    torch.testing.assert_close(parts["magnitude"], magnitude)
    torch.testing.assert_close(total, transport + 0.05 * magnitude)


def test_without_transport_it_is_the_multi_scale_loss():
    settings = ObjectiveSettings(
        transport_weight=0.0, magnitude_weight=1.0, magnitude_variant="log-linear"
    )
    total, parts = Objective(settings)(X, Y)
    assert list(parts) == ["magnitude"]
    torch.testing.assert_close(total, MultiScaleSpectralLoss("log-linear")(X, Y))


def test_without_the_cut_each_spectrum_is_normalised_by_itself():
    objective = Objective(ObjectiveSettings(cut=False, magnitude_weight=0.0))
    torch.testing.assert_close(objective(X, Y).total, objective(X, 3 * Y).total, rtol=1e-3, atol=0)
    with_cut = Objective(ObjectiveSettings(magnitude_weight=0.0))
    assert not torch.allclose(with_cut(X, Y).total, with_cut(X, 3 * Y).total)


@pytest.mark.parametrize(("transport", "magnitude"), [(1.0, 0.05), (0.0, 1.0), (1.0, 0.0)])
def test_targets_that_are_analysed_once_give_the_same_loss_and_gradient_to_the_bit(
    transport, magnitude
):
    objective = Objective(ObjectiveSettings(transport_weight=transport, magnitude_weight=magnitude))
    targets = 0.1 * torch.randn(40, 4096, generator=torch.Generator().manual_seed(2))
    bound = objective.bind(targets)
    for places in (torch.tensor([31, 4, 4]), torch.tensor([0, 39, 17])):
        losses, gradients = [], []
        for compare, target in ((objective, targets[places]), (bound, places)):
            estimate = Y.clone().requires_grad_()
            losses.append(compare(target, estimate))
            losses[-1].total.backward()
            gradients.append(estimate.grad)
        assert losses[0].parts == losses[1].parts
        assert torch.equal(*gradients)


@pytest.mark.parametrize("size", [512, 2048])
def test_logarithmic_positions_put_the_pitch_range_on_zero_to_one(size):
    objective = Objective(ObjectiveSettings(transport_fft_size=size, positions="log"))
    positions = objective.losses["transport"].bin_positions.double().numpy()
    frequencies = np.arange(size // 2 + 1) * 16000 / size
    expected = np.log(frequencies[1:] / 32.7) / np.log(7750.7 / 32.7)
    assert positions[-1] == pytest.approx(1.006, abs=5e-4)
    np.testing.assert_allclose(np.sort(np.append(expected, -0.254)), positions, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"transport_weight": 0.0, "magnitude_weight": 0.0}, "a loss with a positive weight"),
        ({"positions": "logarithm"}, "positions: expected one of 'linear', 'log'"),
        ({"transport_weight": -1.0}, "transport_weight: expected a finite number at least 0"),
    ],
)
def test_a_bad_setting_is_named(settings, words):
    with pytest.raises(ValueError, match=words):
        ObjectiveSettings(**settings)
