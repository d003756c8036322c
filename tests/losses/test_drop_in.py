"""Code written for the replaced package imports and calls ours as it stands."""

import importlib
import inspect

import pytest
import torch

import sot

SURFACE = {
    "sot": ["Wasserstein1DLoss", "MultiResolutionSOTLoss", "wasserstein_1d_circle"],
    "sot.losses": [
        "Wasserstein1DLoss",
        "MultiResolutionSOTLoss",
        "wasserstein_1d",
        "quantile_function",
        "wasserstein_1d_circle",
    ],
    "sot.features": ["STFT", "MelSpectrogram", "VQT"],
}

#: Arguments by position, and keywords with the defaults that are kept.
POSITIONAL = {
    "sot:Wasserstein1DLoss": "transform normalize balanced p return_quantiles quantile_lowpass "
    "eps dim apply_root circular device",
    "sot:MultiResolutionSOTLoss": "transform fft_sizes hop_lengths win_lengths",
    "sot.losses:wasserstein_1d": "u_values v_values u_weights v_weights p require_sort "
    "return_quantiles limit_quantile_range",
    "sot.losses:quantile_function": "qs cws xs",
    "sot:wasserstein_1d_circle": "u_values v_values u_weights v_weights require_sort",
    "sot.features:STFT": "fft_size hop_length win_length sr window bin_position_scaling device",
    "sot.features:MelSpectrogram": "sr fft_size n_mels hop_length bin_position_scaling device",
    "sot.features:VQT": "sr hop_length fmin fmax n_bins bins_per_octave gamma window device "
    "bin_position_scaling",
}


@pytest.mark.parametrize("module", SURFACE)
def test_every_old_name_is_found_in_its_old_place(module):
    found = importlib.import_module(module)
    for name in SURFACE[module]:
        assert callable(getattr(found, name))
        assert name in getattr(found, "__all__", [name])


@pytest.mark.parametrize("path", POSITIONAL)
def test_arguments_keep_their_old_order(path):
    module, name = path.split(":")
    parameters = inspect.signature(getattr(importlib.import_module(module), name)).parameters
    by_position = [
        parameter.name
        for parameter in parameters.values()
        if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    ]
    assert by_position == POSITIONAL[path].split()


def test_the_old_keywords_are_all_taken(noise):
    loss = sot.Wasserstein1DLoss(
        "stft",
        True,
        True,
        2,
        False,
        False,
        1e-8,
        -1,
        False,
        False,
        "cpu",
        fft_size=512,
        hop_length=128,
        win_length=400,
        window="hann",
        n_mels=64,
        n_bins=120,
        bins_per_octave=36,
        gamma=0,
        fmin=32.7,
        fmax=None,
        log=False,
        sample_rate=16000,
        bin_position_scaling="absolute",
        square_magnitude=True,
        reduce=True,
    )
    positional = loss(noise(2, 2000), noise(2, 2000, seed=1))
    named = sot.Wasserstein1DLoss(
        fft_size=512,
        hop_length=128,
        win_length=400,
        window="hann",
        fmin=32.7,
        sample_rate=16000,
        bin_position_scaling="absolute",
        square_magnitude=True,
    )
    torch.testing.assert_close(positional, named(noise(2, 2000), noise(2, 2000, seed=1)))


def test_positional_arguments_mean_what_they_meant(noise):
    x, y = noise(2, 2000), noise(2, 2000, seed=1)
    quantiles = sot.Wasserstein1DLoss("stft", True, False, 1, True, True)(x, y)
    assert len(quantiles) == 5
    over_time = sot.Wasserstein1DLoss("stft", True, True, 3, False, False, 1e-6, -2, True)
    named = sot.Wasserstein1DLoss(p=3, eps=1e-6, dim=-2, apply_root=True)
    torch.testing.assert_close(over_time(x, y), named(x, y), rtol=0, atol=0)


def test_bins_per_semitone_still_works_and_says_what_replaces_it(noise):
    x, y = noise(2, 2000), noise(2, 2000, seed=1)
    with pytest.warns(DeprecationWarning, match="bins_per_octave=12") as caught:
        old = sot.Wasserstein1DLoss("cqt", fmin=300, n_bins=40, bins_per_semitone=2)
    assert caught[0].filename == __file__
    new = sot.Wasserstein1DLoss("cqt", fmin=300, n_bins=40, bins_per_octave=24)
    torch.testing.assert_close(old(x, y), new(x, y), rtol=0, atol=0)


def test_the_functions_of_the_loss_module_are_those_of_the_package():
    losses = importlib.import_module("sot.losses")
    for name in ("wasserstein_1d", "quantile_function", "wasserstein_1d_circle"):
        assert getattr(losses, name) is getattr(sot, name)


@pytest.mark.parametrize("preset", [None, "sot-loss"])
def test_the_old_features_are_what_the_loss_compares(noise, preset):
    features = importlib.import_module("sot.features")
    x, y = noise(2, 4000), noise(2, 4000, seed=1)
    pairs = [
        (features.STFT(512, 128, preset=preset), {"fft_size": 512, "hop_length": 128}),
        (
            features.MelSpectrogram(16000, 512, 40, 128, preset=preset),
            {"transform": "mel", "sample_rate": 16000, "fft_size": 512, "n_mels": 40}
            | {"hop_length": 128},
        ),
        (
            features.VQT(16000, 128, 300.0, None, 60, 36, preset=preset),
            {"transform": "vqt", "sample_rate": 16000, "fmin": 300.0, "n_bins": 60}
            | {"bins_per_octave": 36, "hop_length": 128, "window": "hann"},
        ),
    ]
    identity = sot.Wasserstein1DLoss("identity", preset=preset)
    for feature, arguments in pairs:
        by_hand = identity(feature(x), feature(y), feature.get_bin_positions())
        whole = sot.Wasserstein1DLoss(**arguments, preset=preset)(x, y)
        torch.testing.assert_close(by_hand, whole, rtol=1e-5, atol=0)


def test_nothing_is_printed(noise, capfd):
    for transform in ("stft", "mel", "cqt", "vqt"):
        sot.Wasserstein1DLoss(transform, fmin=300)(noise(2000), noise(2000, seed=1))
    spectrogram = noise(2, 5, 3).abs()
    for transform in ("identity", None):
        sot.Wasserstein1DLoss(transform)(spectrogram, spectrogram, torch.linspace(0, 1, 5))
    sot.MultiResolutionSOTLoss(preset="sot-loss")(noise(2000), noise(2000, seed=1))
    assert capfd.readouterr() == ("", "")
