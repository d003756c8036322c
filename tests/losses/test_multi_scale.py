"""The multi-scale losses against NumPy and SciPy, frame by frame."""

import numpy as np
import pytest
import torch
from scipy.signal import get_window

from sot import MultiScaleSpectralLoss

SIZES = (2048, 1024, 512, 256, 128, 64)
PRIMES = (67, 127, 257, 509, 1021, 2053)


def end_padded_magnitudes(signal, size):
    """Frames from the first sample on, zeros after the last, periodic Hann, over sqrt(size)."""
    hop = size // 4
    frames = -(-len(signal) // hop)
    padded = np.concatenate([signal, np.zeros(size)])
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    cut = np.stack([padded[frame * hop : frame * hop + size] for frame in range(frames)])
    return np.abs(np.fft.rfft(cut * window)) / np.sqrt(size)


def whole_magnitudes(signal, size):
    cut = np.lib.stride_tricks.sliding_window_view(signal, size)[:: size // 2]
    return np.abs(np.fft.rfft(cut * get_window("flattop", size)))


@pytest.fixture
def signals(noise):
    """Noise and a quieter chirp, with silence in which only the floor of the logarithm counts."""
    time = torch.arange(4096, dtype=torch.float64) / 16000
    chirp = 0.3 * torch.sin(2 * torch.pi * (200 + 3000 * time) * time)
    chirp[:1500] = 0
    return noise(4096, dtype=torch.float64), chirp


@pytest.mark.parametrize("samples", [4096, 4000, 100])
def test_the_linear_loss_is_the_sum_of_mean_differences(signals, samples):
    x, y = (side[-samples:] for side in signals)
    truth = sum(
        np.abs(end_padded_magnitudes(x.numpy(), n) - end_padded_magnitudes(y.numpy(), n)).mean()
        for n in SIZES
    )
    assert MultiScaleSpectralLoss()(x, y).item() == pytest.approx(truth, rel=1e-9)


def test_the_log_linear_loss_adds_the_mean_differences_of_logarithms_above_a_floor(signals):
    x, y = signals
    truth = 0.0
    for size in SIZES:
        pair = [end_padded_magnitudes(side.numpy(), size) for side in (x, y)]
        logs = [np.log(np.maximum(magnitudes, 1e-5)) for magnitudes in pair]
        truth += np.abs(pair[0] - pair[1]).mean() + np.abs(logs[0] - logs[1]).mean()
    assert MultiScaleSpectralLoss("log-linear")(x, y).item() == pytest.approx(truth, rel=1e-9)


def test_the_smooth_loss_is_the_sum_of_mean_squares_of_compressed_magnitudes(signals):
    x, y = (side.numpy() for side in signals)
    truth = sum(
        np.square(np.log1p(whole_magnitudes(x, n)) - np.log1p(whole_magnitudes(y, n))).mean()
        for n in PRIMES
    )
    found = MultiScaleSpectralLoss("smooth")(*signals).item()
    assert found == pytest.approx(truth, rel=1e-9)


@pytest.mark.parametrize("variant", ["linear", "log-linear", "smooth"])
def test_sizes_of_ones_own_add_up(noise, signals, variant):
    parts = [MultiScaleSpectralLoss(variant, [size])(*signals) for size in (100, 333)]
    together = MultiScaleSpectralLoss(variant, (100, 333))(*signals)
    torch.testing.assert_close(together, sum(parts))


def test_a_batch_with_channels_is_the_mean_of_its_items(noise):
    x, y = noise(2, 3, 900), noise(2, 3, 900, seed=1)
    loss = MultiScaleSpectralLoss("log-linear")
    alone = [loss(x[item, channel], y[item, channel]) for item in range(2) for channel in range(3)]
    torch.testing.assert_close(loss(x, y), torch.stack(alone).mean())


def test_the_linear_loss_grows_with_the_level_and_the_logarithm_with_its_ratio(noise):
    x = noise(2, 3000, dtype=torch.float64)
    linear = MultiScaleSpectralLoss()
    torch.testing.assert_close(linear(x, 3 * x), 2 * linear(x, 0 * x))
    both = MultiScaleSpectralLoss("log-linear")
    log_part = both(x, 3 * x) - linear(x, 3 * x)
    # Six sizes, each ln 3 in every bin but the few that lie below the floor.
    assert log_part.item() == pytest.approx(6 * np.log(3), rel=1e-3)


@pytest.mark.parametrize(("variant", "log_weight"), [("linear", 0.0), ("log-linear", 1.0)])
def test_it_is_the_loss_of_auraloss_where_no_bin_is_faint(noise, variant, log_weight):
    sizes = (1024, 512)
    x, y = noise(2, 16000), noise(2, 16000, seed=1).requires_grad_()

    def magnitudes(signal, size):
        window = torch.hann_window(size)
        spectrum = torch.stft(signal, size, size // 4, size, window, return_complex=True)
        return (spectrum.real.square() + spectrum.imag.square()).clamp(min=1e-8).sqrt()

    theirs = torch.zeros(())
    for size in sizes:
        a, b = magnitudes(x, size), magnitudes(y, size)
        theirs = theirs + (a - b).abs().mean() / size**0.5
        theirs = theirs + log_weight * (a.log() - b.log()).abs().mean()
    loss = MultiScaleSpectralLoss(variant, fft_sizes=sizes, framing="reflect")(x, y)
    torch.testing.assert_close(loss, theirs, rtol=1e-5, atol=0)
    slopes = [torch.autograd.grad(one, y)[0] for one in (loss, theirs)]
    assert (slopes[0] - slopes[1]).norm() < 1e-3 * slopes[1].norm()
