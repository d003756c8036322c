"""Recordings for tests that begin with files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soundfile

RATE = 16000

#: A file name that a page must not take for anything but text.
EVIL = "<img src=x onerror=alert(1)> \"quoted\" & 'more'.wav"


def harmonic(pitch: float, seconds: float, rate: int = RATE) -> np.ndarray:
    """Three harmonics that fade slowly."""
    time = np.arange(round(seconds * rate)) / rate
    parts = [np.sin(2 * np.pi * k * pitch * time + k) / k for k in (1, 2, 3)]
    return 0.3 * sum(parts) * np.exp(-0.2 * time)


def write(path: Path, samples: Any, rate: int = RATE) -> Path:
    """Write samples to a file, in a folder that is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate)
    return path
