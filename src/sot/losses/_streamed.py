"""The streamed path: from the audio of both sides to summed costs, some frames at a time.

Frames, their spectra and the gradients of these stay in the processor's cache; only the audio and
its gradient go through memory. That works because the costs of a clip are summed here: every frame
then has the same part in the gradient of its clip.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from sot._dispatch import kernels_serve
from sot._threads import scaled_rows, share_rows
from sot.losses._fused import unfused_cost
from sot.losses._mass import MassRule
from sot.losses._replaced import positive_root
from sot.spectra import (
    Audio,
    BlockTransform,
    BlockTranspose,
    Framing,
    FramingRule,
    transformed_frames,
)
from sot.transport import highest_level


class Analysis(NamedTuple):
    """From audio to the bins that count.

    Attributes:
        rule: where the frames lie, see :class:`sot.spectra.Framing`.
        hop_length: samples from one frame to the next.
        fft_size: samples of the transform, at least as many as the window has.
        first_bin: the first bin that counts; as many count as there are positions.
        square: bins count by their powers, otherwise by their magnitudes.
    """

    rule: FramingRule
    hop_length: int
    fft_size: int
    first_bin: int
    square: bool


class Transport(NamedTuple):
    """How costs come from spectra: see :class:`sot.losses._mass.MassRule` for the first four.

    Attributes:
        p: exponent of the ground cost.
        root: take the p-th root of the cost of a frame.
        cut: leave out levels above 1.
    """

    normalize: bool
    balanced: bool
    silent_frames_vote: bool
    eps: float
    p: float
    root: bool
    cut: bool


def can_stream(x: Tensor, y: Tensor) -> bool:
    """Whether two signals are of one type, and the kernels serve."""
    return x.dtype == y.dtype and kernels_serve(x, y)


def streamed_cost(
    x: Tensor,
    y: Tensor,
    x_lengths: Tensor,
    y_lengths: Tensor,
    x_levels: Tensor | None,
    window: Tensor,
    positions: Tensor,
    analysis: Analysis,
    how: Transport,
) -> tuple[Tensor, Tensor]:
    """Sum of the transport costs of the frames of each clip, and how many frames vote.

    Args:
        x: reference, audio of shape (clips, samples).
        y: estimate, likewise, of the same type.
        x_lengths: samples of each clip of x that count, shape (clips,).
        y_lengths: likewise for y. Frames inside both clips may vote.
        x_levels: what :func:`running_levels` gives for x, if it is known.
        window: shape (frame_length,).
        positions: sorted positions of the bins that count, shape (bins,).
        analysis: how frames and bins come from audio.
        how: how costs come from spectra.

    Returns:
        Two tensors of shape (clips,).
    """
    gradients = torch.is_grad_enabled()
    cost, votes, _, _ = streamed(
        x,
        y,
        x_lengths,
        y_lengths,
        x.new_empty(0, 0, dtype=torch.float64) if x_levels is None else x_levels,
        window,
        positions,
        *analysis,
        *how,
        gradients and x.requires_grad,
        gradients and y.requires_grad,
    )
    return cost, votes


def running_levels(
    x: Tensor, lengths: Tensor, window: Tensor, bins: int, analysis: Analysis
) -> Tensor:
    """Running sums of the weights in every frame, shape (clips * frames, bins), float64."""
    from sot.losses import _fused_kernels as kernels

    audio, transform = _audio(x, lengths), _transform(x, window, analysis)
    levels = np.empty((x.shape[0] * transform.count, bins))
    how = kernels.POWER if analysis.square else kernels.MAGNITUDE

    def work(start: int, stop: int) -> None:
        for block in transform.blocks(start, stop):
            (spectrum,) = transform.spectra([audio], block)
            kernels.level_rows(spectrum, how, analysis.first_bin, levels[block.rows])

    share_rows(work, len(levels), analysis.fft_size)
    return torch.from_numpy(levels)


def _audio(x: Tensor, lengths: Tensor) -> Audio:
    return Audio(x.detach().contiguous().numpy(), lengths.numpy())


def _transform(x: Tensor, window: Tensor, analysis: Analysis) -> BlockTransform:
    framing = _framing(window, analysis)
    return BlockTransform(framing, window.detach().numpy(), analysis.fft_size, x.shape[1])


def _framing(window: Tensor, analysis: Analysis) -> Framing:
    return Framing(analysis.rule, window.shape[0], analysis.hop_length, analysis.fft_size)


@torch.library.custom_op("sot::streamed_cost", mutates_args=())
def streamed(
    x: Tensor,
    y: Tensor,
    x_lengths: Tensor,
    y_lengths: Tensor,
    x_levels: Tensor,
    window: Tensor,
    positions: Tensor,
    rule: str,
    hop_length: int,
    fft_size: int,
    first_bin: int,
    square: bool,
    normalize: bool,
    balanced: bool,
    silent_frames_vote: bool,
    eps: float,
    p: float,
    root: bool,
    cut: bool,
    with_x: bool,
    with_y: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Cost and votes of each clip, and the derivatives of the cost where they are wanted."""
    from sot.losses import _fused_kernels as kernels
    from sot.transport._kernels import extended, kind_of_grid

    analysis = Analysis(rule, hop_length, fft_size, first_bin, square)  # type: ignore[arg-type]
    transform = _transform(x, window, analysis)
    sides, levels = [_audio(x, x_lengths), _audio(y, y_lengths)], x_levels.numpy()
    known = len(levels) > 0
    hows = [kernels.POWER if square else kernels.MAGNITUDE] * 2
    if known:
        hows[0] = kernels.LEVELS
    bins = (0 if known else first_bin, first_bin)
    at, top = extended(positions.detach().numpy()[None]), highest_level(cut, x.dtype)
    grid = kind_of_grid(at, at, p, cut)
    votes = _inside(transform.framing, transform.count, x_lengths, y_lengths).flatten().numpy()
    costs = np.zeros(len(votes))
    totals = [
        np.zeros(side.samples.shape if wanted else (0, 0), side.samples.dtype)
        for side, wanted in zip(sides, (with_x, with_y), strict=True)
    ]
    gradients = [
        BlockTranspose(transform, side.lengths, total) if total.size else None
        for side, total in zip(sides, totals, strict=True)
    ]

    room = np.empty_like if len(positions) == fft_size // 2 + 1 else np.zeros_like

    def work(start: int, stop: int) -> None:
        for block in transform.blocks(start, stop):
            spectra = list(transform.spectra(sides[known:], block))
            if known:
                spectra.insert(0, levels[block.rows])
            slopes = [
                spectrum[:0] if gradient is None else room(spectrum)
                for spectrum, gradient in zip(spectra, gradients, strict=True)
            ]
            kernels.fused_rows(
                *spectra, at, at, *hows, *bins, p, top, grid, root,
                normalize, balanced, silent_frames_vote, eps,
                costs[block.rows], votes[block.rows], *slopes, 0, len(spectra[1]),
            )  # fmt: skip
            for gradient, slope in zip(gradients, slopes, strict=True):
                if gradient is not None:
                    gradient.add(block, slope, start)

    share_rows(work, len(votes), fft_size)
    for gradient in gradients:
        if gradient is not None:
            gradient.finish()
    cost = torch.from_numpy(costs.reshape(len(x), -1).sum(1)).to(x.dtype)
    voting = torch.from_numpy(votes.reshape(len(x), -1).sum(1))
    return cost, voting, torch.from_numpy(totals[0]), torch.from_numpy(totals[1])


@streamed.register_fake
def _(x: Tensor, y: Tensor, *settings: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    with_x, with_y = settings[-2:]
    return (
        x.new_empty(x.shape[0]),
        x.new_empty(x.shape[0], dtype=torch.int64),
        x.new_empty(x.shape if with_x else (0, 0)),
        y.new_empty(y.shape if with_y else (0, 0)),
    )


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    x, y, x_lengths, y_lengths, _, window, positions, *settings, with_x, with_y = inputs
    ctx.set_materialize_grads(False)  # no zeros for the outputs that nobody differentiates
    ctx.analysis, ctx.how = Analysis(*settings[:5]), Transport(*settings[5:])
    ctx.wanted = (with_x, with_y)
    ctx.save_for_backward(x, y, x_lengths, y_lengths, window, positions, *output[2:])


def _backward(ctx: Any, grad: Tensor | None, *_: Any) -> tuple[Tensor | None, ...]:
    if grad is None:
        return (None,) * 21
    tensors, (x_slopes, y_slopes) = ctx.saved_tensors[:6], ctx.saved_tensors[6:]
    if torch.is_grad_enabled() and not torch.compiler.is_compiling():
        # Somebody will differentiate once more: hand out derivatives that can be.
        cost = _in_steps(ctx.analysis, ctx.how, *tensors)
        sides = [side for side, wanted in zip(tensors[:2], ctx.wanted, strict=True) if wanted]
        found = iter(torch.autograd.grad(cost, sides, grad, create_graph=True))
        grads = [next(found) if wanted else None for wanted in ctx.wanted]
    else:
        grads = [
            scaled_rows(slopes, grad) if wanted else None
            for slopes, wanted in zip((x_slopes, y_slopes), ctx.wanted, strict=True)
        ]
    return *grads, *(None,) * 19


streamed.register_autograd(_backward, setup_context=_setup)


def _in_steps(
    analysis: Analysis,
    how: Transport,
    x: Tensor,
    y: Tensor,
    x_lengths: Tensor,
    y_lengths: Tensor,
    window: Tensor,
    positions: Tensor,
) -> Tensor:
    """The summed costs of :func:`streamed_cost` by operators that can be differentiated twice."""
    framing, fft_size = _framing(window, analysis), analysis.fft_size
    count = framing.count(x.shape[1])
    band = slice(analysis.first_bin, analysis.first_bin + len(positions))

    def spectrum(side: Tensor, lengths: Tensor) -> Tensor:
        padded = framing.pad(side[:, None], lengths).squeeze(1)
        return transformed_frames(padded, window, fft_size, framing.hop_length, count)[..., band]

    rule = MassRule(how.normalize, how.balanced, how.eps, how.silent_frames_vote)
    cost, votes = unfused_cost(
        spectrum(x, x_lengths),
        spectrum(y, y_lengths),
        positions,
        positions,
        analysis.square,
        rule,
        how.p,
        how.cut,
    )
    if how.root:
        cost = positive_root(cost, how.p)
    inside = _inside(framing, count, x_lengths, y_lengths)
    return torch.where(votes & inside, cost, 0.0).sum(-1)


def _inside(framing: Framing, count: int, *lengths: Tensor) -> Tensor:
    """Whether a frame lies inside its clip on every side, shape (clips, frames)."""
    frames = torch.stack([framing.counts(side) for side in lengths]).amin(0)
    return torch.arange(count) < frames[:, None]
