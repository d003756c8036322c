"""The STFT loss of auraloss."""

from __future__ import annotations

import auraloss
import torch

from speedbench.sides._torch import Call, audio, with_gradient


def stft(clips: int, samples: int, fft_size: int, hop_length: int, dtype: str = "float32") -> Call:
    """Spectral convergence and logarithmic magnitude, its default terms."""
    loss = auraloss.freq.STFTLoss(fft_size, hop_length, fft_size)
    loss.window = loss.window.to(getattr(torch, dtype))
    x, y = (signal.unsqueeze(1) for signal in audio(clips, samples, dtype))
    return with_gradient(lambda: loss(x, y), x)
