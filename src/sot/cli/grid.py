"""`sot grid`: experiments times seeds, side by side, by Ray."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sot.cli._common import numbers, on_terminal, reported
from sot.cli._usage import misused

if TYPE_CHECKING:
    from rich.table import Table

    from sot.harmonic.grid import Job


@reported
def grid(
    context: typer.Context,
    experiments: Annotated[str, typer.Option(help="Names with commas between, or all.")] = "all",
    seeds: Annotated[str, typer.Option(help="Seeds with commas between.")] = (
        "42,123,456,789,101112"
    ),
    protocol: Annotated[str, typer.Option(help="full or short.")] = "full",
    output: Annotated[Path, typer.Option(help="Folder of all runs.")] = Path("runs"),
    address: Annotated[
        str | None, typer.Option(help="A Ray cluster, auto for this machine's.")
    ] = None,
    cpus: Annotated[int, typer.Option(help="Cores of each run.")] = 1,
) -> None:
    """Train experiments times seeds; other arguments go to `sot train` of each run.

    What is complete is left alone and what was begun goes on, so the same command continues a grid.
    """
    from sot._extras import require

    require("lightning", "train")
    require("ray", "grid")
    from rich.console import Console
    from rich.live import Live

    from sot import _checks
    from sot.harmonic.grid import plan, run_grid
    from sot.harmonic.naming import PROTOCOLS

    _checks.choice("protocol", protocol, PROTOCOLS)
    wanted = [name.strip() for name in experiments.split(",")]
    jobs = plan(wanted, numbers("seeds", seeds, int), protocol, output, context.args)
    if context.args:
        _check_arguments(jobs[0])
    if on_terminal():
        with Live(console=Console(stderr=True), refresh_per_second=1) as live:
            states = run_grid(jobs, address, cpus, lambda now: live.update(_drawn(now)))
    else:
        states = run_grid(jobs, address, cpus)
    Console().print(_drawn(states))
    failed = [job for job, state in states.items() if state.startswith("failed")]
    for job in failed:
        typer.echo(f"sot: {job.experiment}/{job.seed} {states[job]}", err=True)
    if failed:
        raise typer.Exit(1)


def _check_arguments(job: Job) -> None:
    """Refuse arguments that `sot train` does not take, or that are not for every run to have."""
    from sot import _checks
    from sot.cli.train import with_named_files
    from sot.harmonic.training import configuration

    try:
        found = configuration(with_named_files(job.arguments()))
    except argparse.ArgumentError as error:
        raise misused("sot grid", str(error)) from error
    own = {
        "experiment": job.experiment,
        "protocol": job.protocol,
        "seed_everything": job.seed,
        "output": str(job.output),
        "ckpt_path": None,
    }
    for name, wanted in own.items():
        if found[name] != wanted:
            _checks.fail(name, "no such argument, which is the grid's to give", repr(found[name]))


def _drawn(states: dict[Job, str]) -> Table:
    """A table of experiments by seeds: waiting, running, done or failed."""
    from rich.table import Table

    seeds = list(dict.fromkeys(job.seed for job in states))
    drawn = Table("experiment", *map(str, seeds))
    for name in dict.fromkeys(job.experiment for job in states):
        found = {job.seed: state for job, state in states.items() if job.experiment == name}
        drawn.add_row(name, *(found.get(seed, "-").partition(":")[0] for seed in seeds))
    return drawn
