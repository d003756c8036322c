"""A start for short training: both sounds are heard through a tilt that fades away.

A pitch and a roll-off that explain a tone wrongly are a local minimum of the transport loss, and
each roll-off at the start leads to the right pitch for some numbers of harmonics only. A steep
low-pass on target and estimate leaves little but the fundamental, whatever the harmonics: then the
gradient points to the true pitch from octaves away. Once the pitch is right, the tilt is taken
back and the amplitudes follow. It knows nothing of labels or losses, so it serves every experiment
alike.

Each sound keeps the loudness that it had. The estimate must start loud: under the cut, what mass it
lacks would sit at the top bin and drown the gradient of the rest. (To bring the estimate to the
loudness of its target would do too, but it rescues the multi-scale loss, which then cannot take the
way out into silence: the comparison of losses would be lost.)
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sot import _checks
from sot.harmonic.front_end import SAMPLE_RATE

_SILENCE = 1e-20  # mean square


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
    hold: float = 0.25
    end: float = 0.6

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


def through_tilt(
    target: Tensor, estimate: Tensor, settings: TiltSettings, progress: float
) -> tuple[Tensor, Tensor]:
    """Target and estimate (clips, samples) as a loss hears them at a share of the steps."""
    order = settings.order_at(progress)
    if order == 0:
        return target, estimate
    corner = settings.corner
    return tilted(target, order, corner), tilted(estimate, order, corner)


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
    louder: Tensor = result * (loudness(audio) / loudness(result))
    return louder


def loudness(audio: Tensor) -> Tensor:
    """Root of the mean square under a Hann window, shape (clips, 1), of audio (clips, samples).

    The window keeps out what the edges of a clip leave behind a steep low-pass. Silence has a
    loudness too, if a negligible one, so that it can be divided by.
    """
    window = torch.hann_window(audio.shape[-1], dtype=audio.dtype, device=audio.device)
    return (audio * window).square().mean(-1, keepdim=True).clamp(min=_SILENCE).sqrt()
