"""The short-time Fourier transform of some frames at a time, and its transpose.

For work that looks at every frame once: a block of frames, their spectra and the derivatives of
these stay in the processor's cache. NumPy arrays in and out; several threads may use one instance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from sot.spectra.framing import Framing

_BLOCK = 131_072  # samples in a block of frames


class Block(NamedTuple):
    """Some frames of one clip, or all frames of some clips.

    Attributes:
        clips: the clips.
        frames: the frames in each of them.
        rows: the same frames, numbered through all clips.
    """

    clips: slice
    frames: slice
    rows: slice

    @property
    def shape(self) -> tuple[int, int]:
        """Number of clips, and of frames of each."""
        return self.clips.stop - self.clips.start, self.frames.stop - self.frames.start


class BlockTransform:
    """Frames of clips of equal size, block by block.

    Args:
        framing: where the frames lie.
        window: shape (framing.frame_length,), in the type of the audio.
        fft_size: samples of the transform.
        samples: samples of every clip, as they are stored.
        size: how many times the usual block a block is.
    """

    def __init__(
        self,
        framing: Framing,
        window: NDArray[Any],
        fft_size: int,
        samples: int,
        size: int = 1,
    ) -> None:
        self.window = window
        self.fft_size = fft_size
        self.count = framing.count(samples)
        self._most = max(4, size * _BLOCK // fft_size)
        reflects = framing.rule == "reflect"
        self._rule = framing.hop_length, framing.left, framing.least, reflects

    def blocks(self, start: int, stop: int) -> Iterator[Block]:
        """The blocks from one frame to another, all clips' frames being numbered through."""
        size = self._most
        while start < stop:
            clip, first = divmod(start, self.count)
            clips = min((stop - start) // self.count, size // self.count)
            frames = self.count
            if first > 0 or clips == 0:
                rest = min(self.count - first, stop - start)
                clips, frames = 1, -(-rest // -(-rest // size))  # parts of even size
            end = start + clips * frames
            yield Block(slice(clip, clip + clips), slice(first, first + frames), slice(start, end))
            start = end

    def borders(self, frames: int) -> list[int]:
        """The frames with which the blocks of so many begin."""
        return [block.rows.start for block in self.blocks(0, frames)]

    def spectra(self, sides: list[Audio], block: Block) -> NDArray[Any]:
        """Coefficients of the frames of a block, shape (sides, frames, bins)."""
        from sot.spectra._frame_kernels import cut_frames

        make = np.empty if len(self.window) == self.fft_size else np.zeros
        cut = make((len(sides), *block.shape, self.fft_size), self.window.dtype)
        for side, room in zip(sides, cut, strict=True):
            cut_frames(side.samples, *self._place(block), side.lengths, self.window, room)
        rows = torch.from_numpy(cut.reshape(-1, self.fft_size))
        spectra: NDArray[Any] = torch.fft.rfft(rows).numpy()
        return spectra.reshape(len(sides), -1, spectra.shape[1])

    def reach(self, frames: slice, samples: int) -> slice:
        """Which samples of a clip of so many some frames touch, reflected ones among them."""
        hop_length, left, least, reflects = self._rule
        first = frames.start * hop_length - left
        stop = (frames.stop - 1) * hop_length - left + len(self.window)
        if reflects:
            last = max(samples, least) - 1
            first, stop = min(first, last - max(stop - last - 1, 0)), max(stop, 1 - first)
        first = min(max(first, 0), samples)
        return slice(first, min(max(stop, first), samples))

    def _place(self, block: Block) -> tuple[int, int, int, int, int, bool]:
        return block.clips.start, block.frames.start, *self._rule


class Audio(NamedTuple):
    """Clips of shape (clips, samples), and how many samples of each count, shape (clips,)."""

    samples: NDArray[Any]
    lengths: NDArray[np.int64]


class BlockTranspose:
    """The transpose of a :class:`BlockTransform`, put together from blocks.

    Args:
        transform: what it is the transpose of.
        lengths: samples of each clip that count, shape (clips,).
        total: the result, of shape (clips, samples). A clip is set to zeros by the thread that adds
            its first frame, so that it stays in the cache for the others.
    """

    def __init__(
        self, transform: BlockTransform, lengths: NDArray[np.int64], total: NDArray[Any]
    ) -> None:
        self._transform = transform
        self._lengths = lengths
        self._total = total
        # The inverse of a real transform counts every bin twice, except for the two that have no
        # mirror image. With those two doubled, half of it is the transpose.
        self._half = 0.5 * transform.window
        self._waiting: dict[int, tuple[int, slice, NDArray[Any]]] = {}

    def add(self, block: Block, spectrum: NDArray[Any], part: slice) -> None:
        """Add a block of (frames, bins), which is changed, of a part of all frames.

        Parts may be added in several threads, each in one. Frames of two parts can reach the same
        samples of a clip: what the later one adds to it is kept apart until the end.
        """
        from sot.spectra._frame_kernels import add_frames, double_ends

        transform = self._transform
        double_ends(spectrum, transform.fft_size // 2 if transform.fft_size % 2 == 0 else 0)
        frames = torch.fft.irfft(torch.from_numpy(spectrum), n=transform.fft_size, norm="forward")
        clip, sample, total = 0, 0, self._total
        if part.start % transform.count and block.clips.start == part.start // transform.count:
            clip, samples, total = self._apart(part)
            sample = samples.start
        elif block.frames.start == 0:
            total[block.clips] = 0.0
        add_frames(
            frames.numpy().reshape(*block.shape, -1),
            *transform._place(block),
            self._lengths,
            self._half,
            clip,
            sample,
            total,
        )

    def _apart(self, part: slice) -> tuple[int, slice, NDArray[Any]]:
        """For the clip that a part begins in: its number, samples of it, and what they get."""
        if part.start not in self._waiting:
            count = self._transform.count
            clip, first = divmod(part.start, count)
            frames = slice(first, min(first + part.stop - part.start, count))
            samples = self._transform.reach(frames, self._lengths[clip])
            piece = np.zeros((1, samples.stop - samples.start), self._total.dtype)
            self._waiting[part.start] = clip, samples, piece
        return self._waiting[part.start]

    def finish(self) -> None:
        """Add what waited; every thread is done."""
        for _, (clip, samples, piece) in sorted(self._waiting.items(), key=lambda item: item[0]):
            self._total[clip, samples] += piece[0]
