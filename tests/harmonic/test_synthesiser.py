"""Synthesised sounds have the pitch, the level and the phase that were asked for, and no more."""

import math

import pytest
import torch

from sot.harmonic import HarmonicSynthesiser, SinusoidalBank

RATE = 16000


def steady(f0, amplitudes, frames=16):
    """Frames of one pitch and one set of amplitudes."""
    f0 = torch.full((1, frames), float(f0))
    return f0, torch.tensor(amplitudes).expand(1, frames, len(amplitudes))


def peaks(audio):
    """Frequencies in Hz at which a spectrum stands out by 60 dB over its surroundings."""
    window = torch.hann_window(audio.shape[-1]) ** 2
    level = torch.fft.rfft(audio * window).abs()
    local = (level[1:-1] > level[:-2]) & (level[1:-1] > level[2:])
    found = 1 + torch.nonzero(local & (level[1:-1] > 1e-3 * level.max()))[:, 0]
    return (found * RATE / audio.shape[-1]).tolist()


def test_a_tone_has_its_peaks_at_the_harmonics():
    audio = HarmonicSynthesiser()(*steady(500, [1.0, 0.5, 0.25], frames=63))[0]
    assert peaks(audio[:16000]) == pytest.approx([500, 1000, 1500], abs=1)


@pytest.mark.parametrize("f0", [450.0, 2100.0, 7990.0, 8000.0, 9000.0])
def test_nothing_folds_back_from_above_half_the_sample_rate(f0):
    audio = HarmonicSynthesiser()(*steady(f0, [1.0] * 20, frames=63))[0]
    heard = [k * f0 for k in range(1, 21) if k * f0 < RATE / 2]
    if not heard:
        assert audio.abs().max() == 0
    else:
        assert peaks(audio[:16000]) == pytest.approx(heard, abs=1.01)


def test_a_pitch_that_rises_past_the_limit_falls_silent_there():
    f0 = torch.linspace(7000, 9000, 63)[None]
    synthesiser = HarmonicSynthesiser()
    audio = synthesiser(f0, torch.ones(1, 63, 1))[0]
    envelope = synthesiser.frequency_envelope(f0[..., None])[0, 0]
    assert audio[envelope >= 8000].abs().max() == 0
    assert audio[: int((envelope < 7900).sum())].abs().max() > 0.9


def test_the_phase_holds_over_ten_seconds():
    frames = 10 * RATE // 256
    f0 = 440.1 + 3 * torch.sin(torch.arange(frames) / 7)[None]
    synthesiser = HarmonicSynthesiser()
    envelope = torch.nn.functional.interpolate(f0.double()[None], frames * 256, mode="linear")[0]
    exact = 2 * math.pi * (envelope.cumsum(-1) - envelope) / RATE
    exact = exact - exact[:, :1] - 2 * math.pi * (envelope[:, :1] - envelope[:, :1]) / RATE
    sums = 2 * math.pi * torch.cat([torch.zeros(1, 1), envelope[:, :-1].cumsum(-1)], -1) / RATE
    phase = synthesiser.phases(synthesiser.frequency_envelope(f0[..., None]))[:, 0].float()
    error = torch.remainder(phase.double() - sums + math.pi, 2 * math.pi) - math.pi
    assert error.abs().max() < 1e-5
    audio = synthesiser(f0, torch.ones(1, frames, 1))
    torch.testing.assert_close(audio, sums.sin().float(), rtol=0, atol=1e-5)
    one = torch.zeros(1, frames, 18)
    one[..., -1] = 1
    eighteenth = synthesiser(f0, one)
    assert (eighteenth - (18 * sums).sin()).abs().max() < 1e-3


def test_frequencies_lie_on_half_frames_and_amplitudes_on_whole_ones():
    bank = SinusoidalBank()
    envelope = bank.frequency_envelope(torch.tensor([[[100.0], [200.0], [400.0]]]))[0, 0]
    assert envelope[:128].tolist() == [pytest.approx(100, abs=1)] * 128
    assert envelope[128 + 256].item() == pytest.approx(200, abs=1)
    assert envelope[256].item() == pytest.approx(150, abs=1)
    levels = bank.faded(torch.ones(1, 3, 1, 256), torch.tensor([[[1.0], [3.0], [5.0]]]))[0]
    assert levels[[0, 128, 256, 384, 512, 767]].tolist() == pytest.approx([1, 2, 3, 4, 5, 5])


def test_amplitudes_are_added_up_by_overlapping_hann_windows():
    amplitudes = torch.rand(1, 4, 1)
    levels = SinusoidalBank().faded(torch.ones(1, 4, 1, 256), amplitudes)[0]
    padded = torch.zeros(6 * 256)
    window = torch.hann_window(512)
    for frame in range(5):
        start = frame * 256
        padded[start : start + 512] += window * amplitudes[0, min(frame, 3), 0]
    torch.testing.assert_close(levels, padded[256 : 256 + 1024], rtol=1e-4, atol=1e-5)


def test_a_bank_of_harmonics_is_the_harmonic_synthesiser():
    f0 = 300 + 50 * torch.rand(2, 16)
    amplitudes = torch.rand(2, 16, 20)
    frequencies = f0[..., None] * torch.arange(1, 21)
    bank, synthesiser = SinusoidalBank(), HarmonicSynthesiser()
    torch.testing.assert_close(
        bank(frequencies, amplitudes), synthesiser(f0, amplitudes), rtol=0, atol=3e-4
    )


def test_gradients_are_right_for_pitch_and_amplitudes():
    synthesiser = HarmonicSynthesiser(hop_length=8).double()
    f0 = torch.tensor([[700.0, 900.0], [2500.0, 3100.0]], dtype=torch.float64, requires_grad=True)
    amplitudes = torch.rand(2, 2, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(synthesiser, (f0, amplitudes), eps=1e-5, atol=1e-6)


def test_gradients_are_right_for_the_bank():
    frequencies = (200 + 5000 * torch.rand(1, 2, 3, dtype=torch.float64)).requires_grad_()
    amplitudes = torch.rand(1, 2, 3, dtype=torch.float64, requires_grad=True)
    bank = SinusoidalBank(hop_length=8).double()
    assert torch.autograd.gradcheck(bank, (frequencies, amplitudes), eps=1e-5, atol=1e-6)


def test_gradients_of_a_clip_agree_with_those_of_plain_operations():
    f0 = (100 + 1500 * torch.rand(2, 16)).requires_grad_()
    amplitudes = torch.rand(2, 16, 20, requires_grad=True)
    weights = torch.randn(2, 4096)
    ours = torch.autograd.grad((HarmonicSynthesiser()(f0, amplitudes) * weights).sum(), f0)[0]
    frequencies = f0[..., None] * torch.arange(1, 21)
    plain = torch.autograd.grad((SinusoidalBank()(frequencies, amplitudes) * weights).sum(), f0)[0]
    torch.testing.assert_close(ours, plain, rtol=1e-2, atol=1e-2 * float(plain.abs().max()))


@pytest.mark.parametrize(
    ("f0", "amplitudes", "words"),
    [
        (torch.ones(16), torch.ones(16, 3), r"f0: expected shape \(batch, frames\)"),
        (torch.ones(1, 16), torch.ones(1, 15, 3), "amplitudes: expected shape"),
        (torch.ones(0, 16), torch.ones(0, 16, 3), "f0: expected shape"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(f0, amplitudes, words):
    with pytest.raises(ValueError, match=words):
        HarmonicSynthesiser()(f0, amplitudes)


def test_a_bank_with_other_amplitudes_is_refused():
    with pytest.raises(ValueError, match="amplitudes: expected the shape"):
        SinusoidalBank()(torch.ones(1, 4, 2), torch.ones(1, 4, 3))
