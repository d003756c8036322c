"""Harmonic salience: it peaks at the pitch, whatever the amplitudes of the harmonics."""

import numpy as np
import pytest
import torch

from sot.spectra import STFT, HarmonicSalience
from sot.spectra.harmonic import harmonic_kernels

RATE = 16000


def harmonics(f0, amplitudes, samples=6000):
    """A tone with random phases."""
    time = torch.arange(samples, dtype=torch.float64) / RATE
    numbers = torch.arange(1, len(amplitudes) + 1, dtype=torch.float64)
    phases = 2 * np.pi * (f0 * numbers[:, None] * time + torch.rand(len(numbers), 1))
    return torch.as_tensor(amplitudes, dtype=torch.float64) @ phases.sin()


TIMBRES = {
    "1/k": [1 / k for k in range(1, 13)],
    "equal": 12 * [1.0],
    "missing fundamental": [0.0] + 11 * [1.0],
    "third to sixth": 2 * [0.0] + 4 * [1.0],
    "odd": [k % 2 / k for k in range(1, 13)],
}


@pytest.mark.parametrize("f0", [82.0, 146.8, 250.0, 523.3])
@pytest.mark.parametrize("timbre", TIMBRES)
def test_it_peaks_at_the_pitch(f0, timbre):
    salience = HarmonicSalience(sample_rate=RATE)
    found = salience(harmonics(f0, TIMBRES[timbre]))
    peaks = salience.frequencies[found.argmax(-1)]
    assert (np.abs(12 * np.log2(peaks / f0)) <= 0.25).all()  # one candidate is a quarter


def test_the_comb_is_the_formula_inside_its_range_and_zero_outside():
    frequencies, pitches = (
        np.array([0.0, 20.0, 25.0, 100.0, 150.0, 275.0, 276.0]),
        np.array([100.0]),
    )
    found = harmonic_kernels(frequencies, pitches, harmonics=2)[:, 0]
    expected = [0, 0, 0, 1, -(1.5**-0.5), 0, 0]  # zeros of the cosine end it on both sides
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_salience_is_the_documented_formula():
    torch.manual_seed(0)
    sound = torch.randn(6000, dtype=torch.float64)
    salience = HarmonicSalience(sample_rate=RATE)
    power = STFT(2048, 512, window="blackmanharris", square_magnitude=True)(sound)
    faint = 1e-6 * power.amax(-1, keepdim=True)
    combs = harmonic_kernels(np.fft.rfftfreq(2048, 1 / RATE), salience.frequencies, harmonics=10)
    sums = ((power + faint).sqrt() - faint.sqrt()) @ torch.from_numpy(combs)
    expected = (sums.clamp(min=0) / sums.amax(-1, keepdim=True)) ** 8
    torch.testing.assert_close(salience(sound), expected, rtol=1e-9, atol=1e-12)


def test_a_comb_has_its_teeth_at_the_harmonics():
    frequencies = np.arange(1.0, 2000.0)
    comb = harmonic_kernels(frequencies, np.array([100.0]), harmonics=10)[:, 0]
    for number in range(1, 11):
        assert comb[100 * number - 1] == pytest.approx(number**-0.5)
    assert not comb[frequencies > 1075].any()


@pytest.mark.parametrize("noise_floor", [0.0, 5.0])
def test_it_does_not_depend_on_the_level(noise_floor):
    salience = HarmonicSalience(sample_rate=RATE, noise_floor=noise_floor)
    sound = harmonics(196.0, TIMBRES["1/k"])
    reference = salience(sound)
    assert reference.max() == pytest.approx(1)
    for level in (1e-4, 100.0):
        torch.testing.assert_close(salience(level * sound), reference, rtol=1e-6, atol=1e-9)


def test_candidates_are_spaced_evenly_in_octaves_within_the_band():
    salience = HarmonicSalience(sample_rate=RATE, fmin=50, fmax=800, bins_per_octave=12)
    np.testing.assert_allclose(salience.frequencies, 50 * 2 ** (np.arange(49) / 12))
    assert HarmonicSalience(sample_rate=6000).frequencies[-1] <= 3000
    assert HarmonicSalience(sample_rate=48000).frequencies[-1] <= 4000
    for scaling in ("normalized", "normalized_linear", "log"):
        np.testing.assert_allclose(salience.positions(scaling), np.arange(49) / 48)
    np.testing.assert_array_equal(salience.positions("absolute"), salience.frequencies)


def test_the_shape_is_that_of_frames_and_candidates():
    salience = HarmonicSalience(512, 128, sample_rate=RATE)
    for leading in ((), (2,), (2, 3)):
        assert salience(torch.randn(*leading, 1000)).shape == (*leading, 4, salience.bins)
    assert (salience(torch.randn(3, 1000)) >= 0).all()


def test_items_of_a_padded_batch_have_the_frames_that_they_have_alone():
    salience = HarmonicSalience(512, 128, sample_rate=RATE)
    audio = torch.randn(2, 1500, dtype=torch.float64)
    found = salience(audio, lengths=torch.tensor([1500, 900]))
    alone = salience(audio[1, :900])
    torch.testing.assert_close(found[1, : len(alone)], alone)


def test_silence_has_no_salience_and_finite_gradients():
    salience = HarmonicSalience(512, 128, sample_rate=RATE, noise_floor=5.0)
    half = torch.cat([torch.zeros(1000), torch.randn(1000)])
    for audio in (torch.zeros(2000), half):
        audio.requires_grad_()
        found = salience(audio)
        assert (found[:3] == 0).all()
        (slope,) = torch.autograd.grad(found.sum(), audio)
        assert slope.isfinite().all()


def test_the_gradient_is_that_of_finite_differences():
    """To a hundredth, since what counts as faint beside the loudest bin is held constant."""
    salience = HarmonicSalience(64, 32, sample_rate=RATE, fmin=600, bins_per_octave=4)
    sound = harmonics(1500.0, [1.0, 0.5], 96) + 0.1 * torch.randn(96, dtype=torch.float64)
    audio = sound.requires_grad_()
    assert torch.autograd.gradcheck(salience, audio, atol=1e-3, rtol=1e-2)


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"harmonics": 0}, ValueError, "harmonics: expected a whole number of at least 1, got 0"),
        ({"harmonics": 2.5}, TypeError, "harmonics: expected a whole number"),
        ({"bins_per_octave": 0}, ValueError, "bins_per_octave: expected a whole number"),
        ({"fmin": 0.0}, ValueError, "fmin: expected a positive frequency"),
        ({"fmin": 5000.0}, ValueError, "fmin: expected less than fmax, 4000 Hz, got 5000 Hz"),
        ({"fmin": 500.0, "fmax": 400.0}, ValueError, "fmin: expected less than fmax, 400 Hz"),
        ({"fmax": 12000.0}, ValueError, "fmax: expected at most the Nyquist frequency"),
        ({"noise_floor": -1}, ValueError, "noise_floor: expected a finite number at least 0"),
        ({"noise_floor": "5"}, TypeError, "noise_floor: expected a finite number"),
        ({"window": "blackmanharis"}, ValueError, "did you mean 'blackmanharris'"),
        ({"framing": "wole"}, ValueError, "did you mean 'whole'"),
    ],
)
def test_wrong_settings_are_refused(settings, kind, message):
    with pytest.raises(kind, match=message):
        HarmonicSalience(**settings)
