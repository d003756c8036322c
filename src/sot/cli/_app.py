"""The verbs put together."""

from __future__ import annotations

from typing import Annotated

import typer

from sot.cli.compare import compare
from sot.cli.demo import demo
from sot.cli.landscape import landscape

app = typer.Typer(
    name="sot",
    help="Spectral optimal transport for audio: compare recordings, see where a loss leads.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"sot {version('sot-loss')}")
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


app.command()(compare)
app.command()(landscape)
app.command()(demo)
