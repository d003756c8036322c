"""The command line: one file per verb, whose heavy imports stand inside the verb."""

from __future__ import annotations

import io
import sys


def main() -> None:
    """Entry point of the `sot` command; an interruption while it starts is no error to show."""
    try:
        _run()
    except KeyboardInterrupt:
        sys.exit(130)


def _run() -> None:
    try:
        import typer  # noqa: F401
    except ModuleNotFoundError:
        sys.exit(
            'sot: the command line needs more packages: pip install "sot-loss[cli]" '
            '(from a checkout: pip install ".[cli]")'
        )
    from sot.cli._app import app

    # A name of a file need not be text in the encoding of the output; it is shown all the same.
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="sot")
    except OSError as error:  # the help or the version, on a full disk
        sys.exit(f"sot: {error}")
