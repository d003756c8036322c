"""The synthetic data set: stationary harmonic tones, made from a seed, and the published file.

A file holds unscaled clips; they are scaled to peak 0.9 when a data module takes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sot import _checks
from sot.harmonic._tensor_files import load_without_code, save_whole
from sot.harmonic.front_end import CLIP_SAMPLES, MOST_HARMONICS, SAMPLE_RATE

SPLITS = ("train", "val", "test")
COUNTS = ("uniform", "published")
PEAK = 0.9  # of a clip that is given to the encoder
_CHUNK = 64  # clips made at a time

Array = NDArray[np.float64]


class Clips(NamedTuple):
    """Clips and what they were made from.

    `audio`: (clips, samples), unscaled; `f0`: (clips,) in Hz; `weights`: amplitudes of the
    harmonics, (clips, harmonics), 0 where a harmonic is silent. All float32.
    """

    audio: Tensor
    f0: Tensor
    weights: Tensor


_MOST_CLIPS = 1_000_000  # of a split, which is made in memory: 16 GB


@dataclass(frozen=True)
class SinusoidSettings:
    """What the synthetic clips are made of.

    Args:
        seed: of all random numbers. The same seed gives the same clips, bit for bit.
        train_clips: number of clips for training.
        val_clips: for validation.
        test_clips: for the test.
        f0_min: lowest pitch in Hz; pitches are uniform between the two limits.
        f0_max: highest pitch in Hz.
        harmonics: number of amplitudes of a clip.
        amplitude_min: lowest amplitude of an active harmonic; they too are uniform.
        amplitude_max: highest amplitude.
        counts: how many harmonics, from the first, are active: 'uniform' for 1 to `harmonics`, or
            'published' for 1 to `harmonics` - 1 with one twice as likely, as the published
            generator had it.
        inharmonicity: largest coefficient B of a stretched string, whose partial k lies at
            k f0 sqrt((1 + B k^2) / (1 + B)); each clip's B is uniform from 0 to this. 0 gives
            harmonic clips.

    Raises:
        ValueError: a setting out of range.
        TypeError: a setting of the wrong type.
    """

    seed: int = 42
    train_clips: int = 2800
    val_clips: int = 800
    test_clips: int = 400
    f0_min: float = 40.0
    f0_max: float = 1950.0
    harmonics: int = 8
    amplitude_min: float = 0.4
    amplitude_max: float = 1.0
    counts: Literal["uniform", "published"] = "uniform"
    inharmonicity: float = 0.0

    def __post_init__(self) -> None:
        _checks.integer("seed", self.seed, minimum=0)
        for name in ("train_clips", "val_clips", "test_clips"):
            _checks.integer(name, getattr(self, name), maximum=_MOST_CLIPS)
        _checks.integer("harmonics", self.harmonics, maximum=MOST_HARMONICS)
        _checks.number("inharmonicity", self.inharmonicity, minimum=0)
        _checks.choice("counts", self.counts, COUNTS)
        _checks.number("f0_min", self.f0_min, above=0)
        _checks.number("amplitude_min", self.amplitude_min, minimum=0)
        for low, high in (("f0_min", "f0_max"), ("amplitude_min", "amplitude_max")):
            least = getattr(self, low)
            if _checks.number(high, getattr(self, high)) < least:
                _checks.fail(high, f"at least {low}, {least:g}", getattr(self, high))
        if self.f0_max >= SAMPLE_RATE / 2:
            _checks.fail("f0_max", f"less than {SAMPLE_RATE / 2:g} Hz", f"{self.f0_max:g} Hz")


def generate_splits(
    settings: SinusoidSettings, progress: Callable[[int], None] | None = None
) -> dict[str, Clips]:
    """Make the clips for training, validation and test, each from random numbers of its own.

    Args:
        settings: what the clips are made of.
        progress: called with the number of clips that have been made since the last call.

    Example:
        >>> from sot.harmonic import SinusoidSettings, generate_splits
        >>> splits = generate_splits(SinusoidSettings(train_clips=7, val_clips=2, test_clips=1))
        >>> {name: tuple(clips.audio.shape) for name, clips in splits.items()}
        {'train': (7, 4096), 'val': (2, 4096), 'test': (1, 4096)}
    """
    seeds = np.random.SeedSequence(settings.seed).spawn(len(SPLITS))
    return {
        name: _clips(settings, getattr(settings, f"{name}_clips"), seed, progress)
        for name, seed in zip(SPLITS, seeds, strict=True)
    }


def _clips(
    settings: SinusoidSettings,
    count: int,
    seed: np.random.SeedSequence,
    progress: Callable[[int], None] | None,
) -> Clips:
    random = np.random.Generator(np.random.PCG64(seed))
    shape = (count, settings.harmonics)
    f0 = random.uniform(settings.f0_min, settings.f0_max, (count, 1))
    weights = random.uniform(settings.amplitude_min, settings.amplitude_max, shape)
    if settings.counts == "uniform":
        active = random.integers(1, settings.harmonics + 1, (count, 1))
    else:
        active = np.maximum(random.integers(0, settings.harmonics, (count, 1)), 1)
    stretch = random.uniform(0.0, 1.0, (count, 1)) * settings.inharmonicity
    orders = np.arange(1, settings.harmonics + 1)
    partials = orders * f0 * np.sqrt((1 + stretch * orders**2) / (1 + stretch))
    weights = np.where((orders <= active) & (partials < SAMPLE_RATE / 2), weights, 0.0)
    audio = np.empty((count, CLIP_SAMPLES), dtype=np.float32)
    for start in range(0, count, _CHUNK):
        chunk = slice(start, start + _CHUNK)
        audio[chunk] = _sines(partials[chunk], weights[chunk])
        if progress is not None:
            progress(len(audio[chunk]))
    return Clips(
        torch.from_numpy(audio),
        torch.from_numpy(f0[:, 0].astype(np.float32)),
        torch.from_numpy(weights.astype(np.float32)),
    )


def _sines(frequencies: Array, weights: Array) -> Array:
    """Sums of sines (clips, samples) of frequencies in Hz and weights, (clips, sines)."""
    times = np.arange(CLIP_SAMPLES) / SAMPLE_RATE
    total = np.zeros((len(frequencies), CLIP_SAMPLES))
    for frequency, weight in zip(frequencies.T, weights.T, strict=True):
        total += weight[:, None] * np.sin(2 * np.pi * frequency[:, None] * times)
    return total


def scaled(audio: Tensor) -> Tensor:
    """Clips scaled to a peak of 0.9; a silent clip stays silent."""
    peaks = audio.abs().amax(-1, keepdim=True)
    return audio * (PEAK / torch.where(peaks > 0, peaks, 1.0))


def save_splits(path: str | Path, splits: Mapping[str, Clips]) -> None:
    """Write clips in the layout of the published data set; a file is replaced when done.

    Raises:
        OSError: the folder does not exist or cannot be written to.
    """
    content: dict[str, Any] = {}
    for name, clips in splits.items():
        content[f"{name}_tensors"] = clips.audio
        content[f"{name}_thetas"] = {"frequency": clips.f0[:, None], "weights": clips.weights}
    save_whole(content, Path(path))


def load_splits(path: str | Path) -> dict[str, Clips]:
    """Read a file in the layout of the published data set. It is never unpickled blindly.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is cut short, of another kind, holds anything but tensors, or its
            tensors do not fit together; the message says which.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; `sot data` makes one")
    content = load_without_code(path, "a data set")
    if not isinstance(content, dict):
        raise ValueError(f"{path}: expected a dictionary, got {_checks.describe(content)}")
    return {name: _checked_clips(path, content, name) for name in SPLITS}


def _checked_clips(path: Path, content: dict[str, Any], split: str) -> Clips:
    """One split of a file, with its shapes checked."""
    for key in (f"{split}_tensors", f"{split}_thetas"):
        if key not in content:
            raise ValueError(f"{path}: {key!r} is missing; it holds {', '.join(map(str, content))}")
    audio, thetas = content[f"{split}_tensors"], content[f"{split}_thetas"]
    if not isinstance(thetas, dict) or not {"frequency", "weights"} <= set(thetas):
        raise ValueError(f"{path}: {split}_thetas: expected 'frequency' and 'weights'")
    named = {"tensors": audio, "frequency": thetas["frequency"], "weights": thetas["weights"]}
    for name, value in named.items():
        where = f"{path}: {split} {name}"
        dense = isinstance(value, Tensor) and value.layout is torch.strided
        if not dense or not value.is_floating_point():
            raise ValueError(
                f"{where}: expected floating-point numbers, got {_checks.describe(value)}"
            )
        if value.ndim < 2 or len(value) != len(audio) or value.numel() == 0:
            raise ValueError(
                f"{where}: expected a row for each clip, got {_checks.describe(value)}"
            )
        if not value.isfinite().all():
            raise ValueError(f"{where}: holds NaN or infinite numbers")
    audio, frequency, weights = (value.flatten(1).float() for value in named.values())
    if audio.shape[1] != CLIP_SAMPLES:
        raise ValueError(
            f"{path}: {split} tensors: expected clips of {CLIP_SAMPLES} samples, "
            f"got {audio.shape[1]}"
        )
    if frequency.shape[1] != 1 or not (frequency > 0).all():
        raise ValueError(f"{path}: {split} frequency: expected one positive pitch for each clip")
    return Clips(audio.contiguous(), frequency[:, 0].contiguous(), weights.contiguous())


def share_clips(splits: Mapping[str, Clips]) -> bool:
    """Whether a clip is in more than one split, as in the published file."""
    labels = [torch.cat([clips.f0[:, None], clips.weights], 1) for clips in splits.values()]
    distinct = [{tuple(row) for row in rows.tolist()} for rows in labels]
    return len(set().union(*distinct)) < sum(map(len, distinct))


def split_anew(splits: Mapping[str, Clips], seed: int) -> dict[str, Clips]:
    """Pool the clips of all splits, each once, and deal them out anew: 70, 20 and 10 percent."""
    pooled = Clips(*(torch.cat(parts) for parts in zip(*splits.values(), strict=True)))
    labels = torch.cat([pooled.f0[:, None], pooled.weights], 1)
    first = {tuple(row): index for index, row in reversed(list(enumerate(labels.tolist())))}
    kept = torch.tensor(sorted(first.values()))
    order = kept[torch.randperm(len(kept), generator=torch.Generator().manual_seed(seed))]
    sizes = [len(order) * 7 // 10, len(order) * 2 // 10]
    parts = order.split([*sizes, len(order) - sum(sizes)])
    return {
        name: Clips(*(field[part] for field in pooled))
        for name, part in zip(SPLITS, parts, strict=True)
    }
