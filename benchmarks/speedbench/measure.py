"""Measuring: sides take turns, and medians are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from speedbench.processes import Process, Processes
from speedbench.rows import Row, Work
from speedbench.truth import Truths


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    Args:
        rounds: turns of each side.
        turn: seconds of a turn, about; a work that takes longer is done once.
        threads: of each side.
    """

    rounds: int = 9
    turn: float = 0.3
    threads: int = 2


@dataclass(frozen=True)
class Outcome:
    """What was measured of a row.

    Args:
        row: the row.
        amounts: what was measured, for each work the medians of its turns.
        errors: for each work those of its values and gradient, if the truth is known.
    """

    row: Row
    amounts: list[list[float]]
    errors: list[dict[str, float] | None]

    @property
    def medians(self) -> list[float]:
        """Median of each work over all turns."""
        return [median(amounts) for amounts in self.amounts]

    @property
    def figure(self) -> float:
        """The figure of the row, from the medians."""
        return self.row.figure(self.medians)

    @property
    def spread(self) -> tuple[float, float]:
        """First and third quartile of the figures of single rounds."""
        figures = [self.row.figure(amounts) for amounts in zip(*self.amounts, strict=True)]
        if len(figures) < 2:
            return figures[0], figures[0]
        low, _, high = quantiles(figures, n=4, method="inclusive")
        return low, high


def measured(row: Row, processes: Processes, effort: Effort, truths: Truths) -> Outcome:
    """Measure a row."""
    measures = {"seconds": alternating_times, "bytes": peaks, "operators": calls_of_operators}
    amounts = measures[row.measure](row.works, processes, effort)
    errors = [truths.errors(work) for work in row.works]
    processes.forget()
    return Outcome(row, amounts, errors)


def alternating_times(
    works: Sequence[Work], processes: Processes, effort: Effort
) -> list[list[float]]:
    """Seconds of each work: the median of every turn, all works taking turns."""
    players = []
    for slot, work in enumerate(works):
        process = processes.of(work.side, work.threads or effort.threads)
        process.ask("load", slot=slot, work=work.name, settings=work.settings)
        # The first call compiles, the second tells how long one takes.
        (once,) = process.ask("run", slot=slot, warm=1, calls=1)
        calls = max(1, min(50, round(effort.turn / once)))
        players.append((process, slot, calls))
    times: list[list[float]] = [[] for _ in works]
    for turn in range(effort.rounds):
        for process, slot, calls in players if turn % 2 == 0 else reversed(players):
            # The other side has emptied the caches and put the threads to sleep.
            warm = 1 if calls > 1 else 0
            times[slot].append(median(process.ask("run", slot=slot, warm=warm, calls=calls)))
    return times


def peaks(works: Sequence[Work], processes: Processes, effort: Effort) -> list[list[float]]:
    """Bytes by which a fresh process grows during its first call of that size."""
    found: list[list[float]] = [[] for _ in works]
    for _ in range(min(effort.rounds, 3)):
        for slot, work in enumerate(works):
            process = processes.fresh(work.side, effort.threads)
            try:
                found[slot].append(_peak(process, work))
            finally:
                process.close()
    return found


def calls_of_operators(
    works: Sequence[Work], processes: Processes, effort: Effort
) -> list[list[float]]:
    """How many operators of torch each work calls, views among them."""
    found = []
    for slot, work in enumerate(works):
        process = processes.of(work.side, effort.threads)
        process.ask("load", slot=slot, work=work.name, settings=work.settings)
        process.ask("run", slot=slot, warm=1, calls=1)
        found.append([float(process.ask("operators", slot=slot))])
    return found


def _peak(process: Process, work: Work) -> float:
    tiny: dict[str, Any] = {**work.settings, "clips": 1, "samples": 2 * work.settings["fft_size"]}
    process.ask("load", slot=0, work=work.name, settings=tiny)
    process.ask("run", slot=0, warm=1, calls=1)
    process.ask("load", slot=1, work=work.name, settings=work.settings)
    peak = process.ask("peak", slot=1)
    return float("nan") if peak is None else float(peak)
