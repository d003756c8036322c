"""What all spectra share: frames of non-negative bins, and where the bins lie."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sot import _checks
from sot._constants import ConstantsModule
from sot._dispatch import can_be_read, in_forward_mode, without_autocast
from sot._threads import share_rows
from sot.spectra.framing import FRAMINGS, Framing, FramingRule
from sot.spectra.positions import (
    MEL_SCALES,
    SCALINGS,
    Array,
    MelScale,
    Scaling,
    bin_indices,
    linear_positions,
    log_positions,
    mel_positions,
)


class Spectrum(ConstantsModule):
    """A map from audio to a non-negative spectrum of shape (..., frames, bins).

    Attributes:
        frequencies: centre of each bin in Hz, ascending.
        framing: where the frames lie.
        noise_floor: how many times the median of a frame is to be taken off its bins.
    """

    def __init__(
        self,
        frequencies: Array,
        framing: Framing,
        sample_rate: float,
        fmin: float | None,
        fmax: float | None,
        square_magnitude: bool,
        noise_floor: float = 0.0,
    ) -> None:
        super().__init__()
        self.noise_floor = _checks.number("noise_floor", noise_floor, minimum=0)
        self.frequencies = frequencies
        self.framing = framing
        self.sample_rate = sample_rate
        self.fmin = fmin
        self.fmax = fmax
        self.square_magnitude = square_magnitude

    @property
    def bins(self) -> int:
        """Number of frequency bins."""
        return len(self.frequencies)

    def forward(self, audio: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Spectrum of audio.

        Args:
            audio: (samples,), (batch, samples) or (batch, channels, samples); samples in about
                [-1, 1], in any floating-point type.
            lengths: true samples of each item of a padded batch, shape (batch,).

        Returns:
            Magnitudes, or powers with `square_magnitude`: (frames, bins), (batch, frames, bins) or
            (batch, channels, frames, bins), in float32 at least.
        """
        weights = magnitude_or_power(self.coefficients(audio, lengths), self.square_magnitude)
        return above_floor(weights, self.noise_floor)

    def coefficients(self, audio: Tensor, lengths: Tensor | None = None) -> Tensor:
        """What :meth:`forward` takes magnitudes or powers of: complex, or a final real spectrum."""
        audio = _checks.audio("audio", audio)
        leading = audio.shape[:-1]
        shaped = audio.reshape((1,) * (3 - audio.ndim) + audio.shape)
        if audio.ndim == 2:
            shaped = audio.unsqueeze(1)
        if lengths is not None:
            lengths = _checks.sample_counts(
                "lengths", lengths, shaped.shape[0], shaped.shape[-1], None
            )
        with without_autocast(audio):
            frames = self.framing.count(audio.shape[-1])
            padded = self.framing.pad(shaped, lengths)
            spectrum = self.analyse(padded.reshape(-1, padded.shape[-1]), frames)
        return spectrum.reshape(*leading, *spectrum.shape[-2:])

    @abstractmethod
    def analyse(self, padded: Tensor, frames: int) -> Tensor:
        """Coefficients (rows, frames, bins) of padded audio (rows, samples)."""

    def positions(self, scaling: Scaling = "normalized", mel_scale: MelScale = "slaney") -> Array:
        """Ground positions of the bins, ascending, by one of the five scalings.

        `mel_scale`, 'slaney' or 'htk', says what 'mel' means.
        """
        _checks.choice("bin_position_scaling", scaling, SCALINGS)
        _checks.choice("mel_scale", mel_scale, MEL_SCALES)
        low, high = self.fmin, self.fmax or self.sample_rate / 2
        if scaling == "absolute":
            return self.frequencies
        if scaling == "log":
            return log_positions(self.frequencies, low or None, high)
        if scaling == "mel":
            return mel_positions(self.frequencies, low or 0.0, high, mel_scale)
        return self.own_positions(linear=scaling == "normalized_linear")

    def own_positions(self, linear: bool) -> Array:
        """Positions by the two scalings whose meaning depends on the transform.

        Here: by bin index if `linear`, else linear in Hz from the first bin to the last.
        """
        if linear:
            return bin_indices(self.bins)
        return linear_positions(self.frequencies, self.frequencies[0], self.frequencies[-1])


def magnitude_or_power(coefficients: Tensor, square: bool) -> Tensor:
    """Magnitudes of complex coefficients, or their squares without the root.

    A spectrum that is real already is returned as it is.
    """
    if not coefficients.is_complex():
        return coefficients
    if not square:
        if in_forward_mode():
            return _resolved(coefficients).abs()
        magnitude: Tensor = _Magnitude.apply(coefficients)
        return magnitude
    real, imaginary = coefficients.real, coefficients.imag
    return real.square().addcmul(imaginary, imaginary)


def _resolved(coefficients: Tensor) -> Tensor:
    """Coefficients with zeros where the slope of the magnitude is beyond floating point."""
    faint = coefficients.detach().abs() < torch.finfo(coefficients.real.dtype).tiny
    return torch.where(faint, 0.0, coefficients)


class _Magnitude(torch.autograd.Function):
    """Magnitude whose slope is a number also where the magnitude is next to nothing."""

    generate_vmap_rule = True

    @staticmethod
    def forward(coefficients: Tensor) -> Tensor:
        return coefficients.abs()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs, output)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        coefficients, magnitude = ctx.saved_tensors
        # As a product, since torch would divide by the magnitude as by a complex number.
        inverse = magnitude.clamp(min=torch.finfo(magnitude.dtype).tiny).reciprocal()
        direction: Tensor = coefficients * inverse
        return direction * grad


def above_floor(weights: Tensor, factor: float) -> Tensor:
    """Weights less `factor` times the median over the bins of their frame, at least 0.

    Noise lies in all bins and a tone in few, so that the median is a measure of the noise. It is
    held constant by the gradient. A bin just at the floor has no derivative, like those below.
    """
    if factor == 0:
        return weights
    return torch.relu(weights - factor * _medians(weights.detach()))


def _medians(weights: Tensor) -> Tensor:
    """Lower medians over the last axis, which is kept."""
    if not can_be_read(weights):
        return weights.median(dim=-1, keepdim=True).values
    from sot.spectra._median_kernels import row_medians

    rows = weights.reshape(-1, weights.shape[-1]).contiguous().numpy()
    result = np.empty(len(rows), rows.dtype)
    share_rows(lambda start, stop: row_medians(rows, result, start, stop), *rows.shape)
    return torch.from_numpy(result).reshape(*weights.shape[:-1], 1)


def checked_framing(rule: str) -> FramingRule:
    """A framing rule by name."""
    _checks.choice("framing", rule, FRAMINGS)
    return rule  # type: ignore[return-value]


def checked_band(
    sample_rate: float, fmin: float | None, fmax: float | None
) -> tuple[float, float | None, float | None]:
    """A sample rate and a band below its Nyquist frequency."""
    sample_rate = _checks.number("sample_rate", sample_rate, above=0)
    nyquist = sample_rate / 2
    if fmin is not None:
        fmin = _checks.number("fmin", fmin, minimum=0)
        if fmin >= nyquist:
            _checks.fail("fmin", f"less than the Nyquist frequency {nyquist:g} Hz", f"{fmin:g} Hz")
    if fmax is not None:
        fmax = _checks.number("fmax", fmax, above=0)
        if fmax > nyquist:
            _checks.fail("fmax", f"at most the Nyquist frequency {nyquist:g} Hz", f"{fmax:g} Hz")
        if fmin is not None and fmin >= fmax:
            _checks.fail("fmin", f"less than fmax, {fmax:g} Hz", f"{fmin:g} Hz")
    return sample_rate, fmin, fmax


def fft_frequencies(fft_size: int, sample_rate: float) -> Array:
    """Frequencies in Hz of the bins of a real FFT."""
    return np.arange(fft_size // 2 + 1, dtype=np.float64) * sample_rate / fft_size
