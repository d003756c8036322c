"""What a report shows of two recordings: over time, and of single frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sot import _checks
from sot.audio import Audio
from sot.losses import Frames, MultiResolutionSOTLoss, Wasserstein1DLoss, frame_by_frame
from sot.report.moves import Moves, moves_between
from sot.report.scale import Band, Scale

Array = NDArray[np.float64]

COLUMNS = 1000  # of pictures over time, at most
VIEWS = 360  # frames that can be looked at one by one, at most
GROUPS = 240  # of neighbouring bins in such a frame, at most
LINES = 80  # of the plan of such a frame, at most
#: Why a report takes no loss over time.
NO_FRAMES = "a loss over time compares bins over the whole clip, so it has no frames to show"
_LEAST = 0.002  # share of the energy of a frame below which a move is not drawn


@dataclass(frozen=True)
class Curve:
    """The loss over time.

    Attributes:
        label: which loss, where there are several.
        times: of the centres of frames in s, shape (frames,).
        cost: the loss of each frame, shape (frames,).
        votes: the weight of each, shape (frames,); the loss is the mean by these weights.
        weight: factor of this loss in the sum of several.
    """

    label: str
    times: Array
    cost: Array
    votes: Array
    weight: float

    def mean(self) -> float:
        """The mean by votes, times the factor."""
        total = float(self.votes.sum())
        return self.weight * float((self.cost * self.votes).sum()) / total if total > 0 else 0.0


@dataclass(frozen=True)
class View:
    """One frame: histograms over the bins, the largest moves between them, and what they cost.

    Attributes:
        time: of its centre in s.
        cost: the loss of the frame; None where it does not vote.
        move: mean move of its energy, None where there is none.
        reference: histogram, shape (bins,).
        estimate: likewise.
        sources: bins of the estimate from which energy moves, shape (entries,).
        targets: bins of the reference to which it moves, likewise.
        mass: how much, likewise.
    """

    time: float
    cost: float | None
    move: float | None
    reference: Array
    estimate: Array
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    mass: Array


@dataclass(frozen=True)
class Analysis:
    """What a report shows of two recordings.

    Attributes:
        scale: the axis of frequency.
        duration: of both in s.
        frames: number of frames.
        group: frames in a column of the pictures over time.
        stride: frames from one view to the next.
        span: time in s at which the first column begins and the last one ends.
        levels: mean spectra of the columns of reference and estimate, shape (2, columns, bins).
        moves: mean move of the energy of the estimate, shape (columns, bins); NaN without energy.
        curves: the loss over time, one for each resolution.
        views: single frames.
        channels: of the recordings; spectra, moves and views show the first one.
        weights: what the levels are.
    """

    scale: Scale
    duration: float
    frames: int
    group: int
    stride: int
    span: tuple[float, float]
    levels: Array
    moves: Array
    curves: list[Curve]
    views: list[View]
    channels: int
    weights: Literal["powers", "magnitudes", "compressed"]

    @property
    def band(self) -> Band:
        """The bins that are drawn."""
        energy = self.levels.sum(1)
        totals = energy.sum(1, keepdims=True)
        return self.scale.band((energy / np.where(totals > 0, totals, 1)).sum(0))


def analyse(loss: Wasserstein1DLoss | MultiResolutionSOTLoss, x: Audio, y: Audio) -> Analysis:
    """Look at a loss between two recordings frame by frame.

    Args:
        loss: over frequency, between audio signals. Of several resolutions the first is shown in
            detail.
        x: the reference.
        y: the estimate, with the channels, rate and samples of the reference.

    Raises:
        ValueError: a loss over time, or shapes that do not fit.
    """
    losses, weights = [loss], [1.0]
    if isinstance(loss, MultiResolutionSOTLoss):
        losses, weights = list(loss.loss_modules), list(loss.weights)  # type: ignore[arg-type]
    for one in losses:
        assert isinstance(one, Wasserstein1DLoss)
        if one.over_time:
            _checks.fail("dim", "-1 (frequency) for a report", -2, NO_FRAMES)
    detail = _Detail(losses[0], x)  # type: ignore[arg-type]
    curves = []
    for index, (one, weight) in enumerate(zip(losses, weights, strict=True)):
        assert isinstance(one, Wasserstein1DLoss)
        label = "" if len(losses) == 1 else f"{one.spectrum.framing.frame_length} samples"  # type: ignore[union-attr]
        curves.append(_curve(one, x, y, weight, label, detail if index == 0 else None))
    return detail.analysis(curves)


def frame_times(loss: Wasserstein1DLoss, frames: int, sample_rate: int) -> Array:
    """Centres of frames in s, shape (frames,)."""
    assert loss.spectrum is not None
    framing = loss.spectrum.framing
    first = framing.frame_length / 2 - framing.left
    return np.asarray((first + framing.hop_length * np.arange(frames)) / sample_rate)


def _curve(
    loss: Wasserstein1DLoss,
    x: Audio,
    y: Audio,
    weight: float,
    label: str,
    detail: _Detail | None,
) -> Curve:
    """The loss over time; every frame is shown to `detail` on the way."""
    costs, votes = [], []
    device = next(loss.buffers()).device
    for frames in frame_by_frame(loss, x.samples.to(device), y.samples.to(device)):
        frames = Frames(frames.start, *(part.cpu() for part in frames[1:]))
        total = frames.votes.sum(0)
        mean = (frames.cost * frames.votes).sum(0) / torch.where(total > 0, total, 1.0)
        costs.append(mean)
        votes.append(total)
        if detail is not None:
            detail.add(frames, mean, total)
    cost, vote = torch.cat(costs).double().numpy(), torch.cat(votes).double().numpy()
    return Curve(label, frame_times(loss, len(cost), x.sample_rate), cost, vote, weight)


class _Detail:
    """Gathers what is shown of the first channel at one resolution."""

    def __init__(self, loss: Wasserstein1DLoss, x: Audio) -> None:
        assert loss.spectrum is not None
        self.loss, self.audio = loss, x
        self.scale = Scale.of_loss(loss)
        self.frames = loss.spectrum.framing.count(x.samples.shape[-1])
        self.group = -(-self.frames // COLUMNS)
        self.stride = -(-self.frames // VIEWS)
        shape = (-(-self.frames // self.group), len(self.scale.positions))
        self.times = frame_times(loss, self.frames, x.sample_rate)
        self.levels = torch.zeros(2, *shape, dtype=torch.float64)
        self.moved = torch.zeros(shape, dtype=torch.float64)
        self.carried = torch.zeros(shape, dtype=torch.float64)
        self.views: list[View] = []

    def add(self, frames: Frames, cost: Tensor, votes: Tensor) -> None:
        """Take in some frames, their costs and votes."""
        index = torch.arange(len(cost)) + frames.start
        columns = index // self.group
        spectra = torch.stack([frames.reference[0], frames.estimate[0]]).double()
        self.levels.index_add_(1, columns, spectra)
        masses = frames.reference_mass[0], frames.estimate_mass[0]
        moves = moves_between(*masses, self.scale, not self.loss.quantile_lowpass)
        heard = (frames.votes[0] > 0)[:, None]
        moves = moves._replace(mass=torch.where(heard, moves.mass, 0.0))
        # So that the moves of a loud frame count for more in a column than those of a faint one.
        energy = spectra[1].sum(-1, keepdim=True)
        moved, carried = moves.by_source(spectra.shape[-1])
        self.moved.index_add_(0, columns, moved * energy)
        self.carried.index_add_(0, columns, carried * energy)
        means = moves.mean_distance()
        for row in torch.nonzero(index % self.stride == 0).flatten().tolist():
            voted = bool(votes[row] > 0)
            self.views.append(
                self._view(moves, row, masses, float(cost[row]) if voted else None, means)
            )

    def _view(
        self,
        moves: Moves,
        row: int,
        masses: tuple[Tensor, Tensor],
        cost: float | None,
        means: Tensor,
    ) -> View:
        kept = moves.mass[row] > 0
        sources, targets, mass = (
            part[row, kept].numpy() for part in (moves.sources, moves.targets, moves.mass)
        )
        reference, estimate = (side[row].double().numpy() for side in masses)
        move = float(means[row])
        return View(
            time=float(self.times[len(self.views) * self.stride]),
            cost=cost,
            move=None if np.isnan(move) else move,
            reference=reference,
            estimate=estimate,
            sources=sources,
            targets=targets,
            mass=mass,
        )

    def analysis(self, curves: list[Curve]) -> Analysis:
        """What has been gathered."""
        counts = torch.full((self.levels.shape[1],), float(self.group))
        counts[-1] = self.frames - self.group * (len(counts) - 1)
        moves = torch.where(self.carried > 0, self.moved / self.carried, torch.nan)
        assert self.loss.spectrum is not None
        half = self.loss.spectrum.framing.hop_length / self.audio.sample_rate / 2
        start, stop = (
            max(0.0, self.times[0] - half),
            min(self.audio.duration, self.times[-1] + half),
        )
        if self.frames == 1 or start >= stop:
            start, stop = 0.0, self.audio.duration
        return Analysis(
            self.scale,
            self.audio.duration,
            self.frames,
            self.group,
            self.stride,
            (float(start), float(stop)),
            (self.levels / counts[:, None]).numpy(),
            moves.numpy(),
            curves,
            self.views,
            self.audio.samples.shape[0],
            self._weights(),
        )

    def _weights(self) -> Literal["powers", "magnitudes", "compressed"]:
        if self.loss.log:
            return "compressed"
        return "powers" if self.loss.square_magnitude else "magnitudes"


def thinned(view: View, band: Band) -> dict[str, Any]:
    """A frame as numbers for the page: shares of energy in groups of neighbouring bins.

    Returns:
        'reference' and 'estimate', shares of the larger mass of the two, arrays (groups,); 'plan',
        rows of source and target, in ten-thousandths of the band, and thousandths of the energy.
    """
    total = max(view.reference.sum(), view.estimate.sum())
    total = total if total > 0 else 1.0
    starts = group_starts(band)
    shares = {
        name: np.add.reduceat(side[band.bins], starts - band.first) / total
        for name, side in (("reference", view.reference), ("estimate", view.estimate))
    }
    ends = np.stack([view.sources, view.targets])
    inside = np.all((ends >= band.first) & (ends <= band.last), axis=0)
    groups = np.searchsorted(starts, ends[:, inside], "right") - 1
    places = band.share(band.scale.positions[ends[:, inside]])
    return {**shares, "plan": _lines(groups, places, view.mass[inside] / total)}


def _lines(groups: NDArray[np.int64], places: Array, mass: Array) -> list[list[int]]:
    """Moves between groups, joined with their neighbours until they are few enough to be drawn.

    Args:
        groups: of sources and targets, shape (2, entries).
        places: of sources and targets in the band, likewise.
        mass: shares of the energy, shape (entries,).
    """
    while True:
        pairs, which = np.unique(groups, axis=1, return_inverse=True)
        which = which.reshape(-1)
        joined = np.bincount(which, mass, pairs.shape[1])
        if (joined >= _LEAST).sum() <= LINES:
            break
        groups = groups // 2
    means = [np.bincount(which, mass * side, len(joined)) for side in places]
    return [
        [*(round(10000 * float(mean[i] / joined[i])) for mean in means), round(1000 * joined[i])]
        for i in np.flatnonzero(joined >= _LEAST)
    ]


def group_starts(band: Band) -> NDArray[np.int64]:
    """The first bin of each group of neighbouring bins in a band."""
    bins = band.last - band.first + 1
    return np.arange(band.first, band.last + 1, -(-bins // GROUPS))
