"""Candidate tones with their derivative by pitch, and the pitches of the sweeps."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from directionbench.targets import RATE, Target

COARSE, FINE, STARTS = 100, 50, 12
#: Candidates stay inside of this band, in Hz.
LOWEST, HIGHEST = 40.0, 0.98 * RATE / 2

TIMBRES = {
    "pure": "a pure tone",
    "matched": "the amplitudes of the target",
    "generic": "40 harmonics of amplitude 1/k",
}


@dataclass(frozen=True)
class Candidates:
    """Tones of several pitches.

    Attributes:
        pitches: in Hz, shape (pitches,).
        tones: shape (pitches, samples).
        slopes: derivatives of the tones by octave, likewise.
    """

    pitches: Tensor
    tones: Tensor
    slopes: Tensor


def amplitudes_of(target: Target, timbre: str) -> tuple[float, ...]:
    """Amplitudes of the harmonics 1, 2, ... of the candidates for a target."""
    if timbre == "matched":
        if target.amplitudes is None:
            raise ValueError(f"timbre: expected 'pure' or 'generic' for {target.name}, a recording")
        return target.amplitudes
    return (1.0,) if timbre == "pure" else tuple(1 / k for k in range(1, 41))


def coarse_pitches(f0: float, count: int = COARSE) -> Tensor:
    """Two octaves either way within the band, logarithmic."""
    low, high = max(f0 / 4, LOWEST), min(4 * f0, HIGHEST)
    return torch.logspace(math.log2(low), math.log2(high), count, base=2.0, dtype=torch.float64)


def fine_pitches(f0: float, count: int = FINE) -> Tensor:
    """One semitone either way."""
    return f0 * torch.logspace(-1 / 12, 1 / 12, count, base=2.0, dtype=torch.float64)


def tones_and_slopes(
    pitches: Tensor, amplitudes: tuple[float, ...], samples: int
) -> tuple[Tensor, Tensor]:
    """The tones of `sot.landscape.harmonic_tone` and their derivatives by octave.

    Both are sums of powers of z = exp(2 pi i f0 t): the imaginary part of sum a_k z^k, and
    2 pi f0 t ln 2 times the real part of sum k a_k z^k, taken by Horner's rule. The derivative of
    a loss by pitch is then one product with its gradient, however many losses there are.
    """
    time = np.arange(samples) / RATE
    tones, slopes = np.empty((2, len(pitches), samples), dtype=np.float32)
    for row, pitch in enumerate(pitches.tolist()):
        audible = max(0, min(len(amplitudes), math.ceil(RATE / 2 / pitch) - 1))
        phase = 2 * np.pi * pitch * time
        turn = np.exp(1j * phase)
        tone, slope = np.zeros((2, samples), dtype=np.complex128)
        for k in range(audible, 0, -1):
            for total, factor in ((tone, amplitudes[k - 1]), (slope, k * amplitudes[k - 1])):
                total += factor
                total *= turn
        tones[row] = tone.imag
        slopes[row] = math.log(2) * phase * slope.real
    return torch.from_numpy(tones), torch.from_numpy(slopes)


@functools.lru_cache(maxsize=8)
def candidates(
    f0: float, amplitudes: tuple[float, ...], samples: int, level: float, pitches: tuple[float, ...]
) -> Candidates:
    """Candidates of several pitches, so loud that the one at f0 has the root mean square `level`.

    They are kept, since every loss and every noise meets the same ones.
    """
    at_f0, _ = tones_and_slopes(torch.tensor([f0]), amplitudes, samples)
    gain = level / float(at_f0.square().mean().sqrt())
    swept = torch.tensor(pitches, dtype=torch.float64)
    tones, slopes = tones_and_slopes(swept, amplitudes, samples)
    return Candidates(swept, gain * tones, gain * slopes)
