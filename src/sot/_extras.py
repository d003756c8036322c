"""Optional dependencies: a missing one is told with the command that installs it."""

from __future__ import annotations

import importlib
from types import ModuleType


def require(module: str, extra: str) -> ModuleType:
    """Import a module that an extra of this package installs.

    Raises:
        ImportError: with the exact pip command, if the module is missing.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ImportError(
            f'{module} is not installed; install it with: pip install "sot-loss[{extra}]" '
            f'(from a checkout: pip install ".[{extra}]")'
        ) from error
