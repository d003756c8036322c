"""Measure whether gradients point to the right pitch, and write docs/gradient-direction.md anew.

The standard run measures a named subset, --full every loss with every candidate, noise and level.
Results are kept in a file of lines; with --resume, or --full, cells that stand in it already are
not measured again. A run with --quick, or of some groups, is printed only, unless --page names a
page to write.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import torch
from directionbench.cells import GROUPS, Cell, cells
from directionbench.measure import Effort
from directionbench.page import write_pages
from directionbench.results import Outcome, Results, measure_all
from directionbench.targets import Target, recorded_notes

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "gradient-direction.md"
NOTES = ROOT / "src" / "sot" / "data" / "notes"
RESULTS = ROOT / "build" / "direction.jsonl"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--notes", type=Path, default=NOTES, help="folder of NAME_MIDI.flac (two that are bundled)"
    )
    parser.add_argument("--groups", metavar="NAME,...", help="of " + ", ".join(GROUPS))
    parser.add_argument("--full", action="store_true", help="everything; takes hours")
    parser.add_argument("--quick", action="store_true", help="coarse sweeps: does it run?")
    parser.add_argument("--resume", action="store_true", help="skip what was measured already")
    parser.add_argument("--results", type=Path, default=RESULTS, help="build/direction.jsonl")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--page", type=Path, help="page to write (docs/gradient-direction.md)")
    given = parser.parse_args()
    if given.workers < 1:
        parser.error("--workers: expected at least 1")
    chosen = list(GROUPS) if given.groups is None else given.groups.split(",")
    if unknown := set(chosen) - set(GROUPS):
        parser.error(f"--groups: {', '.join(sorted(unknown))} not in {', '.join(GROUPS)}")
    if given.page is None and given.groups is None and not given.quick:
        given.page = PAGE
    given.groups = chosen
    return given


def line(outcome: Outcome) -> str:
    """A finished cell for the terminal."""
    cell = outcome.cell
    noise = "clean" if cell.snr is None else f"{cell.snr:g} dB noise"
    numbers = ", ".join(f"{name} {number:.0f}" for name, number in outcome.numbers.items())
    return (
        f"{cell.contender.name}: {cell.target.name}, {cell.timbre}, {noise}, {cell.level:g} dB: "
        f"{numbers}"
    )


def smaller(some: Iterable[Cell]) -> list[Cell]:
    """One cell of each loss and measure."""
    return list({(cell.measure, cell.contender.name): cell for cell in some}.values())


def planned(given: argparse.Namespace, notes: tuple[Target, ...]) -> list[Cell]:
    """The cells of this run."""
    found = [cell for group in given.groups for cell in cells(group, notes, given.full)]
    return smaller(found) if given.quick else found


def main() -> int:
    given = arguments()
    torch.set_num_threads(1)
    notes = recorded_notes(given.notes)
    if given.quick:
        notes = (notes[0].shortened(1600, 8192),)
    effort = Effort(coarse=4, fine=3, starts=2, steps=2) if given.quick else Effort()
    path = None if given.quick else given.results
    if path is not None:
        path.parent.mkdir(exist_ok=True)
        if not (given.resume or given.full):
            path.unlink(missing_ok=True)
    results = Results(path)
    plan = planned(given, notes)
    for outcome in measure_all(plan, results, effort, given.workers):
        print(line(outcome), flush=True)
    if given.page is not None:
        write_pages(given.page, results, notes, given.full)
        print(f"{given.page}: written", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
