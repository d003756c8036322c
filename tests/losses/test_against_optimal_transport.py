"""Per-frame values of the whole loss against NumPy loops and POT, for every rule of mass."""

import itertools

import numpy as np
import ot
import pytest
import torch

from sot import Wasserstein1DLoss


def transport(x, y, u, v, p, cut):
    """Integral of |F_u^-1 - F_v^-1|^p over the levels, one merged level at a time."""
    u_levels, v_levels = np.cumsum(u), np.cumsum(v)
    total, previous = 0.0, 0.0
    for level in np.sort(np.concatenate([u_levels, v_levels])):
        a = x[min(np.searchsorted(u_levels, level), len(x) - 1)]
        b = y[min(np.searchsorted(v_levels, level), len(y) - 1)]
        if not cut or level <= 1 + 1e-9:
            total += (level - previous) * abs(a - b) ** p
        previous = level
    return total


def by_mass_rule(u, v, normalize, balanced):
    if normalize:
        return u / u.sum(), v / (v.sum() if balanced else u.sum())
    return u, (v / v.sum() * u.sum() if balanced else v)


def tones(seed):
    """Two chords of low partials at 8 kHz, whose highest bins are all but empty."""
    random = np.random.default_rng(seed)
    frequencies = random.uniform(210, 600, (2, 6, 1))
    phases = random.uniform(0, 2 * np.pi, (2, 6, 1))
    waves = np.sin(2 * np.pi * frequencies * np.arange(700) / 8000 + phases)
    return torch.from_numpy(waves.sum(1) * random.uniform(0.02, 0.1))


def spectra(loss, *signals):
    return [loss.spectrum(signal).numpy() for signal in signals]


@pytest.mark.parametrize(
    ("normalize", "balanced", "cut"), list(itertools.product([True, False], repeat=3))
)
def test_every_frame_costs_what_a_loop_over_levels_gives(settings, path, normalize, balanced, cut):
    loss = Wasserstein1DLoss(
        **settings,
        normalize=normalize,
        balanced=balanced,
        quantile_lowpass=cut,
        reduction="none",
        bin_position_scaling="log",
        square_magnitude=True,
    )
    x, y = tones(0), tones(1)
    values = loss(x, y).numpy()
    positions = loss.spectrum.positions("log")
    truth = np.zeros(values.shape)
    x_spectra, y_spectra = spectra(loss, x, y)
    for index in np.ndindex(values.shape):
        u, v = by_mass_rule(x_spectra[index], y_spectra[index], normalize, balanced)
        truth[index] = transport(positions, positions, u, v, 2, cut)
        if normalize and balanced:
            exact = ot.emd2_1d(positions, positions, u, v, metric="sqeuclidean")
            assert truth[index] == pytest.approx(exact, rel=1e-6)
    assert values.size >= 8
    assert truth.min() > 0
    np.testing.assert_allclose(values, truth, rtol=1e-6)


@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
def test_the_root_of_every_exponent_is_the_distance_that_pot_gives(settings, path, p):
    loss = Wasserstein1DLoss(**settings, p=p, apply_root=True, reduction="none")
    x, y = tones(2), tones(3)
    values = loss(x, y).numpy()
    positions = loss.spectrum.positions("normalized")
    x_spectra, y_spectra = spectra(loss, x, y)
    for index in np.ndindex(values.shape):
        u, v = by_mass_rule(x_spectra[index], y_spectra[index], True, True)
        cost = ot.emd2_1d(positions, positions, u, v, metric="minkowski", p=p)
        assert values[index] == pytest.approx(cost ** (1 / p), rel=1e-6)


def test_over_time_every_bin_costs_what_a_loop_over_levels_gives(settings):
    loss = Wasserstein1DLoss(**settings, dim=-2, reduction="none", p=1)
    x, y = tones(4), tones(5)
    values = loss(x, y).numpy()
    x_spectra, y_spectra = spectra(loss, x, y)
    frames = np.arange(x_spectra.shape[1], dtype=float)
    assert values.shape == (2, loss.spectrum.bins)
    for item, bin_index in np.ndindex(values.shape):
        u, v = by_mass_rule(
            x_spectra[item, :, bin_index], y_spectra[item, :, bin_index], True, True
        )
        assert values[item, bin_index] == pytest.approx(
            ot.emd2_1d(frames, frames, u, v, metric="minkowski", p=1), rel=1e-6
        )


def test_log_compares_spectra_that_are_compressed_above_eps(settings):
    loss = Wasserstein1DLoss(**settings, log=True, eps=0.01, reduction="none")
    x, y = tones(6), tones(7)
    values = loss(x, y).numpy()
    positions = loss.spectrum.positions("normalized")
    x_spectra, y_spectra = (np.log(1 + spectrum / 0.01) for spectrum in spectra(loss, x, y))
    for index in np.ndindex(values.shape):
        u, v = by_mass_rule(x_spectra[index], y_spectra[index], True, True)
        exact = ot.emd2_1d(positions, positions, u, v, metric="sqeuclidean")
        assert values[index] == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("bins", [2, 9, 20, 36, 60])
def test_the_cut_counts_the_whole_reference(path, bins, dtype):
    # Twice the mass of a uniform reference stands on its first bin: the first half of it serves
    # the whole reference, the other half is cut away. That rounding may put the last level of the
    # reference a little above 1 must not matter.
    positions = torch.linspace(0, 1, bins, dtype=dtype)
    reference, estimate = torch.ones(1, bins, dtype=dtype), torch.zeros(1, bins, dtype=dtype)
    estimate[0, 0] = 2 * bins
    loss = Wasserstein1DLoss("identity", balanced=False, quantile_lowpass=True, p=1)
    assert loss(reference, estimate, positions).item() == pytest.approx(0.5, rel=1e-5)
