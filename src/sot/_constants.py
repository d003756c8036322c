"""Constants of a module, such as windows: they keep their precision and are not saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sot._memory import keep_freed_memory


class ConstantsModule(nn.Module):
    """A module whose constants follow `.to(device)` but not `.half()`.

    They are buffers in single precision that are not saved, since they can be computed again.
    Rounding a window to half precision with the rest of a model would only make it wrong.
    """

    def __init__(self) -> None:
        super().__init__()
        keep_freed_memory()
        self._exact: dict[str, NDArray[np.float64]] = {}

    def add_constant(self, name: str, values: NDArray[np.float64]) -> None:
        """Keep an array under a name; :meth:`constant` hands it out."""
        self._exact[name] = values
        self.register_buffer(name, _single(values), persistent=False)

    def constant(self, name: str, dtype: torch.dtype) -> Tensor:
        """The constant in float32 from its buffer, or in float64 from the exact values."""
        buffer: Tensor = getattr(self, name)
        if dtype == torch.float64:
            return torch.tensor(self._exact[name], dtype=dtype, device=buffer.device)
        return buffer

    def _apply(self, fn: Callable[[Tensor], Tensor], *args: Any, **kwargs: Any) -> ConstantsModule:
        for name, values in self._exact.items():
            if getattr(self, name).is_meta:  # there is nothing to move
                setattr(self, name, _single(values, "cpu"))
        super()._apply(fn, *args, **kwargs)
        # Other types are less precise, and `to_empty` leaves whatever was in the memory.
        for name, values in self._exact.items():
            setattr(self, name, _single(values, getattr(self, name).device))
        return self


def _single(values: NDArray[np.float64], device: torch.device | str | None = None) -> Tensor:
    """Values in single precision, which may be trained with wherever they are made."""
    with torch.inference_mode(False):
        return torch.tensor(values, dtype=torch.float32, device=device)
