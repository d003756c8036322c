"""The measures are what the paper and mir_eval define."""

import math

import numpy as np
import pytest
import torch

from sot.harmonic import LogSpectralDistance, pitch_accuracies


def shifted(cents):
    """Accuracies of pitches that are off by so many cents."""
    cents = torch.tensor(cents, dtype=torch.float64)
    true = torch.full_like(cents, 440.0)
    return pitch_accuracies(true, true * 2 ** (cents / 1200))


def test_pitches_within_half_a_semitone_are_right():
    assert shifted([0.0, 49.0, -49.0, 51.0, -51.0])["RPA"] == pytest.approx(60)


def test_chroma_forgives_octaves():
    found = shifted([0.0, 1210.0, -2390.0, 700.0])
    assert found["RPA"] == pytest.approx(25)
    assert found["RCA"] == pytest.approx(75)


@pytest.mark.parametrize(
    ("cents", "octaves"), [(0, 0), (1149, 0), (1151, 1), (-1151, -1), (2400, 2), (-3000, -2)]
)
def test_the_octave_difference_counts_whole_octaves_with_a_tolerance(cents, octaves):
    assert shifted([float(cents)])["OD"] == octaves


def test_the_log_spectral_distance_of_a_gain_is_its_square_in_decibels():
    x = torch.randn(2, 4096)
    gain = 10 ** (6 / 20)
    assert LogSpectralDistance()(x, gain * x).item() == pytest.approx(36, rel=1e-3)
    assert LogSpectralDistance()(x, x).item() == 0


def test_the_log_spectral_distance_agrees_with_its_formula():
    x, y = 0.1 * np.random.default_rng(0).standard_normal((2, 3, 4096))

    def decibels(audio):
        padded = np.pad(audio, ((0, 0), (0, 1024)))
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
        frames = [padded[:, t * 256 : t * 256 + 1024] * window for t in range(16)]
        power = np.abs(np.fft.rfft(np.stack(frames, 1))) ** 2 / 1024
        return 10 * np.log10(np.maximum(power, 1e-5))

    expected = np.mean((decibels(x) - decibels(y)) ** 2)
    found = LogSpectralDistance()(torch.tensor(x), torch.tensor(y))
    assert found.item() == pytest.approx(expected, rel=1e-9)


def test_silence_is_far_below_but_finite():
    tone = torch.sin(torch.arange(4096) * 0.3)[None]
    distance = LogSpectralDistance()(tone, torch.zeros_like(tone))
    assert 0 < distance.item() < 80**2
    assert math.isfinite(distance.item())


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match="estimate: expected the shape of reference"):
        pitch_accuracies(torch.ones(2), torch.ones(3))
    with pytest.raises(ValueError, match="estimate: expected positive pitches in Hz"):
        pitch_accuracies(torch.ones(2), torch.tensor([1.0, 0.0]))
    with pytest.raises(ValueError, match="y: expected the shape of x"):
        LogSpectralDistance()(torch.ones(1, 4096), torch.ones(1, 2048))


@pytest.mark.parametrize(
    ("reference", "estimate", "kind", "words"),
    [
        ([1.0], torch.ones(1), TypeError, "reference: expected a torch.Tensor"),
        (torch.ones(2), np.ones(2), TypeError, "estimate: expected a torch.Tensor"),
        (torch.ones(0), torch.ones(0), ValueError, "reference: expected at least one pitch"),
        (torch.ones(1), torch.tensor([math.nan]), ValueError, "estimate: expected finite"),
        (torch.tensor([math.inf]), torch.ones(1), ValueError, "reference: expected finite"),
    ],
)
def test_what_is_no_pitch_is_named(reference, estimate, kind, words):
    with pytest.raises(kind, match=words):
        pitch_accuracies(reference, estimate)


def test_audio_that_is_no_tensor_is_named():
    with pytest.raises(TypeError, match="x: expected a torch"):
        LogSpectralDistance()([1.0], torch.ones(1))
    with pytest.raises(TypeError, match="y: expected a torch"):
        LogSpectralDistance()(torch.ones(1), np.ones(1))
