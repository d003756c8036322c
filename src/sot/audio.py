"""Reading audio files of any rate and channel count to tensors, and writing them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from sot import _checks
from sot._extras import require
from sot._files import replaced_when_done

#: Endings of audio files, and what libsndfile calls their format.
_FORMATS = {
    ".wav": ("WAV", None),
    ".flac": ("FLAC", None),
    ".ogg": ("OGG", None),
    ".mp3": ("MP3", None),
    ".aif": ("AIFF", None),
    ".aiff": ("AIFF", None),
    ".opus": ("OGG", "OPUS"),
    ".w64": ("W64", None),
    ".au": ("AU", None),
}
#: Endings of the files that a folder is searched for.
AUDIO_SUFFIXES = tuple(_FORMATS)

_STREAMED = (0, 0xFFFFFFFF)  # sizes in the header of a file that was never finished
_BLOCK = 65536  # samples to write at a time; libsndfile cannot take long ones at once for Ogg
_OGG_PAGE = 65307  # bytes at most
_LOUDEST = 1e15  # of samples; the powers of larger ones leave single precision
_HIGHEST_RATE = 10_000_000  # in Hz
_MOST_SAMPLES = 2**31 - 1  # of a resampled recording; far above, soxr ends the process
_UNKNOWN = 2**62  # libsndfile gives more frames than this for a FLAC file that was streamed


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
        """The same sound at another rate (soxr, high quality).

        Raises:
            ValueError: a rate above 10 MHz, or at which there would be more than 2^31 samples.
        """
        sample_rate = _checks.integer("sample_rate", sample_rate, maximum=_HIGHEST_RATE)
        if sample_rate == self.sample_rate:
            return self
        highest = int(_MOST_SAMPLES / max(self.duration, 1.0))
        if sample_rate > highest:
            _checks.fail("sample_rate", f"at most {highest} Hz for this recording", sample_rate)
        soxr = require("soxr", "cli")
        frames = soxr.resample(self.samples.T.numpy(), self.sample_rate, sample_rate)
        return Audio(torch.from_numpy(np.ascontiguousarray(frames.T)), sample_rate)


def read_audio(path: str | Path) -> Audio:
    """Read a whole audio file (wav, flac, ogg, mp3 and what else libsndfile knows).

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is a folder or a pipe, empty, cut short, holds NaN or samples above 1e15, or
            is no audio that can be read.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    if not path.is_file():
        kind = "a folder" if path.is_dir() else "a pipe or a device; write it to a file first"
        raise ValueError(f"{path}: expected an audio file, got {kind}")
    if not os.access(path, os.R_OK):  # which libsndfile calls a system error
        raise ValueError(f"{path}: cannot be read (permission denied)")
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: the file is empty")
    soundfile = require("soundfile", "cli")
    try:
        with soundfile.SoundFile(os.fsencode(path)) as file:
            announced = file.frames
            if announced > _UNKNOWN:
                raise ValueError(f"{path}: its header does not say how long it is; convert it")
            samples = file.read(dtype="float32", always_2d=True)
            rate = int(file.samplerate)
    except (soundfile.SoundFileError, OSError, MemoryError) as error:
        reason = getattr(error, "error_string", str(error)).rstrip(".")
        raise ValueError(f"{path}: cannot be read as audio ({reason})") from error
    if len(samples) < announced or _is_cut_short(path):
        raise ValueError(f"{path}: the file is cut short")
    if len(samples) == 0:
        raise ValueError(f"{path}: the file holds no samples")
    if not np.isfinite(samples).all():
        raise ValueError(f"{path}: the file holds NaN or infinite samples")
    peak = float(max(samples.max(), -samples.min()))
    if peak > _LOUDEST:
        raise ValueError(f"{path}: expected samples of about [-1, 1], got up to {peak:.3g}")
    return Audio(torch.from_numpy(np.ascontiguousarray(samples.T)), rate)


def _is_cut_short(path: Path) -> bool:
    """Whether a file is shorter than its header says, which libsndfile passes over in some."""
    size = path.stat().st_size
    with path.open("rb") as file:
        header = file.read(40)
        if header[:4] == b"OggS":
            file.seek(max(0, size - _OGG_PAGE))
            return not _ends_whole(file.read())
        end = _end_of_samples(file, header)
    return end is not None and size < end


def _ends_whole(tail: bytes) -> bool:
    """Whether the last page of an Ogg file is there to its end and says that it is the last."""
    page = tail[max(0, tail.rfind(b"OggS")) :]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return False
    segments = page[27 : 27 + page[26]]
    return len(page) >= 27 + len(segments) + sum(segments) and bool(page[5] & 4)


def _end_of_samples(file: BinaryIO, header: bytes) -> int | None:
    """Where the samples end according to the header: WAV and its kin, AIFF, AU, W64."""
    kind = header[:4]
    if kind in (b"RIFF", b"RF64", b"FORM"):
        return _end_of_chunk(file, header)
    if kind == b".snd":
        payload = int.from_bytes(header[8:12], "big")
        return None if payload in _STREAMED else int.from_bytes(header[4:8], "big") + payload
    return int.from_bytes(header[16:24], "little") if kind == b"riff" else None


def _end_of_chunk(file: BinaryIO, header: bytes) -> int | None:
    """The end of the chunk with the samples.

    The size at the start of the file says less: many programs count themselves or forget a byte.
    """
    file.seek(12)
    while len(chunk := file.read(8)) == 8:
        size = int.from_bytes(chunk[4:], "big" if header[:4] == b"FORM" else "little")
        if chunk[:4] in (b"data", b"SSND"):
            if header[:4] == b"RF64" and header[12:16] == b"ds64":
                size = int.from_bytes(header[28:36], "little")
            return None if size in _STREAMED else file.tell() + size
        file.seek(size + size % 2, os.SEEK_CUR)
    return None


def audio_format(path: Path) -> tuple[str, str | None]:
    """Format and encoding that the ending of a file to write stands for; WAV without an ending.

    Raises:
        ValueError: no audio file has this ending.
    """
    if path.suffix and path.suffix.lower() not in _FORMATS:
        raise ValueError(f"{path}: expected an ending of {', '.join(AUDIO_SUFFIXES)}")
    return _FORMATS[path.suffix.lower() or ".wav"]


def write_audio(path: Path, audio: Audio) -> None:
    """Write a sound in the format of the ending, cut to [-1, 1].

    Raises:
        ValueError: no audio file has this ending.
        OSError: the file cannot be written, or its format cannot hold this sound.
    """
    soundfile = require("soundfile", "cli")
    kind, encoding = audio_format(path)
    samples = audio.samples.clamp(-1, 1).T.numpy()
    how = {"format": kind, "subtype": encoding}
    with replaced_when_done(path) as beside:
        try:
            with soundfile.SoundFile(
                os.fsencode(beside), "w", audio.sample_rate, samples.shape[1], **how
            ) as file:
                for start in range(0, len(samples), _BLOCK):
                    file.write(samples[start : start + _BLOCK])
        except soundfile.LibsndfileError as error:
            raise OSError(f"{path}: cannot be written ({error.error_string})") from error


def audio_files(folder: Path) -> dict[str, Path]:
    """Audio files below a folder by their path relative to it, without the ending.

    Hidden files and folders, such as those that macOS leaves beside others, are passed over, and
    links to folders are not followed.

    Raises:
        OSError: the folder, or one below it, cannot be read.
        ValueError: two files differ only in their ending.
    """
    found: dict[str, Path] = {}
    for path in sorted(_visible_files(folder)):
        if path.suffix.lower() not in AUDIO_SUFFIXES or not path.is_file():
            continue
        key = path.relative_to(folder).with_suffix("").as_posix()
        if key in found:
            raise ValueError(
                f"{folder}: {found[key].name} and {path.name} differ only in ending; keep one"
            )
        found[key] = path
    return found


def _visible_files(folder: Path) -> Iterator[Path]:
    """What is below a folder and not hidden, but for folders."""

    def refuse(error: OSError) -> None:
        raise OSError(f"{error.filename}: cannot be read ({error.strerror})") from error

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(parent, name) for name in names if not name.startswith("."))
