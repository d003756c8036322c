"""Reading audio files: any rate and channel count, to tensors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sot import _checks
from sot._extras import require

#: Endings of the files that a folder is searched for.
AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".opus", ".w64", ".au")

_STREAMED = (0, 0xFFFFFFFF)  # sizes in the header of a WAV file that was never finished


@dataclass(frozen=True)
class Audio:
    """Samples of shape (channels, samples), float32 in about [-1, 1], at a rate in Hz."""

    samples: Tensor
    sample_rate: int

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.samples.shape[-1] / self.sample_rate

    def mono(self) -> Audio:
        """The mean of the channels."""
        return Audio(self.samples.mean(0, keepdim=True), self.sample_rate)

    def resampled(self, sample_rate: int) -> Audio:
        """The same sound at another rate (soxr, high quality)."""
        sample_rate = _checks.integer("sample_rate", sample_rate)
        if sample_rate == self.sample_rate:
            return self
        soxr = require("soxr", "cli")
        frames = soxr.resample(self.samples.T.numpy(), self.sample_rate, sample_rate)
        return Audio(torch.from_numpy(np.ascontiguousarray(frames.T)), sample_rate)


def read_audio(path: str | Path) -> Audio:
    """Read a whole audio file (wav, flac, ogg, mp3 and what else libsndfile knows).

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is a folder, empty, cut short, holds NaN, or is no audio that can be read.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    if path.is_dir():
        raise ValueError(f"{path}: expected an audio file, got a folder")
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: the file is empty")
    soundfile = require("soundfile", "cli")
    try:
        with soundfile.SoundFile(path) as file:
            announced = file.frames
            samples = file.read(dtype="float32", always_2d=True)
            rate = int(file.samplerate)
    except (soundfile.SoundFileError, OSError) as error:
        reason = str(error).split(": ", 1)[-1].rstrip(".")
        raise ValueError(f"{path}: cannot be read as audio ({reason})") from error
    if len(samples) < announced or _is_cut_short(path):
        raise ValueError(f"{path}: the file is cut short; its header announces more samples")
    if len(samples) == 0:
        raise ValueError(f"{path}: the file holds no samples")
    if not np.isfinite(samples).all():
        raise ValueError(f"{path}: the file holds NaN or infinite samples")
    return Audio(torch.from_numpy(np.ascontiguousarray(samples.T)), rate)


def _is_cut_short(path: Path) -> bool:
    """Whether a RIFF file is shorter than its header says, which libsndfile passes over."""
    with path.open("rb") as file:
        header = file.read(8)
    if header[:4] != b"RIFF":
        return False
    size = int.from_bytes(header[4:8], "little")
    return size not in _STREAMED and path.stat().st_size < size + 8


def audio_files(folder: Path) -> dict[str, Path]:
    """Audio files below a folder by their path relative to it, without the ending.

    Raises:
        ValueError: two files differ only in their ending.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in AUDIO_SUFFIXES or not path.is_file():
            continue
        key = path.relative_to(folder).with_suffix("").as_posix()
        if key in found:
            raise ValueError(f"{folder}: {found[key].name} and {path.name} differ only in ending")
        found[key] = path
    return found
