"""A weighted sum of losses gives the total, and its parts by name."""

import pytest
import torch
from torch import nn

from sot import (
    MultiResolutionSOTLoss,
    MultiScaleSpectralLoss,
    Wasserstein1DLoss,
    WeightedLoss,
    WeightedSum,
)


@pytest.fixture
def parts():
    return {
        "transport": Wasserstein1DLoss(fft_size=256, hop_length=64),
        "magnitude": MultiScaleSpectralLoss(fft_sizes=[64, 256]),
        "level": nn.L1Loss(),
    }


def test_the_total_is_the_sum_of_weight_times_part(parts, noise, gradient):
    x, y = noise(2, 900), noise(2, 900, seed=1)
    weights = {"magnitude": 0.05, "level": 0}
    result = WeightedSum(parts, weights)(x, y)
    assert isinstance(result, WeightedLoss)
    assert list(result.parts) == ["transport", "magnitude", "level"]
    for name, loss in parts.items():
        torch.testing.assert_close(result.parts[name], loss(x, y))
    expected = result.parts["transport"] + 0.05 * result.parts["magnitude"]
    torch.testing.assert_close(result.total, expected)

    slopes = {name: gradient(lambda z, f=loss: f(x, z), y) for name, loss in parts.items()}
    total = gradient(lambda z: WeightedSum(parts, weights)(x, z).total, y)
    torch.testing.assert_close(total, slopes["transport"] + 0.05 * slopes["magnitude"])


def test_losses_of_each_item_are_added_item_by_item(noise):
    x, y = noise(3, 900), noise(3, 900, seed=1)
    loss = WeightedSum(
        {
            "a": Wasserstein1DLoss(fft_size=256, reduction="batch"),
            "b": MultiScaleSpectralLoss(fft_sizes=[64], reduction="batch"),
        },
        {"a": 3.0},
    )
    result = loss(x, y)
    assert result.total.shape == (3,)
    torch.testing.assert_close(result.total, 3 * result.parts["a"] + result.parts["b"])


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (Wasserstein1DLoss(fft_size=256, reduction="none"), "shape of losses"),
        (MultiScaleSpectralLoss(fft_sizes=[64]), "shape of losses"),
        (MultiResolutionSOTLoss(fft_sizes=[64], hop_lengths=[16], reduction="none"), "one tensor"),
    ],
)
def test_losses_that_cannot_be_added_are_refused_by_name(other, said, noise):
    losses = {"a": Wasserstein1DLoss(fft_size=128, reduction="batch"), "b": other}
    with pytest.raises(ValueError, match=rf"^losses\['b'\]: expected .*{said}.*reduce every"):
        WeightedSum(losses)(noise(2, 900), noise(2, 900, seed=1))


def test_settings_reach_every_part(parts, noise):
    del parts["level"]
    x, y, lengths = noise(2, 900), noise(2, 900, seed=1), torch.tensor([900, 400])
    result = WeightedSum(parts)(x, y, lengths=lengths)
    for name, loss in parts.items():
        torch.testing.assert_close(result.parts[name], loss(x, y, lengths=lengths))
    bound = WeightedSum(parts).bind(x, lengths=lengths)(y)
    torch.testing.assert_close(bound.total, result.total)


def test_the_parameters_of_a_part_are_found():
    learned = nn.Linear(4, 4)
    assert set(WeightedSum({"learned": learned}).parameters()) == set(learned.parameters())


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf")])
def test_a_weight_that_is_no_factor_is_refused_by_name(parts, weight):
    with pytest.raises(ValueError, match=r"^weights\['level'\]: expected a finite number"):
        WeightedSum(parts, {"level": weight})


def test_a_weight_of_the_wrong_type_is_refused_by_name(parts):
    with pytest.raises(TypeError, match=r"^weights\['level'\]: expected .*got '1' \(str\)"):
        WeightedSum(parts, {"level": "1"})


@pytest.mark.parametrize("weights", [[0.5], 0.5, 0, "level"])
def test_weights_without_names_are_refused(parts, weights):
    with pytest.raises(TypeError, match=r"^weights: expected a dictionary of weights by name"):
        WeightedSum(parts, weights)


def test_a_weight_of_no_loss_is_refused_with_the_nearest_name(parts):
    with pytest.raises(ValueError, match=r"^weights: .*'transprot'; did you mean 'transport'"):
        WeightedSum(parts, {"transprot": 1.0})


def test_losses_that_are_none_are_refused():
    with pytest.raises(ValueError, match=r"^losses: expected at least one loss"):
        WeightedSum({})
    with pytest.raises(TypeError, match=r"^losses: expected a dictionary"):
        WeightedSum([Wasserstein1DLoss()])
    with pytest.raises(TypeError, match=r"^losses\['a'\]: expected a torch.nn.Module"):
        WeightedSum({"a": torch.nn.functional.l1_loss})


@pytest.mark.parametrize("name", ["a.b", "", "values", "training"])
def test_names_that_a_module_cannot_take_are_refused(name):
    with pytest.raises(ValueError, match=r"^losses: expected names"):
        WeightedSum({name: Wasserstein1DLoss()})


def test_a_loss_that_cannot_be_bound_is_refused_by_name(parts, noise):
    with pytest.raises(ValueError, match=r"^losses\['level'\]: expected a loss with a bind"):
        WeightedSum(parts).bind(noise(2, 900))


def test_a_sum_in_a_sum_is_refused_with_what_to_do(parts):
    with pytest.raises(TypeError, match="give its losses here, with the products of the weights"):
        WeightedSum({"inner": WeightedSum(parts)})
