"""Where the frames of a signal lie, and what stands beyond its ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from sot import _checks
from sot._dispatch import can_be_read
from sot._threads import share_rows

FramingRule = Literal["whole", "reflect", "zero", "end"]
FRAMINGS = ("whole", "reflect", "zero", "end")
Window = str | float | tuple[object, ...]
Array = NDArray[np.float64]
_WINDOWS = "the name of a SciPy window, or a tuple of name and parameters"


@dataclass(frozen=True)
class Framing:
    """The frames of a signal of `samples` samples.

    - 'whole': only frames wholly inside the signal. Up to hop_length - 1 trailing samples lie in
      no frame and get no gradient.
    - 'reflect': frames centred on every hop, the signal reflected beyond its ends.
    - 'zero': frames centred on every hop, zeros beyond the ends.
    - 'end': frames that start on every hop, zeros after the end, until the window has passed the
      last sample: ceil(samples / hop_length) frames.

    A signal that is too short for its rule is first zero-padded at its end: for 'whole' to one
    frame, for 'reflect' to the least that can be reflected, just over half of one.

    Args:
        rule: one of the four above.
        frame_length: samples under the window.
        hop_length: samples from one frame to the next.
        block_length: samples of the transform, in which the window is centred; it only decides
            how the centred rules round. Defaults to `frame_length`.

    Attributes:
        left: samples that the first frame reaches beyond the start of the signal.
        least: the number of samples to which a shorter signal is padded.
    """

    rule: FramingRule
    frame_length: int
    hop_length: int
    block_length: int = 0
    left: int = field(init=False, repr=False, compare=False)
    least: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _checks.choice("rule", self.rule, FRAMINGS)
        frame_length = _checks.integer("frame_length", self.frame_length)
        _checks.integer("hop_length", self.hop_length)
        if self.block_length != 0:
            _checks.integer("block_length", self.block_length, minimum=frame_length)
        # Every call of a loss asks for these several times.
        object.__setattr__(self, "left", self._left())
        object.__setattr__(self, "least", self._least())

    @property
    def _block(self) -> int:
        return self.block_length or self.frame_length

    def _left(self) -> int:
        if self.rule in ("whole", "end"):
            return 0
        return self._block // 2 - (self._block - self.frame_length) // 2

    def _least(self) -> int:
        if self.rule == "whole":
            return self.frame_length
        right = self.frame_length - self.left - self._block % 2
        return max(self.left, right) + 1 if self.rule == "reflect" else 1

    def count(self, samples: int) -> int:
        """Number of frames of a signal of this many samples."""
        samples = max(samples, self.least)
        if self.rule == "whole":
            return 1 + (samples - self.frame_length) // self.hop_length
        if self.rule == "end":
            return -(-samples // self.hop_length)
        return 1 + (samples - self._block % 2) // self.hop_length

    def counts(self, lengths: Tensor) -> Tensor:
        """:meth:`count` for each entry of an integer tensor."""
        lengths = lengths.clamp(min=self.least)
        if self.rule == "whole":
            return 1 + (lengths - self.frame_length) // self.hop_length
        if self.rule == "end":
            return (lengths + self.hop_length - 1) // self.hop_length
        return 1 + (lengths - self._block % 2) // self.hop_length

    def pad(self, audio: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Extend audio so that frame t covers samples [t * hop, t * hop + frame_length).

        Args:
            audio: shape (batch, channels, samples).
            lengths: true samples of each item, shape (batch,); what lies behind is ignored, and
                each item gets the frames that it would have by itself.

        Returns:
            Audio of shape (batch, channels, padded samples).
        """
        samples = audio.shape[-1]
        if lengths is not None:
            inside = torch.arange(samples, device=audio.device) < lengths.to(audio.device)[:, None]
            audio = torch.where(inside[:, None, :], audio, 0.0)
        if samples < self.least:
            audio = functional.pad(audio, (0, self.least - samples))
        frames = self.count(samples)
        wanted = (frames - 1) * self.hop_length + self.frame_length
        right = max(0, wanted - self.left - audio.shape[-1])
        if self.rule != "reflect":
            return functional.pad(audio, (self.left, right)) if self.left or right else audio
        if lengths is None:
            return functional.pad(audio, (self.left, right), mode="reflect")
        return self._reflected(audio, lengths.to(audio.device), self.left + audio.shape[-1] + right)

    def energies(self, audio: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Sum of the squared samples that lie under each frame, with silence beyond the ends.

        Args:
            audio: shape (batch, channels, samples).
            lengths: true samples of each item, shape (batch,).

        Returns:
            Shape (batch, channels, frames), float64, differentiable.
        """
        samples = audio.shape[-1]
        if can_be_read(audio) and not audio.requires_grad:
            return self._energies_of_samples(audio, lengths)
        squares = audio.double().square()
        if lengths is not None:
            inside = torch.arange(samples, device=audio.device) < lengths.to(audio.device)[:, None]
            squares = torch.where(inside[:, None, :], squares, 0.0)
        until = functional.pad(squares.cumsum(-1), (1, 0))
        frames = torch.arange(self.count(samples), device=audio.device)
        starts = frames * self.hop_length - self.left
        stops = (starts + self.frame_length).clamp(0, samples)
        return (until[..., stops] - until[..., starts.clamp(0, samples)]).clamp(min=0.0)

    def _energies_of_samples(self, audio: Tensor, lengths: Tensor | None) -> Tensor:
        """:meth:`energies` without derivatives."""
        from sot.spectra._frame_kernels import frame_energies

        batch, channels, samples = audio.shape
        clips = audio.reshape(-1, samples).numpy()
        ends = np.full(batch, samples) if lengths is None else lengths.numpy()
        ends = ends.repeat(channels)
        result = np.empty((len(clips), self.count(samples)))
        place = self.hop_length, self.left, self.frame_length

        def work(start: int, stop: int) -> None:
            frame_energies(clips[start:stop], ends[start:stop], *place, result[start:stop])

        share_rows(work, len(clips), samples)
        return torch.from_numpy(result).reshape(batch, channels, -1)

    def _reflected(self, audio: Tensor, lengths: Tensor, size: int) -> Tensor:
        """Reflect every item of a batch at its own end."""
        ends = lengths.clamp(min=self.least)
        period = (2 * (ends - 1)).clamp(min=1)[:, None]
        index = (torch.arange(size, device=audio.device) - self.left).abs() % period
        index = torch.where(index < ends[:, None], index, period - index)
        return audio.gather(-1, index[:, None, :].expand(-1, audio.shape[1], -1))


def window_samples(window: Window, length: int) -> Array:
    """A periodic SciPy window as a float64 array; SciPy is imported when a window is made."""
    from scipy.signal import get_window, windows

    if isinstance(window, bool):
        _checks.fail("window", _WINDOWS, window, kind=TypeError)
    try:
        with np.errstate(all="ignore"):
            samples = np.asarray(get_window(window, length, fftbins=True), dtype=np.float64)
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        remedy = f"see scipy.signal.get_window ({error})"
        if isinstance(window, str) and window not in windows.__all__:
            remedy = _checks.nearest(window, windows.__all__)
        _checks.fail("window", _WINDOWS, window, remedy)
    if not np.isfinite(samples).all():
        _checks.fail("window", "parameters that give finite samples", window)
    return samples
