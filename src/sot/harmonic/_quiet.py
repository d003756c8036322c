"""Warnings of Lightning about itself, which nobody who trains can act upon."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator

_OF_LIGHTNING = (
    r".*does not have many workers.*",  # the data lie in memory
    r".*LeafSpec.*",
    r".*exists and is not empty.*",  # a run that goes on
    r".*smaller than the logging interval.*",
    r".*was deprecated in v4.*",  # of jsonargparse, which Lightning's command line calls
    r".*JsonargparseDeprecationWarning.*",
    r".*`ModelCheckpoint\(monitor=.*could not find the monitored key.*",
    r".*The dirpath has changed.*",
    r".*It is recommended to use `self\.log\(.*sync_dist=True.*",  # all processes log the same
)


@contextlib.contextmanager
def without_lightnings_own() -> Iterator[None]:
    """Leave such warnings out."""
    with warnings.catch_warnings():
        for message in _OF_LIGHTNING:
            warnings.filterwarnings("ignore", message=f"(?s){message}")
        yield
