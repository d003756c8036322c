"""Presets are named sets of arguments, over which explicit arguments win."""

import inspect

import numpy as np
import ot
import pytest
import torch
from scipy.signal import get_window

from sot import MultiResolutionSOTLoss, Wasserstein1DLoss

#: The setting of the ICASSP 2024 paper, section 3, as explicit arguments.
PAPER = {
    "transform": "stft",
    "fft_size": 2048,
    "hop_length": 256,
    "window": "flattop",
    "sample_rate": 16000,
    "bin_position_scaling": "normalized",
    "framing": "end",
    "square_magnitude": True,
    "p": 2,
    "normalize": True,
    "balanced": False,
    "quantile_lowpass": True,
    "apply_root": False,
}


def test_the_paper_preset_is_the_paper_setting(noise):
    x, y = noise(3, 4096), 2 * noise(3, 4096, seed=1)
    preset = Wasserstein1DLoss(preset="paper", reduction="none")(x, y)
    explicit = Wasserstein1DLoss(**PAPER, reduction="none")(x, y)
    assert preset.shape == (3, 16)
    torch.testing.assert_close(preset, explicit, rtol=0, atol=0)


def test_the_paper_preset_without_cut_and_balanced_is_the_distance_of_pot(noise):
    x, y = noise(4096, dtype=torch.float64), noise(4096, seed=1, dtype=torch.float64)
    loss = Wasserstein1DLoss(
        preset="paper", balanced=True, quantile_lowpass=False, reduction="none"
    )
    window, positions = get_window("flattop", 2048), np.linspace(0, 1, 1025)
    truth = []
    for start in range(0, 4096, 256):
        frames = (np.pad(side.numpy(), (0, 2048))[start : start + 2048] for side in (x, y))
        u, v = (np.abs(np.fft.rfft(frame * window)) ** 2 for frame in frames)
        truth.append(ot.emd2_1d(positions, positions, u / u.sum(), v / v.sum()))
    np.testing.assert_allclose(loss(x, y)[0].numpy(), truth, rtol=1e-6)


def test_the_old_preset_sets_its_framing_and_its_silence(noise):
    # Quiet enough that eps counts, and silent at the end.
    x, y = 1e-9 * noise(2, 3000), noise(2, 3000, seed=1)
    x[:, 1500:] = 0
    explicit = Wasserstein1DLoss(framing="reflect", silence="top_bin")
    torch.testing.assert_close(
        Wasserstein1DLoss(preset="sot-loss")(x, y), explicit(x, y), rtol=1e-5, atol=0
    )


@pytest.mark.parametrize(
    ("preset", "changed"),
    [
        ("paper", {"fft_size": 512}),
        ("paper", {"framing": "whole", "hop_length": 128}),
        ("paper", {"balanced": True, "quantile_lowpass": False}),
        ("paper", {"transform": "mel", "sample_rate": 8000}),
        ("paper", {"p": 1}),
    ],
)
def test_explicit_arguments_win_over_the_paper_preset(noise, preset, changed):
    x, y = noise(2, 4096), noise(2, 4096, seed=1)
    found = Wasserstein1DLoss(preset=preset, **changed)(x, y)
    expected = Wasserstein1DLoss(**{**PAPER, **changed})(x, y)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_a_positional_argument_is_explicit_too(noise):
    x, y = noise(2, 4096), noise(2, 4096, seed=1)
    found = Wasserstein1DLoss("stft", True, True, 1, preset="paper")(x, y)
    expected = Wasserstein1DLoss(**{**PAPER, "balanced": True, "p": 1})(x, y)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_the_old_preset_takes_the_resolution_of_the_cqt_from_the_old_argument_alone(noise):
    x, y = noise(2, 3000), noise(2, 3000, seed=1)
    settings = {"transform": "cqt", "fmin": 500.0, "n_bins": 20, "preset": "sot-loss"}
    found = Wasserstein1DLoss(**settings, bins_per_octave=12)  # had no effect there
    torch.testing.assert_close(
        found(x, y), Wasserstein1DLoss(**settings, bins_per_semitone=3)(x, y)
    )
    assert Wasserstein1DLoss(**settings, bins_per_semitone=1).spectrum.bins_per_octave == 12


def test_explicit_framing_and_silence_win_over_the_old_preset(noise):
    x, y = noise(2, 3000), noise(2, 3000, seed=1)
    x[:, :1500] = 0
    found = Wasserstein1DLoss(preset="sot-loss", framing="whole", silence="ignore")(x, y)
    torch.testing.assert_close(found, Wasserstein1DLoss()(x, y), rtol=1e-5, atol=0)


def test_presets_reach_every_resolution(noise):
    x, y = noise(2, 4096), noise(2, 4096, seed=1)
    arguments = {**PAPER}
    for own in ("fft_size", "hop_length"):
        del arguments[own]
    sizes = {"fft_sizes": [512, 1024], "hop_lengths": [128, 256]}
    found = MultiResolutionSOTLoss(**sizes, preset="paper")(x, y)
    expected = MultiResolutionSOTLoss(**sizes, **arguments)(x, y)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


@pytest.mark.parametrize("loss", [Wasserstein1DLoss, MultiResolutionSOTLoss])
def test_an_unknown_preset_or_keyword_is_refused_with_the_nearest(loss):
    with pytest.raises(ValueError, match=r"^preset: .*'sotloss'; did you mean 'sot-loss'"):
        loss(preset="sotloss")
    with pytest.raises(
        TypeError, match=f"^{loss.__name__}: unknown argument 'quantile_low_pass'; .*'quantile_lowp"
    ):
        loss(quantile_low_pass=True)


def test_the_lists_of_the_multi_resolution_loss_are_named_when_a_single_one_is_given():
    with pytest.raises(TypeError, match="unknown argument 'fft_size'; did you mean 'fft_sizes'"):
        MultiResolutionSOTLoss(fft_size=512)


def test_the_arguments_of_the_constructors_can_be_inspected():
    single = inspect.signature(Wasserstein1DLoss).parameters
    assert list(single)[:2] == ["transform", "normalize"]
    assert {"preset", "silence", "framing", "fft_size", "reduction"} <= set(single)
    assert single["p"].default == 2
    several = inspect.signature(MultiResolutionSOTLoss).parameters
    assert list(several)[:4] == ["transform", "fft_sizes", "hop_lengths", "win_lengths"]
    assert "weights" in several
