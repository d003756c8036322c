"""Sums of sines whose frequencies and amplitudes follow frames: differentiable, nothing to train.

Phases are summed in double precision and wrapped before they are rounded, so that they hold over
any length. The sines of all harmonics come from one sine and one cosine by a recurrence.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from sot import _checks


class SinusoidalBank(nn.Module):
    """A sum of sines, each with a frequency and an amplitude of its own in every frame.

    Frequencies go linearly from frame to frame, with frame t at sample (t + 1/2) * hop_length;
    amplitudes by overlapping Hann windows, with frame t at sample t * hop_length, and the last
    frame is held. A sine at or above half the sample rate is silent. Phases start at 0.

    Args:
        sample_rate: in Hz.
        hop_length: samples from one frame to the next.

    Raises:
        ValueError: a setting out of range.
        TypeError: a setting of the wrong type.

    Example:
        >>> import torch
        >>> from sot.harmonic import SinusoidalBank
        >>> bank = SinusoidalBank(sample_rate=16000, hop_length=256)
        >>> frequencies = torch.tensor([440.0, 1000.0]).expand(1, 16, 2)
        >>> bank(frequencies, torch.ones(1, 16, 2)).shape
        torch.Size([1, 4096])
    """

    fade: Tensor

    def __init__(self, sample_rate: float = 16000, hop_length: int = 256) -> None:
        super().__init__()
        self.sample_rate = _checks.number("sample_rate", sample_rate, above=0)
        self.hop_length = _checks.integer("hop_length", hop_length)
        ramp = torch.arange(self.hop_length, dtype=torch.float64) / self.hop_length
        falling = 0.5 + 0.5 * torch.cos(math.pi * ramp)
        self.register_buffer("fade", torch.stack([falling, 1 - falling]).float(), persistent=False)

    def forward(self, frequencies: Tensor, amplitudes: Tensor) -> Tensor:
        """Synthesise audio.

        Args:
            frequencies: in Hz, shape (batch, frames, sines).
            amplitudes: linear, shape (batch, frames, sines).

        Returns:
            Audio of shape (batch, frames * hop_length).

        Raises:
            ValueError: shapes that do not fit.
            TypeError: input that is not a floating-point tensor.
        """
        frequencies = _checks.floating("frequencies", frequencies)
        amplitudes = _checks.floating("amplitudes", amplitudes)
        if frequencies.ndim != 3 or frequencies.numel() == 0:
            _checks.fail("frequencies", "shape (batch, frames, sines)", frequencies)
        if amplitudes.shape != frequencies.shape:
            _checks.fail("amplitudes", f"the shape {tuple(frequencies.shape)}", amplitudes)
        dtype = amplitudes.dtype
        amplitudes = amplitudes * (frequencies < self.sample_rate / 2)
        envelopes = self.frequency_envelope(frequencies)
        sines = torch.sin(self.phases(envelopes).to(dtype))
        sines = sines * (envelopes < self.sample_rate / 2)
        return self.faded(sines.unflatten(-1, (-1, self.hop_length)).transpose(1, 2), amplitudes)

    def frequency_envelope(self, frequencies: Tensor) -> Tensor:
        """Frames (batch, frames, sines) in Hz as samples (batch, sines, samples), in float64."""
        samples = frequencies.shape[1] * self.hop_length
        return functional.interpolate(
            frequencies.double().transpose(1, 2), samples, mode="linear", align_corners=False
        )

    def phases(self, envelopes: Tensor) -> Tensor:
        """Phases in [-pi, pi) of frequencies (..., samples) in Hz; the first sample has phase 0."""
        cycles = (envelopes / self.sample_rate).cumsum(-1)
        cycles = functional.pad(cycles[..., :-1], (1, 0))
        return 2 * math.pi * (cycles - cycles.detach().round())

    def faded(self, pieces: Tensor, amplitudes: Tensor) -> Tensor:
        """Sum of sines (batch, frames, sines, hop_length) by amplitudes (batch, frames, sines).

        Between two frames it is one sum with the amplitudes of either, faded into the other.
        """
        following = torch.cat([amplitudes[:, 1:], amplitudes[:, -1:]], dim=1)
        pairs = torch.stack([amplitudes, following], dim=2)
        sums = pairs @ pieces  # (batch, frames, 2, hop_length)
        return (sums * self.fade.to(sums.dtype)).sum(2).flatten(1)


class HarmonicSynthesiser(SinusoidalBank):
    """A sum of harmonics k * f0, k = 1, 2, ... See :class:`SinusoidalBank` for the rest.

    Example:
        >>> import torch
        >>> from sot.harmonic import HarmonicSynthesiser
        >>> synthesiser = HarmonicSynthesiser(sample_rate=16000, hop_length=256)
        >>> synthesiser(torch.full((1, 16), 440.0), torch.ones(1, 16, 20)).shape
        torch.Size([1, 4096])
    """

    def forward(self, f0: Tensor, amplitudes: Tensor) -> Tensor:
        """Synthesise audio.

        Args:
            f0: in Hz, shape (batch, frames).
            amplitudes: of the harmonics, linear, shape (batch, frames, harmonics).

        Returns:
            Audio of shape (batch, frames * hop_length).

        Raises:
            ValueError: shapes that do not fit.
            TypeError: input that is not a floating-point tensor.
        """
        f0 = _checks.floating("f0", f0)
        amplitudes = _checks.floating("amplitudes", amplitudes)
        if f0.ndim != 2 or f0.numel() == 0:
            _checks.fail("f0", "shape (batch, frames)", f0)
        if amplitudes.ndim != 3 or amplitudes.shape[:2] != f0.shape:
            expected = f"shape (batch, frames, harmonics) = {(*f0.shape, 'harmonics')}"
            _checks.fail("amplitudes", expected, amplitudes)
        orders = torch.arange(1, amplitudes.shape[-1] + 1, device=f0.device)
        nyquist = self.sample_rate / 2
        amplitudes = amplitudes * (orders * f0[..., None] < nyquist)
        envelope = self.frequency_envelope(f0[..., None])[:, 0]
        shape = (*f0.shape, self.hop_length)
        phase = self.phases(envelope).to(amplitudes.dtype).reshape(shape)
        # Harmonic k is heard where k times the frequency stays below half the sample rate.
        highest = torch.ceil(nyquist / envelope.detach().clamp(min=1e-3)) - 1
        pieces: Tensor = _Harmonics.apply(
            phase, highest.to(phase.dtype).reshape(shape), len(orders)
        )
        return self.faded(pieces, amplitudes)


class _Harmonics(torch.autograd.Function):
    """sin(k * phase) for k = 1 to `count`, shape (..., count, n), from phases (..., n).

    Zero where k is above `highest`. Written out since indexing the tensor of sines harmonic by
    harmonic would make the backward pass fill one of its size for each.
    """

    @staticmethod
    def forward(ctx: Any, phase: Tensor, highest: Tensor, count: int) -> Tensor:
        ctx.save_for_backward(phase, highest)
        ctx.count = count
        sines = phase.new_empty(*phase.shape[:-1], count, phase.shape[-1])
        steps = _multiples(torch.zeros_like(phase), torch.sin(phase), phase, count)
        for k, sine in enumerate(steps, start=1):
            sines[..., k - 1, :] = torch.where(highest >= k, sine, 0.0)
        return sines

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        phase, highest = ctx.saved_tensors
        total = torch.zeros_like(phase)
        steps = _multiples(torch.ones_like(phase), torch.cos(phase), phase, ctx.count)
        for k, cosine in enumerate(steps, start=1):
            total.addcmul_(torch.where(highest >= k, cosine, 0.0), grad[..., k - 1, :], value=k)
        return total, None, None


def _multiples(zeroth: Tensor, first: Tensor, phase: Tensor, count: int) -> Iterator[Tensor]:
    """Chebyshev's recurrence g(k + 1) = 2 cos(phase) g(k) - g(k - 1), for sines or cosines."""
    twice_cosine = 2 * torch.cos(phase)
    before, now = zeroth, first
    for _ in range(count):
        yield now
        before, now = now, torch.addcmul(before, twice_cosine, now, value=-1).neg_()
