"""Measure speed and memory beside other packages, and write docs/speed-and-memory.md anew.

Makes the environments of the others first, where they are not there yet. A run with --quick, or of
some rows, is printed only, unless --page names a page to write.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from make_peers import make_peers
from speedbench.environments import FOLDER
from speedbench.growth import draw_growth
from speedbench.limits import first_use, pieces_and_limit
from speedbench.measure import Effort, Outcome, measured
from speedbench.page import conditions, write_blocks
from speedbench.processes import Processes
from speedbench.rows import Row, all_rows
from speedbench.truth import Truths
from speedbench.words import line, results

PAGE = Path(__file__).resolve().parents[1] / "docs" / "speed-and-memory.md"


def arguments() -> argparse.Namespace:
    names = [row.name for row in all_rows()]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", metavar="NAME,...", help="of " + ", ".join(names))
    parser.add_argument("--rounds", type=int, default=9, help="turns of each side (9)")
    parser.add_argument("--threads", type=int, default=2, help="of each side (2)")
    parser.add_argument("--quick", action="store_true", help="smaller work, once: does it run?")
    parser.add_argument("--peers", type=Path, default=FOLDER, help="folder of environments")
    parser.add_argument("--page", type=Path, help="page to write (docs/speed-and-memory.md)")
    given = parser.parse_args()
    if given.rounds < 1 or given.threads < 1:
        parser.error("--rounds and --threads: expected at least 1")
    chosen = names if given.rows is None else given.rows.split(",")
    if unknown := set(chosen) - set(names):
        parser.error(f"--rows: {', '.join(sorted(unknown))} not in {', '.join(names)}")
    if given.page is None and given.rows is None and not given.quick:
        given.page = PAGE
    given.rows = [row for row in all_rows() if row.name in chosen]
    return given


def measure_rows(
    rows: Sequence[Row], processes: Processes, effort: Effort, folder: Path
) -> list[Outcome]:
    """Measure and print one row after the other."""
    truths = Truths(processes, folder, effort.threads)
    outcomes = []
    for row in rows:
        outcomes.append(measured(row, processes, effort, truths))
        print(line(outcomes[-1]), flush=True)
    count = sum(outcome.row.goal.reached(outcome.figure) for outcome in outcomes)
    print(f"{count} of {len(outcomes)} goals reached")
    return outcomes


def main() -> int:
    given = arguments()
    effort = Effort(given.rounds, threads=given.threads)
    rows = given.rows
    if given.quick:
        effort = Effort(rounds=1, turn=0.0, threads=given.threads)
        rows = [row.smaller() for row in rows]
    peers = given.peers.resolve()
    try:
        make_peers(peers)
    except subprocess.CalledProcessError as error:
        print(f"\nthe environments of the peers could not be made: {error}", file=sys.stderr)
        return 1
    processes = Processes(peers)
    with tempfile.TemporaryDirectory() as folder:
        try:
            outcomes = measure_rows(rows, processes, effort, Path(folder))
            if given.page is not None:
                write(given.page, outcomes, processes, effort, given.quick, Path(folder))
        finally:
            processes.close()
    return 0


def write(
    page: Path,
    outcomes: Sequence[Outcome],
    processes: Processes,
    effort: Effort,
    quick: bool,
    folder: Path,
) -> None:
    """Measure what else stands on the page, and write it."""
    pieces, limit = pieces_and_limit(processes, effort, quick)
    picture = page.parent / "pictures" / "speed.png"
    picture.parent.mkdir(exist_ok=True)
    draw_growth(processes, effort, quick, picture)
    text = "Time against clip length, bins and clips, for sot and sot-loss."
    blocks = {
        "conditions": conditions(processes, effort),
        "table": results(outcomes),
        "plot": f"![{text}](pictures/speed.png)",
        "pieces": pieces,
        "limit": limit,
        "first use": first_use(processes, effort, folder),
    }
    write_blocks(page, blocks)
    print(f"{page}: written", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
