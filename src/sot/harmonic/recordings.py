"""Pitch and harmonics of recordings of any length, which the encoder sees clip by clip.

The kernels of the constant-Q transform outlast the clips of training, so a longer recording is
nothing that the encoder knows: it is cut into clips as in training, and the frames are joined.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from sot import _checks
from sot.audio import Audio
from sot.harmonic.dataset import PEAK
from sot.harmonic.encoder import PitchEncoder
from sot.harmonic.front_end import CLIP_SAMPLES, HOP_LENGTH, SAMPLE_RATE, ClipTransform
from sot.harmonic.synthesiser import HarmonicSynthesiser

_CHUNK = 64  # clips at a time
_SILENCE = 1e-4  # root of the mean square of a frame, -80 dB


@dataclass(frozen=True)
class PitchTrack:
    """Pitch and harmonics of a recording, every 16 ms.

    Attributes:
        times: of the frames in seconds, shape (frames,).
        f0: in Hz, shape (frames,).
        confidence: from 0 to 1, shape (frames,): how narrow the distribution over pitches is, one
            less its entropy over that of ignorance; 0 where the recording is silent.
        amplitudes: of the harmonics, linear, on the scale of the recording, shape
            (frames, harmonics).
        samples: of the recording at 16 kHz.
    """

    times: Tensor
    f0: Tensor
    confidence: Tensor
    amplitudes: Tensor
    samples: int

    def resynthesis(self) -> Audio:
        """The recording as the synthesiser gives it back, mono at 16 kHz."""
        synthesiser = HarmonicSynthesiser(SAMPLE_RATE, HOP_LENGTH)
        with torch.no_grad():
            audio = synthesiser(self.f0[None], self.amplitudes[None])
        return Audio(audio[:, : self.samples], SAMPLE_RATE)


@torch.no_grad()
def track_pitch(encoder: PitchEncoder, audio: Audio) -> PitchTrack:
    """Estimate pitch and harmonics of a recording.

    Args:
        encoder: trained, in evaluation mode.
        audio: at any rate, with any channels and of any length; a rest is padded with zeros.

    Raises:
        ValueError: there are no samples, or some are so large that they overflow.
    """
    samples = audio.mono().resampled(SAMPLE_RATE).samples[0]
    if samples.numel() == 0:
        _checks.fail("audio", "at least one sample", samples)
    _checks.finite("audio", samples, validate=True)
    clips = functional.pad(samples, (0, -len(samples) % CLIP_SAMPLES)).reshape(-1, CLIP_SAMPLES)
    peaks = clips.abs().amax(1, keepdim=True)
    gains = torch.where(peaks > 0, peaks / PEAK, 1.0)
    transform = ClipTransform()
    parts = [encoder(transform(chunk)) for chunk in (clips / gains).split(_CHUNK)]
    f0, amplitudes, distribution = (torch.cat(field) for field in zip(*parts, strict=True))
    frames = math.ceil(len(samples) / HOP_LENGTH)
    level = clips.reshape(-1, HOP_LENGTH).square().mean(1).sqrt()[:frames]
    heard = level > _SILENCE
    amplitudes = (amplitudes * gains[..., None]).flatten(0, 1)[:frames]
    return PitchTrack(
        times=torch.arange(frames, dtype=torch.float64) * HOP_LENGTH / SAMPLE_RATE,
        f0=f0.flatten()[:frames],
        confidence=torch.where(heard, _certainty(distribution).flatten()[:frames], 0.0),
        amplitudes=torch.where(heard[:, None], amplitudes, 0.0),
        samples=len(samples),
    )


def _certainty(distribution: Tensor) -> Tensor:
    """One less the entropy of distributions (..., bins) over that of the uniform one."""
    entropy = -torch.xlogy(distribution, distribution).sum(-1)
    return (1 - entropy / math.log(distribution.shape[-1])).clamp(0, 1)
