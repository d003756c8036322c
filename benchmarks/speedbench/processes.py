"""The sides, and a process for each of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from speedbench.environments import peer_environments

#: Of each side: the name of its environment (none is the present one) and its module in `sides`.
SIDES = {
    "sot": ("", "sot_losses"),
    "torch": ("", "torch_alone"),
    "POT": ("", "pot"),
    "sot-loss": ("torch", "sot_losses"),
    "auraloss": ("torch", "auraloss_loss"),
    "korvax": ("korvax", "korvax_loss"),
}

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class Process:
    """A worker of one side."""

    def __init__(
        self, side: str, threads: int, peers: Path, environ: Mapping[str, str] | None = None
    ) -> None:
        name, module = SIDES[side]
        pythons = {peer.name: peer.python(peers) for peer in peer_environments()}
        python = pythons[name] if name else sys.executable
        self.side = side
        self._process = subprocess.Popen(
            [python, "-m", "speedbench.worker", module, "--threads", str(threads)],
            cwd=Path(__file__).resolve().parents[1],
            env={**os.environ, **dict.fromkeys(_THREADS, str(threads)), **(environ or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, do: str, **details: Any) -> Any:
        """Send a request and wait for the answer.

        Raises:
            RuntimeError: the worker failed; the message is its traceback.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **details}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        reply = json.loads(line) if line else {"error": "the process has ended"}
        if "error" in reply:
            raise RuntimeError(f"{self.side}, {do}: {reply['error']}")
        return reply["answer"]

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@dataclass
class Processes:
    """A long-lived process for each side and number of threads, started when first needed."""

    peers: Path
    _running: dict[tuple[str, int], Process] = field(default_factory=dict)

    def of(self, side: str, threads: int) -> Process:
        """The process of a side."""
        key = (side, threads)
        if key not in self._running:
            self._running[key] = Process(side, threads, self.peers)
        return self._running[key]

    def fresh(self, side: str, threads: int, environ: Mapping[str, str] | None = None) -> Process:
        """A process of its own, which the caller closes."""
        return Process(side, threads, self.peers, environ)

    def forget(self) -> None:
        """Have all of them drop what they have loaded."""
        for process in self._running.values():
            process.ask("forget")

    def close(self) -> None:
        """End all of them."""
        for process in self._running.values():
            process.close()
        self._running.clear()
