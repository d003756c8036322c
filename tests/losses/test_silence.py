"""Silence has a meaning, and neither it nor a perfect match breaks a gradient."""

import pytest
import torch

from sot import MultiResolutionSOTLoss, MultiScaleSpectralLoss, Wasserstein1DLoss

VARIANTS = {
    "p=1": {"p": 1},
    "p=3": {"p": 3},
    "root of p=2": {"apply_root": True},
    "root of p=3": {"apply_root": True, "p": 3},
    "over time": {"dim": -2, "apply_root": True},
    "powers": {"square_magnitude": True},
    "log": {"log": True},
    "unbalanced": {"balanced": False},
    "cut": {"balanced": False, "quantile_lowpass": True, "apply_root": True},
    "as it is": {"normalize": False, "balanced": False},
    "circular": {"circular": True},
    "top bin": {"silence": "top_bin"},
    "end": {"framing": "end"},
    "centred": {"framing": "reflect"},
    "old preset": {"preset": "sot-loss"},
    "old preset, root of p=3": {"preset": "sot-loss", "apply_root": True, "p": 3},
    "paper": {"preset": "paper"},
}


@pytest.fixture(params=VARIANTS)
def variant(request):
    return VARIANTS[request.param]


@pytest.mark.parametrize("silent_side", ["reference", "estimate", "both"])
def test_frames_in_which_a_side_is_silent_do_not_vote(path, noise, gradient, silent_side):
    size = 256
    x, y = noise(2, 6 * size), noise(2, 6 * size, seed=1)
    silent = torch.zeros(6, dtype=torch.bool)
    silent[[1, 4]] = True
    samples = silent.repeat_interleave(size)
    x_gap = x if silent_side == "estimate" else torch.where(samples, 0.0, x)
    y_gap = y if silent_side == "reference" else torch.where(samples, 0.0, y)
    # Frames that do not overlap, so that silence fills exactly two of them.
    arguments = {"fft_size": size, "hop_length": size}
    frames = Wasserstein1DLoss(**arguments, reduction="none")
    full, gapped = frames(x, y), frames(x_gap, y_gap)
    torch.testing.assert_close(gapped[:, ~silent], full[:, ~silent], rtol=0, atol=0)
    assert (gapped[:, silent] == 0).all()

    loss = Wasserstein1DLoss(**arguments)
    torch.testing.assert_close(loss(x_gap, y_gap), full[:, ~silent].mean())
    per_item = Wasserstein1DLoss(**arguments, reduction="batch")(x_gap, y_gap)
    torch.testing.assert_close(per_item, full[:, ~silent].mean(1))
    slope = gradient(lambda z: loss(x_gap, z), y_gap)
    assert slope.isfinite().all()
    assert (slope[:, samples] == 0).all()
    assert (slope[:, ~samples] != 0).any()


def test_silence_costs_nothing_whatever_it_is_compared_with(settings, path, noise, gradient):
    loss = Wasserstein1DLoss(**settings)
    silence, sound = torch.zeros(2, 900), noise(2, 900)
    for x, y in ((silence, silence), (silence, sound), (sound, silence)):
        assert loss(x, y).item() == 0
        assert (gradient(lambda z, x=x: loss(x, z), y) == 0).all()
        assert (gradient(lambda z, y=y: loss(z, y), x) == 0).all()


@pytest.mark.parametrize("reduction", ["mean", "sum", "batch", "none"])
def test_if_no_frame_votes_every_reduction_is_zero(noise, reduction):
    loss = Wasserstein1DLoss(reduction=reduction)
    assert (loss(torch.zeros(2, 3000), noise(2, 3000)) == 0).all()


def test_silence_gives_finite_gradients_in_every_setting(settings, path, variant, noise, gradient):
    loss = Wasserstein1DLoss(**{**settings, **variant})
    silence = torch.zeros(1, 900)
    half = torch.where(torch.arange(900) < 450, 0.0, noise(1, 900))
    for x in (silence, half, noise(1, 900)):
        for y in (silence, half):
            assert loss(x, y).isfinite()
            assert gradient(lambda z, x=x: loss(x, z), y).isfinite().all()
            assert gradient(lambda z, y=y: loss(z, y), x).isfinite().all()


def test_equal_signals_cost_nothing_and_have_no_gradient(settings, path, variant, noise, gradient):
    loss = Wasserstein1DLoss(**{**settings, **variant})
    x, other = noise(2, 900), noise(2, 900, seed=1)
    assert loss(x, x).item() == 0
    slope = gradient(lambda z: loss(x, z), x)
    assert slope.isfinite().all()
    # An estimate that is not balanced gains nothing by moving, but may by growing or shrinking.
    if loss.mass_rule.balanced and variant.get("preset") != "sot-loss":
        assert slope.abs().max() <= 1e-9 * gradient(lambda z: loss(other, z), x).abs().max()


@pytest.mark.parametrize("p", [1, 1.5, 2])
def test_the_gradient_between_equal_signals_is_exactly_zero(settings, path, p, noise, gradient):
    loss = Wasserstein1DLoss(**settings, p=p)
    for samples in (1, 40, 900):
        x = noise(2, samples)
        assert not gradient(lambda z, x=x: loss(x, z), x).any()


def test_in_the_old_preset_equal_signals_cost_the_root_of_eps(settings, noise):
    x = noise(2, 900)
    loss = Wasserstein1DLoss(**settings, preset="sot-loss", apply_root=True)
    assert loss(x, x).item() == pytest.approx(1e-4, rel=1e-3)


def test_a_frame_is_silent_when_its_mass_is_at_most_eps(path):
    positions = torch.tensor([0.0, 1.0])
    x, y = torch.tensor([[0.25, 0.0]]), torch.tensor([[0.0, 4.0]])
    for eps, cost in ((0.0, 1.0), (0.2, 1.0), (0.25, 0.0), (1.0, 0.0)):
        assert Wasserstein1DLoss("identity", eps=eps)(x, y, positions).item() == cost


def test_on_request_the_missing_mass_of_silence_sits_at_the_top_bin(path):
    bins = 8
    positions = torch.linspace(0, 1, bins)
    loss = Wasserstein1DLoss("identity", silence="top_bin", reduction="none")
    silence, spectra = torch.zeros(bins, bins), torch.eye(bins)
    to_the_top = (1 - positions)[:, None].square()
    torch.testing.assert_close(loss(silence, spectra, positions), to_the_top)
    torch.testing.assert_close(loss(spectra, silence, positions), to_the_top)
    assert (loss(silence, silence, positions) == 0).all()


def test_on_request_silent_frames_vote(path, noise):
    x = torch.cat([noise(1, 256), torch.zeros(1, 256)], dim=-1)
    y = noise(1, 512, seed=1)
    arguments = {"fft_size": 256, "hop_length": 256, "silence": "top_bin"}
    frames = Wasserstein1DLoss(**arguments, reduction="none")(x, y)
    assert frames[0, 1] > 0.1  # half the energy of noise is in the lower half of the band
    torch.testing.assert_close(Wasserstein1DLoss(**arguments)(x, y), frames.mean())


@pytest.mark.parametrize("variant", ["linear", "log-linear", "smooth"])
def test_the_multi_scale_loss_takes_silence_and_equal_signals(noise, gradient, variant):
    loss = MultiScaleSpectralLoss(variant, [64, 256])
    silence, sound = torch.zeros(2, 600), noise(2, 600)
    for x in (silence, sound):
        assert loss(x, x).item() == 0
        assert (gradient(lambda z, x=x: loss(x, z), x) == 0).all()
    assert loss(silence, sound) > 0
    assert gradient(lambda z: loss(sound, z), silence).isfinite().all()


def test_the_multi_resolution_loss_takes_silence(noise, gradient):
    loss = MultiResolutionSOTLoss(apply_root=True)
    silence = torch.zeros(2, 4000)
    assert loss(noise(2, 4000), silence).item() == 0
    assert (gradient(lambda z: loss(noise(2, 4000), z), silence) == 0).all()
