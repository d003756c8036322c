"""Pictures over time: images of what lies inside their axes, which the page draws around them.

So the axes keep the size and the colours of the page's text on a screen of any width, light or
dark, and a cursor is laid over an image by its share of the time.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sot._extras import require
from sot.audio import Audio
from sot.plots import COLOURS, STYLES, new_figure
from sot.report.analysis import COLUMNS, Analysis, Curve
from sot.report.scale import Ticks
from sot.report.sound import envelope

Array = NDArray[np.float64]

_UNITS = ((1.0, "s"), (1e3, "ms"), (1e6, "µs"))  # of time
_LEAST = {"Hz": 1.0, "semitones": 0.1, "turns": 0.01}  # reach of the colours where nothing moves
RANGE = 80.0  # dB below the loudest bin that a spectrogram shows
_ROWS = 256  # of a spectrogram, at most
_FAINT = 50.0  # dB below the loudest bin from which on moves can be seen
_COVERED = 0.98  # share of the moved energy whose moves the colours tell apart
_TURNS = 31  # steps of colour from down to up
_STEPS = 8  # steps of opacity
_MOVES = ("#8066c4", "#9a9a9a", "#e66101")  # down, nowhere, up; seen on black and on white


@dataclass(frozen=True)
class Bar:
    """The bar that explains colours: CSS colours from low to high, and what the ends mean."""

    colours: list[str]
    low: str
    high: str
    label: str


@dataclass(frozen=True)
class Picture:
    """An image over time, and its axes.

    Attributes:
        name: for the page's script and its tests.
        title: what is seen.
        text: the same at length, for those who do not see it.
        uri: the image, a data URI.
        span: share of the duration at which the image begins and ends.
        y_label: with its unit.
        y_ticks: places from 0 at the bottom to 1 at the top, and their names.
        height: in CSS pixels.
        bar: of the colours, if they have a meaning.
        legend: colours and names of lines.
    """

    name: str
    title: str
    text: str
    uri: str
    y_label: str
    y_ticks: Ticks
    height: int
    span: tuple[float, float] = (0.0, 1.0)
    bar: Bar | None = None
    legend: list[tuple[str, str]] = field(default_factory=list)


def time_ticks(duration: float) -> Ticks:
    """Places on the axis of time, from 0 to 1, and their names."""
    ticker = require("matplotlib.ticker", "plot")
    factor, unit = next((f, u) for f, u in _UNITS if duration * f >= 1 or u == "µs")
    places = ticker.MaxNLocator(6).tick_values(0, duration * factor)
    shares = [(place / (duration * factor), place) for place in places]
    return [(share, f"{place:.6g} {unit}") for share, place in shares if 0 <= share <= 1.0001]


def pictures_of(analysis: Analysis, x: Audio, y: Audio) -> list[Picture]:
    """All pictures over time of two recordings."""
    peak = max(float(audio.samples.abs().max()) for audio in (x, y)) or 1.0
    sides = ("reference", "estimate")
    waves = [
        waveform(name, audio, peak, colour)
        for name, audio, colour in zip(sides, (x, y), COLOURS, strict=False)
    ]
    return [
        *waves,
        *(spectrogram(name, analysis, index) for index, name in enumerate(sides)),
        moves_picture(analysis),
        loss_picture(analysis),
    ]


def waveform(name: str, audio: Audio, peak: float, colour: str) -> Picture:
    """The envelope of a sound, between minus and plus a peak."""
    low, high = envelope(audio, COLUMNS).numpy()
    figure, ax = _canvas(1.0)
    edges = np.linspace(0, 1, len(low) + 1)
    seen = 0.01 * peak  # so that silence, or a single sample, is a line
    ax.stairs(high + seen, edges, baseline=low - seen, fill=True, color=colour, linewidth=1)
    ax.set(xlim=(0, 1), ylim=(-1.05 * peak, 1.05 * peak))
    ticks = [((v + 1.05 * peak) / (2.1 * peak), f"{v:.2g}") for v in (-peak, 0, peak)]
    text = f"Waveform of the {name}, {audio.duration:.3f} s."
    title = f"Waveform of the {name}"
    return Picture(f"wave-{name}", title, text, _saved(figure), "amplitude", ticks, 80)


def spectrogram(name: str, analysis: Analysis, index: int) -> Picture:
    """Levels of one side in dB below the loudest bin of both."""
    band = analysis.band
    levels = _rows(decibels(analysis), analysis)[index]
    colours = require("matplotlib", "plot").colormaps["magma"]
    table = (255 * colours(np.linspace(0, 1, 256))[:, :3]).round().astype(np.uint8)
    pixels = (255 * (1 + levels / RANGE)).clip(0, 255).round().astype(np.uint8)
    return Picture(
        f"spectrogram-{name}",
        f"Spectrum of the {name}, as the loss sees it",
        f"Spectrogram of the {name}: the brighter, the louder.",
        _paletted(pixels, table),
        analysis.scale.label,
        band.ticks(),
        170,
        _share(analysis),
        _level_bar(_css(table[::51]), analysis),
    )


def _level_bar(colours: list[str], analysis: Analysis) -> Bar:
    if analysis.weights == "compressed":
        return Bar(colours, "silence", "loudest", "compressed level")
    return Bar(colours, f"-{RANGE:.0f} dB", "0 dB", "level")


def decibels(analysis: Analysis) -> Array:
    """Levels (2, columns, bins) below the loudest of both sides, from -RANGE to 0 dB.

    Levels that the loss has compressed are brought to the same range without a logarithm.
    """
    loudest = analysis.levels.max()
    if not loudest > 0:
        return np.full_like(analysis.levels, -RANGE)
    if analysis.weights == "compressed":
        return np.asarray(RANGE * (analysis.levels / loudest - 1))
    factor = 10.0 if analysis.weights == "powers" else 20.0
    faintest = 10 ** (-RANGE / factor)
    return np.asarray(factor * np.log10((analysis.levels / loudest).clip(faintest)))


def moves_picture(analysis: Analysis) -> Picture:
    """Where the energy of the estimate has to move."""
    unit, reach = analysis.scale.unit, moves_reach(analysis)
    levels = decibels(analysis)[1]
    loudest = levels.max()
    opacity = (1 + (levels - loudest) / _FAINT).clip(0, 1)
    opacity = np.where(np.isnan(analysis.moves), 0, opacity)
    half = _TURNS // 2
    turns = (half + half * np.nan_to_num(analysis.moves) / reach).clip(0, _TURNS - 1)
    steps = ((_STEPS - 1) * opacity).round()
    index = np.where(steps > 0, turns.round() * _STEPS + steps, 0).astype(np.uint8)
    table = _diverging()
    uri = _paletted(
        _nearest_rows(index, opacity, analysis),
        np.repeat(table, _STEPS, axis=0),
        np.tile(255 * np.arange(_STEPS) // (_STEPS - 1), _TURNS),
    )
    end = f"{reach:,.0f} {unit}" if reach >= 100 else f"{reach:.3g} {unit}"
    moving = not np.isnan(analysis.moves).all()
    return Picture(
        "moves",
        "Where the energy of the estimate has to move",
        f"Moves that turn the estimate into the reference: purple is down, orange is up, by up to "
        f"{end}; the fainter, the less energy."
        if moving
        else "Nothing moves, since either side is silent in every frame.",
        uri,
        analysis.scale.label,
        analysis.band.ticks(),
        170,
        _share(analysis),
        Bar(_css(table), f"down {end}", f"up {end}", "move") if moving else None,
    )


def moves_reach(analysis: Analysis) -> float:
    """The size of moves that most of the energy of the estimate does not exceed."""
    known = ~np.isnan(analysis.moves)
    sizes, energy = np.abs(analysis.moves[known]), analysis.levels[1][known]
    if not energy.sum() > 0:
        return _LEAST[analysis.scale.unit]
    order = np.argsort(sizes)
    share = np.cumsum(energy[order])
    place = np.searchsorted(share, _COVERED * share[-1])
    return max(float(sizes[order][min(place, len(order) - 1)]), _LEAST[analysis.scale.unit])


def loss_picture(analysis: Analysis) -> Picture:
    """The loss over time, a line for each resolution; frames that do not vote are gaps."""
    ticker = require("matplotlib.ticker", "plot")
    figure, ax = _canvas(1.2)
    lines = [thinned_curve(curve) for curve in analysis.curves]
    tops = [float(np.nanmax(cost)) for _, cost in lines if not np.isnan(cost).all()]
    top = 1.08 * max(tops, default=0.0) or 1.0
    looks = list(zip(COLOURS[2:6], STYLES * 2, strict=False))  # without black
    legend = []
    for index, (curve, (times, cost)) in enumerate(zip(analysis.curves, lines, strict=True)):
        colour, style = looks[index % len(looks)]
        marker = "o" if len(cost) < 60 else ""
        if len(cost) == 1:  # as wide as in the other pictures
            times, cost = np.array([0, analysis.duration]), np.repeat(cost, 2)
        within = np.minimum(times, analysis.duration)  # a frame may be longer than the sound
        ax.plot(within, cost, color=colour, linestyle=style, marker=marker, markersize=3)
        if curve.label:
            legend.append((colour, curve.label))
    ax.set(xlim=(0, analysis.duration), ylim=(-0.02 * top, top))
    places = ticker.MaxNLocator(3).tick_values(0, top)
    places = [place for place in places if 0 <= place <= top] if any(tops) else [0.0]
    ticks = [((place / top + 0.02) / 1.02, f"{place:.4g}") for place in places]
    text = f"Loss of each frame, up to {max(tops):.4g}." if tops else "No frame counts."
    return Picture(
        "loss", "Loss over time", text, _saved(figure), "loss", ticks, 110, legend=legend
    )


def thinned_curve(curve: Curve) -> tuple[Array, Array]:
    """Times and costs of a curve, means by votes of neighbouring frames; NaN where none votes."""
    group = -(-len(curve.times) // (2 * COLUMNS))
    starts = np.arange(0, len(curve.times), group)
    votes = np.add.reduceat(curve.votes, starts)
    costs = np.add.reduceat(curve.cost * curve.votes, starts)
    counts = np.diff([*starts, len(curve.times)])
    times = np.add.reduceat(curve.times, starts) / counts
    cost = np.where(votes > 0, costs / np.where(votes > 0, votes, 1), np.nan)
    return times, curve.weight * cost


def _canvas(height: float) -> tuple[Any, Any]:
    """A transparent figure that is all inside of its axes."""
    figure = new_figure(10.0, height)
    figure.set_layout_engine("none")
    figure.patch.set_alpha(0)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_axis_off()
    return figure, ax


def _saved(figure: Any) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=180, format="png")
    return _png(buffer)


def _paletted(
    pixels: NDArray[np.uint8],
    colours: NDArray[np.uint8],
    opacity: NDArray[np.int64] | None = None,
) -> str:
    """An image (columns, rows), lowest row first, from a table of colours."""
    image = require("PIL.Image", "plot").fromarray(np.ascontiguousarray(pixels.T[::-1]), "P")
    image.putpalette(colours.tobytes())
    buffer = io.BytesIO()
    settings = {} if opacity is None else {"transparency": bytes(opacity.tolist())}
    image.save(buffer, "PNG", optimize=True, **settings)
    return _png(buffer)


def _png(buffer: io.BytesIO) -> str:
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _rows(values: Array, analysis: Analysis) -> Array:
    """Values (..., bins) as (..., rows): the largest of the bins behind each row."""
    rows = analysis.band.rows(_ROWS)
    return np.stack([values[..., start:stop].max(-1) for start, stop in rows], axis=-1)


def _nearest_rows(
    values: NDArray[np.uint8], weights: Array, analysis: Analysis
) -> NDArray[np.uint8]:
    """Values (columns, bins) as (columns, rows): that of the heaviest bin behind each row."""
    rows = []
    for start, stop in analysis.band.rows(_ROWS):
        heaviest = weights[:, start:stop].argmax(1) + start
        rows.append(values[np.arange(len(values)), heaviest])
    return np.stack(rows, axis=-1)


def _diverging() -> NDArray[np.uint8]:
    colours = require("matplotlib.colors", "plot").LinearSegmentedColormap.from_list("m", _MOVES)
    return np.asarray((255 * colours(np.linspace(0, 1, _TURNS))[:, :3]).round(), dtype=np.uint8)


def _css(table: NDArray[np.uint8]) -> list[str]:
    return ["#" + bytes(colour.tolist()).hex() for colour in table]


def _share(analysis: Analysis) -> tuple[float, float]:
    start, stop = analysis.span
    return start / analysis.duration, stop / analysis.duration
