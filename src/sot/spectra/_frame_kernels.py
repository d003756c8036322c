"""Compiled kernels that cut audio into windowed frames, and add frames up again.

Nothing is padded beforehand: a frame that reaches beyond a clip looks up what stands there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sot._compiled import compiled, inner


@inner
def _place(at: int, end: int, reflects: bool) -> int:
    """The sample that stands at a place that may lie outside a clip; -1 if there is silence."""
    if at >= 0 and at < end:
        return at
    if not reflects:
        return -1
    period = max(2 * (end - 1), 1)
    at = abs(at) % period
    return at if at < end else period - at


@compiled
def cut_frames(
    signal: Any, clip: int, first: int, hop_length: int, left: int, least: int, reflects: bool,
    lengths: Any, window: Any, frames: Any,
) -> None:  # fmt: skip
    """Windowed frames of consecutive clips.

    Args:
        signal: shape (clips, samples).
        clip: the first clip.
        first: the first frame of each clip.
        hop_length: samples from one frame to the next.
        left: samples by which frame 0 reaches beyond the start.
        least: samples that a shorter clip is extended to with silence.
        reflects: clips are reflected beyond their ends; otherwise there is silence.
        lengths: samples of each clip, shape (clips,).
        window: shape (frame_length,).
        frames: result of shape (clips from the first, frames of each, at least frame_length); what
            lies beyond the window is left as it is.
    """
    for row in range(frames.shape[0]):
        length = lengths[clip + row]
        for frame in range(frames.shape[1]):
            start = (first + frame) * hop_length - left
            if start >= 0 and start + len(window) <= length:
                samples = signal[clip + row, start : start + len(window)]
                for i in range(len(window)):
                    frames[row, frame, i] = samples[i] * window[i]
            else:
                for i in range(len(window)):
                    place = _place(start + i, max(length, least), reflects)
                    sample = signal[clip + row, place] if 0 <= place < length else 0.0
                    frames[row, frame, i] = sample * window[i]


@compiled
def add_frames(
    frames: Any, clip: int, first: int, hop_length: int, left: int, least: int, reflects: bool,
    lengths: Any, window: Any, first_clip: int, first_sample: int, total: Any,
) -> None:  # fmt: skip
    """The transpose of :func:`cut_frames`, added to `total`.

    Args:
        frames: shape (clips from the first, frames of each, at least frame_length).
        clip: see :func:`cut_frames`, and so the next seven.
        first: likewise.
        hop_length: likewise.
        left: likewise.
        least: likewise.
        reflects: likewise.
        lengths: likewise.
        window: likewise.
        first_clip: the clip in the first row of `total`.
        first_sample: the sample in its first column.
        total: shape (clips, samples); it has to hold all that the frames reach.
    """
    for row in range(frames.shape[0]):
        length, to = lengths[clip + row], clip + row - first_clip
        for frame in range(frames.shape[1]):
            start = (first + frame) * hop_length - left
            if start >= 0 and start + len(window) <= length:
                at = start - first_sample
                samples = total[to, at : at + len(window)]
                for i in range(len(window)):
                    samples[i] += frames[row, frame, i] * window[i]
            else:
                for i in range(len(window)):
                    place = _place(start + i, max(length, least), reflects)
                    if 0 <= place < length:
                        total[to, place - first_sample] += frames[row, frame, i] * window[i]


@compiled
def double_ends(spectra: Any, last: int) -> None:
    """Double bin 0 and bin `last` of every spectrum; only bin 0 if that is the last."""
    for row in range(spectra.shape[0]):
        spectra[row, 0] += spectra[row, 0]
        if last > 0:
            spectra[row, last] += spectra[row, last]


@inner
def _energy(samples: Any, start: int, stop: int) -> Any:
    """Sum of the squares of the samples from one to another, with silence beyond the ends."""
    part = samples[max(start, 0) : max(min(stop, len(samples)), 0)]
    total = 0.0
    for i in range(len(part)):
        sample = np.float64(part[i])  # float() leaves single precision what it is
        total += sample * sample
    return total


@compiled
def frame_energies(
    signal: Any, lengths: Any, hop_length: int, left: int, frame_length: int, result: Any
) -> None:
    """Sum of the squared samples under each frame.

    Args:
        signal: shape (clips, samples).
        lengths: samples of each clip that count, shape (clips,).
        hop_length: samples from one frame to the next.
        left: samples by which frame 0 reaches beyond the start.
        frame_length: samples of a frame.
        result: shape (clips, frames), float64.
    """
    # A frame is some whole hops, and the first samples of one more.
    whole, rest = frame_length // hop_length, frame_length % hop_length
    hops = result.shape[1] + whole
    until, begun = np.empty(hops + 1), np.empty(hops)
    for clip in range(signal.shape[0]):
        samples = signal[clip, : lengths[clip]]
        until[0] = 0.0
        for hop in range(hops):
            start = hop * hop_length - left
            begun[hop] = _energy(samples, start, start + rest)
            until[hop + 1] = until[hop] + begun[hop]
            until[hop + 1] += _energy(samples, start + rest, start + hop_length)
        for frame in range(result.shape[1]):
            result[clip, frame] = until[frame + whole] - until[frame]
            if rest > 0:
                result[clip, frame] += begun[frame + whole]
