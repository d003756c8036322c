"""What spectral losses compare: one side at a time, from its audio or spectrogram."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sot import _checks
from sot._constants import ConstantsModule
from sot._dispatch import kernels_serve, without_autocast
from sot.losses._base import AudioLoss
from sot.losses._logarithm import log_weights
from sot.losses._representation import (
    FramedAudio,
    Representation,
    first_rows,
    place_positions,
    split_audio,
    split_spectrogram,
)
from sot.losses._streamed import Analysis, Bins, running_levels
from sot.spectra import STFT, FilteredSTFT, Spectrum, above_floor, magnitude_or_power
from sot.transport import sorted_histogram

Array = NDArray[np.float64]
Side = Representation | FramedAudio


class SpectralLoss(ConstantsModule, AudioLoss[Side]):
    """A loss between spectra: how one side becomes what is compared.

    Attributes:
        spectrum: the transform; None if spectrograms are given.
        square_magnitude: powers rather than magnitudes.
        square_here: spectra are magnitudes still, and are squared here.
        log: compare log(1 + weight / eps).
        eps: see log.
        over_time: transport along time rather than frequency.
        needs_weights: complex coefficients have to become weights before they are compared.
        streams: audio may be kept as it is until it is compared.
        lowpass: frequency in Hz from which on bins count less; the constant `gains` says how much.
        noise_floor: how many times the median of a frame is taken off its bins.
        silence_db: level below that of the loudest frame of a clip, at which a frame is silent.
        by_energy: the vote of a frame weighs as much as the energy of the reference under it.
        validate: whether values are checked.
    """

    spectrum: Spectrum | None
    square_magnitude: bool
    square_here: bool
    log: bool
    eps: float
    over_time: bool
    needs_weights: bool
    streams: bool
    lowpass: float | None
    noise_floor: float
    silence_db: float | None
    by_energy: bool
    validate: bool | None

    def represent(
        self,
        name: str,
        value: Tensor,
        positions: Tensor | None = None,
        lengths: Tensor | None = None,
    ) -> Side:
        """One side, before masses are compared: its spectra, or the audio for them."""
        if self.spectrum is None:
            spectrum, has_channels = split_spectrogram(name, value)
            _checks.non_negative(name, spectrum, self.validate)
            counts = self._sample_counts(spectrum.shape[0], spectrum.shape[2], lengths)
            inside = None if counts is None else first_rows(counts, spectrum.shape[2])
            side = Representation(spectrum, self.square_magnitude, None, inside, has_channels)
            return self.placed(name, side, positions)
        framed = self.framed(name, value, lengths)
        if self.streams and positions is None:
            return framed
        return self.placed(name, self._transformed(framed), positions)

    def placed(
        self, name: str, side: Representation, positions: Tensor | None = None
    ) -> Representation:
        """Weights where they are needed, along the axis of transport, on their positions."""
        spectrum, inside, counted = side.spectrum, side.inside, None
        # Without the kernels, which take coefficients as they are, those without a derivative
        # would only be kept: weights are half as large.
        fixed = not (torch.is_grad_enabled() and spectrum.requires_grad)
        if self.needs_weights or positions is not None or (fixed and not kernels_serve(spectrum)):
            spectrum = self._weights(spectrum)
        if self.over_time:
            if inside is not None:
                spectrum = torch.where(inside[..., None], spectrum, 0.0)
                counted = inside[:, :, None, :]
            spectrum, inside = spectrum.transpose(-1, -2), None
        if positions is None:
            placed = _without_padding(self._default_positions(name, spectrum), counted)
        else:
            given = place_positions(f"{name}_positions", positions, spectrum, self.over_time)
            _checks.finite(f"{name}_positions", given, self.validate)
            placed, spectrum, *_ = sorted_histogram(_without_padding(given, counted), spectrum)
        return replace(side, spectrum=spectrum, positions=placed, inside=inside)

    def _weights(self, spectrum: Tensor) -> Tensor:
        """Non-negative weights from complex coefficients or from what is real already."""
        square_first = self.square_magnitude and not self.square_here
        weights = magnitude_or_power(spectrum, square_first)
        if self.square_here:
            weights = weights.square()
        weights = above_floor(weights, self.noise_floor)
        if self.spectrum is not None and self.lowpass is not None:
            weights = weights * self.constant("gains", weights.dtype)
        return log_weights(weights, self.eps) if self.log else weights

    def framed(self, name: str, value: Tensor, lengths: Tensor | None = None) -> FramedAudio:
        """Audio, and what is known of its frames before their spectra are."""
        assert self.spectrum is not None
        value, has_channels = split_audio(name, value)
        _checks.finite(name, value, self.validate)
        counts = self._sample_counts(value.shape[0], value.shape[2], lengths)
        framing = self.spectrum.framing
        frames = framing.count(value.shape[2])
        inside = None if counts is None else first_rows(framing.counts(counts), frames)
        energies = None
        if self.silence_db is not None or self.by_energy:
            energies = framing.energies(value.detach(), counts)
            if inside is not None:  # no frame that an item would not have by itself is its loudest
                energies = torch.where(inside, energies, 0.0)
        return FramedAudio(value, counts, frames, inside, has_channels, energies)

    def _sample_counts(self, batch: int, samples: int, lengths: Tensor | None) -> Tensor | None:
        if lengths is None:
            return None
        return _checks.sample_counts("lengths", lengths, batch, samples, self.validate)

    def _transformed(self, framed: FramedAudio) -> Representation:
        """Spectra (batch, channels, frames, bins) of framed audio."""
        assert self.spectrum is not None
        with without_autocast(framed.samples):
            padded = self.spectrum.framing.pad(framed.samples, framed.lengths)
            rows = self.spectrum.analyse(padded.flatten(0, 1), framed.frames)
        return Representation(
            rows.reshape(*framed.samples.shape[:2], *rows.shape[1:]),
            self.square_magnitude,
            None,
            framed.inside,
            framed.has_channels,
            framed.energies,
        )

    def keep(self, reference: Side) -> Side:
        """What a bound loss keeps of its reference: spectra, or running sums of them."""
        if isinstance(reference, Representation):
            return reference
        if not kernels_serve(reference.samples):
            return self.analysed("x", reference)
        spectrum, (clips, lengths) = self.stft(), reference.clips()
        window, bins = spectrum.constant("window", clips.dtype), self.bins(clips.dtype)
        levels = running_levels(clips, lengths, window, bins, self.analysis(spectrum))
        return replace(reference, levels=levels)

    def analysed(self, name: str, side: Side) -> Representation:
        """A side with its spectra."""
        if isinstance(side, Representation):
            return side
        return self.placed(name, self._transformed(side))

    def stft(self) -> STFT:
        """The transform of a loss that streams."""
        spectrum = self.spectrum.stft if isinstance(self.spectrum, FilteredSTFT) else self.spectrum
        assert isinstance(spectrum, STFT)
        return spectrum

    def bins(self, dtype: torch.dtype) -> Bins:
        """The bins of a loss that streams."""
        positions = self.constant("bin_positions", dtype)
        gains = (
            torch.ones_like(positions) if self.lowpass is None else self.constant("gains", dtype)
        )
        if not isinstance(self.spectrum, FilteredSTFT):
            return Bins(positions, gains, positions.new_empty(0, 0))
        filters = self.spectrum.constant("filters", dtype)
        if self.lowpass is not None:
            filters, gains = filters * gains, torch.ones_like(positions)
        return Bins(positions, gains, filters)

    def analysis(self, spectrum: STFT) -> Analysis:
        """How a loss that streams comes from audio to its bins."""
        framing = spectrum.framing
        return Analysis(
            framing.rule,
            framing.hop_length,
            spectrum.fft_size,
            spectrum.first_bin,
            spectrum.square_magnitude,
            spectrum.noise_floor,
            isinstance(self.spectrum, FilteredSTFT) and self.spectrum.salient,
        )

    def votes(self, reference: Side, estimate: Side) -> Tensor | None:
        """The weight of the vote of every frame, shape (batch, 1 or channels, frames), or None."""
        votes: Tensor | None = None
        for side in (reference, estimate):
            for mask in (side.inside, self._loud(side.energies)):
                if mask is not None:
                    votes = mask if votes is None else votes & mask
        if self.by_energy and reference.energies is not None:
            energies = reference.energies / reference.energies.amax(-1, keepdim=True).clamp(
                min=torch.finfo(torch.float64).tiny
            )
            votes = energies if votes is None else energies * votes
        return votes

    def _loud(self, energies: Tensor | None) -> Tensor | None:
        if self.silence_db is None or energies is None:
            return None
        return energies > energies.amax(-1, keepdim=True) * 10 ** (self.silence_db / 10)

    def _default_positions(self, name: str, spectrum: Tensor) -> Tensor:
        if self.over_time:
            return torch.arange(spectrum.shape[-1], dtype=spectrum.dtype, device=spectrum.device)
        if self.spectrum is None:
            _checks.fail(
                f"{name}_positions",
                "positions of the bins of a spectrogram",
                "None",
                f"for example torch.linspace(0, 1, {spectrum.shape[-1]})",
            )
        return self.constant("bin_positions", spectrum.real.dtype)


def lowpass_gains(frequencies: Array, corner: float) -> Array:
    """Factors of powers, 1 / (1 + (f / corner)^2)^2: a fall of 12 dB an octave above the corner."""
    return (1.0 + (frequencies / corner) ** 2) ** -2.0


def _without_padding(positions: Tensor, counted: Tensor | None) -> Tensor:
    """Positions of frames, with those behind the end of an item at the last before it.

    There a lighter side is completed, so padding must not lie beyond.
    """
    if counted is None:
        return positions
    last = torch.where(counted, positions, -torch.inf).amax(-1, keepdim=True)
    return torch.where(counted, positions, last)


def check_that_they_fit(reference: Side, estimate: Side, x: str = "x", y: str = "y") -> None:
    """Refuse an estimate of another batch, other channels or frames than the reference has.

    In messages, the reference is called `x` and the estimate `y`.
    """
    if (reference.rows, reference.has_channels) == (estimate.rows, estimate.has_channels):
        return
    for axis, what, remedy in (
        (0, "batch", "give both the same number of items"),
        (1, "channels", "mix both to the same channels"),
        (2, "frames", "cut or pad the signals to the same length"),
    ):
        wanted, found = reference.rows[axis], estimate.rows[axis]
        if wanted != found:
            _checks.fail(y, f"the {what} of {x}, {wanted}", f"{found}", remedy)
    if reference.has_channels != estimate.has_channels:
        received = f"{'one' if estimate.has_channels else 'none'} for channels"
        _checks.fail(y, f"as many axes as {x}", received, "add or drop the channel axis")
