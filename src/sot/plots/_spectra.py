"""What figures of two spectra share: checks, and where their energy ends."""

from __future__ import annotations

import torch
from torch import Tensor

from sot import _checks


def checked_frequencies(frequencies: Tensor) -> Tensor:
    """Frequencies of bins in double precision.

    Raises:
        ValueError: frequencies of another shape than (bins,), negative, not finite or unsorted.
        TypeError: no tensor.
    """
    frequencies = _checks.tensor("frequencies", frequencies)
    if frequencies.ndim != 1:
        _checks.fail("frequencies", "shape (bins,)", frequencies)
    _checks.non_negative("frequencies", frequencies, True)
    _checks.ascending("frequencies", frequencies, "sort the bins by frequency", True)
    return frequencies.detach().cpu().double()


def checked_pair(
    frequencies: Tensor, reference: Tensor, estimate: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Frequencies and two spectra (bins,) with energy, in double precision.

    Raises:
        ValueError: shapes that do not fit; values that are not finite, or negative; silence;
            frequencies in descending order.
        TypeError: what is no tensor.
    """
    hertz = checked_frequencies(frequencies)
    spectra = []
    for name, value in (("reference", reference), ("estimate", estimate)):
        value = _checks.tensor(name, value)
        _checks.non_negative(name, value, True)
        if value.shape != frequencies.shape:
            _checks.fail(name, f"the shape of frequencies, {tuple(frequencies.shape)}", value)
        check_energy(name, value)
        spectra.append(value.detach().cpu().double())
    return hertz, *spectra  # type: ignore[return-value]


def check_energy(name: str, value: Tensor) -> None:
    """Refuse silence."""
    if not float(value.detach().sum()) > 0:
        _checks.fail(name, "a spectrum with energy", "silence")


def upper_limit(frequencies: Tensor, energy: Tensor) -> float:
    """The frequency below which nearly all of the energy lies, with some room.

    It is above the first frequency, also for a single bin or if all energy lies in the first.
    """
    first, last = float(frequencies[0]), float(frequencies[-1])
    high = min(1.2 * _quantile(frequencies, energy, 0.995), last)
    return high if high > first else max(last, first + 1)


def lower_limit(frequencies: Tensor, energy: Tensor) -> float:
    """The frequency above which nearly all of the energy lies, with some room; above 0."""
    lowest = float(frequencies[frequencies > 0].min())
    return max(_quantile(frequencies, energy, 0.005) / 1.2, lowest / 1.2)


def _quantile(frequencies: Tensor, energy: Tensor, level: float) -> float:
    share = energy.cumsum(0) / energy.sum()
    index = int(torch.searchsorted(share, torch.tensor(level, dtype=share.dtype)))
    return float(frequencies[min(index, len(frequencies) - 1)])
