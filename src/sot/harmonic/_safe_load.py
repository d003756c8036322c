"""Files of torch, read without running what they may contain."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import torch


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
