"""What a loss compares: the spectra of a batch, where their bins lie, and which frames count."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sot import _checks


@dataclass(frozen=True)
class Representation:
    """Spectra along the last axis, one for each frame (or each bin, over time).

    Attributes:
        spectrum: shape (batch, channels, rows, support): non-negative weights, or the complex
            coefficients from which they come.
        square: complex coefficients count by their power, otherwise by their magnitude.
        positions: sorted, of shape (support,) or broadcasting with `spectrum`; None if not given.
        inside: whether a row lies inside its item, shape (batch, 1, rows); None if all do.
        has_channels: whether the input had an axis for channels.
        energies: of the samples under each frame, shape (batch, channels, frames), if asked for.
    """

    spectrum: Tensor
    square: bool
    positions: Tensor | None
    inside: Tensor | None
    has_channels: bool
    energies: Tensor | None = None

    @property
    def rows(self) -> tuple[int, ...]:
        """Number of items, channels and spectra of each."""
        return tuple(self.spectrum.shape[:3])

    def pick(self, items: Tensor) -> Representation:
        """Some items of a representation without lengths or positions of single items."""
        energies = None if self.energies is None else self.energies[items]
        return replace(self, spectrum=self.spectrum[items], energies=energies)

    def without_channels(self, values: Tensor) -> Tensor:
        """Values of shape (batch, channels, ...) in the layout of the input."""
        return values if self.has_channels else values[:, 0]


@dataclass(frozen=True)
class FramedAudio:
    """Audio whose spectra are taken only where they are compared.

    Attributes:
        samples: shape (batch, channels, samples).
        lengths: samples of each item that count, shape (batch,); None if all do.
        frames: number of frames.
        inside: whether a frame lies inside its item, shape (batch, 1, frames); None if all do.
        has_channels: whether the input had an axis for channels.
        energies: of the samples under each frame, shape (batch, channels, frames); None where
            nobody asks for them.
        levels: running sums of its spectra, if they are kept.
    """

    samples: Tensor
    lengths: Tensor | None
    frames: int
    inside: Tensor | None
    has_channels: bool
    energies: Tensor | None = None
    levels: Tensor | None = None

    @property
    def rows(self) -> tuple[int, ...]:
        """Number of items, channels and frames of each."""
        return (*self.samples.shape[:2], self.frames)

    def pick(self, items: Tensor) -> FramedAudio:
        """Some items of audio without lengths."""
        energies = None if self.energies is None else self.energies[items]
        levels = self.levels
        if levels is not None:
            levels = levels.unflatten(0, (len(self.samples), -1))[items].flatten(0, 1)
        return replace(self, samples=self.samples[items], energies=energies, levels=levels)

    def clips(self) -> tuple[Tensor, Tensor]:
        """Samples of shape (batch * channels, samples), and how many of each clip count."""
        batch, channels, samples = self.samples.shape
        if self.lengths is None:
            lengths = torch.full((batch * channels,), samples)
        else:
            lengths = self.lengths.repeat_interleave(channels)
        return self.samples.reshape(-1, samples), lengths


def sides(
    reference: Representation, estimate: Representation
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Both spectra in one precision, and the positions of both."""
    assert reference.positions is not None  # whoever represented a side has seen to it
    assert estimate.positions is not None
    x, y = reference.spectrum, estimate.spectrum
    real = torch.promote_types(x.real.dtype, y.real.dtype)
    # One may hold weights already while the other holds coefficients, and each stays what it is.
    x, y = (side.to(torch.promote_types(side.dtype, real)) for side in (x, y))
    return x, y, reference.positions.to(real), estimate.positions.to(real)


def split_audio(name: str, value: Tensor) -> tuple[Tensor, bool]:
    """Audio as (batch, channels, samples), and whether it had an axis for channels."""
    value = _checks.audio(name, value)
    if value.ndim == 3:
        return value, True
    return (value if value.ndim == 2 else value[None])[:, None], False


def split_spectrogram(name: str, value: Tensor) -> tuple[Tensor, bool]:
    """A spectrogram with bins before time as (batch, channels, frames, bins)."""
    value = _checks.floating(name, value)
    if value.ndim not in (2, 3, 4) or value.numel() == 0:
        _checks.fail(
            name,
            "a spectrogram of shape (batch, bins), (batch, bins, time) or "
            "(batch, channels, bins, time)",
            value,
        )
    if value.ndim == 2:
        return value[:, None, None, :], False
    if value.ndim == 3:
        return value[:, None].transpose(-1, -2), False
    return value.transpose(-1, -2), True


def place_positions(name: str, positions: Tensor, weights: Tensor, over_time: bool) -> Tensor:
    """Custom positions, brought to a shape that broadcasts with `weights`.

    They are given as (support,), (batch, support) or in the layout of a spectrogram, which has
    bins before time.
    """
    positions = _checks.at_least_single(_checks.tensor(name, positions)).to(weights.dtype)
    batch, channels, rows, support = weights.shape
    per_row = (rows, support) if over_time else (support, rows)
    layouts: dict[tuple[int, ...], tuple[int, ...]] = {
        (batch, *per_row): (batch, 1, *per_row),
        (batch, channels, *per_row): (batch, channels, *per_row),
    }
    shape = tuple(positions.shape)
    if shape == (support,):
        return positions
    if shape == (batch, support):
        return positions[:, None, None, :]
    if shape not in layouts:
        axis = "time" if over_time else "bins"
        _checks.fail(
            name,
            f"shape ({axis},) = ({support},), (batch, {axis}) = ({batch}, {support}), or that of "
            f"the spectrogram, (batch, bins, time) = {(batch, *per_row)}",
            positions,
        )
    placed = positions.reshape(layouts[shape])
    return placed if over_time else placed.transpose(-1, -2)


def first_rows(counts: Tensor, rows: int) -> Tensor:
    """Mask (batch, 1, rows) of the first `counts` rows of each item."""
    index = torch.arange(rows, device=counts.device)
    return (index < counts[:, None])[:, None, :]
