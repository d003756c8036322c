"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replaced_when_done(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it takes the place of `path` when the block succeeds.

    A link is followed. A device or a pipe, such as /dev/stdout, is given as it is.

    Raises:
        OSError: the folder does not exist or cannot be written to, or the disk is full; the message
            names the path.
    """
    check_destination(path)
    if path.exists() and not path.is_file():
        with _told_by(path):
            yield path
        return
    target = Path(os.path.realpath(path))
    try:
        handle, name = tempfile.mkstemp(
            suffix=path.suffix, prefix=f".{path.stem[:20]}-", dir=target.parent
        )
    except OSError as error:
        raise OSError(f"{path}: cannot be written ({error.strerror})") from error
    os.close(handle)
    beside = Path(name)
    try:
        with _told_by(path):
            yield beside
            beside.chmod(0o666 & ~_umask())
            beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


@contextlib.contextmanager
def _told_by(path: Path) -> Iterator[None]:
    """Name the path where the system refuses to write and does not say what, as on a full disk."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(f"{path}: cannot be written ({error.strerror})") from error


def check_destination(path: Path) -> None:
    """Tell, before long work, that a file cannot be written because its folder is missing.

    Raises:
        OSError: the path is a folder, or its folder does not exist.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path}: expected the path of a file, got a folder")
    if path.parent.exists() and not path.parent.is_dir():
        raise NotADirectoryError(f"{path}: {path.parent} is a file, not a folder")
    if not path.parent.exists():
        raise FileNotFoundError(f"{path}: the folder {path.parent} does not exist; create it first")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
