"""The page of one pair: everything that it shows in one file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import numpy as np

from sot._extras import require
from sot.audio import Audio
from sot.plots import COLOURS
from sot.report.analysis import Analysis, group_starts, thinned
from sot.report.pictures import pictures_of, time_ticks
from sot.report.sound import embedded

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


@dataclass(frozen=True)
class Subject:
    """What a page is about.

    Attributes:
        reference: name of a file.
        estimate: name of a file.
        value: the loss.
        settings: of the loss by name.
        given: names of the settings that somebody asked for.
        command: that repeats the page.
        notes: what has to be said of the recordings.
        overview: link to the page of which this is one of many; none for a single pair.
    """

    reference: str
    estimate: str
    value: float
    settings: dict[str, str]
    given: frozenset[str]
    command: str
    notes: list[str] = field(default_factory=list)
    overview: str = ""


def pair_page(
    subject: Subject, analysis: Analysis, x: Audio, y: Audio, sounds: dict[str, Audio]
) -> str:
    """The page of one pair, HTML that makes no request.

    Args:
        subject: what it is about.
        analysis: of the two recordings.
        x: the reference as it was compared.
        y: the estimate as it was compared.
        sounds: for the players, by name.

    Raises:
        ImportError: Jinja2 or Matplotlib is missing.
    """
    players, notes = [], [*subject.notes, *_notes(analysis)]
    for index, (name, audio) in enumerate(sounds.items()):
        players.append((name, COLOURS[index], embedded(audio)))
    return rendered(
        "pair.html",
        "pair.js",
        subject=subject,
        notes=notes,
        players=players,
        pictures=pictures_of(analysis, x, y),
        time_ticks=time_ticks(analysis.duration),
        duration=analysis.duration,
        views=len(analysis.views),
        data=embedded_json(page_data(analysis)),
    )


def rendered(template: str, script: str, **values: Any) -> str:
    """A page from a template, with the style and one script, which alone may run."""
    jinja2 = require("jinja2", "report")
    loader = jinja2.PackageLoader("sot.report")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    folder = files("sot.report") / "templates"
    program = (folder / script).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(program.encode()).digest()).decode()
    markup = require("markupsafe", "report").Markup
    page: str = environment.get_template(template).render(
        style=markup((folder / "page.css").read_text(encoding="utf-8")),
        script=markup(program),
        script_hash=digest,
        **values,
    )
    return page


def embedded_json(value: Any) -> Any:
    """JSON that can stand inside of a script element, marked as safe there."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for letter, escape in _ESCAPES.items():
        text = text.replace(letter, escape)
    return require("markupsafe", "report").Markup(text)


def page_data(analysis: Analysis) -> dict[str, Any]:
    """What the script draws single frames from.

    Returns:
        Numbers for JSON: 'times' in s, 'losses' and 'moves' of the frames, None where there are
        none; 'spectra', 16-bit little-endian shares of energy in units of 1 / 65535, frame by
        frame the groups of the reference and of the estimate, in base64; 'plans', for each frame
        source and target in ten-thousandths of the axis and thousandths of energy in turn; 'places'
        of the groups and 'ticks' on the axis of frequency, from 0 to 1; 'unit' of the moves.
    """
    band = analysis.band
    frames = [thinned(view, band) for view in analysis.views]
    shares = np.array([[frame["reference"], frame["estimate"]] for frame in frames])
    whole = (65535 * shares).round().clip(0, 65535).astype("<u2")
    starts = group_starts(band)
    stops = np.append(starts[1:], band.last + 1)
    positions = analysis.scale.positions
    centres = np.array([positions[a:b].mean() for a, b in zip(starts, stops, strict=True)])
    return {
        "duration": round(analysis.duration, 6),
        "unit": analysis.scale.unit,
        "circular": analysis.scale.circular,
        "label": analysis.scale.label,
        "places": [round(float(place), 5) for place in band.share(centres)],
        "ticks": [[round(place, 5), name] for place, name in band.ticks()],
        "times": [round(view.time, 4) for view in analysis.views],
        "losses": [_short(view.cost) for view in analysis.views],
        "moves": [_short(view.move) for view in analysis.views],
        "plans": [[n for move in frame["plan"] for n in move] for frame in frames],
        "spectra": base64.b64encode(whole.tobytes()).decode(),
    }


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.5g}")


def _notes(analysis: Analysis) -> list[str]:
    """What is thinned out or missing."""
    notes = []
    if analysis.frames == 1:
        notes.append("shorter than two frames of the transform: there is one frame only")
    if analysis.stride > 1:
        notes.append(f"of {analysis.frames} frames the slider shows one in {analysis.stride}")
    if analysis.group > 1:
        notes.append(f"each column of the pictures is the mean of {analysis.group} frames")
    if analysis.channels > 1:
        notes.append(
            f"spectra and moves are those of channel 1 of {analysis.channels}; "
            "waveforms and loss are of all"
        )
    if len(analysis.curves) > 1:
        notes.append(
            "the loss is a sum over several resolutions; spectra and moves are those of the first"
        )
    if not any((curve.votes > 0).any() for curve in analysis.curves):
        notes.append("no frame counts, since either side is silent in each; the loss is 0")
    return notes
