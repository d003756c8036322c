"""How large the losses are, for weights beside each other, and what they cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

import torch
from speedbench.words import table
from torch import Tensor

from directionbench.candidates import tones_and_slopes
from directionbench.contenders import FRAMES, main_contenders
from directionbench.targets import RATE, synthetic_targets
from sot import LevelLoss, Wasserstein1DLoss

#: How far the candidates are from the target, in cents.
APART = (1200.0, 100.0, 10.0)


def magnitudes_table() -> str:
    """Values near and far from the target, and gradients by the samples of the estimate."""
    target = synthetic_targets()[4]
    assert target.amplitudes is not None
    pitches = torch.tensor([target.f0 * 2 ** (apart / 1200) for apart in APART])
    tones, _ = tones_and_slopes(pitches, target.amplitudes, len(target.sound))
    at_f0, _ = tones_and_slopes(torch.tensor([target.f0]), target.amplitudes, len(target.sound))
    tones = tones * target.level / at_f0.square().mean().sqrt()
    reference = target.sound.expand_as(tones).contiguous()
    named: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        one.label: one.make() for one in main_contenders() if one.name not in ("paper", "auraloss")
    }
    named["`LevelLoss()`, estimate 6 dB lower"] = LevelLoss(reduction="batch")
    measured = {}
    for name, loss in named.items():
        estimate = (tones / 2 if "Level" in name else tones).clone().requires_grad_()
        values = loss(reference, estimate)
        (gradients,) = torch.autograd.grad(values.sum(), estimate)
        measured[name] = values.tolist(), gradients.norm(dim=-1).tolist()
    semitone = APART.index(100.0)
    common = measured["MSS-Lin"][1][semitone]
    rows = [
        [
            name,
            *(f"{value:.2g}" for value in values),
            f"{norms[semitone]:.2g}",
            _weight(common, norms[semitone]),
        ]
        for name, (values, norms) in measured.items()
    ]
    head = (
        "loss",
        "an octave",
        "a semitone",
        "10 cents",
        "gradient at a semitone",
        "weight beside MSS-Lin",
    )
    return table(head, rows)


def _weight(common: float, norm: float) -> str:
    return f"{common / norm:.2g}" if norm > 0 else "-"


def costs(rounds: int = 7) -> dict[str, float]:
    """Median seconds of a call with its backward pass, for each preset, in turns."""
    settings: dict[str, dict[str, Any]] = {
        "whole frames, power, p = 1": {**FRAMES, "p": 1},
        **{f'`preset="{name}"`': {"preset": name} for name in ("pitch", "harmonic", "chroma")},
        '`preset="pitch", noise_floor=0`': {"preset": "pitch", "noise_floor": 0},
    }
    losses = {name: Wasserstein1DLoss(sample_rate=RATE, **one) for name, one in settings.items()}
    x, y = torch.randn(2, 16, 64000).mul(0.1).unbind()
    times: dict[str, list[float]] = {name: [] for name in losses}
    for turn in range(rounds + 1):
        for name, loss in losses.items():
            estimate = y.clone().requires_grad_()
            start = time.perf_counter()
            loss(x, estimate).backward()
            if turn:  # the first call may compile
                times[name].append(time.perf_counter() - start)
    return {name: median(some) for name, some in times.items()}


def beside_pitch(seconds: Mapping[str, float]) -> dict[str, float]:
    """Times as multiples of that of the preset 'pitch'."""
    pitch = seconds['`preset="pitch"`']
    return {name: one / pitch for name, one in seconds.items()}


def costs_table(seconds: Mapping[str, float]) -> str:
    """What :func:`costs` gave."""
    times = beside_pitch(seconds)
    rows = [[name, f"{1e3 * one:.0f} ms", f"{times[name]:.2g}"] for name, one in seconds.items()]
    return table(("loss", "time", "times that of `pitch`"), rows)
