"""How a loss and its gradient change with the pitch of a candidate tone, and where descent ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from sot import _checks

Loss = Callable[[Tensor], Tensor]


def harmonic_tone(
    f0: Tensor,
    samples: int,
    sample_rate: float,
    amplitudes: Tensor | None = None,
) -> Tensor:
    """Stationary harmonic tones, differentiable in pitch and amplitudes.

    Args:
        f0: fundamental frequencies in Hz, shape (...).
        samples: length in samples.
        sample_rate: in Hz.
        amplitudes: of the harmonics 1, 2, ..., shape (harmonics,); 1 for a pure tone by default.
            Harmonics at or above the Nyquist frequency are silent.

    Returns:
        The tones, all with phase 0 at the start, shape (..., samples).

    Raises:
        ValueError: a length or rate that is not positive, or amplitudes of another shape.
        TypeError: pitches that are not floating-point numbers, or amplitudes that are no tensor.

    Example:
        >>> import torch
        >>> from sot.landscape import harmonic_tone
        >>> harmonic_tone(torch.tensor([110.0, 220.0]), 4000, 16000).shape
        torch.Size([2, 4000])
    """
    f0 = _checks.floating("f0", f0)
    _checks.integer("samples", samples)
    _checks.number("sample_rate", sample_rate, above=0)
    amplitudes = f0.new_ones(1) if amplitudes is None else amplitudes
    amplitudes = _checks.tensor("amplitudes", amplitudes).to(f0)
    if amplitudes.ndim != 1:
        _checks.fail("amplitudes", "shape (harmonics,)", amplitudes)
    time = torch.arange(samples, dtype=torch.float64, device=f0.device) / sample_rate
    harmonics = torch.arange(1, len(amplitudes) + 1, dtype=f0.dtype, device=f0.device)
    frequencies = f0[..., None] * harmonics
    audible = torch.where(frequencies < sample_rate / 2, amplitudes, 0.0)
    tone = torch.zeros(*f0.shape, samples, dtype=f0.dtype, device=f0.device)
    for frequency, amplitude in zip(frequencies.unbind(-1), audible.unbind(-1), strict=True):
        # The phase is taken in double precision: late samples of a long tone need it.
        phase = 2 * torch.pi * frequency.double()[..., None] * time
        tone = tone + amplitude[..., None] * phase.sin().to(f0.dtype)
    return tone


@dataclass(frozen=True)
class Landscape:
    """A loss over the pitch of a candidate.

    Attributes:
        pitches: in Hz, shape (points,).
        values: the loss at each of them.
        gradients: its derivative per octave.
    """

    pitches: Tensor
    values: Tensor
    gradients: Tensor

    def towards(self, f0: float) -> float:
        """Share of the pitches, f0 itself aside, at which a descent step moves towards f0."""
        side = (self.pitches / f0).log2()
        away = side.abs() > 1e-6
        return float((self.gradients * side > 0)[away].double().mean())


def sweep(loss: Loss, tone: Callable[[Tensor], Tensor], pitches: Tensor) -> Landscape:
    """Value and gradient of a loss at each of several pitches.

    Args:
        loss: maps a candidate (1, samples) to a scalar, such as `Wasserstein1DLoss().bind(target)`.
        tone: maps pitches in Hz of shape (1,) to a candidate (1, samples).
        pitches: in Hz, shape (points,).
    """
    values, gradients = [], []
    for pitch in pitches:
        octaves = pitch.log2().reshape(1).requires_grad_()
        value = loss(tone(octaves.exp2()))
        (gradient,) = torch.autograd.grad(value, octaves)
        values.append(value.detach())
        gradients.append(gradient[0])
    return Landscape(pitches, torch.stack(values), torch.stack(gradients))


def descend(
    loss: Loss,
    tone: Callable[[Tensor], Tensor],
    start: float,
    steps: int = 200,
    learning_rate: float = 0.05,
) -> Tensor:
    """Find a pitch by gradient descent (Adam, with a step that decays to zero as a cosine).

    Args:
        loss: maps a candidate (1, samples) to a scalar.
        tone: maps pitches in Hz of shape (1,) to a candidate (1, samples).
        start: first pitch in Hz.
        steps: number of steps.
        learning_rate: size of the first steps in octaves.

    Returns:
        The pitch in Hz before the first step and after each, shape (steps + 1,).

    Raises:
        ValueError: a start, a number of steps or a learning rate that is not positive.
    """
    _checks.number("start", start, above=0)
    _checks.integer("steps", steps)
    _checks.number("learning_rate", learning_rate, above=0)
    octaves = torch.tensor([start]).log2().requires_grad_()
    # Short memories: with the usual ones, the long slope at the start keeps the steps at the end
    # too small, and a start three octaves away ends a semitone short.
    optimiser = torch.optim.Adam([octaves], lr=learning_rate, betas=(0.8, 0.9))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    path = [octaves.detach().exp2()[0]]
    for _ in range(steps):
        optimiser.zero_grad()
        loss(tone(octaves.exp2())).backward()
        optimiser.step()
        schedule.step()
        path.append(octaves.detach().exp2()[0])
    return torch.stack(path)
