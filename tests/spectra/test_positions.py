"""Ground positions of the bins, by transform and scaling."""

import librosa
import numpy as np
import pytest

from sot.spectra import SCALINGS, STFT, VQT, MelSpectrogram

RATE, NYQUIST = 16000, 8000.0


def share(values, low, high):
    return (values - low) / (high - low)


def test_stft_positions_are_frequencies():
    stft = STFT(1024, sample_rate=RATE)
    hertz = librosa.fft_frequencies(sr=RATE, n_fft=1024)
    octaves = np.log2(np.maximum(hertz, hertz[1]))  # the bin at 0 Hz sits on the next one
    expected = {
        "normalized": hertz / NYQUIST,
        "normalized_linear": hertz / NYQUIST,
        "absolute": hertz,
        "log": share(octaves, octaves[1], np.log2(NYQUIST)),
        "mel": librosa.hz_to_mel(hertz) / librosa.hz_to_mel(NYQUIST),
    }
    for scaling, positions in expected.items():
        np.testing.assert_allclose(stft.positions(scaling), positions, atol=1e-12)


@pytest.mark.parametrize("rate", [8000, 22050, 44100])
def test_the_last_bin_of_an_even_size_is_just_at_the_nyquist_frequency(rate):
    for size in range(2, 300, 2):
        stft = STFT(size, sample_rate=rate, fmax=rate / 2)
        assert stft.frequencies[-1] == rate / 2
        assert stft.bins == size // 2 + 1


def test_stft_positions_in_a_band_map_the_band_to_one_on_perceptual_scales():
    stft = STFT(1000, sample_rate=RATE, fmin=100, fmax=3200)
    hertz = np.arange(112, 3201, 16.0)
    mels = librosa.hz_to_mel(np.array([100.0, 3200.0]))
    expected = {
        "normalized": hertz / NYQUIST,
        "absolute": hertz,
        "log": np.log2(hertz / 100) / 5,
        "mel": share(librosa.hz_to_mel(hertz), *mels),
    }
    for scaling, positions in expected.items():
        np.testing.assert_allclose(stft.positions(scaling), positions, atol=1e-12)


@pytest.mark.parametrize("fmax", [None, 4000.0])
def test_vqt_positions_are_frequencies_or_bins(fmax):
    vqt = VQT(256, 50, fmax, 60, 12, sample_rate=RATE)
    hertz = librosa.cqt_frequencies(60, fmin=50, bins_per_octave=12)
    top = fmax or NYQUIST
    mels = librosa.hz_to_mel(np.array([50.0, top]))
    expected = {
        "normalized": share(hertz, hertz[0], hertz[-1]),
        "normalized_linear": np.arange(60) / 59,
        "absolute": hertz,
        "log": np.arange(60) / 12 / np.log2(top / 50),
        "mel": share(librosa.hz_to_mel(hertz), *mels),
    }
    for scaling, positions in expected.items():
        np.testing.assert_allclose(vqt.positions(scaling), positions, atol=1e-12)


@pytest.mark.parametrize("spectrum", [STFT(64, sample_rate=RATE), VQT(256, 50, sample_rate=RATE)])
def test_mel_positions_are_those_of_the_scale_that_is_named(spectrum):
    low, hertz = spectrum.fmin or 0.0, spectrum.frequencies
    mels = librosa.hz_to_mel(np.array([low, NYQUIST]), htk=True)
    expected = share(librosa.hz_to_mel(hertz, htk=True), *mels)
    np.testing.assert_allclose(spectrum.positions("mel", "htk"), expected, atol=1e-12)
    with pytest.raises(ValueError, match="did you mean 'htk'"):
        spectrum.positions("mel", "htc")


@pytest.mark.parametrize("band", [(None, None), (80.0, 5000.0)])
@pytest.mark.parametrize("scale", ["slaney", "htk"])
def test_mel_positions_are_bins_or_centres(band, scale):
    low, high = band
    mel = MelSpectrogram(1024, n_mels=40, sample_rate=RATE, fmin=low, fmax=high, mel_scale=scale)
    centres = librosa.mel_frequencies(42, fmin=low or 0, fmax=high or NYQUIST, htk=scale == "htk")[
        1:-1
    ]
    expected = {
        "normalized": np.arange(40) / 39,
        "normalized_linear": np.arange(40) / 39,
        "absolute": centres,
        "log": share(np.log2(centres), np.log2(low or centres[0]), np.log2(high or NYQUIST)),
        "mel": np.arange(40) / 39,
    }
    for scaling, positions in expected.items():
        np.testing.assert_allclose(mel.positions(scaling), positions, atol=1e-9)


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize(
    "spectrum",
    [
        STFT(63),
        STFT(64, fmin=100),
        VQT(bins_per_octave=4),
        MelSpectrogram(n_mels=10),
        VQT(n_bins=1),
    ],
    ids=["odd", "band", "vqt", "mel", "one bin"],
)
def test_positions_ascend_with_one_for_each_bin(spectrum, scaling):
    positions = spectrum.positions(scaling)
    assert positions.shape == (spectrum.bins,)
    assert positions.dtype == np.float64
    assert (np.diff(positions) >= 0).all()
    assert (positions[2:] > positions[1:-1]).all()


def test_the_default_scaling_is_normalized():
    stft = STFT(64)
    np.testing.assert_array_equal(stft.positions(), stft.positions("normalized"))
