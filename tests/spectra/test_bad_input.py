"""Wrong settings and wrong audio are refused with an error that names the argument."""

import re

import pytest
import torch

from sot.spectra import STFT, VQT, MelSpectrogram

EVERY = [STFT, MelSpectrogram, VQT]
BY_FFT = [STFT, MelSpectrogram]

SETTINGS = [
    (EVERY, {"fmin": 500.0, "fmax": 400.0}, ValueError, "fmin: expected less than fmax, 400 Hz"),
    (EVERY, {"fmin": 400.0, "fmax": 400.0}, ValueError, "fmin: expected less than fmax"),
    (EVERY, {"fmin": 12000.0}, ValueError, "fmin: expected less than the Nyquist frequency 11025"),
    (EVERY, {"fmax": 12000.0}, ValueError, "fmax: expected at most the Nyquist frequency 11025 Hz"),
    (EVERY, {"fmin": -1.0}, ValueError, "fmin: expected a finite number at least 0, got -1.0"),
    (EVERY, {"fmax": float("nan")}, ValueError, "fmax: expected a finite number above 0, got nan"),
    (EVERY, {"fmin": "50"}, TypeError, "fmin: expected a finite number"),
    (EVERY, {"sample_rate": 0}, ValueError, "sample_rate: expected a finite number above 0"),
    (EVERY, {"hop_length": 0}, ValueError, "hop_length: expected a whole number of at least 1"),
    (EVERY, {"hop_length": True}, TypeError, "hop_length: expected a whole number"),
    (EVERY, {"hop_length": 256.0}, TypeError, "hop_length: expected a whole number"),
    (EVERY, {"framing": "centre"}, ValueError, "framing: expected one of 'whole', 'reflect'"),
    (EVERY, {"framing": "zeros"}, ValueError, "got 'zeros'; did you mean 'zero'?"),
    (EVERY, {"framing": None}, TypeError, "framing: expected one of"),
    (EVERY, {"window": "flatop"}, ValueError, "did you mean 'flattop'?"),
    (EVERY, {"window": "kaiser"}, ValueError, "window: expected the name of a SciPy window"),
    (EVERY, {"window": ("general_cosine", 1)}, ValueError, "window: expected the name of a SciPy"),
    (EVERY, {"window": ("kaiser", 1e6)}, ValueError, "finite samples"),
    (EVERY, {"window": ("han", 3)}, ValueError, "window: expected the name of a SciPy window"),
    (EVERY, {"square_magnitude": 1}, TypeError, "square_magnitude: expected True or False"),
    (BY_FFT, {"fft_size": 1}, ValueError, "fft_size: expected a whole number of at least 2"),
    (BY_FFT, {"fft_size": True}, TypeError, "fft_size: expected a whole number"),
    (BY_FFT, {"win_length": 2048}, ValueError, "win_length: expected at most fft_size, 1024"),
    (BY_FFT, {"win_length": 0}, ValueError, "win_length: expected a whole number of at least 1"),
    ([STFT], {"fmin": 30.0, "fmax": 40.0}, ValueError, "fmin: expected a band that holds at least"),
    ([MelSpectrogram], {"n_mels": 0}, ValueError, "n_mels: expected a whole number"),
    ([MelSpectrogram], {"mel_scale": "htc"}, ValueError, "got 'htc'; did you mean 'htk'?"),
    ([MelSpectrogram], {"mel_norm": "slany"}, ValueError, "did you mean 'slaney'?"),
    ([VQT], {"n_bins": 400}, ValueError, "n_bins: expected at most 303 bins, so that the last"),
    ([VQT], {"n_bins": 37, "fmax": 65.4}, ValueError, "stays below fmax, 65.4 Hz, got 37"),
    ([VQT], {"n_bins": 0}, ValueError, "n_bins: expected a whole number of at least 1"),
    ([VQT], {"n_bins": True}, TypeError, "n_bins: expected a whole number"),
    ([VQT], {"fmin": 1e-4}, ValueError, "fmin: expected a frequency whose kernel has at most"),
    ([VQT], {"fmin": 1e-30}, ValueError, "fmin: expected a frequency whose kernel has at most"),
    ([VQT], {"fmin": 0.0}, ValueError, "fmin: expected a positive frequency"),
    ([VQT], {"gamma": -1}, ValueError, "gamma: expected a finite number at least 0"),
    ([VQT], {"bins_per_octave": 0}, ValueError, "bins_per_octave: expected a whole number"),
    ([VQT], {"bins_per_octave": 1000}, ValueError, "bins_per_octave: expected a resolution whose"),
    (BY_FFT, {"fft_size": 2**40}, ValueError, "fft_size: expected a whole number of at most"),
    ([MelSpectrogram], {"n_mels": 10**6}, ValueError, "n_mels: expected at most 130816 filters"),
]


@pytest.mark.parametrize(
    ("make", "settings", "kind", "message"),
    [(make, *rest) for makes, *rest in SETTINGS for make in makes],
)
def test_wrong_settings_are_refused(make, settings, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        make(**settings)


AUDIO = [
    ([0.0, 1.0], TypeError, r"audio: expected a torch.Tensor, got \[0.0, 1.0\]"),
    (torch.ones(9, dtype=torch.int16), TypeError, r"audio: .*int16 tensor.*x.float\(\) / 32768"),
    (torch.ones(9, dtype=torch.bool), TypeError, r"audio: expected floating-point numbers"),
    (torch.ones(9) * 1j, TypeError, r"audio: expected real numbers"),
    (
        torch.tensor(1.0),
        ValueError,
        r"audio: .*\(samples,\), .* got a float32 tensor of shape \(\)",
    ),
    (torch.ones(1, 1, 1, 9), ValueError, r"audio: .*shape \(1, 1, 1, 9\)"),
    (torch.ones(2, 0), ValueError, r"audio: expected audio with at least one sample"),
]


@pytest.mark.parametrize("make", EVERY)
@pytest.mark.parametrize(("audio", "kind", "message"), AUDIO)
def test_what_is_no_audio_is_refused(make, audio, kind, message):
    with pytest.raises(kind, match=message):
        make()(audio)


LENGTHS = [
    ([9.0, 8.0], TypeError, r"lengths: expected whole numbers of samples"),
    ([True, True], TypeError, r"lengths: expected whole numbers of samples"),
    ([9], ValueError, r"lengths: expected one length for each of the 2 clips"),
    ([[9, 9]], ValueError, r"lengths: expected one length .* shape \(1, 2\)"),
    ([9, 0], ValueError, r"lengths: expected lengths from 1 to 9, got \[9, 0\]"),
    ([10, 9], ValueError, r"lengths: expected lengths from 1 to 9"),
]


@pytest.mark.parametrize(("lengths", "kind", "message"), LENGTHS)
def test_wrong_lengths_are_refused(lengths, kind, message):
    with pytest.raises(kind, match=message):
        STFT(8, 4)(torch.ones(2, 9), torch.tensor(lengths))


def test_an_unknown_scaling_of_positions_is_refused_with_the_nearest_one():
    with pytest.raises(ValueError, match=r"bin_position_scaling: .*did you mean 'absolute'\?"):
        STFT().positions("absolut")
    with pytest.raises(TypeError, match=r"bin_position_scaling: expected one of"):
        STFT().positions(None)
