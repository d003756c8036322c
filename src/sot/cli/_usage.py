"""Errors in how a command was typed: one line that says what was wrong and what comes near it."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterable, Iterator
from typing import Any

import typer
from typer.core import TyperGroup

from sot.cli._common import complain

#: Typer hands out only one of its usage errors; this is what all of them are.
_UsageError: Any = typer.BadParameter.__base__


class Verbs(TyperGroup):
    """The verbs of the program, which tell usage errors in one line."""

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **more: Any) -> Any:
        """Read the options before the verb; with nothing at all, the help is shown."""
        with _told(info_name or self.name) if args else contextlib.nullcontext():
            return super().make_context(info_name, args, *rest, **more)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the verb."""
        word = args[0]
        if word not in self.commands and not word.startswith("-"):
            raise misused(ctx.command_path, f"no such command: {word}", word, self.commands)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Read the options of the verb and run it."""
        with _told(ctx.command_path, ctx):
            return super().invoke(ctx)


def misused(command: str, what: str, word: str = "", known: Iterable[str] = ()) -> typer.Exit:
    """Tell what was wrong, with the known word that comes nearest to an unknown one."""
    close = difflib.get_close_matches(word, list(known), n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    complain(f"{what}{hint}; see '{command} --help'", command)
    return typer.Exit(2)


@contextlib.contextmanager
def _told(command: str | None, around: Any = None) -> Iterator[None]:
    """Tell a usage error of a command, or of the verb that a context was about to begin."""
    try:
        yield
    except _UsageError as error:
        verb = getattr(around, "invoked_subcommand", None)
        path = error.ctx.command_path if error.ctx else f"{command} {verb or ''}".strip()
        if hasattr(error, "possibilities"):
            options = [name for one in error.ctx.command.params for name in one.opts]
            what, word = error.message, error.option_name
        else:
            options, what, word = [], error.format_message().rstrip("."), ""
        raise misused(path, what[:1].lower() + what[1:], word, options) from error
