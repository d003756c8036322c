"""What a loss compares in every frame of a recording, some frames at a time, for figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from sot import _checks
from sot._dispatch import without_autocast
from sot.losses._representation import Representation, sides
from sot.losses.spectral_transport import Wasserstein1DLoss
from sot.spectra import VQT, magnitude_or_power


class Frames(NamedTuple):
    """Some frames of a reference and an estimate, as :class:`~sot.Wasserstein1DLoss` sees them.

    Attributes:
        start: number of the first of them.
        reference: spectra, shape (channels, frames, bins).
        estimate: likewise.
        reference_mass: histograms by the loss's rule of masses, between which it moves energy,
            shape (channels, frames, bins).
        estimate_mass: likewise.
        cost: the loss of each frame, 0 where it does not vote, shape (channels, frames).
        votes: the weight of the vote of each frame, shape (channels, frames). The loss is the mean
            of `cost`, weighted by them.
    """

    start: int
    reference: Tensor
    estimate: Tensor
    reference_mass: Tensor
    estimate_mass: Tensor
    cost: Tensor
    votes: Tensor


def frame_by_frame(
    loss: Wasserstein1DLoss, x: Tensor, y: Tensor, block: int = 256
) -> Iterator[Frames]:
    """The frames of a reference and an estimate, `block` at a time, without gradients.

    Args:
        loss: between audio signals, over frequency.
        x: the reference, shape (channels, samples).
        y: the estimate, of the same shape.
        block: frames at a time. The spectra of so many are held at once (cqt, vqt: of all).

    Raises:
        ValueError: the loss takes spectrograms or transports over time, or the shapes do not fit.
        TypeError: a loss of another class, or input that is not a floating-point tensor. Like all
            errors of a generator, it is raised when the first frames are asked for.

    Example:
        >>> import torch
        >>> from sot import Wasserstein1DLoss
        >>> from sot.losses import frame_by_frame
        >>> loss = Wasserstein1DLoss()
        >>> x, y = torch.randn(1, 50000), torch.randn(1, 50000)
        >>> blocks = list(frame_by_frame(loss, x, y, block=100))
        >>> [blocks[0].cost.shape[1], blocks[1].start, blocks[1].cost.shape[1]]
        [100, 100, 92]
        >>> costs = torch.cat([frames.cost for frames in blocks], dim=1)
        >>> torch.testing.assert_close(costs.mean(), loss(x, y))
    """
    _checks.integer("block", block)
    if not isinstance(loss, Wasserstein1DLoss):
        _checks.fail("loss", "a Wasserstein1DLoss", loss, kind=TypeError)
    x, y = _checks.floating("x", x), _checks.floating("y", y)
    if loss.spectrum is None or loss.over_time:
        what = "dim=-2" if loss.over_time else "transform='identity'"
        _checks.fail("loss", "transport over frequency between audio signals", what)
    if x.ndim != 2:
        _checks.fail("x", "audio of shape (channels, samples)", x)
    if x.shape != y.shape:
        _checks.fail("y", f"audio of the shape (channels, samples) of x, {tuple(x.shape)}", y)
    with torch.no_grad():
        both = [_Side(loss, name, value) for name, value in (("x", x), ("y", y))]
        reference, estimate = (side.framed for side in both)
        votes = loss.votes(reference, estimate)
    for start in range(0, reference.frames, block):
        stop = min(start + block, reference.frames)
        with torch.no_grad(), without_autocast(x):
            first, second = (side.represented(start, stop) for side in both)
            some = None if votes is None else votes[0, :, start:stop]
            frames = _compared(loss, start, first, second, some)
        yield frames


class _Side:
    """The audio of one side, padded as its frames need it."""

    def __init__(self, loss: Wasserstein1DLoss, name: str, value: Tensor) -> None:
        assert loss.spectrum is not None
        self.loss, self.name, self.spectrum = loss, name, loss.spectrum
        self.framed = loss.framed(name, value[None])
        self.padded = self.spectrum.framing.pad(self.framed.samples)[0]
        # The VQT filters a recording as a whole. In parts it would round otherwise, and whether
        # next to nothing counts as silence could turn on that.
        self.whole = None
        if isinstance(self.spectrum, VQT):
            self.whole = self.spectrum.analyse(self.padded, self.framed.frames)

    def represented(self, start: int, stop: int) -> Representation:
        """Spectra (1, channels, frames, bins) of the frames from `start` to `stop`."""
        rows = self._analysed(start, stop) if self.whole is None else self.whole[:, start:stop]
        square = self.loss.square_magnitude
        return self.loss.placed(self.name, Representation(rows[None], square, None, None, True))

    def _analysed(self, start: int, stop: int) -> Tensor:
        framing = self.spectrum.framing
        first, last = start * framing.hop_length, (stop - 1) * framing.hop_length
        under = self.padded[:, first : last + framing.frame_length]
        return self.spectrum.analyse(under, stop - start)


def _compared(
    loss: Wasserstein1DLoss,
    start: int,
    reference: Representation,
    estimate: Representation,
    votes: Tensor | None,
) -> Frames:
    x, y, x_positions, y_positions = sides(reference, estimate)
    cost, own_votes = loss.costs(x, y, x_positions, y_positions)
    x, y = magnitude_or_power(x, reference.square), magnitude_or_power(y, estimate.square)
    u, v, _ = loss.mass_rule(x, y)
    weights = own_votes[0].to(torch.float64)
    weights = weights if votes is None else weights * votes
    cost = torch.where(weights > 0, cost[0], 0.0)
    return Frames(start, x[0], y[0], u[0], v[0], cost, weights)
