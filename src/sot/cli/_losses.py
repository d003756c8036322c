"""Losses by name, for verbs that set several side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

#: What each name stands for.
NAMED_LOSSES = {
    "sot": "spectral optimal transport with the options of the loss",
    "pitch": "optimal transport set up for pitch",
    "harmonic": "optimal transport between saliences of harmonics",
    "sot-loss": "the same as the package sot-loss computes it",
    "paper": "the setting of the ICASSP 2024 paper",
    "mss-linear": "multi-scale spectral loss, magnitudes",
    "mss-log-linear": "multi-scale spectral loss, magnitudes and their logarithms",
    "mss-smooth": "multi-scale spectral loss, smooth variant",
}


def bound_losses(
    names: list[str], target: Tensor, arguments: dict[str, Any], device: str = "cpu"
) -> dict[str, Callable[[Tensor], Tensor]]:
    """Losses by name, bound to a target (1, samples); `arguments` are those of 'sot'."""
    from sot import MultiScaleSpectralLoss, Wasserstein1DLoss, _checks

    losses: dict[str, Callable[[Tensor], Tensor]] = {}
    for name in names:
        _checks.choice("loss", name, list(NAMED_LOSSES))
        if name.startswith("mss-"):
            scales = MultiScaleSpectralLoss(name.removeprefix("mss-"))  # type: ignore[arg-type]
            losses[name] = scales.bind(target).to(device)
            continue
        settings = arguments
        if name != "sot":
            settings = {"preset": name, "sample_rate": arguments.get("sample_rate", 22050)}
        if name == "sot-loss":
            same = ("fft_size", "hop_length", "p", "square_magnitude")
            settings |= {key: arguments[key] for key in same if key in arguments}
        losses[name] = Wasserstein1DLoss(**settings).bind(target).to(device)
    return losses
