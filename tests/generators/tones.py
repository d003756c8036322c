"""Signals whose spectra are known in closed form."""

import numpy as np
import torch


def tone(frequency, samples, sample_rate, amplitude=1.0, phase=0.3, dtype=torch.float64):
    """A stationary sine, shape (samples,)."""
    time = torch.arange(samples, dtype=torch.float64) / sample_rate
    return (amplitude * torch.sin(2 * np.pi * frequency * time + phase)).to(dtype)


def decaying_note(f0, samples, sample_rate, harmonics=6):
    """Harmonics that decay the faster the higher they are, shape (samples,), peak about 1."""
    time = torch.arange(samples, dtype=torch.float64) / sample_rate
    partials = [
        torch.sin(2 * np.pi * f0 * k * time + k) * torch.exp(-4 * k * time) / k
        for k in range(1, harmonics + 1)
    ]
    return torch.stack(partials).sum(0) / 2


def peak_of_tone(window, amplitude=1.0):
    """STFT magnitude of a sine at the centre of a bin, at that bin, in every frame inside it.

    Exact for windows that are sums of few cosines, if the bin is not next to 0 or Nyquist.
    """
    return amplitude / 2 * np.sum(window)
