"""The encoder has the paper's size and shape, and its layers do what their names say."""

import math

import pytest
import torch

from sot.harmonic import PitchEncoder, ToeplitzLinear


@pytest.fixture
def encoder():
    return PitchEncoder().eval()


def test_the_encoder_has_the_papers_number_of_parameters(encoder):
    assert sum(parameter.numel() for parameter in encoder.parameters()) == 46_012


def test_a_toeplitz_layer_is_the_convolution_that_it_stands_for():
    layer = ToeplitzLinear(855, 285)
    features = torch.randn(3, 855)
    convolved = torch.nn.functional.conv1d(
        features[:, None], layer.weight[None, None], padding=284
    )[:, 0]
    torch.testing.assert_close(layer(features), convolved, rtol=1e-4, atol=3e-6)


def test_a_toeplitz_layer_commutes_with_shifts():
    layer = ToeplitzLinear(30, 30)
    features = torch.zeros(30)
    features[5:15] = torch.randn(10)
    shifted = layer(features.roll(4))
    torch.testing.assert_close(shifted[4:], layer(features)[:-4], rtol=1e-5, atol=1e-6)


def test_a_toeplitz_layer_has_one_weight_for_each_diagonal_and_its_gradient_is_right():
    layer = ToeplitzLinear(5, 3).double()
    assert layer.weight.shape == (7,)
    features = torch.randn(2, 5, dtype=torch.float64, requires_grad=True)

    def mapped(weight, features):
        return torch.func.functional_call(layer, {"weight": weight}, (features,))

    assert torch.autograd.gradcheck(mapped, (layer.weight, features))


def plain_features(encoder, frames):
    """What a plain network of one-dimensional convolutions with the same weights gives."""

    def conv1d(x, layer):
        weight = layer.weight.reshape(layer.weight.shape[0], layer.weight.shape[1], -1)
        return torch.nn.functional.conv1d(
            x, weight, layer.bias, padding=(weight.shape[-1] - 1) // 2
        )

    def leaky(x):
        return torch.nn.functional.leaky_relu(x, 0.3)

    x = leaky(conv1d(encoder.norm(frames[:, None]), encoder.first))
    x = x + leaky(conv1d(x, encoder.second))
    for layer in encoder.mix:
        x = leaky(conv1d(x, layer))
    return conv1d(x, encoder.last).flatten(1)


def test_features_are_flattened_channel_by_channel(encoder):
    frames = torch.rand(4, 285)
    torch.testing.assert_close(
        encoder.features(frames), plain_features(encoder, frames), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("count", [1, 70])
def test_gradients_are_those_of_a_plain_network(encoder, count):
    encoder = encoder.double()
    frames = torch.rand(count, 285, dtype=torch.float64, requires_grad=True)
    outgoing = torch.randn(count, 855, dtype=torch.float64)
    wanted = [frames, *(p for name, p in encoder.named_parameters() if "head" not in name)]
    found, expected = (
        torch.autograd.grad(features(frames), wanted, outgoing)
        for features in (encoder.features, lambda frames: plain_features(encoder, frames))
    )
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-9)


def test_certainty_about_one_bin_is_its_frequency(encoder):
    pitches = encoder.expected_pitch(torch.eye(285))
    expected = 32.7 * 2 ** (torch.arange(285, dtype=torch.float64) / 36)
    torch.testing.assert_close(pitches.double(), expected, rtol=1e-5, atol=0)
    assert pitches[-1].item() == pytest.approx(7750.7, abs=0.1)


def test_pitch_and_amplitudes_stay_in_their_ranges_whatever_comes_in(encoder):
    frames = torch.cat([torch.zeros(1, 285), 1e6 * torch.rand(3, 285), 1e-9 * torch.rand(3, 285)])
    estimate = encoder(frames)
    assert ((estimate.f0 >= 32.6) & (estimate.f0 <= 7751)).all()
    assert ((estimate.amplitudes > 0) & (estimate.amplitudes <= 2 + 2e-7)).all()
    torch.testing.assert_close(estimate.distribution.sum(-1), torch.ones(7))


def test_a_logit_of_zero_is_the_amplitude_of_the_formula(encoder):
    with torch.no_grad():
        encoder.amplitude_head.weight.zero_()
        encoder.amplitude_head.bias.zero_()
    amplitudes = encoder(torch.rand(1, 285)).amplitudes
    expected = 2 * 0.5 ** math.log(10) + 1e-7
    torch.testing.assert_close(amplitudes, torch.full((1, 20), expected))


def test_frames_are_independent_of_each_other_and_of_the_loudness(encoder):
    frames = torch.rand(2, 16, 285)
    together, alone = encoder(frames).f0, encoder(frames[1, 3]).f0
    torch.testing.assert_close(together[1, 3], alone, rtol=1e-4, atol=0)
    torch.testing.assert_close(encoder(100 * frames).f0, together, rtol=1e-2, atol=0)


def test_dropout_acts_in_training_only():
    encoder = PitchEncoder()
    frames = torch.rand(1, 285)
    assert not torch.equal(encoder(frames).f0, encoder(frames).f0)
    encoder.eval()
    assert torch.equal(encoder(frames).f0, encoder(frames).f0)


def test_dropout_drops_its_share_and_keeps_the_mean():
    encoder = PitchEncoder(dropout=0.2)
    for layer, bias in ((encoder.mix[-1], 1.0), (encoder.last, 0.0)):
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.constant_(layer.bias, bias)
    torch.nn.init.eye_(encoder.last.weight)  # the features are what is dropped, all ones
    features = encoder.features(torch.rand(100, 285))
    dropped = features == 0
    assert dropped.double().mean().item() == pytest.approx(0.2, abs=0.01)
    torch.testing.assert_close(features[~dropped], torch.full((int((~dropped).sum()),), 1.25))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"bins": 1}, "bins: expected a whole number of at least 2"),
        ({"dropout": 1.0}, "dropout: expected less than 1"),
        ({"temperature": 0}, "temperature: expected a finite number above 0"),
        ({"harmonics": 0}, "harmonics: expected a whole number of at least 1"),
        ({"harmonics": 10**18}, "harmonics: expected a whole number of at most 1000"),
    ],
)
def test_a_bad_setting_is_named(settings, words):
    with pytest.raises(ValueError, match=words):
        PitchEncoder(**settings)


def test_frames_of_another_size_are_refused(encoder):
    with pytest.raises(ValueError, match=r"frames: expected shape \(..., 285\)"):
        encoder(torch.rand(2, 284))
    with pytest.raises(TypeError, match="frames: expected floating-point numbers"):
        encoder(torch.ones(2, 285, dtype=torch.int64))
