"""A weighted sum of named losses that keeps its parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from torch import Tensor, nn

from sot import _checks

_REDUCE = "reduce every loss in the same way: 'mean', 'sum' or 'batch'"


class WeightedLoss(NamedTuple):
    """The result of :class:`WeightedSum`: `total`, and in `parts` each loss before its weight."""

    total: Tensor
    parts: dict[str, Tensor]


class WeightedSum(nn.Module):
    """Weighted sum of named losses of the same two signals.

    Args:
        losses: losses by name; a name must not contain a dot, nor be that of a method of modules.
        weights: factor of each by name; 1 where none is given.

    Raises:
        ValueError: no loss, a name that modules cannot have, a weight that is negative or infinite,
            or one of an unknown name.
        TypeError: a loss that is not a module, or that is itself such a sum, or a weight that is no
            number.

    Example:
        >>> import torch
        >>> from sot import MultiScaleSpectralLoss, Wasserstein1DLoss, WeightedSum
        >>> loss = WeightedSum(
        ...     {"transport": Wasserstein1DLoss(), "magnitude": MultiScaleSpectralLoss()},
        ...     {"magnitude": 0.05})
        >>> result = loss(torch.randn(2, 8000), torch.randn(2, 8000))
        >>> sorted(result.parts)
        ['magnitude', 'transport']
    """

    def __init__(
        self, losses: Mapping[str, nn.Module], weights: Mapping[str, float] | None = None
    ) -> None:
        super().__init__()
        if not isinstance(losses, Mapping):
            _checks.fail("losses", "a dictionary of losses by name", losses, kind=TypeError)
        if not losses:
            _checks.fail("losses", "at least one loss", "an empty dictionary")
        taken = nn.ModuleDict()
        for name, loss in losses.items():
            if not isinstance(loss, nn.Module):
                _checks.fail(f"losses[{name!r}]", "a torch.nn.Module", loss, kind=TypeError)
            if isinstance(loss, WeightedSum):
                remedy = "give its losses here, with the products of the weights"
                expected = "a loss that gives one tensor"
                _checks.fail(f"losses[{name!r}]", expected, loss, remedy, kind=TypeError)
            if not isinstance(name, str) or not name or "." in name or hasattr(taken, name):
                _checks.fail("losses", "names without a dot that no module has", repr(name))
        weights = {} if weights is None else weights
        if not isinstance(weights, Mapping):
            _checks.fail("weights", "a dictionary of weights by name", weights, kind=TypeError)
        for name in weights:
            if name not in losses:
                _checks.fail(
                    "weights", "names of losses", repr(name), _checks.nearest(name, losses)
                )
        self.losses = nn.ModuleDict(losses)
        self.weights = {
            name: _checks.number(f"weights[{name!r}]", weights.get(name, 1.0), minimum=0)
            for name in losses
        }

    def forward(self, *signals: Tensor, **settings: Any) -> WeightedLoss:
        """The total and its parts; all arguments reach every loss.

        Raises:
            ValueError: results that cannot be added, such as frames of different transforms.
        """
        parts = {name: loss(*signals, **settings) for name, loss in self.losses.items()}
        _check_that_they_add_up(parts)
        weighted = [self.weights[name] * part for name, part in parts.items()]
        return WeightedLoss(sum(weighted[1:], start=weighted[0]), parts)

    def bind(self, reference: Tensor, **settings: Any) -> WeightedSum:
        """Fix the reference of every loss; call the result with an estimate alone.

        Raises:
            ValueError: a loss without a method `bind`.
        """
        bound: dict[str, nn.Module] = {}
        for name, loss in self.losses.items():
            bind = getattr(loss, "bind", None)
            if not callable(bind):
                _checks.fail(f"losses[{name!r}]", "a loss with a bind method", type(loss).__name__)
            bound[name] = bind(reference, **settings)
        return WeightedSum(bound, self.weights)


def _check_that_they_add_up(parts: Mapping[str, Any]) -> None:
    first, wanted = next(iter(parts.items()))
    for name, part in parts.items():
        if not isinstance(part, Tensor):
            _checks.fail(f"losses[{name!r}]", "a loss that gives one tensor", part, _REDUCE)
        if part.shape != wanted.shape:
            shape = f"the shape of losses[{first!r}], {tuple(wanted.shape)}"
            _checks.fail(f"losses[{name!r}]", shape, part, _REDUCE)
