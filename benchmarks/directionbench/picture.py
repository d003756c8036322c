"""The picture: four losses over the pitch of a candidate, against one recorded note."""

from __future__ import annotations

from pathlib import Path

import torch

from directionbench.candidates import amplitudes_of, candidates, coarse_pitches
from directionbench.contenders import main_contenders
from directionbench.measure import swept, towards
from directionbench.targets import Target

_SHOWN = ("mss-lin", "sot-loss", "pitch", "harmonic")
_POINTS = 160


def draw_landscapes(note: Target, path: Path) -> None:
    """Each loss in a panel; where descent moves the wrong way, the curve is orange and dotted."""
    from sot.plots._axes import COLOURS, new_figure, save_figure

    pitches = tuple(coarse_pitches(note.f0, _POINTS).tolist())
    tones = candidates(
        note.f0, amplitudes_of(note, "generic"), len(note.sound), note.level, pitches
    )
    shown = [one for one in main_contenders() if one.name in _SHOWN]
    shown.sort(key=lambda one: _SHOWN.index(one.name))
    figure = new_figure(width=11.0, height=3.4)
    for ax, one in zip(figure.subplots(1, len(shown), sharey=True), shown, strict=True):
        found = swept(one.make(), note.sound, tones)
        values = (found.values - found.values.min()) / (found.values.max() - found.values.min())
        right = found.gradients * (found.pitches / note.f0).log2() > 0
        ax.plot(found.pitches, values, color="0.75", linewidth=1)
        for mask, marker, size, colour, label in (
            (right, "o", 3, COLOURS[0], "descent moves towards the pitch"),
            (~right, "x", 4, COLOURS[1], "descent moves away from it"),
        ):
            kept = torch.where(mask, values, torch.nan)
            ax.plot(found.pitches, kept, marker, markersize=size, color=colour, label=label)
        ax.axvline(note.f0, color="0.3", linestyle=":", linewidth=1)
        ax.set_xscale("log", base=2)
        ticks = [note.f0 * 2.0**octave for octave in (-2, -1, 0, 1, 2)]
        ax.set_xticks(ticks, labels=[f"{tick:.0f}" for tick in ticks])
        share = towards(found, note.f0, by_class=False)
        name = one.label.replace("`", "")
        ax.set_title(f"{name}: {share:.0f} % right", fontsize="medium")
        ax.set_xlabel("pitch of the candidate (Hz)")
        ax.grid(alpha=0.3)
    figure.axes[0].set_ylabel("loss (scaled to its range)")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    save_figure(figure, path)
