"""Sounds inside of a page: coded so that a browser plays them, and as small as need be."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass

import torch
from torch.nn import functional

from sot._extras import require
from sot.audio import Audio

LOSSLESS = 600_000  # bytes of 16-bit samples up to which a sound is kept as it is
LOSSY = 2_500_000  # bytes of a coded sound at most
_LOWEST, _HIGHEST = 8000, 48000  # Hz, rates that every browser plays
_SPEECH = 22050  # Hz, to which sounds are brought that are still too large
_SHORTEST = 0.1  # s, less than which browsers do not play
_BLOCK = 65536  # samples coded at a time


@dataclass(frozen=True)
class Sound:
    """A sound as a data URI.

    Attributes:
        uri: of type audio/wav or audio/ogg, in which every browser finds any time again.
        duration: in s.
        note: what was done to it, or nothing.
    """

    uri: str
    duration: float
    note: str


def embedded(audio: Audio) -> Sound:
    """A sound for a player: lossless if that is small enough, else Vorbis, else cut as well."""
    notes = []
    if audio.samples.shape[0] > 2:
        notes.append(f"{audio.samples.shape[0]} channels mixed down to one")
        audio = audio.mono()
    rate = min(max(audio.sample_rate, _LOWEST), _HIGHEST)
    if rate != audio.sample_rate:
        notes.append(f"resampled from {audio.sample_rate} to {rate} Hz")
        audio = audio.resampled(rate)
    peak = float(audio.samples.abs().max())
    if peak > 1:
        notes.append(f"turned down by its peak, {peak:.3g}")
        audio = Audio(audio.samples / peak, audio.sample_rate)
    if audio.duration < _SHORTEST:
        notes.append(f"followed by silence up to {_SHORTEST:g} s")
        missing = math.ceil(_SHORTEST * audio.sample_rate) - audio.samples.shape[-1]
        audio = Audio(functional.pad(audio.samples, (0, missing)), audio.sample_rate)
    kind, content, further = _coded(audio)
    data = base64.b64encode(content).decode()
    note = "; ".join([*notes, *further])
    return Sound(f"data:audio/{kind};base64,{data}", audio.duration, note)


def _coded(audio: Audio) -> tuple[str, bytes, list[str]]:
    """Kind, bytes, and what was done, from the first way that is small enough."""
    if 2 * audio.samples.numel() <= LOSSLESS:
        return "wav", _encoded(audio, "WAV", "PCM_16"), []
    if audio.samples.numel() <= 10 * LOSSY:  # Vorbis seldom needs less than 0.1 bytes for each
        content = _encoded(audio, "OGG", "VORBIS")
        if len(content) <= LOSSY:
            return "ogg", content, ["coded as Vorbis"]
    rate = min(_SPEECH, audio.sample_rate)
    told = f"coded as Vorbis, mixed down to one channel at {rate} Hz"
    smaller = audio.mono().resampled(rate)
    content = _encoded(smaller, "OGG", "VORBIS")
    if len(content) <= LOSSY:
        return "ogg", content, [told]
    samples = int(0.95 * smaller.samples.shape[-1] * LOSSY / len(content))
    cut = Audio(smaller.samples[:, :samples], rate)
    told = f"{told}, cut to its first {cut.duration:.0f} s"
    return "ogg", _encoded(cut, "OGG", "VORBIS"), [told]


def _encoded(audio: Audio, file_format: str, subtype: str) -> bytes:
    """The bytes of a sound file."""
    soundfile = require("soundfile", "cli")
    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer,
        "w",
        samplerate=audio.sample_rate,
        channels=audio.samples.shape[0],
        format=file_format,
        subtype=subtype,
    ) as file:
        for block in audio.samples.T.clamp(-1, 1).split(_BLOCK):
            file.write(block.numpy())
    return buffer.getvalue()


def envelope(audio: Audio, columns: int) -> torch.Tensor:
    """Least and largest sample of each of so many stretches of a sound.

    Returns:
        Shape (2, columns), of fewer columns for fewer samples, over all channels.
    """
    low, high = audio.samples.amin(0), audio.samples.amax(0)
    edges = torch.linspace(0, len(low), min(columns, len(low)) + 1).round().long()
    # Stretches overlap by a sample, so that they meet where the sound goes from one to the next.
    pairs = list(zip(edges[:-1].tolist(), (edges[1:] + 1).tolist(), strict=True))
    return torch.stack(
        [
            torch.stack([low[start:stop].min() for start, stop in pairs]),
            torch.stack([high[start:stop].max() for start, stop in pairs]),
        ]
    )
