"""Chroma: pitch classes on a circle, whose masses are those of the spectrum."""

import numpy as np
import pytest
import torch
from generators.tones import tone

from sot.spectra import STFT, Chroma
from sot.spectra.chroma import chroma_filters

RATE = 16000
FINE = {"fft_size": 8192, "window": "blackmanharris", "sample_rate": RATE}


@pytest.mark.parametrize(
    ("frequency", "semitone"),
    [(261.6256, 0), (440.0, 9), (880.0, 9), (466.1638, 10), (987.7666, 11)],
)
def test_a_tone_peaks_at_its_class(frequency, semitone):
    chroma = Chroma(**FINE, bins_per_octave=12)
    assert (chroma(tone(frequency, 9000, RATE)).argmax(-1) == semitone).all()


@pytest.mark.parametrize("bins", [12, 36])
def test_a_tone_and_its_octave_are_nearly_equal(bins):
    """The octave's peak is half as wide in octaves; around the circle they stand in one place."""
    chroma = Chroma(**FINE, bins_per_octave=bins, square_magnitude=True)
    angle = torch.tensor(2j * np.pi) * torch.from_numpy(chroma.positions())
    places = []
    for octave in (1, 2, 4):
        found = chroma(tone(523.3 * octave, 8192, RATE))[0]
        places.append(torch.angle((found * angle.exp()).sum()) / (2 * np.pi))
    for place in places[1:]:
        difference = 12 * (place - places[0])
        assert abs(difference - difference.round() * (abs(difference) > 6)) < 0.05  # semitones


def test_a_filter_puts_octaves_into_one_bin_and_shares_what_lies_between():
    frequencies = np.array([55.0, 110.0, 220.0, 440.0, 440.0 * 2 ** (0.25 / 12), 0.0, 7000.0])
    found = chroma_filters(frequencies, 12, fmin=100.0, fmax=5000.0)
    expected = np.zeros((7, 12))
    expected[1:4, 9] = 1
    expected[4, [9, 10]] = 0.75, 0.25
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_between_the_last_bin_and_the_first_the_circle_closes():
    between = 440 * 2 ** ((71.5 - 69) / 12)  # half a semitone below C
    found = chroma_filters(np.array([between]), 12, 0.0, 8000.0)[0]
    np.testing.assert_allclose(found[[11, 0]], 0.5)


@pytest.mark.parametrize("square", [False, True])
@pytest.mark.parametrize("bins", [1, 12, 36])
def test_folding_preserves_the_mass_in_the_band(square, bins):
    settings = {"fft_size": 512, "hop_length": 128, "window": "hann", "sample_rate": RATE}
    audio = torch.randn(2, 1500, dtype=torch.float64)
    folded = Chroma(**settings, bins_per_octave=bins, fmin=300, fmax=5000, square_magnitude=square)
    plain = STFT(**settings, fmin=300, fmax=5000, square_magnitude=square)
    torch.testing.assert_close(folded(audio).sum(-1), plain(audio).sum(-1))


def test_positions_are_those_of_a_circle():
    chroma = Chroma(bins_per_octave=24)
    for scaling in ("normalized", "normalized_linear", "absolute", "log", "mel"):
        np.testing.assert_allclose(chroma.positions(scaling), np.arange(24) / 24)
    assert chroma.frequencies[0] == pytest.approx(8.1758, rel=1e-4)  # C of MIDI number 0


def test_silence_gives_zeros_and_finite_gradients():
    chroma = Chroma(512, 128, noise_floor=5.0)
    audio = torch.zeros(2000, requires_grad=True)
    found = chroma(audio)
    assert (found == 0).all()
    (slope,) = torch.autograd.grad(found.sum(), audio)
    assert slope.isfinite().all()


@pytest.mark.parametrize("square", [False, True])
def test_the_gradient_is_that_of_finite_differences(square):
    chroma = Chroma(
        32, 16, sample_rate=8000, bins_per_octave=6, square_magnitude=square, window="hann"
    )
    audio = (0.1 * torch.randn(48, dtype=torch.float64)).requires_grad_()
    assert torch.autograd.gradcheck(chroma, audio, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"bins_per_octave": 0}, ValueError, "bins_per_octave: expected a whole number"),
        ({"bins_per_octave": 12.0}, TypeError, "bins_per_octave: expected a whole number"),
        ({"fmin": 400.0, "fmax": 400.0}, ValueError, "fmin: expected less than fmax, 400 Hz"),
        ({"fmin": -1.0}, ValueError, "fmin: expected a finite number at least 0"),
        ({"fmax": 12000.0}, ValueError, "fmax: expected at most the Nyquist frequency 11025 Hz"),
        ({"noise_floor": -0.1}, ValueError, "noise_floor: expected a finite number at least 0"),
        ({"square_magnitude": 1}, TypeError, "square_magnitude: expected True or False"),
        ({"framing": "centre"}, ValueError, "framing: expected one of 'whole'"),
    ],
)
def test_wrong_settings_are_refused(settings, kind, message):
    with pytest.raises(kind, match=message):
        Chroma(**settings)


def test_an_unknown_scaling_is_refused():
    with pytest.raises(ValueError, match=r"bin_position_scaling: .*did you mean 'absolute'"):
        Chroma().positions("absolut")
