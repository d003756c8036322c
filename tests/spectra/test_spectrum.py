"""What all spectra have in common."""

import copy

import pytest
import torch
from torch.autograd import gradcheck

from sot.spectra import STFT, VQT, MelSpectrogram

SPECTRA = {
    "stft": lambda **more: STFT(64, 16, sample_rate=8000, **more),
    "mel": lambda **more: MelSpectrogram(64, 16, n_mels=12, sample_rate=8000, **more),
    "cqt": lambda **more: VQT(16, 250, bins_per_octave=8, sample_rate=8000, **more),
    "vqt": lambda **more: VQT(16, 250, gamma=30, window="hann", sample_rate=8000, **more),
}
every_spectrum = pytest.mark.parametrize("make", SPECTRA.values(), ids=SPECTRA)
both_exponents = pytest.mark.parametrize("power", [False, True])


@every_spectrum
def test_leading_axes_are_kept_and_clips_do_not_mix(make):
    spectrum = make()
    audio = torch.randn(2, 3, 400)
    together = spectrum(audio)
    assert together.shape[:2] == (2, 3)
    assert together.shape[-1] == spectrum.bins == len(spectrum.frequencies)
    torch.testing.assert_close(spectrum(audio[:, 1]), together[:, 1], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(spectrum(audio[1, 2]), together[1, 2], rtol=1e-4, atol=1e-5)


@every_spectrum
def test_spectra_are_not_negative_and_scale_with_the_signal(make):
    audio = torch.randn(400, dtype=torch.float64)
    magnitude = make()(audio)
    assert bool((magnitude >= 0).all())
    torch.testing.assert_close(make()(-3 * audio), 3 * magnitude)
    power = make(square_magnitude=True)
    torch.testing.assert_close(power(-3 * audio), 9 * power(audio))


@every_spectrum
def test_any_strides_are_accepted(make):
    audio = torch.randn(800, 4)
    strided = audio[::2].T
    assert not strided.is_contiguous()
    torch.testing.assert_close(make()(strided), make()(strided.contiguous()))
    expanded = audio[:400, :1].T.expand(3, 400)
    torch.testing.assert_close(make()(expanded)[2], make()(expanded[0].clone()))


@every_spectrum
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_audio_is_transformed_in_single_precision(make, dtype):
    audio = torch.randn(400).to(dtype)
    found = make()(audio)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, make()(audio.float()), rtol=0, atol=0)


@every_spectrum
def test_neither_casts_of_the_module_nor_autocast_change_the_result(make):
    audio = torch.randn(400)
    expected = make()(audio)
    for module in (make().half(), make().bfloat16(), make().double(), copy.deepcopy(make())):
        torch.testing.assert_close(module(audio), expected, rtol=0, atol=0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(make()(audio), expected, rtol=0, atol=0)


@every_spectrum
def test_double_precision_is_kept_and_agrees_with_single(make):
    audio = torch.randn(400, dtype=torch.float64)
    found = make()(audio)
    assert found.dtype == torch.float64
    torch.testing.assert_close(make()(audio.float()), found.float(), rtol=1e-3, atol=1e-5)


@every_spectrum
def test_a_checkpoint_holds_nothing_that_can_be_computed(make):
    spectrum = make()
    spectrum(torch.randn(400))
    assert spectrum.state_dict() == {}
    assert list(spectrum.parameters()) == []


@every_spectrum
@both_exponents
def test_silence_is_zero_and_has_no_gradient(make, power):
    audio = torch.zeros(2, 400, requires_grad=True)
    spectrum = make(square_magnitude=power)(audio)
    assert spectrum.abs().max() == 0
    spectrum.sum().backward()
    assert audio.grad.abs().max() == 0


@both_exponents
@pytest.mark.parametrize("rule", ["whole", "reflect", "zero", "end"])
def test_derivatives_are_those_of_finite_differences(rule, power):
    audio = torch.randn(1, 2, 40, dtype=torch.float64, requires_grad=True)
    lengths = torch.tensor([33])
    mel = MelSpectrogram(16, 8, n_mels=3, mel_scale="htk", framing=rule, square_magnitude=power)
    assert gradcheck(lambda audio: mel(audio, lengths), audio)
    # Kernels of 137 samples and less, on both paths of the transform.
    settings = {"window": "boxcar", "framing": rule, "square_magnitude": power}
    for window in ("hann", "flattop"):
        settings["window"] = window
        vqt = VQT(20, 1000, 1500, bins_per_octave=2, sample_rate=22050, **settings)
        assert gradcheck(lambda audio, vqt=vqt: vqt(audio, lengths), audio)
    vqt = VQT(
        300, 1000, 1100, bins_per_octave=12, sample_rate=22050, **{**settings, "window": "hann"}
    )
    assert gradcheck(lambda audio: vqt(audio, lengths), audio)
