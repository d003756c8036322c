"""The spectra under their old names and in their old layout: `sr=`, bins before time.

New code finds them in :mod:`sot.spectra`, with time before bins.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from sot import _checks, spectra
from sot.spectra import FramingRule, MelScale, Scaling, Spectrum

Window = str | float | tuple[object, ...]
Preset = Literal["sot-loss"] | None


class _Feature(nn.Module):
    """A spectrum with bins before time."""

    def __init__(self, spectrum: Spectrum, scaling: Scaling, device: str | torch.device) -> None:
        super().__init__()
        self.spectrum = spectrum
        self.bin_position_scaling = scaling
        self.get_bin_positions()
        self.to(_checks.device("device", device))

    def get_bin_positions(self) -> Tensor:
        """Ground positions of the bins, shape (bins,), float32."""
        positions = self.spectrum.positions(self.bin_position_scaling)
        return torch.tensor(positions, dtype=torch.float32)

    def forward(self, x: Tensor) -> Tensor:
        """Spectrum of audio.

        Args:
            x: (samples,), (batch, samples) or (batch, channels, samples).

        Returns:
            Non-negative, (bins, time), (batch, bins, time) or (batch, channels, bins, time).
        """
        values: Tensor = self.spectrum(_checks.audio("x", x))
        return values.transpose(-1, -2)


def _framing(framing: FramingRule | None, preset: Preset, default: FramingRule) -> FramingRule:
    if preset is not None:
        _checks.choice("preset", preset, ["sot-loss"])
        default = "reflect"
    return default if framing is None else framing


class STFT(_Feature):
    """Magnitude STFT, :class:`sot.spectra.STFT` with bins before time.

    Args:
        fft_size: samples of the transform.
        hop_length: samples from one frame to the next.
        win_length: samples under the window, `fft_size` by default.
        sr: sample rate in Hz; it matters for absolute positions only.
        window: SciPy window by name, or a tuple of name and parameters.
        bin_position_scaling: ground positions, see :class:`sot.Wasserstein1DLoss`.
        device: where the window starts out.
        framing: 'whole' by default, 'reflect' with the preset.
        square_magnitude: give powers.
        preset: 'sot-loss' for the numbers of the replaced package.

    Example:
        >>> import torch
        >>> from sot.features import STFT
        >>> STFT(fft_size=512, hop_length=256)(torch.zeros(2, 4096)).shape
        torch.Size([2, 257, 15])
    """

    def __init__(
        self,
        fft_size: int = 1024,
        hop_length: int = 256,
        win_length: int | None = None,
        sr: float | None = None,
        window: Window = "flattop",
        bin_position_scaling: Scaling = "normalized",
        device: str | torch.device = "cpu",
        *,
        framing: FramingRule | None = None,
        square_magnitude: bool = False,
        preset: Preset = None,
    ) -> None:
        _checks.choice("bin_position_scaling", bin_position_scaling, spectra.SCALINGS)
        if sr is not None:
            sr = _checks.number("sr", sr, above=0)
        elif bin_position_scaling not in ("normalized", "normalized_linear"):
            _checks.fail("sr", f"a sample rate for {bin_position_scaling!r} positions", "None")
        spectrum = spectra.STFT(
            fft_size,
            hop_length,
            win_length,
            window,
            sample_rate=22050 if sr is None else sr,
            framing=_framing(framing, preset, "whole"),
            square_magnitude=square_magnitude,
        )
        super().__init__(spectrum, bin_position_scaling, device)


class MelSpectrogram(_Feature):
    """Mel spectrogram, :class:`sot.spectra.MelSpectrogram` with bins before time.

    Args:
        sr: sample rate in Hz.
        fft_size: samples of the transform.
        n_mels: number of filters.
        hop_length: samples from one frame to the next.
        bin_position_scaling: ground positions, see :class:`sot.Wasserstein1DLoss`.
        device: where the constants start out.
        framing: 'whole' by default, 'reflect' with the preset.
        square_magnitude: filter powers; with the preset it is always so.
        mel_scale: 'slaney' by default, 'htk' with the preset.
        mel_norm: 'slaney' by default, None with the preset.
        preset: 'sot-loss' for the numbers of the replaced package.
    """

    def __init__(
        self,
        sr: float = 22050,
        fft_size: int = 1024,
        n_mels: int = 128,
        hop_length: int = 256,
        bin_position_scaling: Scaling = "normalized",
        device: str | torch.device = "cpu",
        *,
        framing: FramingRule | None = None,
        square_magnitude: bool = False,
        mel_scale: MelScale = "slaney",
        mel_norm: Literal["slaney"] | None = "slaney",
        preset: Preset = None,
    ) -> None:
        settings: dict[str, Any] = {
            "mel_scale": mel_scale,
            "mel_norm": mel_norm,
            "square_magnitude": square_magnitude,
        }
        if preset is not None:
            settings = {"mel_scale": "htk", "mel_norm": None, "square_magnitude": True}
        spectrum = spectra.MelSpectrogram(
            fft_size,
            hop_length,
            n_mels=n_mels,
            sample_rate=_checks.number("sr", sr, above=0),
            framing=_framing(framing, preset, "whole"),
            **settings,
        )
        super().__init__(spectrum, bin_position_scaling, device)


class VQT(_Feature):
    """Variable-Q transform, :class:`sot.spectra.VQT` with bins before time.

    Args:
        sr: sample rate in Hz.
        hop_length: samples from one frame to the next.
        fmin: centre of the first bin in Hz.
        fmax: upper limit of the centres in Hz.
        n_bins: number of bins; None takes all that fit. Ignored if `fmax` is given.
        bins_per_octave: resolution.
        gamma: widens the low bins; 0 is constant Q.
        window: SciPy window by name, or a tuple of name and parameters.
        device: where the constants start out.
        bin_position_scaling: ground positions, see :class:`sot.Wasserstein1DLoss`.
        framing: 'zero' by default, 'reflect' with the preset.
        square_magnitude: give powers.
        preset: 'sot-loss' for the numbers of the replaced package.
    """

    def __init__(
        self,
        sr: float = 22050,
        hop_length: int = 512,
        fmin: float = 32.7,
        fmax: float | None = None,
        n_bins: int | None = 84,
        bins_per_octave: int = 36,
        gamma: float = 0.0,
        window: Window = "hann",
        device: str | torch.device = "cpu",
        bin_position_scaling: Scaling = "normalized",
        *,
        framing: FramingRule | None = None,
        square_magnitude: bool = False,
        preset: Preset = None,
    ) -> None:
        spectrum = spectra.VQT(
            hop_length,
            fmin,
            fmax,
            n_bins if fmax is None else None,
            bins_per_octave,
            gamma,
            window,
            sample_rate=_checks.number("sr", sr, above=0),
            framing=_framing(framing, preset, "zero"),
            square_magnitude=square_magnitude,
        )
        super().__init__(spectrum, bin_position_scaling, device)
