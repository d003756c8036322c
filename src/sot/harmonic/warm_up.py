"""A start for short training: both sounds are heard through a tilt that fades away.

With few or many harmonics of unknown levels, a pitch and a roll-off that explain a tone wrongly
are a local minimum of the transport loss: each roll-off leads to the right pitch for some numbers
of harmonics only. A steep low-pass of target and estimate makes all of them alike: what is left
is the fundamental. Once the pitch is right, the tilt is taken back and the amplitudes follow.
It knows nothing of labels or losses, so it serves every experiment alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sot import _checks
from sot.harmonic.front_end import SAMPLE_RATE


@dataclass(frozen=True)
class TiltSettings:
    """A tilt over the course of training.

    Args:
        order: fall in powers of frequency at the start, above the corner: 2 is 12 dB an octave; 0
            leaves the sounds as they are.
        corner: frequency in Hz below which hardly anything is taken away.
        hold: share of the steps for which the tilt stays.
        end: share of the steps after which it is gone; in between it falls linearly.

    Raises:
        ValueError: a setting out of range.
        TypeError: a setting of the wrong type.
    """

    order: float = 0.0
    corner: float = 80.0
    hold: float = 0.3
    end: float = 0.8

    def __post_init__(self) -> None:
        _checks.number("order", self.order, minimum=0)
        _checks.number("corner", self.corner, above=0)
        _checks.number("hold", self.hold, minimum=0)
        if _checks.number("end", self.end) < self.hold:
            _checks.fail("end", f"at least hold, {self.hold:g}", self.end)

    def order_at(self, progress: float) -> float:
        """The order at a share of the steps from 0 to 1."""
        if progress < self.hold:
            return self.order
        if progress >= self.end:
            return 0.0
        return self.order * (self.end - progress) / (self.end - self.hold)


def tilted(audio: Tensor, order: float, corner: float) -> Tensor:
    """Audio (clips, samples) through the zero-phase gain (1 + (f / corner)^2)^(-order / 2).

    Each clip keeps its loudness (root of the mean square), or the tilt would weigh clips by their
    pitch. Silence stays silent.
    """
    samples = audio.shape[-1]
    size = 2 * samples  # zeros behind, so that the end does not ring into the beginning
    frequencies = torch.fft.rfftfreq(size, 1 / SAMPLE_RATE, device=audio.device, dtype=audio.dtype)
    gains = (1 + (frequencies / corner).square()) ** (-order / 2)
    result = torch.fft.irfft(torch.fft.rfft(audio, size) * gains, size)[..., :samples]
    louder: Tensor = result * _ratio(loudness(audio), loudness(result))
    return louder


def loudness(audio: Tensor) -> Tensor:
    """Root of the mean square under a Hann window, shape (clips, 1), of audio (clips, samples).

    The window keeps out what the edges of a clip leave behind a steep low-pass.
    """
    window = torch.hann_window(audio.shape[-1], dtype=audio.dtype, device=audio.device)
    return (audio * window).square().mean(-1, keepdim=True).sqrt()


def matched(audio: Tensor, target: Tensor, order: float) -> Tensor:
    """Audio brought towards the loudness of a target: wholly for 1, not at all for 0."""
    return audio * _ratio(loudness(target), loudness(audio)) ** order


def _ratio(wanted: Tensor, present: Tensor) -> Tensor:
    """The gain from one loudness to another; 1 where either is silent."""
    heard = (wanted > 0) & (present > 0)
    return torch.where(heard, wanted, 1.0) / torch.where(heard, present, 1.0)
