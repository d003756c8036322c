"""What is done to the bins of a frame before masses are compared: a noise floor, a low-pass."""

import numpy as np
import pytest
import torch
from scipy.signal import get_window

from sot import Wasserstein1DLoss, _dispatch
from sot.losses._spectral import lowpass_gains

SIZE, HOP, RATE = 64, 16, 8000
STFT = {"fft_size": SIZE, "hop_length": HOP, "sample_rate": RATE, "square_magnitude": True}


def spectra(audio, square=True):
    """Powers (or magnitudes) of the whole frames of a clip: (frames, bins)."""
    window = get_window("flattop", SIZE)
    starts = range(0, len(audio) - SIZE + 1, HOP)
    frames = np.stack([audio.numpy()[start : start + SIZE] for start in starts])
    return np.abs(np.fft.rfft(frames * window)) ** (2 if square else 1)


def distance(u, v, positions):
    """W_1 of each frame on a line: the area between the running sums."""
    u, v = u / u.sum(-1, keepdims=True), v / v.sum(-1, keepdims=True)
    apart = np.abs(np.cumsum(u - v, -1))[:, :-1]
    return (apart * np.diff(positions)).sum(-1)


@pytest.fixture
def sides(noise):
    """Tones in noise, in double precision."""
    time = torch.arange(400, dtype=torch.float64) / RATE
    tones = ((6.2832 * f * time).sin() for f in (700.0, 1500.0))
    x, y = (
        tone + 0.3 * noise(400, seed=seed, dtype=torch.float64) for seed, tone in enumerate(tones)
    )
    return x, y


@pytest.mark.parametrize("factor", [1.0, 2.0])
@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("square", [True, False])
def test_the_floor_is_so_many_times_the_median(path, sides, factor, reduction, square):
    settings = {**STFT, "square_magnitude": square}
    loss = Wasserstein1DLoss(**settings, p=1, noise_floor=factor, reduction=reduction)
    u, v = (spectra(side, square) for side in sides)
    u, v = (np.maximum(s - factor * np.median(s, axis=-1, keepdims=True), 0) for s in (u, v))
    truth = distance(u, v, np.linspace(0, 1, SIZE // 2 + 1))
    found = loss(*(side[None] for side in sides)).numpy()
    np.testing.assert_allclose(found.squeeze(), truth.mean() if reduction == "mean" else truth)


@pytest.mark.parametrize("transform", ["stft", "mel", "harmonic"])
def test_a_bin_just_at_the_floor_has_one_derivative_whatever_the_way(transform, sides, monkeypatch):
    # With a factor of 1 the floor is a bin of every frame.
    settings = {"transform": transform, "noise_floor": 1.0, "sample_rate": RATE}
    settings |= {"fft_size": SIZE, "hop_length": HOP, "n_mels": 6, "fmin": 300.0}
    x, found = sides[0], []
    for compiled in (True, False):
        monkeypatch.setattr(_dispatch, "NUMBA_IS_THERE", compiled)
        for reduction in ("mean", "none"):
            y = sides[1].clone().requires_grad_()
            loss = Wasserstein1DLoss(**settings, reduction=reduction)(x, y).mean()
            found += torch.autograd.grad(loss, y)
    for other in found[1:]:
        assert (other - found[0]).norm() < 1e-9 * found[0].norm()


@pytest.mark.parametrize("square", [True, False])
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_the_lowpass_falls_by_12_db_an_octave(path, sides, square, reduction):
    settings = {**STFT, "square_magnitude": square}
    loss = Wasserstein1DLoss(**settings, p=1, lowpass=1000.0, reduction=reduction)
    frequencies = np.fft.rfftfreq(SIZE, 1 / RATE)
    gains = 1 / (1 + (frequencies / 1000) ** 2)  # of magnitudes
    u, v = (spectra(side, square) * gains ** (2 if square else 1) for side in sides)
    truth = distance(u, v, frequencies / (RATE / 2))
    found = loss(*(side[None] for side in sides)).numpy()
    np.testing.assert_allclose(found.squeeze(), truth.mean() if reduction == "mean" else truth)


def test_gains_of_the_lowpass_are_those_of_two_poles():
    found = 10 * np.log10(lowpass_gains(np.array([0.0, 300.0, 4800.0, 9600.0]), 300.0))
    assert found[0] == 0
    assert found[1] == pytest.approx(-6.02, abs=0.01)
    assert found[2] - found[3] == pytest.approx(12.04, abs=0.05)


@pytest.mark.parametrize("name", ["pitch", "harmonic", "chroma"])
@pytest.mark.parametrize("reduction", ["batch", "none"])
def test_presets_are_the_same_on_both_paths(name, reduction, noise, monkeypatch):
    from sot import _dispatch

    size = {"fft_size": 256, "hop_length": 64, "sample_rate": RATE, "reduction": reduction}
    loss = Wasserstein1DLoss(preset=name, **size)
    time = torch.arange(1200, dtype=torch.float64) / RATE
    x = (6.2832 * 700 * time).sin() + 0.1 * noise(2, 1200, dtype=torch.float64)
    y = (6.2832 * 900 * time).sin() + 0.1 * noise(2, 1200, seed=1, dtype=torch.float64)
    x[1, :700] *= 1e-3
    found = []
    for compiled in (True, False):
        monkeypatch.setattr(_dispatch, "NUMBA_IS_THERE", compiled)
        inputs = [side.clone().requires_grad_() for side in (x, y)]
        values = loss(*inputs)
        found.append([values, *torch.autograd.grad(values.sum(), inputs)])
    for fast, clear in zip(*found, strict=True):
        assert clear.abs().max() > 0
        torch.testing.assert_close(fast, clear, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("changed", [{"noise_floor": 1.0}, {"lowpass": 500.0}])
def test_every_transform_takes_them(settings, path, changed, noise, gradient):
    loss = Wasserstein1DLoss(**settings, **changed)
    x, y = noise(2, 900), noise(2, 900, seed=1)
    assert loss(x, y) > 0
    assert gradient(lambda z: loss(x, z), y).isfinite().all()
    assert loss(x, x) == 0


@pytest.mark.parametrize("changed", [{"noise_floor": 5.0}, {"lowpass": 500.0}])
def test_a_bound_reference_gives_the_same(path, sides, changed):
    loss = Wasserstein1DLoss(**STFT, **changed)
    torch.testing.assert_close(loss.bind(sides[0])(sides[1]), loss(*sides))


def test_the_gradient_with_a_lowpass_is_that_of_finite_differences(path, noise):
    loss = Wasserstein1DLoss(**STFT, lowpass=500.0)
    x, y = (noise(1, 100, seed=seed, dtype=torch.float64) for seed in (0, 1))
    inputs = (x.requires_grad_(), y.requires_grad_())
    assert torch.autograd.gradcheck(loss, inputs, fast_mode=True, atol=1e-6)


def test_the_gradient_with_a_floor_is_that_of_a_constant_floor(path, noise):
    """What is left of it by hand: W_1 from powers less a number that does not move."""
    x, y = (noise(SIZE, seed=seed, dtype=torch.float64) for seed in (0, 1))
    y.requires_grad_()
    (found,) = torch.autograd.grad(Wasserstein1DLoss(**STFT, p=1, noise_floor=1.5)(x, y), y)
    window = torch.from_numpy(get_window("flattop", SIZE))
    sides = []
    for side in (x, y):
        power = torch.fft.rfft(side * window).abs().square()
        floor = np.median(power.detach().numpy())
        rest = (power - 1.5 * floor).clamp(min=0)
        sides.append(rest / rest.sum())
    apart = (sides[0] - sides[1]).cumsum(0).abs()[:-1].sum() / (SIZE // 2)
    (expected,) = torch.autograd.grad(apart, y)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-10)


def test_a_floor_above_every_bin_leaves_silence(path, gradient):
    """A click has the same power in all bins, which is its median too."""
    x, y = torch.zeros(2, 1, 200, dtype=torch.float64)
    x[0, 70], y[0, 90] = 1.0, 1.0
    loss = Wasserstein1DLoss(**{**STFT, "window": "boxcar"}, noise_floor=2.0)
    assert loss(x, y) == 0
    assert (gradient(lambda z: loss(x, z), y) == 0).all()


def test_white_noise_leaves_a_tone_where_it_is(noise):
    """With the floor, a tone in noise as loud as itself is next to the clean tone."""
    tone = (6.2832 * 500 * torch.arange(8000) / RATE).sin()[None]
    loud = tone + 0.7071 * noise(1, 8000)
    settings = {**STFT, "fft_size": 1024, "hop_length": 256, "window": "blackmanharris", "p": 1}
    without = Wasserstein1DLoss(**settings)(tone, loud)
    assert Wasserstein1DLoss(**settings, noise_floor=5.0)(tone, loud) < 0.1 * without


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"noise_floor": -1}, ValueError, "at least 0"),
        ({"noise_floor": float("nan")}, ValueError, "a finite number"),
        ({"noise_floor": None}, TypeError, "a finite number"),
        ({"lowpass": 0}, ValueError, "above 0"),
        ({"lowpass": "300"}, TypeError, "a finite number above 0"),
        ({"lowpass": 300.0, "transform": "identity"}, ValueError, "None with transform='identity'"),
        ({"lowpass": 300.0, "transform": "harmonic"}, ValueError, "None with transform='harmonic'"),
        (
            {"lowpass": 300.0, "transform": "chroma", "circular": True},
            ValueError,
            "None with transform='chroma'",
        ),
        ({"circular": False, "transform": "chroma"}, ValueError, "True with transform='chroma'"),
    ],
)
def test_wrong_settings_are_refused_by_name(arguments, kind, message):
    with pytest.raises(kind, match=f"^{next(iter(arguments))}: expected .*{message}"):
        Wasserstein1DLoss(**arguments)
