"""What spectra have in common that are an STFT seen through filters."""

from __future__ import annotations

from torch import Tensor

from sot.spectra._base import Spectrum, above_floor, magnitude_or_power
from sot.spectra.positions import Array
from sot.spectra.stft import STFT


class FilteredSTFT(Spectrum):
    """Sums of the bins of an STFT.

    Args:
        stft: its magnitudes or powers are filtered, above its noise floor.
        filters: shape (bins of the STFT, bins).
        frequencies: what each bin stands for in Hz.
        fmin: lower limit in Hz.
        fmax: upper limit in Hz.
    """

    def __init__(
        self,
        stft: STFT,
        filters: Array,
        frequencies: Array,
        fmin: float | None,
        fmax: float | None,
    ) -> None:
        super().__init__(
            frequencies, stft.framing, stft.sample_rate, fmin, fmax, stft.square_magnitude
        )
        self.stft = stft
        self.add_constant("filters", filters)

    def analyse(self, padded: Tensor, frames: int) -> Tensor:
        """The spectrum of the STFT through the filters."""
        spectrum = magnitude_or_power(self.stft.analyse(padded, frames), self.square_magnitude)
        return self.filtered(above_floor(spectrum, self.stft.noise_floor))

    def filtered(self, weights: Tensor) -> Tensor:
        """Weights of the bins of the STFT, through the filters."""
        return weights @ self.constant("filters", weights.dtype)
