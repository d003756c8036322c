"""The losses that are compared, each a function of references and estimates, one value an item."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from directionbench.targets import RATE
from sot import MultiResolutionSOTLoss, MultiScaleSpectralLoss, Wasserstein1DLoss

Loss = Callable[[Tensor, Tensor], Tensor]

#: Frames of 2048 samples as of the presets 'pitch' and 'harmonic', powers.
FRAMES = {"fft_size": 2048, "hop_length": 512, "square_magnitude": True}

#: How many times the median of a frame is taken off its bins.
FLOORS = (0.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True)
class Contender:
    """A loss by its settings.

    Attributes:
        name: short, without spaces.
        label: as tables show it.
        kind: the class that is meant, a key of `_KINDS`.
        settings: its arguments.
        by_class: the octave does not count: only the pitch class can be right or wrong.
    """

    name: str
    label: str
    kind: str
    settings: dict[str, Any]
    by_class: bool = False

    def make(self) -> Loss:
        """The loss: (items, samples) twice to (items,)."""
        return _KINDS[self.kind](self.settings)


def _transport(settings: dict[str, Any]) -> Loss:
    return Wasserstein1DLoss(sample_rate=RATE, reduction="batch", **settings)


def _resolutions(settings: dict[str, Any]) -> Loss:
    return MultiResolutionSOTLoss(sample_rate=RATE, reduction="batch", **settings)


def _scales(settings: dict[str, Any]) -> Loss:
    return MultiScaleSpectralLoss(reduction="batch", **settings)


def _auraloss(settings: dict[str, Any]) -> Loss:
    from auraloss.freq import MultiResolutionSTFTLoss  # type: ignore[import-untyped]

    loss = MultiResolutionSTFTLoss(**settings)

    def each(reference: Tensor, estimate: Tensor) -> Tensor:
        pairs = zip(estimate[:, None, None], reference[:, None, None], strict=True)
        return torch.stack([loss(mine, theirs) for mine, theirs in pairs])

    return each


_KINDS: dict[str, Callable[[dict[str, Any]], Loss]] = {
    "transport": _transport,
    "resolutions": _resolutions,
    "scales": _scales,
    "auraloss": _auraloss,
}


def has_auraloss() -> bool:
    """Whether the package auraloss is installed."""
    return importlib.util.find_spec("auraloss") is not None


def main_contenders() -> list[Contender]:
    """What the tables compare; without auraloss where it is not installed."""
    whole = {**FRAMES, "framing": "whole"}
    found = [
        Contender("pitch", '`preset="pitch"`', "transport", {"preset": "pitch"}),
        Contender("harmonic", '`preset="harmonic"`', "transport", {"preset": "harmonic"}),
        Contender(
            "chroma", '`preset="chroma"` (pitch class)', "transport", {"preset": "chroma"}, True
        ),
        Contender("constructor", "defaults of the constructor", "transport", {}),
        Contender("whole-p1", "whole frames, power, p = 1", "transport", {**whole, "p": 1}),
        Contender("whole-p2", "whole frames, power, p = 2", "transport", {**whole, "p": 2}),
        Contender(
            "sot-loss",
            "sot-loss, power, p = 2",
            "transport",
            {**FRAMES, "p": 2, "preset": "sot-loss"},
        ),
        Contender("paper", '`preset="paper"`', "transport", {"preset": "paper"}),
        Contender("mss-lin", "MSS-Lin", "scales", {"variant": "linear"}),
        Contender("mss-loglin", "MSS-LogLin", "scales", {"variant": "log-linear"}),
        Contender("mss-smooth", "smooth MSS", "scales", {"variant": "smooth"}),
    ]
    if has_auraloss():
        found.append(Contender("auraloss", "auraloss MultiResolutionSTFTLoss", "auraloss", {}))
    return found


def framed_contenders() -> list[Contender]:
    """Every transform under every framing."""
    power = {"square_magnitude": True, "hop_length": 512}
    several = {"fft_sizes": [1024, 2048, 512], "hop_lengths": 3 * [512], "square_magnitude": True}
    constant_q = {
        "transform": "vqt",
        "fmin": 40.0,
        "gamma": 20.0,
        "bins_per_octave": 36,
        "bin_position_scaling": "normalized_linear",
    }
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        "STFT 2048, p = 1": ("transport", {**power, "fft_size": 2048, "p": 1}),
        "STFT 2048, p = 2": ("transport", {**power, "fft_size": 2048, "p": 2}),
        "mel 2048, p = 1": ("transport", {**power, "fft_size": 2048, "transform": "mel", "p": 1}),
        "mel 2048, p = 2": ("transport", {**power, "fft_size": 2048, "transform": "mel", "p": 2}),
        "three STFTs, p = 1": ("resolutions", {**several, "p": 1}),
        "VQT, gamma = 20, p = 1": ("transport", {**power, **constant_q, "p": 1}),
    }
    return [
        Contender(f"{label}|{rule}", label, kind, {**settings, "framing": rule})
        for label, (kind, settings) in kinds.items()
        for rule in ("whole", "reflect", "zero", "end")
    ]


def floored_contenders() -> list[Contender]:
    """The presets under several noise floors."""
    return [
        Contender(
            f"{preset}|{floor:g}", preset, "transport", {"preset": preset, "noise_floor": floor}
        )
        for preset in ("pitch", "harmonic")
        for floor in FLOORS
    ]


def varied_contenders() -> list[Contender]:
    """The presets with one argument changed, which shows what each argument is good for."""
    changes: dict[str, list[dict[str, Any]]] = {
        "pitch": [
            {},
            {"p": 2},
            {"square_magnitude": False},
            {"lowpass": None},
            {"lowpass": 150.0},
            {"lowpass": 600.0},
            {"noise_floor": 0.0},
            {"window": "hann"},
            {"framing": "reflect"},
            {"bin_position_scaling": "log"},
        ],
        "harmonic": [
            {},
            {"p": 2},
            {"noise_floor": 0.0},
            {"window": "hann"},
            {"bins_per_octave": 24},
            {"framing": "reflect"},
        ],
    }
    return [
        Contender(
            f"{preset}|{change}",
            ", ".join(f"{key}={value!r}" for key, value in change.items()) or "as it is",
            "transport",
            {"preset": preset, **change},
        )
        for preset, list_of_changes in changes.items()
        for change in list_of_changes
    ]
