"""Cumulative distributions and quantile functions: what is shaded between them is the distance."""

import numpy as np
import pytest
import torch
from generators.areas import shaded_area
from scipy.stats import wasserstein_distance

from sot import Wasserstein1DLoss, quantile_function
from sot.plots import new_figure, plot_cdfs, plot_mass_rules, plot_quantiles

FREQUENCIES = 10 * torch.arange(31, dtype=torch.float64) ** 1.5  # unevenly spaced


def pair(seed, bins=31):
    """Two spectra with empty bins, of unequal energy."""
    noise = torch.Generator().manual_seed(seed)
    x, y = torch.rand(2, bins, generator=noise, dtype=torch.float64).unbind(0)
    return x * (x > 0.3), 2.5 * y * (y > 0.5)


@pytest.mark.parametrize("plot", [plot_cdfs, plot_quantiles])
@pytest.mark.parametrize("seed", range(5))
def test_the_shaded_area_is_the_distance_that_scipy_computes(plot, seed, ax):
    x, y = pair(seed)
    drawn = plot(FREQUENCIES, x, y, ax)
    expected = wasserstein_distance(FREQUENCIES, FREQUENCIES, x, y)
    assert shaded_area(drawn.area) == pytest.approx(expected)
    assert drawn.area.get_label() == f"area: {expected:.4g} Hz"


def test_the_lines_of_plot_cdfs_are_steps_up_to_the_share_of_energy(ax):
    frequencies = torch.tensor([100.0, 200.0, 400.0])
    drawn = plot_cdfs(frequencies, torch.tensor([1.0, 2.0, 1.0]), torch.tensor([0.0, 0.0, 3.0]), ax)
    for line in drawn[:2]:
        assert line in ax.lines
        assert line.get_drawstyle() == "steps-post"
        assert line.get_xdata() == pytest.approx([100, 100, 200, 400])
    assert drawn.reference.get_ydata() == pytest.approx([0, 0.25, 0.75, 1])
    assert drawn.estimate.get_ydata() == pytest.approx([0, 0, 0, 1])
    assert shaded_area(drawn.area) == pytest.approx(0.25 * 100 + 0.75 * 200)


def test_the_lines_of_plot_quantiles_are_the_quantile_functions_at_every_level(ax):
    x, y = pair(0)
    drawn = plot_quantiles(FREQUENCIES, x, y, ax)
    levels = torch.linspace(0.001, 0.999, 200, dtype=torch.float64)
    for line, weights in zip(drawn[:2], (x, y), strict=True):
        assert line.get_drawstyle() == "steps-pre"
        ends, values = line.get_xdata(), line.get_ydata()
        # With steps before each point, a value holds from the point before to its own.
        found = np.asarray(values)[np.searchsorted(ends, levels.numpy())]
        cdf = weights.cumsum(0) / weights.sum()
        assert found == pytest.approx(quantile_function(levels, cdf, FREQUENCIES).numpy())


def test_equal_spectra_shade_nothing(ax):
    x, _ = pair(1)
    assert shaded_area(plot_cdfs(FREQUENCIES, x, 3 * x, ax).area) == pytest.approx(0, abs=1e-9)
    other = plot_quantiles(FREQUENCIES, x, 3 * x, new_figure().subplots())
    assert shaded_area(other.area) == pytest.approx(0, abs=1e-9)


RULES = [
    {},
    {"normalize": False},
    {"balanced": False},
    {"balanced": False, "quantile_lowpass": True},
]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("ratio", [0.4, 1.0, 3.0])
def test_with_a_mass_rule_the_shaded_area_is_the_loss_under_this_rule(rule, ratio, ax):
    x, y = pair(2)
    y = y * ratio * x.sum() / y.sum()
    loss = Wasserstein1DLoss(transform="identity", p=1, eps=0.0, **rule)
    expected = float(loss(x[None], y[None], FREQUENCIES))
    area = plot_quantiles(FREQUENCIES, x, y, ax, **rule).area
    assert shaded_area(area) == pytest.approx(expected, rel=1e-6)


def test_all_mass_rules_are_drawn_in_the_order_of_their_titles():
    x, y = pair(3)
    figure = plot_mass_rules(FREQUENCIES, x, y)
    titles = [ax.get_title() for ax in figure.axes]
    assert titles[0] == "normalize, balanced (default)"
    assert titles[1:] == [
        ", ".join(f"{name}={value}" for name, value in rule.items()) for rule in RULES[1:]
    ]
    areas = [shaded_area(ax.collections[0]) for ax in figure.axes]
    alone = [shaded_area(plot_quantiles(FREQUENCIES, x, y, **rule).area) for rule in RULES]
    assert areas == pytest.approx(alone)
    assert len({round(area, 6) for area in areas}) == 4


def test_axes_have_units(ax):
    x, y = pair(4)
    plot_cdfs(FREQUENCIES, x, y, ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("frequency (Hz)", "share of energy below")
    other = new_figure().subplots()
    plot_quantiles(FREQUENCIES, x, y, other)
    assert other.get_xlabel() == "level (share of the reference's energy)"
    assert other.get_ylabel() == "frequency (Hz)"
    raw = new_figure().subplots()
    drawn = plot_quantiles(FREQUENCIES, x, y, raw, normalize=False)
    assert raw.get_xlabel() == "level (energy)"
    assert drawn.area.get_label().endswith("Hz times energy")
    assert raw.get_xlim()[1] == pytest.approx(float(x.sum()), rel=1e-6)


@pytest.mark.parametrize("name", ["normalize", "balanced", "quantile_lowpass"])
def test_a_mass_rule_that_is_no_flag_is_named(name):
    x, y = pair(0)
    with pytest.raises(TypeError, match=f"^{name}: expected True or False"):
        plot_quantiles(FREQUENCIES, x, y, **{name: 1})
