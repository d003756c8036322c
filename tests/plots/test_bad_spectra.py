"""Spectra that no figure can draw are named, by each figure of two spectra in the same words."""

import numpy as np
import pytest
import torch

from sot import plots

FREQUENCIES = torch.tensor([0.0, 100.0, 200.0, 300.0])
GOOD = torch.tensor([0.0, 1.0, 1.0, 0.0])
BAD = [
    (torch.zeros(4), ValueError, "expected a spectrum with energy, got silence"),
    (torch.tensor([0.0, float("nan"), 1.0, 0.0]), ValueError, "expected finite numbers"),
    (torch.tensor([0.0, float("inf"), 1.0, 0.0]), ValueError, "expected finite numbers"),
    (torch.tensor([0.0, -1.0, 2.0, 0.0]), ValueError, "expected non-negative numbers"),
    (torch.ones(3), ValueError, r"expected the shape of frequencies, \(4,\)"),
    (torch.ones(2, 4), ValueError, "expected the shape of frequencies"),
    (torch.ones(0), ValueError, "expected the shape of frequencies"),
    ([0.0, 1.0, 1.0, 0.0], TypeError, "expected a torch.Tensor"),
    (GOOD.to(torch.complex64), TypeError, "expected real numbers"),
]
FIGURES = [
    plots.plot_transport,
    plots.plot_differences,
    plots.plot_comparison,
    plots.plot_cdfs,
    plots.plot_quantiles,
    plots.plot_mass_rules,
]


@pytest.mark.parametrize("plot", FIGURES)
@pytest.mark.parametrize(("bad", "kind", "said"), BAD)
@pytest.mark.parametrize("name", ["reference", "estimate"])
def test_a_spectrum_that_cannot_be_drawn_is_named(plot, name, bad, kind, said):
    spectra = {"reference": GOOD, "estimate": GOOD, name: bad}
    with pytest.raises(kind, match=f"^{name}: {said}"):
        plot(FREQUENCIES, **spectra)


@pytest.mark.parametrize("plot", FIGURES)
@pytest.mark.parametrize(
    ("bad", "kind", "said"),
    [
        (FREQUENCIES / 0, ValueError, "expected finite numbers"),
        (FREQUENCIES - 100, ValueError, "expected non-negative numbers"),
        (FREQUENCIES.flip(0), ValueError, "expected numbers in ascending order"),
        (FREQUENCIES[None], ValueError, r"expected shape \(bins,\)"),
        (FREQUENCIES.tolist(), TypeError, "expected a torch.Tensor"),
    ],
)
def test_frequencies_that_are_none_are_named(plot, bad, kind, said):
    with pytest.raises(kind, match=f"^frequencies: {said}"):
        plot(bad, GOOD, GOOD)


@pytest.mark.parametrize("plot", FIGURES)
def test_a_spectrum_without_bins_is_silent(plot):
    with pytest.raises(ValueError, match=r"^reference: expected a spectrum with energy"):
        plot(torch.ones(0), torch.ones(0), torch.ones(0))


@pytest.mark.parametrize("plot", FIGURES)
def test_a_single_bin_and_spectra_with_gradients_can_be_drawn(plot):
    one = torch.ones(1, requires_grad=True)
    drawn = plot(torch.tensor([50.0]), one, one.double())
    artist = getattr(drawn, "area", drawn)
    axes = getattr(artist, "figure", artist).axes
    assert axes
    for ax in axes:
        assert ax.has_data()
        limits = [*ax.get_xlim(), *ax.get_ylim()]
        assert np.isfinite(limits).all()
        assert limits[0] < limits[1]
        assert limits[2] < limits[3]
