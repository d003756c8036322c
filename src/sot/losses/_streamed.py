"""The streamed path: from the audio of both sides to summed costs, some frames at a time.

Frames, their spectra and the gradients of these stay in the processor's cache; only the audio and
its gradient go through memory. That works because the costs of a clip are summed here: every frame
then has the same part in the gradient of its clip.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sot._dispatch import kernels_serve
from sot._operators import Operator
from sot._threads import scaled_rows, share_rows
from sot.losses._mass import MassRule
from sot.losses._replaced import positive_root
from sot.losses._steps import cost_in_steps
from sot.spectra import (
    Audio,
    BlockFilters,
    BlockTransform,
    BlockTranspose,
    Framing,
    FramingRule,
    above_floor,
    filtered_spectrum,
    magnitude_or_power,
    transformed_frames,
)
from sot.transport import highest_level
from sot.transport._grids import extended, kind_of_grid


class Analysis(NamedTuple):
    """From audio to the bins that count.

    Attributes:
        rule: where the frames lie, see :class:`sot.spectra.Framing`.
        hop_length: samples from one frame to the next.
        fft_size: samples of the transform, at least as many as the window has.
        first_bin: the first bin that counts; as many count as there are positions.
        square: bins count by their powers, otherwise by their magnitudes.
        noise_floor: how many times the median of a frame is taken off its bins.
        salient: filters are combs, and what counts is the salience that they find.
    """

    rule: FramingRule
    hop_length: int
    fft_size: int
    first_bin: int
    square: bool
    noise_floor: float
    salient: bool


class Bins(NamedTuple):
    """The bins that count.

    Attributes:
        positions: sorted, shape (bins,).
        gains: factor of the weight of each, shape (bins,); 1 behind filters.
        filters: through which the bins of the transform are seen, shape (bins of the transform,
            bins); empty if these are themselves the bins that count.
    """

    positions: Tensor
    gains: Tensor
    filters: Tensor


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
    votes: Tensor | None,
    window: Tensor,
    bins: Bins,
    analysis: Analysis,
    how: Transport,
) -> tuple[Tensor, Tensor]:
    """Weighted sum of the transport costs of the frames of each clip, and that of their votes.

    Args:
        x: reference, audio of shape (clips, samples).
        y: estimate, likewise, of the same type.
        x_lengths: samples of each clip of x that count, shape (clips,).
        y_lengths: likewise for y.
        x_levels: what :func:`running_levels` gives for x, if it is known.
        votes: weight of the vote of each frame, shape (clips, frames), float64; 1 by default.
        window: shape (frame_length,).
        bins: the bins that count.
        analysis: how frames and bins come from audio.
        how: how costs come from spectra.

    Returns:
        Two tensors of shape (clips,).
    """
    gradients = torch.is_grad_enabled()
    cost, total, _, _ = streamed(
        x,
        y,
        x_lengths,
        y_lengths,
        x.new_empty(0, 0, dtype=torch.float64) if x_levels is None else x_levels,
        x.new_empty(0, 0, dtype=torch.float64) if votes is None else votes,
        window,
        *bins,
        *analysis,
        *how,
        gradients and x.requires_grad,
        gradients and y.requires_grad,
    )
    return cost, total


def running_levels(
    x: Tensor, lengths: Tensor, window: Tensor, bins: Bins, analysis: Analysis
) -> Tensor:
    """Running sums of the weights in every frame, shape (clips * frames, bins), float64."""
    from sot.losses import _fused_kernels as kernels

    audio, transform = _audio(x, lengths), _transform(x, window, bins, analysis)
    filters, how, floor = _filters(bins, analysis)
    levels = np.empty((x.shape[0] * transform.count, len(bins.positions)))
    gains = bins.gains.numpy().astype(np.float64)

    def work(start: int, stop: int) -> None:
        for block in transform.blocks(start, stop):
            (spectrum,) = transform.spectra([audio], block)
            if filters is not None:
                spectrum = filters(spectrum).spectra
            sums = levels[block.rows]
            kernels.level_rows(kernels.parts(spectrum), how, analysis.first_bin, gains, floor, sums)

    share_rows(work, len(levels), analysis.fft_size, transform.borders(len(levels)))
    return torch.from_numpy(levels)


def _audio(x: Tensor, lengths: Tensor) -> Audio:
    # The kernels do not look whether they may read.
    counts = np.minimum(np.maximum(lengths.numpy(), 0), x.shape[1])
    return Audio(x.detach().contiguous().numpy(), counts)


def _transform(x: Tensor, window: Tensor, bins: Bins, analysis: Analysis) -> BlockTransform:
    framing, samples = _framing(window, analysis), window.detach().numpy()
    size = 2 if bins.filters.numel() else 1  # products with filters are better in larger blocks
    return BlockTransform(framing, samples, analysis.fft_size, x.shape[1], size)


def _framing(window: Tensor, analysis: Analysis) -> Framing:
    return _known_framing(analysis.rule, window.shape[0], analysis.hop_length, analysis.fft_size)


_known_framing = functools.lru_cache(maxsize=64)(Framing)


def _filters(bins: Bins, analysis: Analysis) -> tuple[BlockFilters | None, int, float]:
    """Filters, if there are any; how what is compared becomes weights, and the floor below it."""
    from sot.losses import _fused_kernels as kernels

    square, salient, floor = analysis.square, analysis.salient, analysis.noise_floor
    if bins.filters.numel():
        return BlockFilters(bins.filters.detach(), square, salient, floor), kernels.AS_IT_IS, 0.0
    return None, kernels.POWER if square else kernels.MAGNITUDE, floor


def _streamed(
    x: Tensor,
    y: Tensor,
    x_lengths: Tensor,
    y_lengths: Tensor,
    x_levels: Tensor,
    votes: Tensor,
    window: Tensor,
    positions: Tensor,
    gains: Tensor,
    filters: Tensor,
    rule: str,
    hop_length: int,
    fft_size: int,
    first_bin: int,
    square: bool,
    noise_floor: float,
    salient: bool,
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
    """Costs and votes of each clip, and the derivatives of the costs where they are wanted."""
    from sot.losses import _fused_kernels as kernels

    analysis = Analysis(rule, hop_length, fft_size, first_bin, square, noise_floor, salient)  # type: ignore[arg-type]
    bins = Bins(positions, gains, filters)
    transform = _transform(x, window, bins, analysis)
    through, how, floor = _filters(bins, analysis)
    sides, levels = [_audio(x, x_lengths), _audio(y, y_lengths)], x_levels.numpy()
    known = len(levels) > 0
    hows = [kernels.LEVELS if known else how, how]
    factors = gains.numpy().astype(np.float64)
    at, top = extended(positions.detach().numpy()[None]), highest_level(cut, x.dtype)
    grid = kind_of_grid(at, at, p, cut, torch.finfo(positions.dtype).eps)
    ballots = votes.numpy().flatten() if votes.numel() else np.ones(len(x) * transform.count)
    costs = np.zeros(len(ballots))
    totals = [
        np.empty(side.samples.shape if wanted else (0, 0), side.samples.dtype)
        for side, wanted in zip(sides, (with_x, with_y), strict=True)
    ]
    gradients = [
        BlockTranspose(transform, side.lengths, total) if total.size else None
        for side, total in zip(sides, totals, strict=True)
    ]

    last_bin = first_bin + len(positions)

    def room(spectrum: NDArray[Any]) -> NDArray[Any]:
        """Where the derivative goes: zero for the bins that do not count."""
        slope: NDArray[Any] = torch.empty_like(torch.from_numpy(spectrum)).numpy()
        slope[:, :first_bin] = 0.0
        slope[:, last_bin:] = 0.0
        return slope

    def work(start: int, stop: int) -> None:
        for block in transform.blocks(start, stop):
            spectra = list(transform.spectra(sides[known:], block))
            filtered = [] if through is None else [through(spectrum) for spectrum in spectra]
            spectra = [found.spectra for found in filtered] or spectra
            if known:
                spectra.insert(0, spectra[0][:0])
            slopes = [
                spectrum[:0] if gradient is None else room(spectrum)
                for spectrum, gradient in zip(spectra, gradients, strict=True)
            ]
            kernels.fused_rows(
                *map(kernels.parts, spectra), levels[block.rows], at, at,
                *hows, first_bin, first_bin, factors, floor, p, top, grid, root,
                normalize, balanced, silent_frames_vote, eps,
                costs[block.rows], ballots[block.rows],
                *map(kernels.parts, slopes), 0, len(spectra[1]),
            )  # fmt: skip
            for side, (gradient, slope) in enumerate(zip(gradients, slopes, strict=True)):
                if gradient is None:
                    continue
                if through is not None:
                    slope = through.derivative(filtered[side - known], slope)
                gradient.add(block, slope, slice(start, stop))

    share_rows(work, len(ballots), fft_size, transform.borders(len(ballots)))
    for gradient in gradients:
        if gradient is not None:
            gradient.finish()
    with np.errstate(over="ignore", invalid="ignore"):  # what is beyond the precision is infinite
        counted = np.where(ballots > 0, ballots * costs, 0.0)
        cost, total = (
            torch.from_numpy(frames.reshape(len(x), -1).sum(1).astype(totals[0].dtype))
            for frames in (counted, ballots)
        )
    return cost, total, torch.from_numpy(totals[0]), torch.from_numpy(totals[1])


def _fake(x: Tensor, y: Tensor, *settings: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    with_x, with_y = settings[-2:]
    return (
        x.new_empty(x.shape[0]),
        x.new_empty(x.shape[0]),
        x.new_empty(x.shape if with_x else (0, 0)),
        y.new_empty(y.shape if with_y else (0, 0)),
    )


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    x, y, x_lengths, y_lengths, _, *tensors = inputs[:10]
    *settings, with_x, with_y = inputs[10:]
    ctx.set_materialize_grads(False)  # no zeros for the outputs that nobody differentiates
    ctx.analysis, ctx.how = Analysis(*settings[:7]), Transport(*settings[7:])
    ctx.wanted = (with_x, with_y)
    ctx.save_for_backward(x, y, x_lengths, y_lengths, *tensors, *output[2:])


def _backward(ctx: Any, grad: Tensor | None, *_: Any) -> tuple[Tensor | None, ...]:
    if grad is None:
        return (None,) * 26
    *tensors, x_slopes, y_slopes = ctx.saved_tensors  # once: checkpointing allows no more
    if torch.is_grad_enabled() and not torch.compiler.is_compiling():
        # Somebody will differentiate once more: hand out derivatives that can be.
        sides = [side for side, wanted in zip(tensors[:2], ctx.wanted, strict=True) if wanted]
        with torch.autocast(grad.device.type, enabled=False):
            cost = _in_steps(ctx.analysis, ctx.how, *tensors)
            found = iter(torch.autograd.grad(cost, sides, grad, create_graph=True))
        grads = [next(found) if wanted else None for wanted in ctx.wanted]
    else:
        grads = [
            scaled_rows(slopes, grad) if wanted else None
            for slopes, wanted in zip((x_slopes, y_slopes), ctx.wanted, strict=True)
        ]
    return *grads, *(None,) * 24


streamed = Operator("sot::streamed_cost", _streamed, _fake, _setup, _backward)


def _in_steps(
    analysis: Analysis,
    how: Transport,
    x: Tensor,
    y: Tensor,
    x_lengths: Tensor,
    y_lengths: Tensor,
    votes: Tensor,
    window: Tensor,
    positions: Tensor,
    gains: Tensor,
    filters: Tensor,
) -> Tensor:
    """The summed costs of :func:`streamed_cost` by operators that can be differentiated twice."""
    framing, fft_size = _framing(window, analysis), analysis.fft_size
    count = framing.count(x.shape[1])
    band = slice(analysis.first_bin, analysis.first_bin + len(positions))

    def weights(side: Tensor, lengths: Tensor) -> Tensor:
        padded = framing.pad(side[:, None], lengths).squeeze(1)
        spectrum = transformed_frames(padded, window, fft_size, framing.hop_length, count)
        if filters.numel():
            square, floor = analysis.square, analysis.noise_floor
            return filtered_spectrum(spectrum, filters, square, analysis.salient, floor)
        weights = magnitude_or_power(spectrum[..., band], analysis.square)
        return above_floor(weights, analysis.noise_floor) * gains

    rule = MassRule(how.normalize, how.balanced, how.eps, how.silent_frames_vote)
    cost, voting = cost_in_steps(
        weights(x, x_lengths),
        weights(y, y_lengths),
        positions,
        positions,
        False,
        rule,
        how.p,
        how.cut,
    )
    if how.root:
        cost = positive_root(cost, how.p)
    cost = torch.where(voting, cost, 0.0)
    return (cost * votes if votes.numel() else cost).sum(-1)
