"""The spectral optimal transport loss: a spectrum, a mass rule, a ground cost, a reduction."""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from sot import _checks
from sot._dispatch import without_autocast
from sot.losses._mass import MassRule
from sot.losses._reduction import (
    Reduction,
    checked_reduction,
    clip_sums,
    reduce_clips,
    reduce_frames,
)
from sot.losses._replaced import positive_root, replaced_cost
from sot.losses._representation import FramedAudio, Representation, sides
from sot.losses._spectral import Side, SpectralLoss, check_that_they_fit, lowpass_gains
from sot.losses._spectrum import Transform, make_spectrum
from sot.losses._streamed import Transport, can_stream, streamed_cost
from sot.losses._ways import way_to_costs
from sot.losses.presets import PRESETS, with_presets
from sot.spectra import SCALINGS, STFT, FilteredSTFT, FramingRule, MelScale, Scaling, Window
from sot.transport import Histogram, circular_transport, quantiles

Quantiles = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


class Wasserstein1DLoss(SpectralLoss):
    r"""One-dimensional Wasserstein distance between the spectra of two signals, frame by frame.

    Each frame's spectrum is taken as a distribution of energy over frequency, and the loss is the
    least cost :math:`W_p^p` of moving one into the other. The gradient says in which direction
    energy has to move, also where the two spectra do not overlap.

    Args:
        transform: 'stft', 'mel', 'cqt', 'vqt', 'harmonic' (:class:`~sot.spectra.HarmonicSalience`),
            'chroma' (:class:`~sot.spectra.Chroma`, with `circular=True`), or 'identity' (None) for
            spectrograms as input.
        normalize: give the spectrum of the reference mass 1.
        balanced: give the estimate the mass of the reference; otherwise it keeps its ratio to it.
        p: exponent of the ground cost, at least 1. A circular loss always has exponent 1.
        return_quantiles: return the quantile functions instead of the loss.
        quantile_lowpass: count an interval of levels only if its upper level is at most 1: with
            `balanced=False`, energy of the estimate beyond the reference's is left out.
        eps: a frame with at most this mass is silent; also the floor of `log`.
        dim: -1 transports over frequency, -2 over time (positions are frame indices, and the two
            signals may differ in length).
        apply_root: take the p-th root, which makes the loss a distance.
        circular: positions lie on a circle of circumference 1, such as an octave.
        device: where the module's constants start out; they follow `.to`.
        fft_size: samples of the transform (all but cqt and vqt).
        hop_length: samples from one frame to the next.
        win_length: samples under the window, `fft_size` by default (all but cqt and vqt).
        window: SciPy window by name, or a tuple of name and parameters; by default flat-top, Hann
            for mel and chroma, 'blackmanharris' for harmonic.
        n_mels: number of mel filters.
        mel_scale: 'slaney' or 'htk', of the filters and of the 'mel' positions.
        mel_norm: 'slaney' for filters of equal area, None for filters that peak at 1.
        n_bins: number of bins of cqt and vqt; by default as many as fit below `fmax`.
        bins_per_octave: resolution of cqt, vqt, harmonic and chroma.
        bins_per_semitone: deprecated, a twelfth of `bins_per_octave`.
        fmin: lowest frequency in Hz: the first bin (cqt, vqt; 32.7 by default) or candidate
            (harmonic; 30), the edge of the first filter (mel), or the limit below which bins are
            left out (stft, chroma; 110 for chroma).
        fmax: highest frequency in Hz, likewise; by default the Nyquist frequency, and for harmonic
            at most 4000.
        gamma: widens the low bins of the vqt; 0 is the cqt.
        sample_rate: in Hz.
        bin_position_scaling: the ground positions. 'normalized': f / Nyquist for stft, uniform in
            mel for mel, linear in Hz over [0, 1] for cqt and vqt. 'normalized_linear': the same,
            but the bin index, logarithmic in f, for cqt and vqt. 'absolute': Hz. 'log': log2 f and
            'mel': mel(f), with [fmin, fmax] mapped to [0, 1]. For harmonic both normalized ones and
            'log' are the bin index; chroma has the same places on its circle by all five.
        square_magnitude: compare powers instead of magnitudes.
        log: compress the spectrum s to log(1 + s / eps), which is not negative.
        reduce: True is `reduction='mean'`, False is `reduction='none'`.
        reduction: 'mean' over the frames that vote, 'sum' over them, 'batch' for the mean of each
            item, 'none' for one value per frame, (batch, frames) or (batch, channels, frames), in
            which a frame that does not vote has 0. With `dim=-2`, frames are bins.
        framing: 'whole' (default), 'zero' (default for cqt and vqt), 'reflect' or 'end',
            see :class:`~sot.spectra.Framing`. With 'whole', up to hop_length - 1 trailing samples
            get no gradient. Audio shorter than a frame is zero-padded to one.
        silence: 'ignore': frames in which either side is silent do not vote; if none votes, the
            loss is 0. 'top_bin': they do, with their missing mass at the top bin.
        silence_db: frames whose energy lies below this level, relative to the loudest frame of
            their clip, do not vote either: -40, for example. None leaves it to `eps`.
        frame_weighting: 'equal', or 'energy': the vote of a frame weighs as much as the energy of
            the reference under it, as a share of that of the loudest frame.
        noise_floor: take so many times the median over the bins of a frame off each of them, down
            to 0, before they are filtered, weighted or compared. 5 leaves next to nothing of white
            noise; 0 is off.
        lowpass: count bins less above this frequency in Hz, by 12 dB an octave, so that strong high
            harmonics do not decide where the energy lies (stft, mel, cqt, vqt).
        preset: a named set of arguments, see :data:`~sot.losses.PRESETS`: 'pitch' and 'harmonic'
            for gradients that point to the right pitch, 'chroma' for pitch class, 'paper' for the
            setting of the ICASSP 2024 paper, 'sot-loss' for the numbers of the replaced package.
            Explicit arguments win over a preset.
        validate: check the values of the input; None checks eager CPU tensors only.

    Raises:
        ValueError: a setting out of range or of no known name, or settings that contradict.
        TypeError: a setting of the wrong type, or an unknown keyword.

    References:
        B. Torres, G. Peeters, G. Richard, Unsupervised harmonic parameter estimation using
        differentiable DSP and spectral optimal transport, ICASSP 2024, section 3.

    Example:
        >>> import torch
        >>> from sot import Wasserstein1DLoss
        >>> time = torch.arange(8000) / 16000
        >>> low, high = torch.sin(6.2832 * 440 * time), torch.sin(6.2832 * 660 * time)
        >>> loss = Wasserstein1DLoss(
        ...     fft_size=2048, sample_rate=16000, square_magnitude=True,
        ...     bin_position_scaling="absolute", apply_root=True)
        >>> round(loss(low, high).item())  # Hz
        220
    """

    @with_presets(PRESETS)
    def __init__(
        self,
        transform: Transform | None = "stft",
        normalize: bool = True,
        balanced: bool = True,
        p: float = 2,
        return_quantiles: bool = False,
        quantile_lowpass: bool = False,
        eps: float = 1e-8,
        dim: Literal[-1, -2] = -1,
        apply_root: bool = False,
        circular: bool = False,
        device: str | torch.device = "cpu",
        *,
        fft_size: int = 1024,
        hop_length: int = 256,
        win_length: int | None = None,
        window: Window | None = None,
        n_mels: int = 128,
        mel_scale: MelScale = "slaney",
        mel_norm: Literal["slaney"] | None = "slaney",
        n_bins: int | None = None,
        bins_per_octave: int = 36,
        bins_per_semitone: int | None = None,
        fmin: float | None = None,
        fmax: float | None = None,
        gamma: float = 0.0,
        sample_rate: float = 22050,
        bin_position_scaling: Scaling = "normalized",
        square_magnitude: bool = False,
        log: bool = False,
        reduce: bool | None = None,
        reduction: Reduction = "mean",
        framing: FramingRule | None = None,
        silence: Literal["ignore", "top_bin"] = "ignore",
        silence_db: float | None = None,
        frame_weighting: Literal["equal", "energy"] = "equal",
        noise_floor: float = 0.0,
        lowpass: float | None = None,
        preset: str | None = None,
        validate: bool | None = None,
    ) -> None:
        super().__init__()
        self.p = _checks.number("p", p, minimum=1)
        self.return_quantiles = _checks.flag("return_quantiles", return_quantiles)
        self.quantile_lowpass = _checks.flag("quantile_lowpass", quantile_lowpass)
        self.eps = _checks.number("eps", eps, minimum=0)
        self.apply_root = _checks.flag("apply_root", apply_root)
        self.circular = _checks.flag("circular", circular)
        self.square_magnitude = _checks.flag("square_magnitude", square_magnitude)
        self.log = _checks.flag("log", log)
        self.reduction = checked_reduction(reduction, reduce)
        self.validate = None if validate is None else _checks.flag("validate", validate)
        if isinstance(dim, bool) or not isinstance(dim, int):
            _checks.fail("dim", "a whole number, -1 or -2", dim, kind=TypeError)
        if dim not in (-1, -2):
            _checks.fail("dim", "-1 (frequency) or -2 (time)", dim)
        self.over_time = dim == -2
        _checks.choice("silence", silence, ["ignore", "top_bin"])
        self.mass_rule = MassRule(
            _checks.flag("normalize", normalize),
            _checks.flag("balanced", balanced),
            self.eps,
            silence == "top_bin",
        )
        _checks.choice("frame_weighting", frame_weighting, ["equal", "energy"])
        self.by_energy = frame_weighting == "energy"
        self.silence_db = silence_db
        if silence_db is not None:
            self.silence_db = _checks.number("silence_db", silence_db, maximum=0)
        self.lowpass = None if lowpass is None else _checks.number("lowpass", lowpass, above=0)
        self._check_combinations(transform)
        _checks.choice("bin_position_scaling", bin_position_scaling, SCALINGS)
        self._replaced = preset == "sot-loss"
        self._flat = self._replaced and reduce is False
        if self._replaced and transform in ("cqt", "vqt"):
            bins_per_octave = 36  # documented there, and swallowed
        self.spectrum = make_spectrum(
            transform,
            fft_size=fft_size,
            hop_length=hop_length,
            win_length=win_length,
            window=window,
            n_mels=n_mels,
            mel_scale=mel_scale,
            mel_norm=mel_norm,
            n_bins=n_bins,
            bins_per_octave=_octave(bins_per_octave, bins_per_semitone, warn=not self._replaced),
            gamma=gamma,
            fmin=fmin,
            fmax=fmax,
            sample_rate=sample_rate,
            framing=framing,
            square_magnitude=square_magnitude and not self._replaced,
            noise_floor=_checks.number("noise_floor", noise_floor, minimum=0),
            replaced=self._replaced,
        )
        # Filtered spectra have taken the floor off before they are filtered.
        self.noise_floor = noise_floor if self.spectrum is None else self.spectrum.noise_floor
        if self.spectrum is not None:
            positions = self.spectrum.positions(bin_position_scaling, mel_scale)
            self.add_constant("bin_positions", positions)
            if self.lowpass is not None:
                gains = lowpass_gains(self.spectrum.frequencies, self.lowpass)
                self.add_constant("gains", gains if square_magnitude else np.sqrt(gains))
        # Spectrograms are squared here, and so are the magnitudes (for mel, powers) of the
        # replaced package.
        self.square_here = square_magnitude and (self.spectrum is None or self._replaced)
        unusual = (
            self.square_here
            or self._replaced
            or self.log
            or self.over_time
            or self.circular
            or self.return_quantiles
        )
        # Elsewhere audio goes as it is to where it is compared, or else complex coefficients do.
        summed = self.reduction != "none" and not unusual
        self.streams = isinstance(self.spectrum, (STFT, FilteredSTFT)) and summed
        self.needs_weights = unusual or self.noise_floor > 0 or self.lowpass is not None
        self.to(_checks.device("device", device))

    def _check_combinations(self, transform: str | None) -> None:
        if self.lowpass is not None and transform in (None, "identity", "harmonic", "chroma"):
            _checks.fail("lowpass", f"None with transform={transform!r}", self.lowpass)
        if transform in (None, "identity") or self.over_time:
            what = "dim=-2" if self.over_time else "transform='identity'"
            if self.silence_db is not None:
                _checks.fail("silence_db", f"None with {what}", self.silence_db)
            if self.by_energy:
                _checks.fail("frame_weighting", f"'equal' with {what}", "'energy'")
        if transform == "chroma" and not self.circular:
            _checks.fail("circular", "True with transform='chroma'", False)
        if self.log and self.eps == 0:
            _checks.fail("eps", "a positive floor with log=True", self.eps)
        if not self.circular:
            return
        if not (self.mass_rule.normalize and self.mass_rule.balanced):
            _checks.fail("circular", "normalize=True and balanced=True beside it", "unequal masses")
        for name in ("return_quantiles", "quantile_lowpass"):
            if getattr(self, name):
                _checks.fail(name, "False with circular=True", True, "a circle has no quantiles")

    def forward(
        self,
        x: Tensor,
        y: Tensor,
        x_positions: Tensor | None = None,
        y_positions: Tensor | None = None,
        *,
        lengths: Tensor | None = None,
    ) -> Tensor | Quantiles:
        """The loss between a reference and an estimate.

        Args:
            x: the reference: audio (samples,), (batch, samples) or (batch, channels, samples);
                for 'identity' a non-negative spectrogram (batch, bins), (batch, bins, time) or
                (batch, channels, bins, time).
            y: the estimate, likewise. Gradients flow to either.
            x_positions: ground positions of the bins of x in place of the transform's: (bins,),
                (batch, bins) or, one for each frame, (batch, bins, time), in any order.
            y_positions: likewise of y; those of x by default.
            lengths: samples of each item of a padded batch (frames for 'identity'), shape
                (batch,). Each item has the frames that it would have by itself.

        Returns:
            The reduced loss; with `return_quantiles` the tuple (u_quantiles, v_quantiles, levels,
            u_cdf, v_cdf), each of shape (batch, frames, levels or bins), with channels after the
            batch if the input has them. In float32 at least.

        Raises:
            ValueError: shapes that do not fit, or NaN, infinite or negative values.
            TypeError: input that is not a floating-point tensor.
        """
        y_positions = x_positions if y_positions is None else y_positions
        reference = self.represent("x", x, positions=x_positions, lengths=lengths)
        estimate = self.represent("y", y, positions=y_positions, lengths=lengths)
        return self.compare(reference, estimate)

    def compare(self, reference: Side, estimate: Side) -> Tensor | Quantiles:
        """The loss between two representations."""
        check_that_they_fit(reference, estimate)
        if self.reduction != "none" and not self.return_quantiles:
            return reduce_clips(*self.sums(reference, estimate), self.reduction)
        reference, estimate = self.analysed("x", reference), self.analysed("y", estimate)
        if self.return_quantiles:
            return self._quantiles(reference, estimate)
        result = reduce_frames(*self._voted_costs(reference, estimate), "none")
        return result.flatten() if self._flat else reference.without_channels(result)

    def sums(self, reference: Side, estimate: Side) -> tuple[Tensor, Tensor]:
        """Sums over the frames that vote, of costs and of votes, shape (batch, channels) each."""
        if (
            isinstance(reference, FramedAudio)
            and isinstance(estimate, FramedAudio)
            and can_stream(reference.samples, estimate.samples)
        ):
            return self._streamed_sums(reference, estimate)
        reference, estimate = self.analysed("x", reference), self.analysed("y", estimate)
        return clip_sums(*self._voted_costs(reference, estimate))

    def _streamed_sums(
        self, reference: FramedAudio, estimate: FramedAudio
    ) -> tuple[Tensor, Tensor]:
        (x, x_lengths), (y, y_lengths) = reference.clips(), estimate.clips()
        spectrum, rule, rows = self.stft(), self.mass_rule, reference.rows
        votes = self.votes(reference, estimate)
        cost, total = streamed_cost(
            x,
            y,
            x_lengths,
            y_lengths,
            reference.levels,
            None if votes is None else votes.double().expand(rows).reshape(x.shape[0], -1),
            spectrum.constant("window", x.dtype),
            self.bins(x.dtype),
            self.analysis(spectrum),
            Transport(
                rule.normalize,
                rule.balanced,
                rule.silent_frames_vote,
                rule.eps,
                self.p,
                self.apply_root and self.p != 1,
                self.quantile_lowpass,
            ),
        )
        return cost.reshape(rows[:2]), total.reshape(rows[:2])

    def _voted_costs(
        self, reference: Representation, estimate: Representation
    ) -> tuple[Tensor, Tensor]:
        """The cost of each frame and its vote: (batch, channels, frames) each."""
        x, y, x_positions, y_positions = sides(reference, estimate)
        with without_autocast(x):
            cost, votes = self.costs(x, y, x_positions, y_positions)
        weights = self.votes(reference, estimate)
        return cost, votes if weights is None else votes * weights

    def costs(
        self, x: Tensor, y: Tensor, x_positions: Tensor, y_positions: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The cost of each frame, and whether it votes: (batch, channels, frames) each."""
        if self.circular or self._replaced:
            u, v, votes = self.mass_rule(x, y)
            rows = (Histogram.of_rows(x_positions, u), Histogram.of_rows(y_positions, v))
            if self.circular:
                cost = circular_transport(*rows, whole_circle=not self._replaced)
            else:
                cut, root = self.quantile_lowpass, self.apply_root
                cost = replaced_cost(*rows, self.p, cut, root, self.eps)
            return cost.reshape(votes.shape), votes
        cost, votes = way_to_costs(x, y, x_positions, y_positions)(
            x,
            y,
            x_positions,
            y_positions,
            self.square_magnitude,
            self.mass_rule,
            self.p,
            self.quantile_lowpass,
        )
        return (positive_root(cost, self.p) if self.apply_root and self.p != 1 else cost), votes

    def _quantiles(self, reference: Representation, estimate: Representation) -> Quantiles:
        x, y, x_positions, y_positions = sides(reference, estimate)
        with without_autocast(x):
            u, v, votes = self.mass_rule(x, y)
            rows = (Histogram.of_rows(x_positions, u), Histogram.of_rows(y_positions, v))
            parts = (part.reshape(*votes.shape, -1) for part in quantiles(*rows))
        a, b, c, d, e = (reference.without_channels(part) for part in parts)
        return a, b, c, d, e


def _octave(bins_per_octave: int, bins_per_semitone: int | None, warn: bool) -> int:
    if bins_per_semitone is None:
        return bins_per_octave
    if warn:
        warnings.warn(
            "bins_per_semitone is deprecated; use bins_per_octave=12 * bins_per_semitone",
            DeprecationWarning,
            stacklevel=4,
        )
    return 12 * _checks.integer("bins_per_semitone", bins_per_semitone)
