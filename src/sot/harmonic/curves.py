"""What a run logged over its steps, read from its folder and drawn beside other runs."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sot import _checks
from sot.plots import new_figure, plot_training

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Curve = tuple[Tensor, Tensor]

#: What is drawn of a run, by the name under which it is logged, and the label of its axis.
_DRAWN = {
    "train/loss": "training loss",
    "val/LSD": "validation LSD (dB²)",
    "val/RPA": "validation RPA (%)",
}


def training_curves(folder: str | Path) -> dict[str, Curve]:
    """Everything that a run logged, by name, as steps (points,) and values (points,).

    Args:
        folder: of the run, `<output>/<experiment>/<seed>`.

    Raises:
        FileNotFoundError: the run has no log.
        ValueError: the log is empty or damaged.
    """
    path = Path(folder) / "csv" / "metrics.csv"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; `sot train` writes it")
    points: dict[str, list[tuple[float, float]]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file, strict=True):
                step = float(row["step"])
                for name, text in row.items():
                    if "/" in name and text:  # not every row has every quantity
                        points.setdefault(name, []).append((step, float(text)))
    except (csv.Error, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: cannot be read as the log of a run ({error!r})") from error
    if not points:
        raise ValueError(f"{path}: nothing is logged there yet")
    curves = {name: torch.tensor(found, dtype=torch.float64) for name, found in points.items()}
    return {name: (curve[:, 0], curve[:, 1]) for name, curve in curves.items()}


def draw_training(runs: Mapping[str, str | Path]) -> Figure:
    """Training loss, log-spectral distance and raw pitch accuracy of runs over their steps.

    Args:
        runs: folders by the name that is drawn. What a run has not logged yet is not drawn of it,
            and what none of them has gets no panel.

    Raises:
        FileNotFoundError: a run has no log.
        ValueError: no run, none that logged one of the three, or a log that is empty or damaged.
    """
    if not runs:
        _checks.fail("runs", "at least one run", "none")
    logged = {name: training_curves(folder) for name, folder in runs.items()}
    panels = [name for name in _DRAWN if any(name in curves for curves in logged.values())]
    if not panels:
        names = list(_DRAWN)
        _checks.fail("runs", f"a run that logged {', '.join(names[:-1])} or {names[-1]}", "none")
    # Those without a validation last, so that each run has one colour in all panels.
    order = sorted(logged, key=lambda name: "val/LSD" not in logged[name])
    figure = new_figure(10.0, 3.2)
    for ax, quantity in zip(
        figure.subplots(1, len(panels), squeeze=False).flat, panels, strict=True
    ):
        curves = {name: logged[name][quantity] for name in order if quantity in logged[name]}
        plot_training(curves, _DRAWN[quantity], ax)
        ax.get_legend().remove()  # one for all panels
        if quantity == "train/loss":
            ax.set_yscale("log")  # the losses of experiments differ by orders of magnitude
    entries = {
        label: line
        for ax in figure.axes
        for line, label in zip(*ax.get_legend_handles_labels(), strict=True)
    }
    figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=4)
    return figure
