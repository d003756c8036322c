"""Small pictures of made-up data, one of each figure, and the files that they are compared with.

    PYTHONPATH=src:tests python -m generators.pictures

draws these files anew, into tests/plots/baseline. Look at them before they are committed.
"""

from pathlib import Path

import matplotlib
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from sot import plots
from sot.landscape import Landscape
from sot.spectra import VQT

BASELINE = Path(__file__).parents[1] / "plots" / "baseline"
DPI = 60  # a third of a screen's: lines are one pixel wide

HERTZ = 31.25 * torch.arange(129)
PITCHES = torch.logspace(5, 11, 61, base=2)
OCTAVES = (PITCHES / 300).log2()


def partials(f0, energy=1.0):
    """A spectrum of five partials of the width of a few bins."""
    spectrum = torch.zeros(len(HERTZ))
    for k in range(1, 6):
        spectrum += (-(((HERTZ - k * f0) / 40) ** 2)).exp() / k
    return energy * spectrum / spectrum.sum()


PAIR = (HERTZ, partials(430.0), partials(620.0, 1.7))
LANDSCAPES = {
    "transport": Landscape(PITCHES, OCTAVES**2, 2 * OCTAVES),
    "multi-scale": Landscape(PITCHES, (3 * OCTAVES).sin().abs(), (5 * OCTAVES).sin()),
}


def _over_time(ax, unit):
    frames = torch.arange(20)
    reference = torch.stack([partials(600.0 - 10 * k) for k in range(20)])
    reference[12:14] = 0
    estimate = torch.stack([partials(400.0 + 10 * k, 0.8**k) for k in range(20)])
    plots.plot_transport_over_time(0.05 * frames, HERTZ, reference, estimate, ax, unit)


def _training(ax):
    steps = torch.arange(0.0, 1000.0, 50)
    runs = {"SOT-2048": (steps, 40 + 60 / (1 + steps / 100)), "MSS-Lin": (steps, 90 - steps / 50)}
    plots.plot_training(runs, "validation LSD (dB²)", ax)


def _landscapes(ax):
    plots.plot_landscapes(LANDSCAPES, 300.0, ax)
    ax.set_ylim(top=1.3)  # the room for the legend is as high as its words are set


def _pitches(ax):
    true = torch.logspace(5.5, 10.5, 80, base=2)
    off = torch.arange(80) % 9
    plots.plot_pitches(true, true * 2.0 ** ((off == 4).int() - (off == 7).int()), ax)


PANELS = {
    "transport": lambda ax: plots.plot_transport(*PAIR, ax),
    "differences": lambda ax: plots.plot_differences(*PAIR, ax),
    "cdfs": lambda ax: plots.plot_cdfs(*PAIR, ax),
    "quantiles": lambda ax: plots.plot_quantiles(*PAIR, ax),
    "over_time_hertz": lambda ax: _over_time(ax, "Hz"),
    "over_time_semitones": lambda ax: _over_time(ax, "semitones"),
    "landscapes": _landscapes,
    "gradients": lambda ax: plots.plot_landscape_gradients(LANDSCAPES, 300.0, ax),
    "descents": lambda ax: plots.plot_descents({"a": PITCHES[:40], "b": PITCHES[40:]}, 300.0, ax),
    "training": _training,
    "pitches": _pitches,
    "scalings": lambda ax: plots.plot_scalings(
        VQT(fmin=250.0, n_bins=60, bins_per_octave=12, sample_rate=16000), ax
    ),
}
FIGURES = {
    "comparison": lambda figure: plots.plot_comparison(*PAIR, figure),
    "mass_rules": lambda figure: plots.plot_mass_rules(*PAIR, figure),
}
NAMES = (*PANELS, *FIGURES)


def drawn(name) -> Figure:
    """A figure in Matplotlib's own style, whatever the settings of the user are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        if name in PANELS:
            figure = plots.new_figure(5.0, 3.6)
            PANELS[name](figure.subplots())
        else:
            figure = plots.new_figure(9.0, 3.6 if name == "comparison" else 6.4)
            FIGURES[name](figure)
    return figure


def without_text(figure) -> Figure:
    """The figure less its words and numbers, which every version of Matplotlib sets its own way."""
    for ax in figure.axes:
        ax.set(title="", xlabel="", ylabel="")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(NullFormatter())
            axis.set_minor_formatter(NullFormatter())
        if ax.get_legend() is not None:
            ax.get_legend().remove()
    return figure


def save(figure, path) -> None:
    """Write a figure at the size of the baseline."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        figure.savefig(path, dpi=DPI, metadata={"Software": None})


if __name__ == "__main__":
    BASELINE.mkdir(exist_ok=True)
    for picture in NAMES:
        save(without_text(drawn(picture)), BASELINE / f"{picture}.png")
