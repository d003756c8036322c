"""Where the frames lie, for all spectra."""

import numpy as np
import pytest
import torch
from generators.framed import frames_of
from generators.tones import peak_of_tone, tone
from scipy.signal import get_window

from sot.spectra import FRAMINGS, STFT, VQT, Framing, MelSpectrogram

SPECTRA = {
    "stft": lambda framing: STFT(64, 24, framing=framing, sample_rate=8000),
    "short window": lambda framing: STFT(64, 24, 41, framing=framing, sample_rate=8000),
    "odd": lambda framing: STFT(63, 20, framing=framing, sample_rate=8000),
    "mel": lambda framing: MelSpectrogram(64, 24, n_mels=8, framing=framing, sample_rate=8000),
    "vqt": lambda framing: VQT(
        24, 900, bins_per_octave=6, window="hann", framing=framing, sample_rate=8000
    ),
    "long vqt": lambda framing: VQT(
        24, 200, 800, bins_per_octave=12, window="hann", framing=framing, sample_rate=8000
    ),
}
every_spectrum = pytest.mark.parametrize("make", SPECTRA.values(), ids=SPECTRA)
every_framing = pytest.mark.parametrize("rule", FRAMINGS)


@every_framing
@pytest.mark.parametrize("sizes", [(16, 4, 16), (16, 5, 16), (15, 4, 15), (9, 4, 16), (8, 20, 8)])
def test_frames_are_those_cut_out_one_by_one(rule, sizes):
    length, hop, block = sizes
    framing = Framing(rule, length, hop, block)
    for samples in [*range(1, 40), 100]:
        audio = torch.randn(1, 1, samples)
        expected = frames_of(audio[0, 0], rule, length, hop, block)
        assert framing.count(samples) == len(expected)
        assert framing.counts(torch.tensor([samples])).tolist() == [len(expected)]
        found = framing.pad(audio).unfold(-1, length, hop)[0, 0, : len(expected)]
        np.testing.assert_array_equal(found, expected.astype(np.float32))


def test_whole_frames_never_see_the_ends():
    samples, fft_size = 1000, 128
    audio = tone(10 * 8000 / fft_size, samples, 8000, amplitude=0.5)
    for window in ("hann", "flattop"):
        stft = STFT(fft_size, 32, window=window, sample_rate=8000)
        peak = peak_of_tone(get_window(window, fft_size), 0.5)
        np.testing.assert_allclose(stft(audio)[:, 10], peak, rtol=1e-9)
        for rule in ("zero", "end"):
            cut = STFT(fft_size, 32, window=window, sample_rate=8000, framing=rule)(audio)[:, 10]
            assert min(cut[0], cut[-1]) < 0.9 * peak


def test_a_reflected_cosine_has_no_ends():
    time = torch.arange(128 * 4 + 1, dtype=torch.float64)
    audio = torch.cos(2 * np.pi * 10 * time / 128)
    stft = STFT(128, 32, window="hann", framing="reflect")
    np.testing.assert_allclose(stft(audio)[:, 10], peak_of_tone(get_window("hann", 128)), rtol=1e-9)


@every_spectrum
@every_framing
def test_a_padded_batch_gives_each_clip_what_it_has_alone(make, rule):
    spectrum = make(rule)
    lengths = [400, 399, 250, 60, 31, 7, 1]
    audio = torch.randn(len(lengths), 2, 400)  # behind a clip stands anything
    together = spectrum(audio, torch.tensor(lengths))
    assert together.shape == (*audio.shape[:2], spectrum.framing.count(400), spectrum.bins)
    counts = spectrum.framing.counts(torch.tensor(lengths))
    for clip, length, count, found in zip(audio, lengths, counts, together, strict=True):
        alone = spectrum(clip[None, :, :length])[0]
        assert alone.shape[1] == count
        torch.testing.assert_close(found[:, :count], alone, rtol=1e-4, atol=1e-5)


@every_spectrum
@every_framing
def test_no_gradient_reaches_what_lies_behind_a_clip(make, rule):
    audio = torch.randn(2, 300, requires_grad=True)
    make(rule)(audio, torch.tensor([300, 170])).sum().backward()
    assert audio.grad[1, 170:].abs().max() == 0
    assert audio.grad[1, :170].abs().max() > 0


@every_spectrum
@every_framing
@pytest.mark.parametrize("samples", [2, 5, 40])
def test_audio_shorter_than_a_frame_still_has_one_that_shows_it(make, rule, samples):
    spectrum = make(rule)(torch.ones(samples))
    assert len(spectrum) >= 1
    assert spectrum.isfinite().all()
    assert spectrum[0].max() > 0


def test_a_clip_shorter_than_a_frame_is_one_frame_with_zeros_behind():
    audio = torch.randn(50, dtype=torch.float64)
    window = get_window("flattop", 64)
    expected = np.abs(np.fft.rfft(np.pad(audio, (0, 14)) * window))
    np.testing.assert_allclose(STFT(64, 16)(audio), expected[None], rtol=1e-9, atol=1e-12)


def test_up_to_a_hop_of_trailing_samples_lies_in_no_whole_frame():
    audio = torch.randn(64 + 3 * 16 + 15, requires_grad=True)
    STFT(64, 16)(audio).sum().backward()
    assert bool((audio.grad[-15:] == 0).all())
    assert bool((audio.grad[1:-15] != 0).all())


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("hole", 512, 128), ValueError, "rule: .* did you mean 'whole'"),
        (("whole", 0, 128), ValueError, "frame_length: expected .* at least 1, got 0"),
        (("whole", 512, 0), ValueError, "hop_length: expected .* at least 1, got 0"),
        (("zero", 512, 1.5), TypeError, "hop_length: expected a whole number"),
        (("zero", 512, 128, 256), ValueError, "block_length: expected .* at least 512, got 256"),
    ],
)
def test_frames_that_cannot_be_are_refused_by_name(arguments, error, message):
    with pytest.raises(error, match=message):
        Framing(*arguments)


@pytest.mark.parametrize("scale", [1e-25, 1.0, 1e25])
@pytest.mark.parametrize("rule", ["whole", "reflect", "zero", "end"])
def test_energies_of_single_precision_are_those_of_the_same_samples_in_double(rule, scale):
    framing = Framing(rule, 200, 64, 256)
    audio = scale * torch.randn(2, 1, 3000, generator=torch.Generator().manual_seed(0))
    found, exact = framing.energies(audio), framing.energies(audio.double())
    assert found.all()
    torch.testing.assert_close(found, exact, rtol=1e-12, atol=0)
