"""A Ray cluster for work that is shared out: joined, or started here and stopped in the end."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from sot._extras import require

_PATIENCE = 10.0  # seconds that the machine of an address may take to answer


@contextmanager
def cluster(address: str | None = None) -> Iterator[Any]:
    """Ray, connected.

    Args:
        address: HOST:PORT of a cluster; 'auto' is the one of this machine, 'local' or None starts
            one here.

    Raises:
        ConnectionError: there is no such cluster.
    """
    ray = require("ray", "grid")
    # The workers run with what this process runs with, whoever started it.
    environment = {"env_vars": {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}}
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    settings = {**quiet, "runtime_env": environment}
    if address in (None, "local"):
        ray.init(address="local", include_dashboard=False, **settings)
    else:
        try:
            _check_reachable(str(address))
            ray.init(address=address, **settings)
        except (OSError, ValueError, RuntimeError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise ConnectionError(f"address: no Ray cluster at {address!r} ({reason})") from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_reachable(address: str) -> None:
    """Refuse a machine that does not answer; Ray itself would go on trying for a long time."""
    if address == "auto":
        return
    place = urlsplit(address if "://" in address else f"//{address}")
    if place.hostname is None or place.port is None:
        raise ValueError("expected HOST:PORT, auto or local")
    socket.create_connection((place.hostname, place.port), _PATIENCE).close()
