"""The old names: `sr=`, bins before time."""

import pytest
import torch
from scipy.signal import get_window

from sot import features, spectra

AUDIO = torch.sin(torch.arange(2 * 3 * 3000) ** 1.5).reshape(2, 3, 3000)

PAIRS = {
    "stft": (
        features.STFT(512, 128, 400, sr=16000, window="hann"),
        spectra.STFT(512, 128, 400, "hann", 16000),
    ),
    "mel": (
        features.MelSpectrogram(16000, 512, 40, 128, mel_scale="htk", mel_norm=None),
        spectra.MelSpectrogram(
            512, 128, n_mels=40, sample_rate=16000, mel_scale="htk", mel_norm=None
        ),
    ),
    "vqt": (
        features.VQT(16000, 256, 65.4, n_bins=60, bins_per_octave=12, gamma=5),
        spectra.VQT(256, 65.4, None, 60, 12, 5, "hann", 16000),
    ),
    "power": (
        features.STFT(square_magnitude=True, framing="zero"),
        spectra.STFT(square_magnitude=True, framing="zero"),
    ),
}


@pytest.mark.parametrize(("old", "new"), PAIRS.values(), ids=PAIRS)
def test_old_classes_are_the_new_ones_with_bins_before_time(old, new):
    for audio in (AUDIO, AUDIO[0], AUDIO[0, 0]):
        torch.testing.assert_close(old(audio), new(audio).transpose(-1, -2), rtol=0, atol=0)


@pytest.mark.parametrize(("old", "new"), PAIRS.values(), ids=PAIRS)
def test_positions_are_those_of_the_new_classes_in_single_precision(old, new):
    positions = old.get_bin_positions()
    assert positions.dtype == torch.float32
    torch.testing.assert_close(positions, torch.from_numpy(new.positions()).float())


@pytest.mark.parametrize("scaling", spectra.SCALINGS)
def test_each_scaling_of_positions_is_honoured(scaling):
    old = features.VQT(n_bins=10, bin_position_scaling=scaling)
    new = spectra.VQT(n_bins=10)
    torch.testing.assert_close(
        old.get_bin_positions(), torch.from_numpy(new.positions(scaling)).float()
    )


@pytest.mark.parametrize("sizes", [(512, 128, None), (512, 128, 300), (301, 100, 250)])
def test_with_the_preset_the_stft_is_that_of_torch_centred_and_reflected(sizes):
    fft_size, hop, win_length = sizes
    audio = AUDIO[:, 0].double()
    window = torch.from_numpy(get_window("flattop", win_length or fft_size))
    expected = torch.stft(
        audio, fft_size, hop, win_length or fft_size, window, center=True, return_complex=True
    ).abs()
    found = features.STFT(fft_size, hop, win_length, preset="sot-loss")(audio)
    torch.testing.assert_close(found, expected)


def test_with_the_preset_mel_is_htk_power_without_norm():
    stft = features.STFT(512, 128, window="hann", square_magnitude=True, preset="sot-loss")
    filters, _ = spectra.mel_filters(16000, 512, 30, mel_scale="htk", mel_norm=None)
    expected = torch.from_numpy(filters).T @ stft(AUDIO.double())
    found = features.MelSpectrogram(16000, 512, 30, 128, preset="sot-loss")(AUDIO.double())
    torch.testing.assert_close(found, expected)


def test_a_given_limit_decides_on_the_number_of_vqt_bins():
    vqt = features.VQT(sr=16000, fmin=100.0, fmax=1600.0, bins_per_octave=12)
    assert vqt.get_bin_positions().shape == (48,)
    assert features.VQT(sr=16000).get_bin_positions().shape == (84,)


def test_positions_in_hertz_need_a_sample_rate():
    with pytest.raises(ValueError, match=r"^sr: expected a sample rate for 'absolute' positions"):
        features.STFT(bin_position_scaling="absolute")


@pytest.mark.parametrize("make", [features.STFT, features.MelSpectrogram, features.VQT])
def test_unknown_names_are_refused_with_the_nearest_one(make):
    with pytest.raises(ValueError, match=r"^preset: .*did you mean 'sot-loss'"):
        make(preset="sot_loss")
    with pytest.raises(ValueError, match=r"^bin_position_scaling: .*did you mean 'normalized'"):
        make(bin_position_scaling="normalised")
    with pytest.raises(ValueError, match=r"^framing: .*did you mean 'reflect'"):
        make(framing="reflected")
    with pytest.raises(ValueError, match=r"^framing: "):
        make(framing="")


@pytest.mark.parametrize("make", [features.STFT, features.MelSpectrogram, features.VQT])
def test_wrong_arguments_are_refused_by_the_names_that_they_have_here(make):
    with pytest.raises(ValueError, match=r"^sr: expected a finite number above 0, got 0\.0"):
        make(sr=0)
    with pytest.raises(TypeError, match=r"^x: expected a torch\.Tensor"):
        make(sr=16000)([0.0, 1.0])
    with pytest.raises(ValueError, match=r"^device: expected a device"):
        make(device="gpu")
