"""Results in a file of lines, one for each finished cell, so that a run can be taken up again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import torch

from directionbench.cells import Cell
from directionbench.measure import Effort


@dataclass(frozen=True)
class Outcome:
    """A cell and its numbers."""

    cell: Cell
    numbers: dict[str, float]


class Results:
    """Finished cells, in memory and, with a path, in a file of JSON lines.

    A line is appended when its cell is done. A run that is killed loses the line that it was
    writing at most: a last line without its end is cut off when the file is read again.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.numbers: dict[str, dict[str, float]] = {}
        if path is not None and path.exists():
            self._read(path)

    def _read(self, path: Path) -> None:
        content = path.read_bytes()
        complete = content[: content.rfind(b"\n") + 1]
        for line in complete.decode().splitlines():
            found = json.loads(line)
            self.numbers[found.pop("cell")] = found
        if complete != content:
            os.truncate(path, len(complete))

    def add(self, cell: Cell, numbers: dict[str, float]) -> None:
        """Keep what a cell gave."""
        self.numbers[cell.key] = numbers
        append(self.path, cell, numbers)

    def of(self, cells: Iterable[Cell]) -> list[Outcome]:
        """What is known of some cells."""
        return [Outcome(cell, self.numbers[cell.key]) for cell in cells if cell.key in self.numbers]


def measure_all(
    cells: Iterable[Cell], results: Results, effort: Effort, workers: int
) -> Iterator[Outcome]:
    """Measure what is not known yet, in several processes of one thread each, or in this one."""
    missing = {cell.key: cell for cell in cells if cell.key not in results.numbers}
    if workers == 1:
        for cell in missing.values():
            numbers = cell.measured(effort)
            results.add(cell, numbers)
            yield Outcome(cell, numbers)
        return
    # Cells that share their candidates go to the same process together.
    shared: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in missing.values():
        shared.setdefault((cell.measure, cell.target.name, cell.timbre), []).append(cell)
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        waiting = [pool.submit(_several, some, effort, results.path) for some in shared.values()]
        for done in as_completed(waiting):
            for cell, numbers in done.result():
                results.numbers[cell.key] = numbers
                yield Outcome(cell, numbers)


def append(path: Path | None, cell: Cell, numbers: dict[str, float]) -> None:
    """Add a line to a file, in one piece, since several processes do so."""
    if path is None:
        return
    line = json.dumps({"cell": cell.key, **numbers}) + "\n"
    with path.open("ab", buffering=0) as file:
        file.write(line.encode())


def _several(
    cells: list[Cell], effort: Effort, path: Path | None
) -> list[tuple[Cell, dict[str, float]]]:
    torch.set_num_threads(1)
    found = []
    for cell in cells:
        found.append((cell, cell.measured(effort)))
        append(path, *found[-1])
    return found
