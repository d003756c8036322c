"""The verbs put together."""

from __future__ import annotations

from typing import Annotated

import typer

from sot.cli._usage import Verbs
from sot.cli.compare import compare
from sot.cli.data import data
from sot.cli.demo import demo
from sot.cli.estimate import estimate
from sot.cli.evaluate import evaluate, table
from sot.cli.grid import grid
from sot.cli.landscape import landscape
from sot.cli.report import report
from sot.cli.train import train

app = typer.Typer(
    name="sot",
    cls=Verbs,
    help="Spectral optimal transport for audio: compare recordings, see where a loss leads.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from sot import __version__

        typer.echo(f"sot {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Options before the verb."""


app.command(short_help="Compare two recordings, or two folders of them.")(compare)
app.command(short_help="Make a page on which two recordings are seen and heard.")(report)
app.command(short_help="Sweep the pitch of a tone: losses and their gradients.")(landscape)
app.command(short_help="Compare two recorded notes and find the pitch of one.")(demo)
app.command(short_help="Make the synthetic data set of the paper.")(data)
app.command(
    short_help="Train the paper's estimator: one of seven experiments, or any configuration.",
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],
    },
)(train)
app.command(short_help="Measure a trained estimator on the test clips.")(evaluate)
app.command(short_help="Collect trained estimators into the paper's table.")(table)
app.command(short_help="Estimate pitch and harmonics of recordings.")(estimate)
app.command(
    short_help="Train experiments times seeds, side by side.",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)(grid)
