"""What all losses share: a reference and an estimate, and a reference that is bound once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from sot import _checks

R = TypeVar("R")


class AudioLoss(nn.Module, Generic[R]):
    """A loss in two steps: represent each side, then compare the representations."""

    #: represent(name, value, **settings): what is compared of one side; `name` is the name of the
    #: argument in error messages.
    represent: Callable[..., R]

    @abstractmethod
    def compare(self, reference: R, estimate: R) -> Any:
        """The loss between two representations."""

    def keep(self, reference: R) -> R:
        """What a bound loss keeps of the representation of its reference."""
        return reference

    def pick(self, reference: R, items: Tensor) -> R:
        """Some items of what a bound loss keeps of its reference."""
        kept: Any = reference
        parts = kept if isinstance(kept, list) else [kept]
        picked: Any = [part.pick(items) for part in parts]
        return picked if isinstance(kept, list) else picked[0]  # type: ignore[no-any-return]

    def bind(self, reference: Tensor, **settings: Any) -> BoundLoss[R]:
        """Fix the reference and compute its spectrum once, for loops that fit an estimate to it.

        Args:
            reference: as the first argument of the loss.
            **settings: `lengths` as in the loss; for losses between spectrograms with custom
                positions also `positions`, those of the reference.

        Returns:
            A module that maps an estimate to the loss. The reference gets no gradient.

        Example:
            >>> import torch
            >>> from sot import Wasserstein1DLoss
            >>> loss = Wasserstein1DLoss()
            >>> target, estimate = torch.randn(2, 4096), torch.randn(2, 4096)
            >>> bool(loss.bind(target)(estimate) == loss(target, estimate))
            True
        """
        return BoundLoss(self, reference, settings)


class BoundLoss(nn.Module, Generic[R]):
    """A loss whose reference is fixed; made by `bind`. It follows `.to` with its reference."""

    reference: Tensor

    def __init__(self, loss: AudioLoss[R], reference: Tensor, settings: dict[str, Any]) -> None:
        super().__init__()
        self.loss = loss
        self._settings = settings
        reference = _checks.tensor("reference", reference)
        self.register_buffer("reference", reference.detach(), persistent=False)
        self._represent()

    def _represent(self) -> None:
        with torch.no_grad():
            represented = self.loss.represent("x", self.reference, **self._settings)
            self._represented = self.loss.keep(represented)
        self._device = self.reference.device

    def forward(self, estimate: Tensor, *, items: Tensor | None = None, **settings: Any) -> Any:
        """The loss of an estimate.

        Args:
            estimate: as the second argument of the loss.
            items: places in the batch of the reference, shape (batch of the estimate,), of the
                items with which the estimate is compared; by default all of them, in their order.
            **settings: for losses between spectrograms also `positions`, those of the estimate;
                by default those of the reference.
        """
        if self.reference.device != self._device:
            self._represent()
        reference = self._represented
        if items is not None:
            if self._settings:
                _checks.fail("items", "None with bound lengths or positions", items)
            batch = len(self.reference) if self.reference.ndim > 1 else 1
            reference = self.loss.pick(reference, _checks.places("items", items, batch))
        settings = {**self._settings, **settings}
        return self.loss.compare(reference, self.loss.represent("y", estimate, **settings))
