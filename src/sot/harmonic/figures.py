"""Pictures of a run at each validation: the pitches found, and the spectra of a clip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor

from sot.harmonic.estimator import HarmonicEstimator
from sot.harmonic.front_end import SAMPLE_RATE
from sot.plots import new_figure, plot_pitches, save_figure
from sot.spectra import STFT

_FLOOR = 1e-8


class ValidationFigures(Callback):
    """Draws estimates over true pitches and two spectra; keeps the newest picture as a file.

    Args:
        folder: where the picture goes; TensorBoard, if it logs, gets all of them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Draw, in one process only."""
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        datamodule: Any = trainer.datamodule  # type: ignore[attr-defined]
        clip = datamodule.dataset("val")[0]
        with torch.no_grad():
            _, audio = pl_module(clip["frames"][None].to(pl_module.device))
        assert isinstance(pl_module, HarmonicEstimator)
        true, found = pl_module.validation_pitches()
        figure = draw_validation(true, found, clip["audio"], audio[0].cpu())
        self.folder.mkdir(parents=True, exist_ok=True)
        save_figure(figure, self.folder / "validation.png")
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                logger.experiment.add_figure("validation", figure, trainer.global_step)


def draw_validation(true: Tensor, found: Tensor, target: Tensor, estimate: Tensor) -> Any:
    """A figure of pitches found over true ones in Hz, and the mean spectra of two clips."""
    figure = new_figure(9.0, 3.6)
    left, right = figure.subplots(1, 2)
    plot_pitches(true, found, left)
    spectrum = STFT(fft_size=2048, sample_rate=SAMPLE_RATE, window="hann", square_magnitude=True)
    for label, audio in (("target", target), ("estimate", estimate)):
        level = 10 * torch.log10(spectrum(audio).mean(0).clamp(min=_FLOOR))
        right.plot(spectrum.frequencies, level.numpy(), label=label, linewidth=0.8)
    right.set(xlabel="frequency (Hz)", ylabel="power (dB)")
    right.legend()
    return figure
