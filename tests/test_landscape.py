"""Tones, the landscape of a loss over their pitch, and descent on it."""

import math

import numpy as np
import pytest
import torch

from sot import Wasserstein1DLoss
from sot.landscape import Landscape, descend, harmonic_tone, sweep

RATE = 16000


@pytest.fixture(autouse=True)
def _one_thread():
    """Short signals are done before threads have met, and other tests may keep the machine busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def by_hand(f0, samples, amplitudes):
    time = np.arange(samples) / RATE
    return sum(a * np.sin(2 * np.pi * k * f0 * time) for k, a in enumerate(amplitudes, start=1))


def test_a_tone_is_the_sum_of_its_harmonics():
    f0, amplitudes = torch.tensor([110.0, 333.3], dtype=torch.float64), [1.0, -0.5, 0.25]
    tone = harmonic_tone(f0, 500, RATE, torch.tensor(amplitudes))
    assert tone.shape == (2, 500)
    for row, pitch in zip(tone, f0.tolist(), strict=True):
        assert np.allclose(row.numpy(), by_hand(pitch, 500, amplitudes), atol=1e-12)


@pytest.mark.parametrize("shape", [(), (1,), (2, 3)])
def test_a_tone_is_pure_by_default_and_takes_any_shape(shape):
    tone = harmonic_tone(torch.full(shape, 250.0), 64, RATE)
    assert tone.shape == (*shape, 64)
    assert np.allclose(tone.numpy(), by_hand(250, 64, [1.0]), atol=1e-6)


def test_harmonics_at_or_above_the_nyquist_frequency_are_silent():
    amplitudes = torch.ones(5)
    assert torch.equal(
        harmonic_tone(torch.tensor([2000.0]), 400, RATE, amplitudes),
        harmonic_tone(torch.tensor([2000.0]), 400, RATE, amplitudes[:3]),
    )
    power = torch.fft.rfft(harmonic_tone(torch.tensor([2500.0]), RATE, RATE, amplitudes)).abs()
    assert torch.nonzero(power[0] > 1).flatten().tolist() == [2500, 5000, 7500]
    assert not harmonic_tone(torch.tensor([8000.0]), 400, RATE).any()


@pytest.mark.parametrize("pitch", [440.1, 3999.7])
def test_the_phase_of_a_long_tone_is_that_of_double_precision(pitch):
    """After 10 s; at 4 kHz a phase in single precision would be off by about 0.01 radians."""
    f0 = torch.tensor([pitch])
    single = harmonic_tone(f0, 10 * RATE, RATE)[0].double()
    time = torch.arange(10 * RATE, dtype=torch.float64) / RATE
    phase = 2 * torch.pi * f0.double() * time
    assert float((single - phase.sin()).abs().max()) < 1e-6


def test_the_derivative_of_a_tone_is_that_of_its_phase():
    f0 = torch.tensor([200.0, 700.0], dtype=torch.float64, requires_grad=True)
    amplitudes = torch.tensor([1.0, 0.3], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda pitch, heights: harmonic_tone(pitch, 50, RATE, heights), (f0, amplitudes)
    )


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        ((torch.tensor([440]), 100, RATE), TypeError, "f0: expected floating-point"),
        ((torch.tensor([440.0]), 0, RATE), ValueError, "samples: expected"),
        ((torch.tensor([440.0]), 100, -1), ValueError, "sample_rate: expected"),
        ((torch.tensor([440.0]), 100, RATE, torch.ones(2, 2)), ValueError, "amplitudes: expected"),
        ((torch.tensor([440.0]), 100, RATE, [1.0, 0.5]), TypeError, "amplitudes: expected"),
    ],
)
def test_wrong_arguments_of_a_tone_are_named(arguments, kind, said):
    with pytest.raises(kind, match=said):
        harmonic_tone(*arguments)


def test_a_sweep_gives_values_and_derivatives_by_octave():
    """f ** 2 has the derivative 2 f ** 2 ln 2 by log2 f."""
    pitches = torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64)
    landscape = sweep(lambda tone: (tone**2).sum(), lambda pitch: pitch, pitches)
    assert torch.equal(landscape.pitches, pitches)
    assert torch.allclose(landscape.values, pitches**2)
    assert torch.allclose(landscape.gradients, 2 * pitches**2 * math.log(2))
    assert not landscape.values.requires_grad


@pytest.mark.parametrize("p", [1, 2])
def test_gradients_of_a_sweep_are_finite_differences_of_its_values(p):
    target = harmonic_tone(torch.tensor([440.0], dtype=torch.float64), 4096, RATE)
    loss = Wasserstein1DLoss(
        fft_size=1024, square_magnitude=True, sample_rate=RATE, p=p, silence="top_bin"
    ).bind(target)

    def tone(pitch):
        return harmonic_tone(pitch, 4096, RATE, torch.tensor([1.0, 0.5]))

    pitches = torch.tensor([150.0, 432.1, 900.0], dtype=torch.float64)
    step = 1e-6
    middle, left, right = (sweep(loss, tone, pitches * 2**d) for d in (0.0, -step, step))
    assert middle.values.dtype == torch.float64
    differences = (right.values - left.values) / (2 * step)
    assert torch.allclose(middle.gradients, differences, rtol=1e-4, atol=1e-8)


def test_the_share_that_points_towards_a_pitch_is_counted_by_hand():
    """Right at 100 and 300, wrong at 250, flat at 150; at the pitch itself nothing counts."""
    landscape = Landscape(
        pitches=torch.tensor([100.0, 150.0, 200.0, 250.0, 300.0]),
        values=torch.zeros(5),
        gradients=torch.tensor([-1.0, 0.0, 7.0, -2.0, 0.1]),
    )
    assert landscape.towards(200.0) == pytest.approx(2 / 4)
    assert landscape.towards(1000.0) == pytest.approx(2 / 5)
    assert landscape.towards(10.0) == pytest.approx(2 / 5)


@pytest.mark.parametrize("start", [55.0, 440.0, 3500.0])
def test_descent_reaches_the_bottom_of_a_bowl(start):
    path = descend(lambda tone: (tone.log2() - math.log2(440)).square().sum(), lambda f: f, start)
    assert path.shape == (201,)
    assert float(path[0]) == pytest.approx(start)
    assert abs(1200 * math.log2(float(path[-1]) / 440)) < 1


def test_descent_on_transport_finds_a_pure_tone_two_octaves_away():
    target = harmonic_tone(torch.tensor([480.0]), 4096, RATE)
    loss = Wasserstein1DLoss(square_magnitude=True, sample_rate=RATE).bind(target)
    path = descend(loss, lambda f: harmonic_tone(f, 4096, RATE), 120.0, 80, 0.1)
    assert path.shape == (81,)
    assert not path.requires_grad
    assert abs(1200 * math.log2(float(path[-1]) / 480)) < 5


@pytest.mark.parametrize(
    ("settings", "name"),
    [({"start": 0.0}, "start"), ({"steps": 0}, "steps"), ({"learning_rate": 0}, "learning_rate")],
)
def test_wrong_settings_of_a_descent_are_named(settings, name):
    settings = {"start": 100.0, **settings}
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        descend(lambda tone: tone.sum(), lambda f: f, **settings)
