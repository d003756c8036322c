"""The compiled kernels and the closed form agree with the steps that they replace."""

import pytest
import torch

from sot import MultiScaleSpectralLoss, Wasserstein1DLoss, _dispatch, _threads
from sot.losses import _ways
from sot.spectra import _blocks

VARIANTS = {
    "p=1": {"p": 1},
    "p=2": {},
    "p=2.5, powers": {"p": 2.5, "square_magnitude": True},
    "root": {"apply_root": True, "p": 3},
    "unbalanced": {"balanced": False},
    "cut": {"balanced": False, "quantile_lowpass": True},
    "p=1, cut": {"balanced": False, "quantile_lowpass": True, "p": 1},
    "balanced only": {"normalize": False},
    "as it is": {"normalize": False, "balanced": False},
    "as it is, cut": {"normalize": False, "balanced": False, "quantile_lowpass": True},
    "log": {"log": True},
    "over time": {"dim": -2},
    "top bin": {"silence": "top_bin"},
    "top bin, unbalanced": {"silence": "top_bin", "balanced": False},
}


def results(loss, x, y, monkeypatch):
    """Values and gradients of the kernels, of the closed form and of the steps in turn."""
    found = []
    for compiled, by_steps in ((True, False), (False, False), (False, True)):
        monkeypatch.setattr(_dispatch, "NUMBA_IS_THERE", compiled)
        monkeypatch.setattr(_ways, "is_transformed", lambda *_, answer=by_steps: answer)
        inputs = [side.clone().requires_grad_() for side in (x, y)]
        values = loss(*inputs)
        scale = torch.linspace(1, 2, values.numel()).reshape(values.shape)
        found.append([values, *torch.autograd.grad((scale * values).sum(), inputs)])
    return found


@pytest.mark.parametrize("reduction", ["none", "batch"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_values_and_gradients_are_the_same(settings, variant, reduction, noise, monkeypatch):
    loss = Wasserstein1DLoss(**settings, **VARIANTS[variant], reduction=reduction)
    x, y = (0.1 * noise(2, 900, seed=seed, dtype=torch.float64) for seed in (0, 1))
    x[0, :500] = 0
    for *fast, clear in zip(*results(loss, x, y, monkeypatch), strict=True):
        for found in fast:
            torch.testing.assert_close(found, clear, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("square", [False, True])
def test_a_side_without_a_derivative_changes_nothing(settings, square, noise, path):
    loss = Wasserstein1DLoss(**settings, square_magnitude=square, reduction="none")
    x, y = (noise(2, 900, seed=seed, dtype=torch.float64) for seed in (0, 1))
    free = [side.clone().requires_grad_() for side in (x, y)]
    values = loss(*free)
    slopes = torch.autograd.grad(values.sum(), free)
    first, second = loss(free[0], y), loss(x, free[1])
    for found in (first, second, loss(x, y)):
        torch.testing.assert_close(found, values, rtol=1e-9, atol=1e-12)
    (by_x,), (by_y,) = (
        torch.autograd.grad(found.sum(), side)
        for found, side in zip((first, second), free, strict=True)
    )
    torch.testing.assert_close([by_x, by_y], list(slopes), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("square", [False, True])
def test_the_positions_of_the_bins_may_be_given_for_one_side(settings, square, noise, path):
    loss = Wasserstein1DLoss(**settings, square_magnitude=square)
    x, y = (noise(2, 900, seed=seed, dtype=torch.float64) for seed in (0, 1))
    own = loss.constant("bin_positions", x.dtype)
    expected = loss(x, y)
    for found in (loss(x, y, y_positions=own), loss(x, y, own), loss.bind(x)(y, positions=own)):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("wide", [0, 1])
def test_sides_of_two_precisions_are_compared_in_the_wider_one(settings, wide, noise, path):
    loss = Wasserstein1DLoss(**settings, square_magnitude=True)
    sides = [noise(2, 900, seed=seed) for seed in (0, 1)]
    exact = loss(*(side.double() for side in sides))
    sides[wide] = sides[wide].double().requires_grad_()
    found = loss(*sides)
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, exact, rtol=1e-4, atol=1e-9)


FRAMES = {
    "band": {"fmin": 500, "fmax": 4000},
    "short window": {"win_length": 50},
    "odd transform": {"fft_size": 63, "hop_length": 20},
    "hop beyond the window": {"hop_length": 100},
    "long frames": {"fft_size": 2048, "hop_length": 64},
    "floor": {"noise_floor": 2.0, "square_magnitude": True},
    "low-pass": {"lowpass": 800.0},
    "votes by energy": {"frame_weighting": "energy", "silence_db": -3.0},
}


@pytest.mark.parametrize("framing", ["whole", "reflect", "zero", "end"])
@pytest.mark.parametrize("frames", FRAMES)
@pytest.mark.parametrize("threads", [1, 3])
def test_audio_is_streamed_to_the_same_sums(framing, frames, threads, noise, monkeypatch):
    settings = {"fft_size": 64, "hop_length": 16, "framing": framing} | FRAMES[frames]
    loss = Wasserstein1DLoss(**settings, reduction="sum")
    monkeypatch.setattr(_threads, "_LEAST_WORK", 1)
    x, y = (noise(2, 2, 900, seed=seed, dtype=torch.float64) for seed in (0, 1))
    lengths = torch.tensor([900, 411])
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = results(lambda *sides: loss(*sides, lengths=lengths), x, y, monkeypatch)
    finally:
        torch.set_num_threads(before)
    for *fast, clear in zip(*found, strict=True):
        for other in fast:
            torch.testing.assert_close(other, clear, rtol=1e-7, atol=1e-8)


FILTERED = {
    "salience": {"transform": "harmonic", "fmin": 300},
    "salience, p=1": {"transform": "harmonic", "fmin": 300, "p": 1},
    "salience, floor": {"transform": "harmonic", "fmin": 300, "noise_floor": 5.0},
    "mel": {"transform": "mel", "n_mels": 12},
    "mel, p=1": {"transform": "mel", "n_mels": 12, "p": 1},
    "mel of powers, floor": {
        "transform": "mel",
        "n_mels": 12,
        "square_magnitude": True,
        "noise_floor": 1.0,
        "lowpass": 800.0,
    },
    "mel, floor": {"transform": "mel", "n_mels": 12, "noise_floor": 2.0},
    "mel with filters between the bins": {"transform": "mel", "n_mels": 60},
}


def filtered_sides(dtype, pure):
    """Noise that falls silent for a while, and a tone in the middle of a bin after silence.

    Unless it is pure, there is noise with it: the slope of a magnitude that is zero but for
    rounding is not defined.
    """
    generator = torch.Generator().manual_seed(0)
    x, noise = torch.randn(2, 2, 900, generator=generator, dtype=torch.float64).unbind(0)
    y = torch.sin(torch.pi / 16 * torch.arange(900, dtype=torch.float64)).repeat(2, 1)
    x[0, 200:400], y[:, :300] = 0, 0
    y[int(pure) :] += 0.01 * noise[int(pure) :]
    return x.to(dtype), y.to(dtype)


@pytest.mark.parametrize("variant", FILTERED)
def test_filtered_spectra_are_streamed_to_the_same_sums(variant, monkeypatch):
    settings = {"fft_size": 64, "hop_length": 16, "sample_rate": 16000}
    loss = Wasserstein1DLoss(**settings, **FILTERED[variant], reduction="sum")
    monkeypatch.setattr(_blocks, "_BLOCK", 64 * 5)
    monkeypatch.setattr(_threads, "_LEAST_WORK", 1)
    for dtype, tolerance in ((torch.float64, 1e-7), (torch.float32, 1e-3)):
        sides = filtered_sides(dtype, pure=loss.stft().square_magnitude)
        for *fast, clear in zip(*results(loss, *sides, monkeypatch), strict=True):
            for found in fast:
                assert found.isfinite().all()
                assert (found - clear).norm() <= tolerance * clear.norm()


@pytest.mark.parametrize("variant", FILTERED)
def test_a_bound_reference_has_the_same_filtered_spectra(variant):
    settings = {"fft_size": 64, "hop_length": 16, "sample_rate": 16000}
    loss = Wasserstein1DLoss(**settings, **FILTERED[variant])
    x, y = filtered_sides(torch.float64, pure=True)
    y.requires_grad_()
    values = [loss(x, y), loss.bind(x)(y)]
    slopes = [torch.autograd.grad(value, y)[0] for value in values]
    torch.testing.assert_close(values[1], values[0])
    torch.testing.assert_close(slopes[1], slopes[0])


@pytest.mark.parametrize("clips", [1, 3])
def test_a_clip_that_several_threads_share_has_one_gradient(clips, noise, monkeypatch):
    loss = Wasserstein1DLoss(fft_size=64, hop_length=4)  # frames that overlap across the border
    monkeypatch.setattr(_threads, "_LEAST_WORK", 1)
    monkeypatch.setattr(_blocks, "_BLOCK", 64 * 5)
    x, y = noise(clips, 300), noise(clips, 300, seed=1)
    gradients = []
    before = torch.get_num_threads()
    for threads in (1, 2, 5):
        torch.set_num_threads(threads)
        side = x.clone().requires_grad_()
        gradients.append(torch.autograd.grad(loss(side, y), side)[0])
    torch.set_num_threads(before)
    for gradient in gradients[1:]:
        torch.testing.assert_close(gradient, gradients[0], rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("variant", VARIANTS)
def test_spectrograms_are_treated_alike(variant, noise, monkeypatch):
    loss = Wasserstein1DLoss("identity", **VARIANTS[variant], reduction="none")
    x, y = (noise(3, 7, 5, seed=seed, dtype=torch.float64).square() for seed in (0, 1))
    x[0, 2:5], y[1, :, 3] = 0, 0
    positions = None if loss.over_time else torch.linspace(0, 1, 7)
    found = results(lambda a, b: loss(a, b, positions), x, y, monkeypatch)
    for *fast, clear in zip(*found, strict=True):
        for other in fast:
            torch.testing.assert_close(other, clear, rtol=1e-7, atol=1e-9)


def test_in_single_precision_they_are_the_same_to_single_precision(settings, noise, monkeypatch):
    loss = Wasserstein1DLoss(**settings, reduction="none")
    x, y = noise(2, 900), noise(2, 900, seed=1)
    for *fast, clear in zip(*results(loss, x, y, monkeypatch), strict=True):
        for found in fast:
            atol = 1e-5 * clear.abs().max().item()
            torch.testing.assert_close(found, clear, rtol=1e-3, atol=atol)


@pytest.mark.parametrize("variant", ["salience", "mel"])
def test_filters_can_be_differentiated_twice(variant, monkeypatch):
    settings = {"fft_size": 32, "hop_length": 16, "sample_rate": 16000}
    loss = Wasserstein1DLoss(**settings, **FILTERED[variant])
    x, y, direction = torch.randn(3, 64, dtype=torch.float64).unbind(0)
    found = []
    for compiled in (True, False):
        monkeypatch.setattr(_dispatch, "NUMBA_IS_THERE", compiled)
        side = y.clone().requires_grad_()
        (slope,) = torch.autograd.grad(loss(x, side), side, create_graph=True)
        found.append(torch.autograd.grad(slope @ direction, side)[0])
    assert found[1].norm() > 0
    torch.testing.assert_close(found[0], found[1])


@pytest.mark.parametrize("compiled", [True, False])
def test_a_gradient_of_a_gradient_is_that_of_finite_differences(compiled, noise, monkeypatch):
    monkeypatch.setattr(_dispatch, "NUMBA_IS_THERE", compiled)
    loss = Wasserstein1DLoss(fft_size=16, hop_length=8, square_magnitude=True)
    x, y = (noise(24, seed=seed, dtype=torch.float64) for seed in (0, 1))
    assert torch.autograd.gradgradcheck(
        loss, (x.requires_grad_(), y.requires_grad_()), fast_mode=True, rtol=1e-3, atol=1e-6
    )


@pytest.mark.parametrize("scale", [1e-19, 1e-21, 1e-22])
@pytest.mark.parametrize("compiled", [True, False])
def test_powers_next_to_the_end_of_the_range_have_the_value_of_louder_ones(
    scale, compiled, noise, monkeypatch
):
    monkeypatch.setattr(_dispatch, "NUMBA_IS_THERE", compiled)
    loss = Wasserstein1DLoss(fft_size=512, square_magnitude=True, eps=0.0)
    x, y = noise(1, 4000), noise(1, 4000, seed=1)
    quiet = (scale * y).requires_grad_()
    value = loss(scale * x, quiet)
    torch.testing.assert_close(value.detach(), loss(x, y), rtol=2e-2, atol=0)
    (gradient,) = torch.autograd.grad(value, quiet)
    assert gradient.isfinite().all()
    assert gradient.any()


@pytest.mark.parametrize(
    "make",
    [
        Wasserstein1DLoss,
        lambda: Wasserstein1DLoss(preset="pitch"),
        lambda: Wasserstein1DLoss(preset="harmonic"),
        lambda: Wasserstein1DLoss(preset="chroma"),
        lambda: Wasserstein1DLoss(preset="sot-loss"),
        lambda: Wasserstein1DLoss(transform="vqt"),
        lambda: Wasserstein1DLoss(dim=-2),
        lambda: MultiScaleSpectralLoss("linear"),
    ],
)
def test_tensors_without_numbers_go_through_and_come_back_with_a_gradient(make):
    loss = make().to("meta")
    x = torch.empty(2, 3, 8000, device="meta")
    y = torch.empty(2, 3, 8000, device="meta", requires_grad=True)
    value = loss(x, y)
    (slope,) = torch.autograd.grad(value, y)
    assert value.is_meta
    assert value.shape == ()
    assert slope.shape == y.shape
