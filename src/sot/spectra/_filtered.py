"""What spectra have in common that are an STFT seen through filters."""

from __future__ import annotations

from torch import Tensor

from sot import _checks
from sot.spectra._base import Spectrum
from sot.spectra._filter_steps import filtered_spectrum
from sot.spectra.positions import Array
from sot.spectra.stft import STFT

_MOST_WEIGHTS = 2**26  # of all filters, in double precision


class FilteredSTFT(Spectrum):
    """Sums of the bins of an STFT.

    Attributes:
        stft: the STFT.
        salient: the spectrum is the salience that combs find, rather than the sums themselves.

    Args:
        stft: its magnitudes or powers are filtered, above its noise floor.
        filters: shape (bins of the STFT, bins).
        frequencies: what each bin stands for in Hz.
        fmin: lower limit in Hz.
        fmax: upper limit in Hz.
    """

    salient = False

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
        coefficients, stft = self.stft.analyse(padded, frames), self.stft
        filters = self.constant("filters", padded.dtype)
        return filtered_spectrum(
            coefficients, filters, stft.square_magnitude, self.salient, stft.noise_floor
        )


def check_filter_count(name: str, count: int, stft: STFT) -> None:
    """Refuse filters that would fill the memory, before they are made; `name` decides how many."""
    bins = stft.fft_size // 2 + 1
    most = _MOST_WEIGHTS // bins
    if count > most:
        expected = f"at most {most} filters for an fft_size of {stft.fft_size}"
        _checks.fail(name, expected, f"{count} filters")
