"""What is counted: shares of right directions, the place of the minimum, and where descent ends."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from directionbench.candidates import (
    COARSE,
    FINE,
    HIGHEST,
    LOWEST,
    STARTS,
    Candidates,
    amplitudes_of,
    candidates,
    coarse_pitches,
    fine_pitches,
    tones_and_slopes,
)
from directionbench.contenders import Contender, Loss
from directionbench.targets import Target
from sot.landscape import Landscape

ARRIVED = 50.0  # cents
STEP = 0.05  # octaves, the first steps of Adam


@dataclass(frozen=True)
class Effort:
    """How fine the sweeps are and how long the descents."""

    coarse: int = COARSE
    fine: int = FINE
    starts: int = STARTS
    steps: int = 200


def swept(loss: Loss, reference: Tensor, estimates: Candidates) -> Landscape:
    """Values and derivatives by octave at all candidates, in one call of the loss."""
    tones = estimates.tones.clone().requires_grad_()
    values = loss(reference.expand_as(tones).contiguous(), tones)
    (gradients,) = torch.autograd.grad(values.sum(), tones)
    by_octave = (gradients.double() * estimates.slopes).sum(-1)
    return Landscape(estimates.pitches, values.detach(), by_octave)


def octaves_beyond(pitches: Tensor, f0: float, by_class: bool) -> Tensor:
    """How far pitches lie above f0 in octaves; above the nearest f0 of any octave by class."""
    beyond = (pitches / f0).log2()
    return beyond - beyond.round() if by_class else beyond


def towards(landscape: Landscape, f0: float, by_class: bool) -> float:
    """Percentage of the pitches at which a step downhill moves towards f0, f0 itself aside."""
    if not by_class:
        return 100 * landscape.towards(f0)
    beyond = octaves_beyond(landscape.pitches, f0, by_class)
    away = beyond.abs() > 1e-6
    return float(100 * (landscape.gradients * beyond > 0)[away].double().mean())


def directions(
    contender: Contender,
    loss: Loss,
    target: Target,
    timbre: str,
    snr: float | None,
    level: float,
    effort: Effort,
) -> dict[str, float]:
    """Coarse and fine shares in percent, and the cents from f0 to the least value met.

    Candidates are as loud as the clean target at 0 dB, whatever its noise and its level.
    """
    reference = target.heard(snr, level)
    landscapes = [
        swept(
            loss,
            reference,
            candidates(
                target.f0,
                amplitudes_of(target, timbre),
                len(target.sound),
                target.level,
                tuple(pitches.tolist()),
            ),
        )
        for pitches in (
            coarse_pitches(target.f0, effort.coarse),
            fine_pitches(target.f0, effort.fine),
        )
    ]
    coarse, fine = (towards(found, target.f0, contender.by_class) for found in landscapes)
    values = torch.cat([found.values for found in landscapes])
    pitches = torch.cat([found.pitches for found in landscapes])
    beyond = octaves_beyond(pitches[values.argmin()], target.f0, contender.by_class)
    return {"coarse": coarse, "fine": fine, "cents": float(1200 * beyond.abs())}


def descents(
    contender: Contender, loss: Loss, target: Target, timbre: str, effort: Effort
) -> dict[str, float]:
    """Percentage of starting pitches from which Adam arrives within 50 cents.

    All starts go at once. The steps are those of `sot.landscape.descend`.
    """
    starts = coarse_pitches(target.f0, effort.starts)
    amplitudes, samples = amplitudes_of(target, timbre), len(target.sound)
    at_f0, _ = tones_and_slopes(torch.tensor([target.f0]), amplitudes, samples)
    gain = target.level / float(at_f0.square().mean().sqrt())
    reference = target.sound.expand(len(starts), -1).contiguous()
    bind = getattr(loss, "bind", None)
    bound = bind(reference) if bind else lambda estimate: loss(reference, estimate)
    octaves = starts.log2().requires_grad_()
    optimiser = torch.optim.Adam([octaves], lr=STEP, betas=(0.8, 0.9))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, effort.steps)
    for _ in range(effort.steps):
        # A candidate that leaves the band would be silent, or last less than a period.
        octaves.data.clamp_(math.log2(LOWEST / 2), math.log2(HIGHEST))
        tones, slopes = tones_and_slopes(octaves.detach().exp2(), amplitudes, samples)
        tones = (gain * tones).requires_grad_()
        (gradients,) = torch.autograd.grad(bound(tones).sum(), tones)
        octaves.grad = (gradients.double() * gain * slopes).sum(-1)
        optimiser.step()
        schedule.step()
    beyond = octaves_beyond(octaves.detach().exp2(), target.f0, contender.by_class)
    return {"arrived": float(100 * (1200 * beyond.abs() < ARRIVED).double().mean())}
