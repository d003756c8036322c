"""The pages in the documentation that hold the numbers."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

from speedbench.page import write_blocks

from directionbench.cells import GROUPS, cells
from directionbench.contenders import has_auraloss
from directionbench.goals import goals_table
from directionbench.picture import draw_landscapes
from directionbench.results import Outcome, Results
from directionbench.scales import beside_pitch, costs, costs_table, magnitudes_table
from directionbench.tables import (
    descent_table,
    each_note_table,
    floor_table,
    framing_table,
    level_table,
    noise_table,
    notes_table,
    presets_table,
    synthetic_table,
    variation_table,
)
from directionbench.targets import Target


def known(results: Results, notes: tuple[Target, ...], full: bool) -> list[Outcome]:
    """Everything that was measured, each cell of a loss once."""
    # A framing or a variation may be a loss of the main tables under a name of its own.
    named = {
        (cell.contender.name, cell.key): cell
        for group in GROUPS
        for cell in cells(group, notes, full)
    }
    return results.of(named.values())


def conditions(notes: tuple[Target, ...], outcomes: list[Outcome], full: bool, left: int) -> str:
    """What was run on what."""
    run = "full" if full else "standard"
    said = (
        f"The {run} run with {len(notes)} recorded notes: {len(outcomes)} measurements. "
        f"Python {platform.python_version()}, torch {version('torch')}"
    )
    if has_auraloss():
        said += f", auraloss {version('auraloss')}."
    else:
        said += ". The package auraloss is not installed here, so its rows are left out."
    if left:
        said += f" {left} of this run are missing; a dash stands for them."
    return said


def write_pages(page: Path, results: Results, notes: tuple[Target, ...], full: bool) -> None:
    """Write the page, its picture, and the tables in choosing.md and mixing.md beside it."""
    outcomes = known(results, notes, full)
    wanted = {cell.key for group in GROUPS for cell in cells(group, notes, full)}
    left = len(wanted - set(results.numbers))
    picture = page.parent / "pictures" / "direction.png"
    picture.parent.mkdir(exist_ok=True)
    shown = next((note for note in notes if note.name == "piano_060"), notes[0])
    draw_landscapes(shown, picture)
    text = (
        f"Four losses of a 1/k harmonic tone against the {shown.label} note, over the pitch of "
        "the tone, marked where a descent step moves towards the pitch of the note or away from it."
    )
    seconds = costs()
    blocks = {
        "conditions": conditions(notes, outcomes, full, left),
        "goals": goals_table(outcomes, notes, max(beside_pitch(seconds).values())),
        "picture": f"![{text}](pictures/direction.png)",
        "matched": synthetic_table(outcomes, "matched"),
        "pure": synthetic_table(outcomes, "pure"),
        "notes": notes_table(outcomes, notes),
        "each note": each_note_table(outcomes, notes),
        "noise": noise_table(outcomes, notes),
        "floors": floor_table(outcomes),
        "levels": level_table(outcomes),
        "descent": descent_table(outcomes, notes),
        "framing": framing_table(outcomes, notes),
        "variations": variation_table(outcomes, notes),
        "costs": costs_table(seconds),
    }
    write_blocks(page, blocks)
    choosing, mixing = page.parent / "choosing.md", page.parent / "mixing.md"
    if choosing.exists():
        presets = presets_table(outcomes, notes, beside_pitch(seconds))
        write_blocks(choosing, {"presets": presets})
    if mixing.exists():
        write_blocks(mixing, {"magnitudes": magnitudes_table()})
