"""What torch does by itself: a plain magnitude loss, and the pieces that set the pace."""

from __future__ import annotations

import torch
from scipy.signal import get_window
from torch import Tensor

from speedbench.sides._torch import Call, audio, tensor, with_gradient


def magnitude(
    clips: int, samples: int, fft_size: int, hop_length: int, dtype: str = "float32"
) -> Call:
    """Mean absolute difference of magnitudes of `torch.stft`."""
    window = tensor(get_window("flattop", fft_size), dtype)

    def spectrum(signal: Tensor) -> Tensor:
        return torch.stft(signal, fft_size, hop_length, window=window, return_complex=True).abs()

    x, y = audio(clips, samples, dtype)
    return with_gradient(lambda: torch.nn.functional.l1_loss(spectrum(x), spectrum(y)), x)


def transforms(clips: int, samples: int, fft_size: int, hop_length: int) -> Call:
    """The Fourier transforms that any such loss needs: two forward, one inverse."""
    frames = clips * (1 + samples // hop_length)
    x, y = audio(frames, fft_size)

    def run() -> tuple[Tensor, None]:
        torch.fft.rfft(x)
        return torch.fft.irfft(torch.fft.rfft(y), n=fft_size), None

    return run


def copying(megabytes: int) -> Call:
    """A copy of an array that fits in no cache."""
    source = torch.ones(megabytes * 250_000)
    target = torch.empty_like(source)
    return lambda: (target.copy_(source), None)
