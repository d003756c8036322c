"""Clips that are tiny, quiet, loud, constant or in half precision."""

import pytest
import torch
from torch import nn

from sot import LevelLoss, MultiResolutionSOTLoss, MultiScaleSpectralLoss, Wasserstein1DLoss


def every_loss(settings):
    return [
        Wasserstein1DLoss(**settings),
        Wasserstein1DLoss(**settings, square_magnitude=True, apply_root=True, p=3),
        MultiResolutionSOTLoss(fft_sizes=[64, 256], hop_lengths=[16, 64]),
        MultiScaleSpectralLoss("log-linear", [64, 256]),
        MultiScaleSpectralLoss("smooth", [67, 257]),
    ]


@pytest.mark.parametrize("framing", ["whole", "reflect", "zero", "end"])
@pytest.mark.parametrize("samples", [1, 2, 63, 64, 65])
def test_clips_far_shorter_than_a_frame_have_finite_losses_and_gradients(
    settings, noise, gradient, samples, framing
):
    loss = Wasserstein1DLoss(**settings, framing=framing)
    x, y = noise(2, samples), noise(2, samples, seed=1)
    assert loss(x, y).isfinite()
    assert loss(x, y) >= 0
    assert gradient(lambda z: loss(x, z), y).isfinite().all()


@pytest.mark.parametrize("level", [1e-30, 1e-20, 1e-6, 1e4, 1e10])
def test_quiet_and_loud_clips_have_finite_losses_and_gradients(
    settings, path, noise, gradient, level
):
    x, y = noise(2, 900), noise(2, 900, seed=1)
    for loss in every_loss(settings):
        for x_level, y_level in ((level, level), (1.0, level), (level, 1.0)):
            reference, estimate = x_level * x, y_level * y
            assert loss(reference, estimate).isfinite()
            slope = gradient(lambda z, loss=loss, x=reference: loss(x, z), estimate)
            assert slope.isfinite().all()


@pytest.mark.parametrize("faintest", [1e-38, 1e-44])
def test_a_tail_that_dies_away_into_the_smallest_numbers_keeps_its_gradient(
    settings, path, noise, gradient, faintest
):
    # Decaying filters and envelopes end in subnormal numbers, not in zeros.
    tail = torch.cat([faintest ** torch.linspace(0, 1, 900), torch.full((900,), faintest)])
    x, y = noise(2, 1800), noise(2, 1800, seed=1)
    for loss in every_loss(settings):
        assert loss(x, tail * y).isfinite()
        assert gradient(lambda z, loss=loss: loss(x, z), tail * y).isfinite().all()


@pytest.mark.parametrize("p", [20, 500])
@pytest.mark.parametrize("votes", ["equal", "energy"])
def test_a_cost_beyond_the_precision_is_not_finite_and_nothing_warns(path, noise, p, votes):
    """(1000 Hz) ** 20 is no number in float32, and (1000 Hz) ** 500 none at all."""
    loss = Wasserstein1DLoss(
        fft_size=128, hop_length=64, sample_rate=8000, p=p, bin_position_scaling="absolute",
        frame_weighting=votes,
    )  # fmt: skip
    half = torch.cat([torch.ones(1, 400), torch.zeros(1, 400)], dim=1)
    assert not loss(half * noise(1, 800), half).isfinite().any()


@pytest.mark.parametrize("value", [1.0, -1e-3])
def test_a_constant_clip_is_compared_like_any_other(settings, noise, gradient, value):
    constant = torch.full((2, 900), value)
    for loss in every_loss(settings):
        assert loss(constant, constant).item() == 0
        assert loss(noise(2, 900), constant).isfinite()
        slope = gradient(lambda z, loss=loss: loss(noise(2, 900), z), constant)
        assert slope.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_audio_is_computed_and_returned_in_single_precision(settings, noise, dtype):
    x, y = noise(2, 900).to(dtype), noise(2, 900, seed=1).to(dtype)
    for loss in every_loss(settings):
        value = loss(x, y)
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, loss(x.float(), y.float()), rtol=0, atol=0)
    estimate = y.requires_grad_()
    loss(x, estimate).backward()
    assert estimate.grad.dtype == dtype
    assert estimate.grad.isfinite().all()


def test_half_precision_spectrograms_are_compared_in_single_precision(noise):
    x, y = noise(2, 6, 4).abs().half(), noise(2, 6, 4, seed=1).abs().half()
    positions = torch.linspace(0, 1, 6)
    value = Wasserstein1DLoss("identity")(x, y, positions.half())
    assert value.dtype == torch.float32
    expected = Wasserstein1DLoss("identity")(x.float(), y.float(), positions.half().float())
    torch.testing.assert_close(value, expected, rtol=0, atol=0)


def test_autocast_changes_nothing(settings, noise, gradient):
    x, y = noise(2, 900), noise(2, 900, seed=1)
    for loss in every_loss(settings):
        plain, slope = loss(x, y), gradient(lambda z, loss=loss: loss(x, z), y)
        estimate = y.clone().requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            inside = loss(x, estimate)
        inside.backward()
        assert inside.dtype == torch.float32
        torch.testing.assert_close(inside, plain, rtol=0, atol=0)
        torch.testing.assert_close(estimate.grad, slope, rtol=0, atol=0)


@pytest.mark.parametrize(
    "convert", [nn.Module.half, nn.Module.bfloat16, nn.Module.double, lambda m: m.to(torch.float16)]
)
def test_conversions_of_a_model_leave_the_loss_as_it_is(settings, noise, convert):
    x, y = noise(2, 900), noise(2, 900, seed=1)
    for before, after in zip(every_loss(settings), every_loss(settings), strict=True):
        after = convert(after)
        assert {buffer.dtype for buffer in after.buffers()} == {torch.float32}
        torch.testing.assert_close(after(x, y), before(x, y), rtol=0, atol=0)


def test_double_precision_is_precise(settings, noise):
    x, y = (noise(2, 900, seed=seed, dtype=torch.float64) for seed in (0, 1))
    for loss in every_loss(settings):
        value = loss(x, y)
        assert value.dtype == torch.float64
        # The level does not matter to a balanced loss, so this shows its precision.
        if isinstance(loss, Wasserstein1DLoss):
            torch.testing.assert_close(loss(3 * x, y / 7), value, rtol=1e-11, atol=0)
        torch.testing.assert_close(loss(x.float(), y.float()).double(), value, rtol=1e-4, atol=0)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_without_checks_a_nan_or_an_infinity_shows_in_the_loss(settings, path, noise, value):
    x, y = noise(2, 900), noise(2, 900, seed=1)
    y[1, 450] = value
    for loss in (
        Wasserstein1DLoss(**settings, validate=False),
        MultiScaleSpectralLoss(validate=False),
    ):
        assert not loss(x, y).isfinite()


def test_parts_of_a_conjugate_whose_sign_is_still_to_change_are_like_their_numbers(path, noise):
    x, y = noise(2, 3000), noise(2, 3000, seed=1)
    pending = torch.complex(torch.zeros_like(y), -y).conj().imag
    assert pending.is_neg()
    presets = [Wasserstein1DLoss(preset=name) for name in ("pitch", "harmonic", "chroma")]
    for loss in (Wasserstein1DLoss(), *presets, MultiScaleSpectralLoss(), LevelLoss()):
        assert loss(x, pending) == loss(x, y)
        assert loss(pending, x) == loss(y, x)
