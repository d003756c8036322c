"""Targets of known pitch: five synthetic tones, and recorded notes."""

from __future__ import annotations

import functools
import re
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from sot.audio import read_audio
from sot.landscape import harmonic_tone

RATE = 16000
#: Samples of a synthetic target.
SAMPLES = 8192


@dataclass(frozen=True, eq=False)
class Target:
    """A sound of known pitch.

    Attributes:
        name: short, without spaces.
        label: as tables show it.
        f0: in Hz.
        sound: shape (samples,), at 16 kHz.
        amplitudes: of its harmonics; None for a recording.
    """

    name: str
    label: str
    f0: float
    sound: Tensor
    amplitudes: tuple[float, ...] | None = None

    @property
    def level(self) -> float:
        """Root mean square."""
        return float(self.sound.square().mean().sqrt())

    def heard(self, snr: float | None, level: float) -> Tensor:
        """With white noise at a signal-to-noise ratio in dB (None: clean), then at a level in dB.

        The noise is the same whenever it is asked for.
        """
        sound = self.sound
        if snr is not None:
            generator = torch.Generator().manual_seed(zlib.crc32(self.name.encode()))
            noise = torch.randn(sound.shape, generator=generator)
            sound = sound + noise * self.level * 10 ** (-snr / 20)
        return sound * 10 ** (level / 20)

    def shortened(self, start: int, samples: int) -> Target:
        """A part of it."""
        return replace(self, sound=self.sound[start : start + samples])


def _tone(name: str, label: str, f0: float, amplitudes: list[float]) -> Target:
    pitch = torch.tensor([f0], dtype=torch.float64)
    sound = harmonic_tone(pitch, SAMPLES, RATE, torch.tensor(amplitudes))[0]
    return Target(name, label, f0, (0.7 * sound / sound.abs().max()).float(), tuple(amplitudes))


@functools.cache
def synthetic_targets() -> tuple[Target, ...]:
    """Two sines, a missing fundamental, a square and a sawtooth wave of about half a second."""
    odd = [1 / k if k % 2 else 0.0 for k in range(1, 33)]
    return (
        _tone("sine160", "sine 160 Hz", 160.0, [1.0]),
        _tone("sine800", "sine 800 Hz", 800.0, [1.0]),
        _tone("missing250", "missing fundamental 250 Hz", 250.0, [0.0] + 15 * [1.0]),
        _tone("square250", "square 250 Hz", 250.0, odd),
        _tone("sawtooth440", "sawtooth 440 Hz", 440.0, [1 / k for k in range(1, 65)]),
    )


@functools.cache
def recorded_notes(folder: Path) -> tuple[Target, ...]:
    """Notes in files NAME_MIDI.flac (or .wav), MIDI being the number of the note, in sorted order.

    Raises:
        ValueError: no such file, or a rate other than 16 kHz.
    """
    notes = []
    for path in sorted(folder.iterdir()):
        found = re.fullmatch(r"(\w+)_(\d+)\.(flac|wav)", path.name)
        if not found:
            continue
        audio = read_audio(path)
        if audio.sample_rate != RATE:
            raise ValueError(f"{path}: expected audio at {RATE} Hz, got {audio.sample_rate} Hz")
        midi = int(found[2])
        label = f"{found[1].replace('_', ' ')} {midi}"
        notes.append(Target(path.stem, label, midi_pitch(midi), audio.mono().samples[0]))
    if not notes:
        raise ValueError(f"{folder}: expected files NAME_MIDI.flac, got none")
    return tuple(notes)


def midi_pitch(note: int) -> float:
    """Frequency in Hz of a note of MIDI."""
    return float(440.0 * 2.0 ** ((note - 69) / 12))


def halves(notes: tuple[Target, ...]) -> tuple[tuple[Target, ...], tuple[Target, ...]]:
    """Every second note, on which the presets were tuned, and the others."""
    return notes[::2], notes[1::2]
