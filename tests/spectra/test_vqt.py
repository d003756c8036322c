"""The variable-Q transform against a dense convolution with its own kernels, and librosa."""

import pickle

import librosa
import numpy as np
import pytest
import torch
from generators.framed import frames_of
from generators.tones import decaying_note, tone
from scipy.signal import get_window

from sot.spectra import FRAMINGS, VQT

RATE = 8000


def by_convolution(vqt, audio):
    """Every frame times every kernel in the time domain, shape (frames, bins)."""
    longest = vqt.framing.frame_length
    framed = frames_of(audio, vqt.framing.rule, longest, vqt.framing.hop_length)
    columns = []
    for index in range(vqt.bins):
        kernel = vqt.kernel(index)
        start = longest // 2 - (len(kernel) + 1) // 2
        columns.append(np.abs(framed[:, start : start + len(kernel)] @ kernel.conj()))
    return np.stack(columns, axis=-1)


def agree(found, expected, tolerance):
    found = found.double().numpy()
    assert found.shape == expected.shape
    assert np.linalg.norm(found - expected) <= tolerance * np.linalg.norm(expected)
    assert np.abs(found - expected).max() <= tolerance * expected.max()


SIGNALS = {
    "noise": lambda n: torch.randn(n, dtype=torch.float64),
    "tone": lambda n: tone(523.0, n, RATE),
    "note": lambda n: decaying_note(196.0, n, RATE),
    "clicks": lambda n: (torch.arange(n) % 997 == 500).double(),
}


@pytest.mark.parametrize("make", SIGNALS.values(), ids=SIGNALS)
@pytest.mark.parametrize("gamma", [0, 15])
@pytest.mark.parametrize("window", ["flattop", "hann"])
def test_it_is_the_convolution_with_its_kernels(make, gamma, window):
    vqt = VQT(256, 65.4, window=window, gamma=gamma, sample_rate=RATE)
    audio = make(6000)
    expected = by_convolution(vqt, audio)
    agree(vqt(audio), expected, 1e-4)
    agree(vqt(audio.float()), expected, 1e-4)


@pytest.mark.parametrize(("centre", "decay"), [(700.0, 90.0), (700.0, 600.0), (300.0, 2000.0)])
def test_a_window_whose_peak_is_not_in_its_middle_is_that_convolution_too(centre, decay):
    vqt = VQT(256, 65.4, 500.0, window=("exponential", centre, decay), sample_rate=RATE)
    window = np.abs(vqt.kernel(0))
    assert np.abs(window[1:] - window[:0:-1]).max() > 0.5 * window.max()
    audio = torch.randn(8000, dtype=torch.float64)
    agree(vqt(audio), by_convolution(vqt, audio), 1e-4)
    agree(vqt(audio.float()), by_convolution(vqt, audio), 1e-4)


@pytest.mark.parametrize("rule", FRAMINGS)
@pytest.mark.parametrize("samples", [300, 1365, 1366, 4000])
def test_every_framing_is_that_convolution_also_where_kernels_outlast_the_clip(rule, samples):
    vqt = VQT(100, 200, 2000, None, 24, window="hann", sample_rate=RATE, framing=rule)
    assert vqt.framing.frame_length == 1366
    audio = torch.randn(samples, dtype=torch.float64)
    agree(vqt(audio), by_convolution(vqt, audio), 1e-4)


@pytest.mark.parametrize("rule", FRAMINGS)
@pytest.mark.parametrize("samples", [1, 300, 4000])
def test_silence_around_a_clip_is_left_out_of_long_kernels_without_a_trace(rule, samples):
    vqt = VQT(100, 65.4, 500, None, 36, sample_rate=RATE, framing=rule)
    audio = torch.randn(samples, dtype=torch.float64, requires_grad=True)
    found = vqt(audio)
    agree(found.detach(), by_convolution(vqt, audio.detach()), 1e-4)
    # The sum of powers is quadratic: half its gradient is what the powers of a sum differ by.
    other = torch.randn(samples, dtype=torch.float64)
    (grad,) = torch.autograd.grad(found.square().sum(), audio)
    sum_and_difference = [
        np.square(by_convolution(vqt, audio.detach() + sign * other)).sum() for sign in (1, -1)
    ]
    slope = (sum_and_difference[0] - sum_and_difference[1]) / 2
    scale = np.square(by_convolution(vqt, other)).sum()
    assert float(grad @ other) == pytest.approx(slope, abs=1e-4 * scale)


@pytest.mark.parametrize("hop", [1, 7, 1000])
def test_any_hop_is_that_convolution(hop):
    vqt = VQT(hop, 400, 3000, None, 12, window="hann", sample_rate=RATE)
    audio = torch.randn(1500, dtype=torch.float64)
    agree(vqt(audio), by_convolution(vqt, audio), 1e-4)


def test_a_long_clip_is_that_convolution_across_all_its_blocks():
    vqt = VQT(8, 500, 3000, None, 12, window="hann", sample_rate=RATE)
    audio = torch.randn(2, 20001)
    found = vqt(audio)
    assert found.shape == (2, 2501, vqt.bins)
    for row, clip in zip(found, audio, strict=True):
        agree(row, by_convolution(vqt, clip), 1e-4)


def test_powers_are_squared_magnitudes():
    audio = torch.randn(3000, dtype=torch.float64)
    settings = {"fmin": 100.0, "bins_per_octave": 12, "window": "hann", "sample_rate": RATE}
    magnitude = VQT(**settings)(audio)
    power = VQT(**settings, square_magnitude=True)(audio)
    torch.testing.assert_close(power, magnitude.square())


@pytest.mark.parametrize("bins_per_octave", [12, 24, 36])
def test_the_centres_are_those_of_librosa(bins_per_octave):
    vqt = VQT(n_bins=70, bins_per_octave=bins_per_octave)
    expected = librosa.cqt_frequencies(70, fmin=32.7, bins_per_octave=bins_per_octave)
    np.testing.assert_allclose(vqt.frequencies, expected, rtol=1e-12)


@pytest.mark.parametrize(("fmax", "limit"), [(None, 4000.0), (1000.0, 1000.0), (800.0, 800.0)])
def test_without_a_number_all_bins_below_the_limit_are_taken(fmax, limit):
    vqt = VQT(fmin=100.0, fmax=fmax, bins_per_octave=12, sample_rate=RATE)
    assert vqt.frequencies[-1] < limit <= vqt.frequencies[-1] * 2 ** (1 / 12) * (1 + 1e-12)


def test_a_limit_next_to_the_first_centre_leaves_that_one():
    vqt = VQT(fmin=400.0, fmax=400.0 * (1 + 1e-12), bins_per_octave=12, sample_rate=RATE)
    assert vqt.frequencies.tolist() == [400.0]


@pytest.mark.parametrize("gamma", [0.0, 10.0])
def test_a_kernel_has_its_length_its_norm_and_its_frequency(gamma):
    vqt = VQT(fmin=100.0, bins_per_octave=24, gamma=gamma, sample_rate=RATE)
    alpha = 2 ** (1 / 24) - 1
    quality = 1 / alpha
    for index in (0, 17, vqt.bins - 1):
        centre = 100.0 * 2 ** (index / 24)
        length = int(np.ceil(quality * RATE / (centre + gamma / alpha)))
        kernel = vqt.kernel(index)
        assert vqt.lengths[index] == len(kernel) == length
        window = get_window("flattop", length)
        np.testing.assert_allclose(np.abs(kernel).sum(), np.sqrt(length))
        np.testing.assert_allclose(
            np.abs(kernel), np.abs(window) / np.abs(window).sum() * np.sqrt(length), atol=1e-12
        )
        middle = (length + 1) // 2
        turn = np.angle(kernel[middle + 1] / kernel[middle])
        assert turn == pytest.approx(2 * np.pi * centre / RATE)
        assert abs(np.angle(kernel[middle])) < 1e-9


def test_a_tone_at_a_centre_has_half_its_amplitude_there_times_the_root_of_the_length():
    vqt = VQT(256, 110.0, n_bins=37, bins_per_octave=12, window="hann", sample_rate=RATE)
    for index in (0, 12, 30):
        audio = tone(vqt.frequencies[index], RATE, RATE, amplitude=0.6)
        middle = vqt(audio)[10:20]
        assert set(middle.argmax(-1).tolist()) == {index}
        expected = 0.3 * np.sqrt(vqt.lengths[index])
        np.testing.assert_allclose(middle[:, index], expected, rtol=1e-3)


@pytest.mark.slow  # librosa compiles at its first use
def test_tones_peak_where_they_do_in_librosa():
    settings = {"fmin": 100.0, "n_bins": 48, "bins_per_octave": 12, "gamma": 0}
    vqt = VQT(256, **settings, window="hann", sample_rate=RATE)
    for frequency in (120.0, 333.0, 1000.0, 1450.0):
        audio = tone(frequency, RATE, RATE).numpy()
        reference = np.abs(librosa.vqt(audio, sr=RATE, hop_length=256, **settings))
        ours = vqt(torch.from_numpy(audio))[10:20].argmax(-1).tolist()
        assert ours == reference[:, 10:20].argmax(0).tolist()
        assert set(ours) == {round(12 * np.log2(frequency / 100))}


class Counting(VQT):
    """Counts how often a kernel is computed."""

    computed = 0

    def kernel(self, index):
        self.computed += 1
        return super().kernel(index)


def test_kernels_are_computed_once_for_each_size():
    vqt = Counting(256, 100, 1000, window="hann", sample_rate=RATE)
    vqt(torch.randn(6000))
    before = vqt.computed
    assert before >= vqt.bins
    vqt(torch.randn(3, 2, 6000))
    vqt(torch.randn(6001))
    assert vqt.computed == before
    vqt(torch.randn(60000))
    assert vqt.computed > before


def test_a_pickle_carries_no_cached_kernels_and_gives_the_same():
    vqt = VQT(256, 65.4, 500, window="hann", sample_rate=RATE)
    fresh = len(pickle.dumps(vqt))
    audio = torch.randn(6000)
    expected = vqt(audio)
    assert len(pickle.dumps(vqt)) == fresh
    torch.testing.assert_close(pickle.loads(pickle.dumps(vqt))(audio), expected, rtol=0, atol=0)


def test_a_second_of_silence_before_it_moves_a_sound_by_its_frames():
    vqt = VQT(250, 100.0, bins_per_octave=12, window="hann", sample_rate=RATE)
    audio = decaying_note(220.0, 4000, RATE)
    later = torch.cat([torch.zeros(RATE, dtype=torch.float64), audio])
    found, expected = vqt(later)[32:], vqt(audio)
    assert (found - expected).abs().max() <= 1e-5 * expected.max()
