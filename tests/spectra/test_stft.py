"""The STFT against NumPy, librosa and torch."""

import librosa
import numpy as np
import pytest
import torch
from generators.framed import frames_of
from generators.tones import tone
from scipy.signal import get_window
from torch.autograd import gradcheck, gradgradcheck

from sot.spectra import FRAMINGS, STFT

SIZES = [(64, 64, 16), (64, 40, 20), (63, 63, 10), (65, 32, 7), (2, 2, 1)]


@pytest.mark.parametrize("rule", FRAMINGS)
@pytest.mark.parametrize("sizes", SIZES)
def test_each_frame_is_the_fourier_transform_of_what_the_window_shows(rule, sizes):
    fft_size, win_length, hop = sizes
    audio = np.random.default_rng(0).standard_normal(300)
    framed = frames_of(audio, rule, win_length, hop, fft_size)
    windowed = framed * get_window("hamming", win_length)
    expected = np.abs(np.fft.rfft(windowed, n=fft_size))
    stft = STFT(fft_size, hop, win_length, "hamming", framing=rule)
    found = stft(torch.from_numpy(audio))
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    single = stft(torch.from_numpy(audio).float())
    assert single.dtype == torch.float32
    np.testing.assert_allclose(single, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("rule", "mode"), [("reflect", "reflect"), ("zero", "constant")])
@pytest.mark.parametrize("sizes", [(64, 64, 16), (64, 40, 20), (63, 50, 10)])
def test_centred_frames_are_those_of_librosa(rule, mode, sizes):
    fft_size, win_length, hop = sizes
    audio = np.random.default_rng(0).standard_normal(333)
    expected = librosa.stft(
        audio,
        n_fft=fft_size,
        hop_length=hop,
        win_length=win_length,
        window="flattop",
        pad_mode=mode,
    )
    found = STFT(fft_size, hop, win_length, framing=rule)(torch.from_numpy(audio))
    np.testing.assert_allclose(found, np.abs(expected).T, rtol=1e-9, atol=1e-12)


def test_whole_frames_are_the_uncentred_ones_of_librosa():
    audio = np.random.default_rng(0).standard_normal(333)
    expected = librosa.stft(audio, n_fft=64, hop_length=20, window="hann", center=False)
    found = STFT(64, 20, window="hann")(torch.from_numpy(audio))
    np.testing.assert_allclose(found, np.abs(expected).T, rtol=1e-9, atol=1e-12)


def test_powers_are_squared_magnitudes():
    audio = torch.randn(500, dtype=torch.float64)
    magnitude = STFT(64, 16)(audio)
    power = STFT(64, 16, square_magnitude=True)(audio)
    torch.testing.assert_close(power, magnitude.square())


def test_a_frame_keeps_the_energy_of_its_samples():
    audio = torch.randn(64, dtype=torch.float64)
    power = STFT(64, 64, window="boxcar", square_magnitude=True)(audio)[0]
    both_sides = 2 * power.sum() - power[0] - power[-1]  # Parseval
    assert both_sides.item() / 64 == pytest.approx(audio.square().sum().item())


def test_windows_with_parameters_are_taken_as_tuples():
    audio = np.random.default_rng(0).standard_normal(64)
    expected = np.abs(np.fft.rfft(audio * get_window(("kaiser", 8.6), 64)))
    found = STFT(64, 64, window=("kaiser", 8.6))(torch.from_numpy(audio))
    np.testing.assert_allclose(found[0], expected, rtol=1e-9)


def test_a_tone_peaks_at_its_bin():
    stft = STFT(1024, 256, sample_rate=16000)
    for frequency in (440.0, 1000.0, 5000.0):
        peaks = stft(tone(frequency, 8000, 16000)).argmax(-1)
        nearest = np.abs(stft.frequencies - frequency).argmin()
        assert set(peaks.tolist()) == {nearest}


@pytest.mark.parametrize("band", [(None, 2000), (500, None), (500, 2000), (437.6, 437.6 + 63)])
def test_a_band_leaves_out_the_bins_beyond_it(band):
    low, high = band
    audio = torch.randn(700)
    whole = STFT(128, 32, sample_rate=8000)
    cut = STFT(128, 32, sample_rate=8000, fmin=low, fmax=high)
    inside = (whole.frequencies >= (low or 0)) & (whole.frequencies <= (high or 4000))
    assert cut.bins == inside.sum()
    np.testing.assert_array_equal(cut.frequencies, whole.frequencies[inside])
    torch.testing.assert_close(cut(audio), whole(audio)[:, torch.from_numpy(inside)])


# Even and odd transforms, shorter windows, hops that do not divide and hops that leave gaps.
SMALL_SIZES = [(8, 8, 4), (8, 7, 3), (9, 9, 4), (9, 4, 5), (6, 3, 5), (2, 2, 1)]


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # by torch itself
@pytest.mark.parametrize("sizes", SMALL_SIZES)
@pytest.mark.parametrize("settings", [{}, {"square_magnitude": True, "framing": "reflect"}])
def test_derivatives_are_those_of_finite_differences(sizes, settings):
    fft_size, win_length, hop = sizes
    stft = STFT(fft_size, hop, win_length, "hamming", **settings)
    audio = torch.randn(2, 1, 22, dtype=torch.float64, requires_grad=True)
    assert gradcheck(stft, audio, check_forward_ad=True)
    assert gradgradcheck(stft, audio)


@pytest.mark.parametrize("fft_size", [64, 63])
@pytest.mark.parametrize("band", [{}, {"fmin": 500, "fmax": 2000}])
def test_the_gradient_is_that_of_the_stft_of_torch(fft_size, band):
    audio = torch.randn(3, 500, dtype=torch.float64, requires_grad=True)
    stft = STFT(fft_size, 20, 50, sample_rate=8000, framing="reflect", **band)
    inside = torch.from_numpy(np.rint(stft.frequencies * fft_size / 8000)).long()
    window = torch.from_numpy(get_window("flattop", 50))
    expected = torch.stft(audio, fft_size, 20, 50, window, return_complex=True).abs()
    expected = expected[:, inside].transpose(-1, -2)
    found = stft(audio)
    torch.testing.assert_close(found, expected)
    weights = torch.randn_like(found)
    gradients = [
        torch.autograd.grad((side * weights).sum(), audio)[0] for side in (found, expected)
    ]
    torch.testing.assert_close(*gradients)


def test_it_can_be_mapped_over_clips():
    audio = torch.randn(3, 200, dtype=torch.float64)
    stft = STFT(32, 10, square_magnitude=True)
    torch.testing.assert_close(torch.func.vmap(stft)(audio), stft(audio))

    def energy(clip):
        return stft(clip).square().sum()

    mapped = torch.func.vmap(torch.func.grad(energy))(audio)
    torch.testing.assert_close(mapped, torch.func.grad(energy)(audio))


# torch builds an instance of every autograd function that it traces, and warns itself of that.
@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
def test_the_compiled_graph_has_no_breaks_and_the_same_numbers():
    audio = torch.randn(2, 200, requires_grad=True)
    stft = STFT(32, 10)
    compiled = torch.compile(stft, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(audio), stft(audio))
    gradients = [torch.autograd.grad(f(audio).sum(), audio)[0] for f in (compiled, stft)]
    torch.testing.assert_close(*gradients)
