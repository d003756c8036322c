"""The multi-resolution loss is the weighted sum of losses at one resolution each."""

import pytest
import torch

from sot import MultiResolutionSOTLoss, Wasserstein1DLoss

SIZES, HOPS, WINDOWS = [128, 512], [32, 100], [100, 512]
WEIGHTS = [2.0, 0.25]


def single(**arguments):
    return [
        Wasserstein1DLoss(fft_size=size, hop_length=hop, win_length=window, **arguments)
        for size, hop, window in zip(SIZES, HOPS, WINDOWS, strict=True)
    ]


def several(**arguments):
    return MultiResolutionSOTLoss(
        fft_sizes=SIZES, hop_lengths=HOPS, win_lengths=WINDOWS, weights=WEIGHTS, **arguments
    )


@pytest.mark.parametrize("leading", [(), (3,), (3, 2)])
@pytest.mark.parametrize("reduction", ["mean", "sum", "batch"])
def test_it_is_a_weighted_sum_for_every_reduction(noise, reduction, leading):
    x, y = noise(*leading, 1500), noise(*leading, 1500, seed=1)
    expected = sum(
        weight * loss(x, y)
        for weight, loss in zip(WEIGHTS, single(reduction=reduction), strict=True)
    )
    torch.testing.assert_close(several(reduction=reduction)(x, y), expected)


@pytest.mark.parametrize("arguments", [{"reduction": "none"}, {"reduce": False}])
def test_without_reduction_it_is_a_tuple_of_weighted_frames(noise, arguments):
    x, y = noise(2, 3, 1500), noise(2, 3, 1500, seed=1)
    parts = several(**arguments)(x, y)
    assert isinstance(parts, tuple)
    for part, weight, loss in zip(parts, WEIGHTS, single(reduction="none"), strict=True):
        torch.testing.assert_close(part, weight * loss(x, y))


def test_quantiles_come_as_a_tuple_with_those_of_each_resolution(noise):
    x, y = noise(2, 1500), noise(2, 1500, seed=1)
    for part, loss in zip(
        several(return_quantiles=True)(x, y), single(return_quantiles=True), strict=True
    ):
        for found, expected in zip(part, loss(x, y), strict=True):
            torch.testing.assert_close(found, expected)


def test_the_default_is_the_plain_sum_of_three_resolutions(noise):
    x, y = noise(2, 4000), noise(2, 4000, seed=1)
    sizes_and_hops = ((1024, 256), (2048, 512), (512, 128))
    expected = sum(Wasserstein1DLoss(fft_size=n, hop_length=hop)(x, y) for n, hop in sizes_and_hops)
    torch.testing.assert_close(MultiResolutionSOTLoss()(x, y), expected)


def test_windows_default_to_the_sizes_of_the_transforms(noise):
    x, y = noise(2, 1500), noise(2, 1500, seed=1)
    default = MultiResolutionSOTLoss("mel", SIZES, HOPS, n_mels=8)
    explicit = MultiResolutionSOTLoss("mel", SIZES, HOPS, SIZES, n_mels=8)
    torch.testing.assert_close(default(x, y), explicit(x, y), rtol=0, atol=0)


def test_a_weight_of_zero_silences_a_resolution_and_its_gradient(noise, gradient):
    x, y = noise(2, 1500), noise(2, 1500, seed=1)
    loss = MultiResolutionSOTLoss(fft_sizes=SIZES, hop_lengths=HOPS, weights=[1, 0])
    alone = Wasserstein1DLoss(fft_size=SIZES[0], hop_length=HOPS[0])
    torch.testing.assert_close(loss(x, y), alone(x, y))
    torch.testing.assert_close(
        gradient(lambda z: loss(x, z), y), gradient(lambda z: alone(x, z), y)
    )


def test_padding_does_not_matter_to_any_resolution(noise):
    x, y = noise(2, 1500), noise(2, 1500, seed=1)
    lengths = torch.tensor([1500, 700])
    loss = several(reduction="batch")
    expected = torch.cat([loss(x[:1], y[:1]), loss(x[1:, :700], y[1:, :700])])
    torch.testing.assert_close(loss(x, y, lengths=lengths), expected)


def test_spectrograms_with_positions_are_compared_once_for_each_resolution(noise):
    x, y, positions = noise(2, 6, 3).abs(), noise(2, 6, 3, seed=1).abs(), torch.linspace(0, 1, 6)
    loss = MultiResolutionSOTLoss("identity", SIZES, HOPS, weights=WEIGHTS)
    expected = sum(WEIGHTS) * Wasserstein1DLoss("identity")(x, y, positions)
    torch.testing.assert_close(loss(x, y, positions), expected)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("hop_lengths", {"hop_lengths": [256, 512]}),
        ("hop_lengths", {"fft_sizes": [512, 1024]}),
        ("win_lengths", {"win_lengths": [512, 512, 512, 512]}),
        ("weights", {"weights": [1.0]}),
        ("fft_sizes", {"fft_sizes": []}),
        ("weights", {"weights": [1, 1, -1]}),
        ("weights", {"weights": [1, 1, float("nan")]}),
        ("hop_length", {"hop_lengths": [0, 1, 1]}),
    ],
)
def test_lists_that_do_not_fit_are_refused_by_name(name, arguments):
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        MultiResolutionSOTLoss(**arguments)


@pytest.mark.parametrize("name", ["fft_sizes", "hop_lengths", "win_lengths", "weights"])
def test_a_number_or_a_word_in_place_of_a_list_is_refused_by_name(name):
    for value in (512, "512"):
        with pytest.raises(TypeError, match=f"^{name}: expected a list"):
            MultiResolutionSOTLoss(**{name: value})
