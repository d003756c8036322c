"""Multi-scale spectral losses, which compare spectra vertically, bin by bin: the baselines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from sot import _checks
from sot.losses._base import AudioLoss
from sot.losses._reduction import Reduction, checked_reduction, reduce_frames
from sot.losses._representation import Representation, first_rows, split_audio
from sot.spectra import STFT, FramingRule

Variant = Literal["linear", "log-linear", "smooth"]
VARIANTS = ("linear", "log-linear", "smooth")

_SIZES = (2048, 1024, 512, 256, 128, 64)
_SMOOTH_SIZES = (67, 127, 257, 509, 1021, 2053)
_LOG_FLOOR = 1e-5


class MultiScaleSpectralLoss(AudioLoss[list[Representation]]):
    r"""Sum over STFT sizes of a bin-by-bin difference of magnitudes M.

    - 'linear' (MSS-Lin of the ICASSP 2024 paper): the mean of :math:`|\Delta M|`; Hann windows,
      hop a quarter of the window, magnitudes over the root of the window's length.
    - 'log-linear' (MSS-LogLin): in addition the mean of :math:`|\Delta \ln \max(M, 10^{-5})|`.
    - 'smooth' (Schwär and Müller): the mean of :math:`(\Delta \ln(1 + M))^2`; flat-top windows of
      prime lengths, hop half a window.

    Args:
        variant: one of the three.
        fft_sizes: window lengths; by default 2048, 1024, ... 64, or the six primes for 'smooth'.
        framing: see :class:`~sot.spectra.Framing`; by default 'end' as in the paper, and 'whole'
            for 'smooth'.
        reduction: 'mean', 'sum', 'batch' or 'none', of the means over the bins of each frame.
            Sizes differ in their frames, so 'none' gives a tuple.
        validate: check the values of the input; None checks eager CPU tensors only.

    Raises:
        ValueError: an unknown name, no size, or sizes out of range.
        TypeError: a setting of the wrong type.

    References:
        S. Schwär, M. Müller, Multi-scale spectral loss revisited, IEEE Signal Processing Letters,
        2023. J. Engel et al., DDSP: Differentiable digital signal processing, ICLR 2020.

    Example:
        >>> import torch
        >>> from sot import MultiScaleSpectralLoss
        >>> x = torch.randn(2, 8000)
        >>> MultiScaleSpectralLoss("log-linear")(x, x)
        tensor(0.)
    """

    def __init__(
        self,
        variant: Variant = "linear",
        fft_sizes: Sequence[int] | None = None,
        *,
        framing: FramingRule | None = None,
        reduction: Reduction = "mean",
        validate: bool | None = None,
    ) -> None:
        super().__init__()
        _checks.choice("variant", variant, VARIANTS)
        smooth = variant == "smooth"
        self.variant = variant
        self.reduction = checked_reduction(reduction, None)
        self.validate = None if validate is None else _checks.flag("validate", validate)
        if framing is None:
            framing = "whole" if smooth else "end"
        if fft_sizes is None:
            fft_sizes = _SMOOTH_SIZES if smooth else _SIZES
        if isinstance(fft_sizes, str) or not isinstance(fft_sizes, Sequence):
            _checks.fail("fft_sizes", "a list of window lengths", fft_sizes, kind=TypeError)
        if not fft_sizes:
            _checks.fail("fft_sizes", "at least one window length", "an empty list")
        self.spectra = nn.ModuleList(
            STFT(
                fft_size=_checks.frame_samples("fft_sizes", size, minimum=4),
                hop_length=size // 2 if smooth else size // 4,
                window="flattop" if smooth else "hann",
                framing=framing,
            )
            for size in fft_sizes
        )

    def forward(self, x: Tensor, y: Tensor, *, lengths: Tensor | None = None) -> Tensor:
        """The loss between a reference and an estimate.

        Args:
            x: audio (samples,), (batch, samples) or (batch, channels, samples).
            y: audio of the same shape. Gradients flow to either.
            lengths: samples of each item of a padded batch, shape (batch,).

        Returns:
            A scalar, or (batch,) for `reduction='batch'`, in float32 at least. For 'none' a tuple
            with (batch, frames) or (batch, channels, frames) for each size.

        Raises:
            ValueError: shapes that do not fit, or NaN or infinite audio.
            TypeError: input that is not a floating-point tensor.
        """
        return self.compare(
            self.represent("x", x, lengths=lengths), self.represent("y", y, lengths=lengths)
        )

    def represent(
        self, name: str, value: Tensor, *, lengths: Tensor | None = None
    ) -> list[Representation]:
        """Magnitudes of one side at every size."""
        value, has_channels = split_audio(name, value)
        _checks.finite(name, value, self.validate)
        if lengths is not None:
            batch, samples = value.shape[0], value.shape[-1]
            lengths = _checks.sample_counts("lengths", lengths, batch, samples, self.validate)
            lengths = lengths.to(value.device)
        parts = []
        for spectrum in self._stfts():
            magnitudes = spectrum(value, lengths)
            if self.variant != "smooth":
                magnitudes = magnitudes / math.sqrt(spectrum.fft_size)
            inside = None
            if lengths is not None:
                inside = first_rows(spectrum.framing.counts(lengths), magnitudes.shape[2])
            parts.append(Representation(magnitudes, False, None, inside, has_channels))
        return parts

    def compare(self, reference: list[Representation], estimate: list[Representation]) -> Tensor:
        """The loss between two representations."""
        parts = []
        for x, y in zip(reference, estimate, strict=True):
            if x.spectrum.shape != y.spectrum.shape or x.has_channels != y.has_channels:
                _checks.fail(
                    "y",
                    f"spectra of the shape of x, {tuple(x.without_channels(x.spectrum).shape)}",
                    f"{tuple(y.without_channels(y.spectrum).shape)}",
                    "give both the same batch, channels and samples",
                )
            values = self._difference(x.spectrum, y.spectrum).mean(-1)
            votes = torch.ones_like(values, dtype=torch.bool)
            for side in (x, y):
                votes = votes if side.inside is None else votes & side.inside
            part = reduce_frames(values, votes, self.reduction)
            parts.append(x.without_channels(part) if self.reduction == "none" else part)
        if self.reduction == "none":
            return tuple(parts)  # type: ignore[return-value]
        return torch.stack(parts).sum(0)

    def _difference(self, x: Tensor, y: Tensor) -> Tensor:
        if self.variant == "smooth":
            return (x.log1p() - y.log1p()).square()
        difference = (x - y).abs()
        if self.variant == "linear":
            return difference
        return difference + (x.clamp(min=_LOG_FLOOR).log() - y.clamp(min=_LOG_FLOOR).log()).abs()

    def _stfts(self) -> list[STFT]:
        return [spectrum for spectrum in self.spectra if isinstance(spectrum, STFT)]
