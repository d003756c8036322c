"""The command line: one file per verb, whose heavy imports stand inside the verb."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the `sot` command."""
    try:
        import typer  # noqa: F401
    except ModuleNotFoundError:
        sys.exit(
            'sot: the command line needs more packages: pip install "sot-loss[cli]" '
            '(from a checkout: pip install ".[cli]")'
        )
    from sot.cli._app import app

    app(prog_name="sot")
