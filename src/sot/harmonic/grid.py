"""Experiments times seeds by Ray: each run in a process of its own, as many at once as fit.

What is done is seen from the folders of the runs, so a grid that was stopped goes on where it
was: complete runs are left alone, and begun ones go on from their last checkpoint.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sot import _checks
from sot._cluster import cluster
from sot.harmonic.checkpoints import METRICS
from sot.harmonic.naming import EXPERIMENTS, LARGEST_SEED
from sot.harmonic.training import LAST

_LOG = "train.log"


@dataclass(frozen=True)
class Job:
    """One run of the grid."""

    experiment: str
    seed: int
    protocol: str
    output: Path
    settings: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Where it keeps its files."""
        return self.output / self.experiment / str(self.seed)

    @property
    def done(self) -> bool:
        """Whether it has been trained and measured."""
        return (self.folder / METRICS).is_file()

    def arguments(self) -> list[str]:
        """The arguments of `sot train`."""
        return [
            f"--experiment={self.experiment}",
            f"--protocol={self.protocol}",
            f"--seed_everything={self.seed}",
            f"--output={self.output}",
            "--trainer.enable_progress_bar=false",
            *self.settings,
        ]

    def command(self) -> list[str]:
        """The command that trains it, from the start or from its last checkpoint."""
        goes_on = (self.folder / LAST).is_file()
        program = [sys.executable, "-c", "from sot.cli import main; main()", "train"]
        return [*program, *self.arguments(), *(["--ckpt_path=last"] if goes_on else [])]


def plan(
    experiments: Sequence[str],
    seeds: Sequence[int],
    protocol: str,
    output: Path,
    settings: Sequence[str] = (),
) -> list[Job]:
    """The runs of a grid: all experiments with the first seed, then with the next.

    Args:
        experiments: names, or 'all'.
        seeds: of the runs.
        protocol: 'full' or 'short'.
        output: folder of all runs.
        settings: further arguments of `sot train`, for each run.

    Raises:
        ValueError: an unknown name.
    """
    names = EXPERIMENTS if list(experiments) == ["all"] else experiments
    for name in names:
        _checks.choice("experiments", name, EXPERIMENTS)
    output = output.resolve()
    return [
        Job(
            name,
            _checks.integer("seeds", seed, minimum=0, maximum=LARGEST_SEED),
            protocol,
            output,
            tuple(settings),
        )
        for seed in seeds
        for name in names
    ]


def train_in_process(job: Job, threads: int) -> str:
    """Train one run in a process of its own. Returns '' or why it failed."""
    job.folder.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    started_without = not (job.folder / LAST).is_file()
    config = job.folder / "config.yaml"
    if started_without and config.is_file():  # it was stopped before its first checkpoint
        config.unlink()
    with (job.folder / _LOG).open("a") as log:
        done = subprocess.run(
            job.command(), env=environment, stdout=log, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode == 0 and job.done:
        return ""
    lines = (job.folder / _LOG).read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"status {done.returncode}"


def run_grid(
    jobs: Sequence[Job],
    address: str | None = None,
    cpus: int = 1,
    told: Callable[[dict[Job, str]], None] | None = None,
) -> dict[Job, str]:
    """Run what is not done yet; one that fails does not stop the others.

    Args:
        jobs: as planned.
        address: of a Ray cluster, 'auto' for the one of this machine; by default one is started
            here and stopped at the end. All machines need the output folder.
        cpus: cores of each run; as many runs go at once as fit.
        told: called with the state of each job whenever one changes: 'waiting', 'running',
            'done', or 'failed: ' and why. Which of the waiting ones Ray has begun is seen from
            their folders.

    Returns:
        The state of each job at the end.

    Raises:
        ValueError: more cores for a run than this machine has, which would wait for ever.
    """
    _checks.integer("cpus", cpus)
    states = {job: "done" if job.done else "waiting" for job in jobs}
    tell = told or (lambda _: None)
    tell(states)
    waiting = [job for job in jobs if not job.done]
    if not waiting:
        return states
    with cluster(address) as ray:
        here = int(ray.cluster_resources().get("CPU", 0))
        if address in (None, "local") and cpus > here:
            _checks.fail("cpus", f"at most {here}, the cores of this machine", cpus)
        remote = ray.remote(num_cpus=cpus, max_retries=0)(train_in_process)
        pending: dict[Any, Job] = {remote.remote(job, cpus): job for job in waiting}
        while pending:
            ready, _ = ray.wait(list(pending), num_returns=1, timeout=5.0)
            for handle in ready:
                job = pending.pop(handle)
                states[job] = _outcome(ray, handle)
            for job in pending.values():
                states[job] = "running" if (job.folder / _LOG).is_file() else "waiting"
            tell(states)
    return states


def _outcome(ray: Any, handle: Any) -> str:
    """'done', or 'failed: ' and why, of a finished task."""
    try:
        reason = ray.get(handle)
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[0]
    return f"failed: {reason}" if reason else "done"
