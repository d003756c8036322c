"""The plot of time against clip length, bins and batch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from speedbench.measure import Effort, alternating_times
from speedbench.processes import Processes
from speedbench.rows import CASE, Work

_SIDES = ("sot", "sot-loss")
_RATE = 16000  # samples a second, of the axis


@dataclass(frozen=True)
class Panel:
    """One variable: its values on the axis, and the settings that go with them."""

    axis: str
    title: str
    values: list[float]
    settings: list[dict[str, int]]


def panels(quick: bool) -> list[Panel]:
    """The three panels."""
    lengths = [0.5, 1, 2, 4, 8, 16]
    sizes = [512, 1024, 2048, 4096, 8192, 16384]
    clips = [1, 4, 16, 64]
    if quick:
        lengths, sizes, clips = lengths[:4:3], sizes[:4:3], clips[:2]
    return [
        Panel(
            "clip length (s at 16 kHz)",
            "16 clips, 1025 bins",
            lengths,
            [{"samples": round(length * _RATE)} for length in lengths],
        ),
        Panel(
            "bins",
            "16 clips of 4 s, hop a quarter of the FFT",
            [size // 2 + 1 for size in sizes],
            [{"fft_size": size, "hop_length": size // 4} for size in sizes],
        ),
        Panel("clips", "4 s, 1025 bins", list(clips), [{"clips": count} for count in clips]),
    ]


def draw_growth(processes: Processes, effort: Effort, quick: bool, path: Path) -> None:
    """Measure and draw; a picture that is there is replaced when the new one is complete."""
    from sot.plots._axes import COLOURS, STYLES, new_figure, save_figure

    effort = replace(effort, rounds=min(effort.rounds, 5))
    found = panels(quick)
    figure = new_figure(width=11.0, height=3.6)
    for ax, panel in zip(figure.subplots(1, len(found), sharey=True), found, strict=True):
        times = [_both_times(settings, processes, effort) for settings in panel.settings]
        for side, colour, style in zip(_SIDES, COLOURS, STYLES, strict=False):
            seconds = [time[side] for time in times]
            ax.loglog(
                panel.values, seconds, style, color=colour, marker="o", markersize=4, label=side
            )
        ax.set(xlabel=panel.axis, title=panel.title)
        ax.title.set_fontsize("medium")
        ax.minorticks_off()
        ax.set_xticks(panel.values, labels=[f"{value:g}" for value in panel.values])
        ax.grid(alpha=0.3)
    figure.axes[0].set_ylabel("forward + backward (s)")
    figure.axes[0].legend()
    save_figure(figure, path)


def _both_times(settings: dict[str, int], processes: Processes, effort: Effort) -> dict[str, float]:
    works = [Work(side, "stft", {**CASE, **settings}) for side in _SIDES]
    times = alternating_times(works, processes, effort)
    processes.forget()
    return {side: median(seconds) for side, seconds in zip(_SIDES, times, strict=True)}
