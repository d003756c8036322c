"""A line for those who wait while kernels are compiled, at the first use only."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sot import _dispatch
from sot.cli._common import complain, on_terminal


@contextlib.contextmanager
def told_of_compilation() -> Iterator[None]:
    """Say on a terminal, once, that kernels are being compiled, if they are."""
    if not (on_terminal() and _dispatch.NUMBA_IS_THERE):
        yield
        return
    from numba.core import event

    class Teller(event.Listener):
        def __init__(self) -> None:
            self.told = False

        def on_start(self, event: event.Event) -> None:
            if not self.told:
                complain("compiling kernels, once; this takes some seconds")
            self.told = True

        def on_end(self, event: event.Event) -> None:
            pass

    teller = Teller()
    event.register("numba:compile", teller)
    try:
        yield
    finally:
        event.unregister("numba:compile", teller)
