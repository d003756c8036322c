"""Every script of the gallery runs without a warning and draws something."""

import runpy
from pathlib import Path

import matplotlib as mpl
import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("plot_*.py"))


def has_data(ax):
    """Whether lines, areas, bars or images stand in the axes."""
    return bool(ax.lines or ax.collections or ax.patches or ax.images)


@pytest.fixture
def pyplot(monkeypatch):
    """Pyplot without windows and with nothing drawn yet; `show` does nothing."""
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    plt.close("all")
    monkeypatch.setattr(plt, "show", lambda: None)
    yield plt
    plt.close("all")


def test_the_gallery_has_ten_scripts_at_least():
    assert len(EXAMPLES) >= 10


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_and_every_axes_that_it_draws_holds_data(path, pyplot):
    runpy.run_path(str(path), run_name="__main__")
    figures = [pyplot.figure(number) for number in pyplot.get_fignums()]
    assert figures
    axes = [ax for figure in figures for ax in figure.axes]
    assert axes
    assert all(has_data(ax) for ax in axes)
