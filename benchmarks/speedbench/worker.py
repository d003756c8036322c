"""A process of one side: reads requests from standard input, one JSON document a line, and answers.

Started in the side's own environment by :mod:`speedbench.processes`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np


class Worker:
    """The works that are loaded, by number, and what can be asked about them."""

    def __init__(self, module: str) -> None:
        self.module = importlib.import_module(f"speedbench.sides.{module}")
        self.works: dict[int, Callable[[], tuple[Any, Any]]] = {}

    def load(self, slot: int, work: str, settings: dict[str, Any]) -> None:
        """Build a work: its module and inputs."""
        self.works[slot] = getattr(self.module, work)(**settings)

    def forget(self) -> None:
        """Drop all works."""
        self.works.clear()

    def run(self, slot: int, warm: int, calls: int) -> list[float]:
        """Do a work, some times without and some with a clock; seconds of each of the latter."""
        work, seconds = self.works[slot], []
        for call in range(warm + calls):
            start = time.perf_counter()
            work()
            if call >= warm:
                seconds.append(time.perf_counter() - start)
        return seconds

    def save(self, slot: int, path: str) -> None:
        """Do a work once and write its values and gradient."""
        value, grad = self.works[slot]()
        arrays = {"value": value} if grad is None else {"value": value, "grad": grad}
        np.savez(path, **{name: _array(result) for name, result in arrays.items()})

    def peak(self, slot: int) -> int | None:
        """Bytes by which the process grows at most while a work is done; None if unknown here."""
        try:
            Path("/proc/self/clear_refs").write_text("5")  # the highest so far is the present now
        except OSError:
            return None
        before = _memory("VmRSS")
        self.works[slot]()
        return _memory("VmHWM") - before

    def operators(self, slot: int) -> int:
        """How many operators of torch are called while a work is done."""
        from speedbench.sides._torch import operators

        return operators(self.works[slot])

    def pieces(self, slot: int, warm: int, calls: int) -> dict[str, float]:
        """Seconds of a call by pieces."""
        from speedbench.pieces import seconds_by_piece

        self.run(slot, warm, 0)
        return seconds_by_piece(self.works[slot], calls)

    def versions(self, names: list[str]) -> list[str]:
        """Versions of installed packages."""
        return [metadata.version(name) for name in names]


def _array(result: Any) -> Any:
    return np.asarray(result.detach() if hasattr(result, "detach") else result)


def _memory(entry: str) -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    line = next(line for line in status if line.startswith(entry + ":"))
    return int(line.split()[1]) * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module")
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    if arguments.module == "korvax_loss" and hasattr(os, "sched_setaffinity"):
        # JAX has no setting for it: it takes the processors that it may run on.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.threads])
    # What libraries print goes to standard error: standard output is for answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(arguments.module)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(arguments.threads)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"answer": getattr(worker, request.pop("do"))(**request)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
