"""A loss between the levels of two signals over time, to go with losses that are blind to them."""

from __future__ import annotations

import torch
from torch import Tensor

from sot import _checks
from sot.losses._base import AudioLoss
from sot.losses._reduction import Reduction, checked_reduction, reduce_frames
from sot.losses._representation import FramedAudio, first_rows, split_audio
from sot.spectra import FRAMINGS, Framing, FramingRule


class LevelLoss(AudioLoss[FramedAudio]):
    """Mean squared difference of the levels of two signals, frame by frame, in bels.

    A balanced transport loss compares the shapes of spectra only: a signal and its half cost
    nothing. This term sees nothing else: 20 dB of difference cost 4, 1 dB costs 0.01. Add it with a
    small weight by :class:`~sot.WeightedSum`.

    Args:
        frame_length: samples of a frame.
        hop_length: samples from one frame to the next.
        floor_db: power per sample, in dB relative to 1, that is added to both sides, so that
            silence has a level; from -300 to 300.
        framing: see :class:`~sot.spectra.Framing`.
        reduction: 'mean' over all frames, 'sum', 'batch' for the mean of each item, or 'none' for
            one value per frame.
        validate: check the values of the input; None checks eager CPU tensors only.

    Raises:
        ValueError: a setting out of range or of no known name.
        TypeError: a setting of the wrong type.

    Example:
        >>> import torch
        >>> from sot import LevelLoss
        >>> tone = torch.sin(torch.arange(16000) / 10)
        >>> loud_and_soft = LevelLoss()(tone, 0.1 * tone)  # 20 dB, 2 bels
        >>> round(loud_and_soft.item(), 3)
        4.0
    """

    def __init__(
        self,
        frame_length: int = 2048,
        hop_length: int = 512,
        floor_db: float = -100.0,
        *,
        framing: FramingRule = "whole",
        reduction: Reduction = "mean",
        validate: bool | None = None,
    ) -> None:
        super().__init__()
        _checks.choice("framing", framing, FRAMINGS)
        self.framing = Framing(
            framing,
            _checks.frame_samples("frame_length", frame_length),
            _checks.integer("hop_length", hop_length),
        )
        self.floor_db = _checks.number("floor_db", floor_db, minimum=-300, maximum=300)
        self.reduction = checked_reduction(reduction, None)
        self.validate = None if validate is None else _checks.flag("validate", validate)

    def forward(self, x: Tensor, y: Tensor, *, lengths: Tensor | None = None) -> Tensor:
        """The loss between a reference and an estimate.

        Args:
            x: audio (samples,), (batch, samples) or (batch, channels, samples).
            y: audio of the same shape. Gradients flow to either.
            lengths: samples of each item of a padded batch, shape (batch,).

        Returns:
            The reduced loss, in float32 at least.

        Raises:
            ValueError: shapes that do not fit, or NaN or infinite audio.
            TypeError: input that is not a floating-point tensor.
        """
        return self.compare(
            self.represent("x", x, lengths=lengths), self.represent("y", y, lengths=lengths)
        )

    def represent(self, name: str, value: Tensor, *, lengths: Tensor | None = None) -> FramedAudio:
        """One side with the energies of its frames."""
        value, has_channels = split_audio(name, value)
        _checks.finite(name, value, self.validate)
        frames, inside = self.framing.count(value.shape[-1]), None
        if lengths is not None:
            batch, samples = value.shape[0], value.shape[-1]
            lengths = _checks.sample_counts("lengths", lengths, batch, samples, self.validate)
            inside = first_rows(self.framing.counts(lengths.to(value.device)), frames)
        energies = self.framing.energies(value, lengths)
        return FramedAudio(value, lengths, frames, inside, has_channels, energies)

    def compare(self, reference: FramedAudio, estimate: FramedAudio) -> Tensor:
        """The loss between two sides."""
        if reference.rows != estimate.rows or reference.has_channels != estimate.has_channels:
            _checks.fail(
                "y",
                f"batch, channels and frames of x, {reference.rows}",
                f"{estimate.rows}",
                "give both the same batch, channels and samples",
            )
        dtype = torch.promote_types(reference.samples.dtype, estimate.samples.dtype)
        values = (self._bels(reference) - self._bels(estimate)).square().to(dtype)
        votes = torch.ones_like(values, dtype=torch.bool)
        for side in (reference, estimate):
            votes = votes if side.inside is None else votes & side.inside
        result = reduce_frames(values, votes, self.reduction)
        if self.reduction == "none":
            return result if reference.has_channels else result[:, 0]
        return result

    def _bels(self, side: FramedAudio) -> Tensor:
        assert side.energies is not None  # represent() has seen to it
        return (side.energies / self.framing.frame_length + 10 ** (self.floor_db / 10)).log10()
