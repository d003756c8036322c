"""The mel scale, its filters and the mel spectrogram against librosa."""

import librosa
import numpy as np
import pytest
import torch
from scipy.signal import get_window

from sot.spectra import MelSpectrogram, hz_to_mel, mel_filters, mel_to_hz

SCALES = [("slaney", False), ("htk", True)]


@pytest.mark.parametrize(("scale", "htk"), SCALES)
def test_the_mel_scales_are_those_of_librosa(scale, htk):
    frequencies = np.array([0, 1, 440, 999, 1000, 1001, 8000, 22050.0])
    mels = hz_to_mel(frequencies, scale)
    np.testing.assert_allclose(mels, librosa.hz_to_mel(frequencies, htk=htk), rtol=1e-12)
    np.testing.assert_allclose(mel_to_hz(mels, scale), frequencies, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        mel_to_hz(np.linspace(0, 60, 7), scale), librosa.mel_to_hz(np.linspace(0, 60, 7), htk=htk)
    )


@pytest.mark.parametrize(("scale", "htk"), SCALES)
@pytest.mark.parametrize("norm", ["slaney", None])
@pytest.mark.parametrize("band", [(0.0, None), (150.0, 6000.0)])
def test_the_filters_are_those_of_librosa(scale, htk, norm, band):
    low, high = band
    filters, centres = mel_filters(16000, 1024, 40, low, high, scale, norm)
    expected = librosa.filters.mel(
        sr=16000,
        n_fft=1024,
        n_mels=40,
        fmin=low,
        fmax=high,
        htk=htk,
        norm=norm,
        dtype=np.float64,
    )
    np.testing.assert_allclose(filters, expected.T, rtol=1e-9, atol=1e-12)
    corners = librosa.mel_frequencies(42, fmin=low, fmax=high or 8000, htk=htk)
    np.testing.assert_allclose(centres, corners[1:-1], rtol=1e-12)


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("htk", [False, True])
@pytest.mark.parametrize("window", ["hann", "flattop"])
def test_the_spectrogram_is_that_of_librosa(power, htk, window):
    audio = np.random.default_rng(0).standard_normal(4000)
    expected = librosa.feature.melspectrogram(
        y=audio,
        sr=16000,
        n_fft=512,
        hop_length=100,
        window=window,
        center=False,
        power=power,
        n_mels=30,
        fmin=60,
        fmax=7000,
        htk=htk,
        dtype=np.float64,
    )
    mel = MelSpectrogram(
        512,
        100,
        window=window,
        n_mels=30,
        sample_rate=16000,
        fmin=60,
        fmax=7000,
        mel_scale="htk" if htk else "slaney",
        square_magnitude=power == 2,
    )
    np.testing.assert_allclose(mel(torch.from_numpy(audio)), expected.T, rtol=1e-6, atol=1e-9)


def test_a_shorter_window_is_honoured():
    audio = np.random.default_rng(0).standard_normal(300)
    filters, _ = mel_filters(8000, 512, 20)
    expected = np.abs(np.fft.rfft(audio * get_window("hann", 300), n=512)) @ filters
    mel = MelSpectrogram(512, 100, 300, n_mels=20, sample_rate=8000)
    np.testing.assert_allclose(mel(torch.from_numpy(audio)), expected[None], rtol=1e-9)
