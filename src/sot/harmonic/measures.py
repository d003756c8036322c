"""How good an estimate is: spectral distance, and pitch accuracy as mir_eval defines it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sot import _checks
from sot._extras import require
from sot.spectra import STFT

_FLOOR = 1e-5  # of powers, so that silence is -50 dB
_TOLERANCE = 50.0  # cents
_OCTAVE = 1200.0


class LogSpectralDistance(nn.Module):
    """Mean squared difference of log powers in dB, over clips, frames and bins.

    No root is taken, so the unit is dB squared. Powers are floored at 1e-5. FFT 1024, hop 256,
    Hann, frames that start on every hop until the window has passed the last sample, divided by
    the root of the FFT size.

    Example:
        >>> import torch
        >>> from sot.harmonic import LogSpectralDistance
        >>> x = torch.randn(2, 4096)
        >>> round(LogSpectralDistance()(x, 10 * x).item())  # 20 dB everywhere
        400
    """

    def __init__(self) -> None:
        super().__init__()
        self.spectrum = STFT(
            fft_size=1024, hop_length=256, window="hann", framing="end", square_magnitude=True
        )

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """The distance between audio (clips, samples) and (clips, samples), a scalar.

        Raises:
            ValueError: shapes that differ.
            TypeError: input that is not a floating-point tensor.
        """
        x, y = _checks.floating("x", x), _checks.floating("y", y)
        if x.shape != y.shape:
            _checks.fail("y", f"the shape of x, {tuple(x.shape)}", y)
        return (self._decibels(x) - self._decibels(y)).square().mean()

    def _decibels(self, audio: Tensor) -> Tensor:
        power = self.spectrum(audio) / self.spectrum.fft_size
        return 10 * torch.log10(power.clamp(min=_FLOOR))


def pitch_accuracies(reference: Tensor, estimate: Tensor) -> dict[str, float]:
    """Raw pitch accuracy, raw chroma accuracy and octave difference of voiced frames.

    Args:
        reference: true pitches in Hz, any shape, positive.
        estimate: estimated pitches in Hz, of the same shape, positive.

    Returns:
        'RPA' and 'RCA' in percent (mir_eval, within 50 cents), and 'OD', the mean signed number of
        octaves, rounded, by which the estimate is too high.

    Raises:
        ValueError: shapes that differ, no pitches, or pitches that are not positive and finite.
        TypeError: input that is not a tensor of real numbers.

    References:
        C. Raffel et al., mir_eval: A transparent implementation of common MIR metrics, ISMIR 2014.

    Example:
        >>> import torch
        >>> from sot.harmonic import pitch_accuracies
        >>> pitch_accuracies(torch.tensor([100.0, 200.0]), torch.tensor([101.0, 400.0]))
        {'RPA': 50.0, 'RCA': 100.0, 'OD': 0.5}
    """
    melody = require("mir_eval.melody", "train")
    pitches = {"reference": reference, "estimate": estimate}
    for name, value in pitches.items():
        if _checks.tensor(name, value).numel() == 0:
            _checks.fail(name, "at least one pitch", value)
    if reference.shape != estimate.shape:
        _checks.fail("estimate", f"the shape of reference, {tuple(reference.shape)}", estimate)
    cents = []
    for name, value in pitches.items():
        _checks.finite(name, value, validate=True)
        if not bool((value > 0).all()):
            _checks.fail(name, "positive pitches in Hz", f"a minimum of {float(value.min()):g}")
        cents.append(melody.hz2cents(value.detach().cpu().double().numpy().ravel()))
    true, found = cents
    voiced = np.ones(len(true))
    accuracies = {
        "RPA": melody.raw_pitch_accuracy(voiced, true, voiced, found, cent_tolerance=_TOLERANCE),
        "RCA": melody.raw_chroma_accuracy(voiced, true, voiced, found, cent_tolerance=_TOLERANCE),
    }
    percent = {name: 100 * float(value) for name, value in accuracies.items()}
    return {**percent, "OD": octave_difference(found - true)}


def octave_difference(cents: NDArray[np.float64]) -> float:
    """Mean signed number of octaves of differences (estimate - truth) in cents."""
    octaves = np.floor((np.abs(cents) + _TOLERANCE) / _OCTAVE)
    return float(np.mean(np.sign(cents) * octaves))
