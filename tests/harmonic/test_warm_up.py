"""The warm-up makes all tones alike, so that the gradient of the pitch points the right way."""

import math

import pytest
import torch

from sot import Wasserstein1DLoss
from sot.harmonic import HarmonicSynthesiser, SinusoidSettings, TiltSettings, generate_splits
from sot.harmonic.dataset import scaled
from sot.harmonic.warm_up import loudness, through_tilt, tilted


def sine(frequency):
    return torch.sin(2 * math.pi * frequency * torch.arange(4096) / 16000)[None]


def test_a_tilt_changes_levels_by_its_formula_and_keeps_the_loudness():
    low, high = 500.0, 2000.0
    both = tilted(sine(low) + sine(high), 2.0, 80.0)
    torch.testing.assert_close(loudness(both), loudness(sine(low) + sine(high)))
    window = torch.hann_window(4096) ** 2
    level = torch.fft.rfft(both[0] * window).abs()
    ratio = level[round(high * 4096 / 16000)] / level[round(low * 4096 / 16000)]
    expected = (1 + (low / 80) ** 2) / (1 + (high / 80) ** 2)
    assert ratio.item() == pytest.approx(expected, rel=0.02)


def test_no_tilt_is_no_change():
    audio = torch.randn(2, 4096)
    torch.testing.assert_close(tilted(audio, 0.0, 80.0), audio, rtol=1e-4, atol=1e-5)
    target, estimate = through_tilt(audio, 2 * audio, TiltSettings(order=2.0), progress=0.9)
    assert target is audio
    assert torch.equal(estimate, 2 * audio)


def test_the_order_stays_then_falls_then_is_gone():
    tilt = TiltSettings(order=2.0, hold=0.25, end=0.75)
    orders = [tilt.order_at(progress) for progress in (0, 0.2, 0.5, 0.75, 1)]
    assert orders == pytest.approx([2, 2, 1, 0, 0])


def test_silence_is_finite_and_so_are_its_gradients():
    silent = torch.zeros(1, 4096, requires_grad=True)
    for target, estimate in ((silent, silent), (sine(440.0), silent), (silent, sine(440.0))):
        heard = through_tilt(target, estimate, TiltSettings(order=1.5), 0.0)
        (gradient,) = torch.autograd.grad(sum(side.sum() for side in heard), silent)
        assert all(side.isfinite().all() for side in heard)
        assert gradient.isfinite().all()


def right_signs(order, ratio):
    """Share of clips at which the gradient of the pitch of a mistuned tone points to the truth."""
    clips = generate_splits(SinusoidSettings(train_clips=60, val_clips=1, test_clips=1))["train"]
    log_f0 = (clips.f0 * ratio).log().requires_grad_()
    amplitudes = 2 * torch.sigmoid(1.0 - 0.3 * torch.arange(20)) ** math.log(10)
    audio = HarmonicSynthesiser()(
        log_f0.exp()[:, None].expand(-1, 16), amplitudes.expand(60, 16, 20)
    )
    tilt = TiltSettings(order=order)
    target, estimate = through_tilt(scaled(clips.audio), audio, tilt, 0.0)
    loss = Wasserstein1DLoss(preset="paper", framing="whole", reduction="batch")
    (gradient,) = torch.autograd.grad(loss(target, estimate).sum(), log_f0)
    right = gradient > 0 if ratio > 1 else gradient < 0
    return right.float().mean().item()


@pytest.mark.parametrize("ratio", [0.25, 0.5, 0.9, 2.0])
def test_behind_a_tilt_the_gradient_points_to_the_true_pitch(ratio):
    assert right_signs(1.5, ratio) > 0.85


def test_without_a_tilt_it_often_does_not():
    assert min(right_signs(0.0, ratio) for ratio in (0.5, 0.9, 1.1, 2.0)) < 0.6


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"order": -1}, "order: expected a finite number at least 0"),
        ({"hold": 0.5, "end": 0.4}, "end: expected at least hold, 0.5"),
        ({"corner": 0}, "corner: expected a finite number above 0"),
    ],
)
def test_a_bad_setting_is_named(settings, words):
    with pytest.raises(ValueError, match=words):
        TiltSettings(**settings)
