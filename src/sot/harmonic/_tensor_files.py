"""Files of torch, written whole and read without running what they may contain."""

from __future__ import annotations

import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import torch

from sot._files import replaced_when_done


def save_whole(content: Any, path: Path) -> None:
    """Write a file of torch to the disk itself; an old one is replaced when done.

    Raises:
        OSError: the folder does not exist or cannot be written to, or the disk is full.
    """
    with replaced_when_done(path) as beside, beside.open("wb") as file:
        try:
            torch.save(content, file)
        except RuntimeError as error:  # of the writer, after one of the system
            cause = error.__context__
            reason = cause.strerror if isinstance(cause, OSError) else "is the disk full?"
            raise OSError(f"{path}: cannot be written ({reason})") from error
        file.flush()
        if beside.is_file():  # not a device or a pipe
            os.fsync(file.fileno())


def load_without_code(path: Path, kind: str) -> Any:
    """What a file of torch holds, on the CPU.

    Args:
        path: of a file.
        kind: what it should be, for messages.

    Raises:
        ValueError: the file is cut short, of another kind, or holds more than tensors.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickles, which end in an error anyway
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path}: not {kind}, or one that holds more than tensors, which could run code; "
            "it is not loaded"
        ) from error
    except MemoryError:
        raise
    except Exception as error:  # of every kind, if bytes of something else are taken for a pickle
        raise ValueError(f"{path}: cannot be read as {kind}; is it cut short?") from error
