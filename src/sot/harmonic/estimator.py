"""The estimator: encoder and synthesiser, trained together by comparing sounds (Lightning)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from sot import _checks
from sot.harmonic.data_module import Batch, ClipDataset
from sot.harmonic.encoder import Estimate, PitchEncoder
from sot.harmonic.front_end import CLIP_FRAMES, HOP_LENGTH, SAMPLE_RATE
from sot.harmonic.measures import LogSpectralDistance, pitch_accuracies
from sot.harmonic.objective import Objective, ObjectiveSettings
from sot.harmonic.random_states import random_states, restore_random_states
from sot.harmonic.synthesiser import HarmonicSynthesiser
from sot.harmonic.warm_up import TiltSettings, through_tilt
from sot.losses import MultiScaleSpectralLoss, WeightedLoss

#: The measures of the test, in the order of the table.
MEASURES = ("LSD", "RPA", "RCA", "OD", "MSE", "MSS")


@dataclass(frozen=True)
class EncoderSettings:
    """The encoder; see :class:`sot.harmonic.PitchEncoder`."""

    harmonics: int = 20
    temperature: float = 0.1
    dropout: float = 0.5
    amplitude_slope: float = 0.0
    amplitude_start: float = 0.0
    amplitude_spread: float = 1.0


@dataclass(frozen=True)
class TrainingSettings:
    """How the encoder is trained.

    Args:
        learning_rate: of Adam.
        weight_decay: of Adam.
        cosine: let the learning rate fall to 0 along a cosine over all steps.
        warm_up_steps: let it rise linearly over so many steps first.
        frames_per_clip: frames of a clip that are encoded, drawn anew at each step; since clips are
            stationary, each stands for its neighbours. 0 takes all 16.

    Raises:
        ValueError: a setting out of range.
        TypeError: a setting of the wrong type.
    """

    learning_rate: float = 1e-4
    weight_decay: float = 1e-4
    cosine: bool = False
    warm_up_steps: int = 0
    frames_per_clip: int = 0

    def __post_init__(self) -> None:
        _checks.number("learning_rate", self.learning_rate, above=0)
        _checks.number("weight_decay", self.weight_decay, minimum=0)
        _checks.flag("cosine", self.cosine)
        _checks.integer("warm_up_steps", self.warm_up_steps, minimum=0)
        count = _checks.integer("frames_per_clip", self.frames_per_clip, minimum=0)
        if count and CLIP_FRAMES % count:
            _checks.fail("frames_per_clip", f"0 or a divisor of {CLIP_FRAMES}", count)

    def factor(self, step: int, steps: int) -> float:
        """The factor of the learning rate at a step."""
        rising = min(1.0, (step + 1) / self.warm_up_steps) if self.warm_up_steps else 1.0
        falling = 0.5 + 0.5 * math.cos(math.pi * min(1.0, step / max(steps, 1)))
        return rising * (falling if self.cosine else 1.0)


class HarmonicEstimator(lightning.LightningModule):
    """Pitch and harmonic amplitudes without labels: encode, resynthesise, compare the sounds.

    Args:
        objective: the loss of the experiment.
        encoder: settings of the encoder.
        training: settings of the optimiser and of what each step sees.
        tilt: a start at which both sounds are heard through a fading low-pass.

    References:
        B. Torres, G. Peeters, G. Richard, Unsupervised harmonic parameter estimation using
        differentiable DSP and spectral optimal transport, ICASSP 2024.

    Example:
        >>> import torch
        >>> from sot.harmonic import HarmonicEstimator
        >>> estimator = HarmonicEstimator()
        >>> estimate, audio = estimator(torch.rand(2, 16, 285))
        >>> estimate.f0.shape, audio.shape
        (torch.Size([2, 16]), torch.Size([2, 4096]))
    """

    def __init__(
        self,
        objective: ObjectiveSettings = ObjectiveSettings(),  # noqa: B008 - frozen
        encoder: EncoderSettings = EncoderSettings(),
        training: TrainingSettings = TrainingSettings(),
        tilt: TiltSettings = TiltSettings(),  # noqa: B008
    ) -> None:
        super().__init__()
        self.training_settings = training
        self.tilt = tilt
        self.encoder = PitchEncoder(**vars(encoder))
        self.synthesiser = HarmonicSynthesiser(SAMPLE_RATE, HOP_LENGTH)
        self.objective = Objective(objective)
        self.measures = nn.ModuleDict(
            {"LSD": LogSpectralDistance(), "MSS": MultiScaleSpectralLoss("linear")}
        )
        self.results: dict[str, float] = {}
        self._bound: dict[str, Callable[[Tensor, Tensor], WeightedLoss]] = {}
        self._sums: dict[str, Tensor] = {}
        self._pitches: list[Tensor] = []

    def forward(self, frames: Tensor) -> tuple[Estimate, Tensor]:
        """Estimate and resynthesise.

        Args:
            frames: constant-Q magnitudes of clips, shape (clips, frames, 285).

        Returns:
            The estimate of each frame, and audio of shape (clips, frames * 256).
        """
        estimate = self.encoder(frames)
        return estimate, self.synthesiser(estimate.f0, estimate.amplitudes)

    # Training

    @property
    def progress(self) -> float:
        """Share of the steps that have been taken, from 0 to 1."""
        return min(1.0, self.trainer.global_step / max(self._total_steps(), 1))

    def _total_steps(self) -> int:
        return int(self.trainer.estimated_stepping_batches)

    def on_train_epoch_start(self) -> None:
        """Let the random numbers of an epoch follow from seed, epoch and process."""
        datamodule = getattr(self.trainer, "datamodule", None)
        seed = int(getattr(datamodule, "seed", 0))
        words = (seed, self.current_epoch, self.global_rank)
        (state,) = np.random.SeedSequence(words).generate_state(1, np.uint64)
        torch.manual_seed(int(state))

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """The loss of a batch; it stops where the loss is not finite."""
        estimate, audio = self._encode_some(batch["frames"])
        total, parts = self._loss("train", batch, audio)
        if not bool(total.detach().isfinite()):
            raise FloatingPointError(self._where(batch, estimate, parts))
        size = len(audio)
        for name, part in {"loss": total, **parts}.items():
            self.log(f"train/{name}", part.detach(), batch_size=size, prog_bar=name == "loss")
        return total

    def _loss(self, split: str, batch: Batch, audio: Tensor) -> WeightedLoss:
        """The loss of a batch; the spectra of all targets of a split are computed once."""
        trainer = self.trainer
        loader: Any = trainer.train_dataloader if split == "train" else trainer.val_dataloaders
        changing = split == "train" and self.tilt.order_at(self.progress) > 0
        dataset = getattr(loader, "dataset", None)
        if changing or not isinstance(dataset, ClipDataset):
            target = batch["audio"]
            if changing:
                target, audio = through_tilt(target, audio, self.tilt, self.progress)
            result: WeightedLoss = self.objective(target, audio)
            return result
        if split not in self._bound:
            self._bound[split] = self.objective.bind(dataset.all["audio"].to(audio.device))
        return self._bound[split](batch["index"], audio)

    def teardown(self, stage: str) -> None:
        """Let go of the spectra of the targets."""
        self._bound.clear()

    def _encode_some(self, frames: Tensor) -> tuple[Estimate, Tensor]:
        """Estimate and audio of clips, from all frames or from some that stand for the others."""
        count = self.training_settings.frames_per_clip
        if not count:
            result: tuple[Estimate, Tensor] = self(frames)
            return result
        chosen = torch.randint(frames.shape[1], (len(frames), count)).to(frames.device)
        estimate = self.encoder(torch.take_along_dim(frames, chosen[..., None], 1))
        repeated = [value.repeat_interleave(CLIP_FRAMES // count, 1) for value in estimate[:2]]
        return estimate, self.synthesiser(*repeated)

    def _where(self, batch: Batch, estimate: Estimate, parts: dict[str, Tensor]) -> str:
        """A message that says where a loss stopped being finite."""
        wrong = [name for name, part in parts.items() if not bool(part.isfinite())]
        wrong += [
            name
            for name, value in (("f0", estimate.f0), ("amplitudes", estimate.amplitudes))
            if not bool(value.isfinite().all())
        ]
        wrong += [
            f"parameter {name}"
            for name, value in self.named_parameters()
            if not bool(value.isfinite().all())
        ]
        clips = batch["index"].tolist()
        return (
            f"the loss is not finite at step {self.trainer.global_step}, epoch "
            f"{self.current_epoch}: {', '.join(wrong) or 'the total'}; clips {clips[0]}, "
            f"{clips[1] if len(clips) > 1 else ''} ...; resume from the last checkpoint with a "
            "lower learning rate"
        )

    def configure_optimizers(self) -> Adam:
        """Adam over all parameters."""
        settings = self.training_settings
        return Adam(
            self.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Let the settings of a step follow from its number, also where a checkpoint had others."""
        settings = self.training_settings
        factor = settings.factor(self.trainer.global_step, self._total_steps())
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * factor
            group["weight_decay"] = settings.weight_decay

    # Measures

    def on_validation_epoch_start(self) -> None:
        """Start from nothing."""
        self._sums, self._pitches = {}, []

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """Measure a batch."""
        self._measure(batch, with_loss=True)

    def on_validation_epoch_end(self) -> None:
        """Log the measures of the split."""
        for name, value in self._summary().items():
            self.log(f"val/{name}", value, prog_bar=name in ("LSD", "RPA"))

    def validation_pitches(self) -> tuple[Tensor, Tensor]:
        """True and estimated pitches in Hz of all frames of the last validation or test."""
        true, found = torch.cat(self._pitches, dim=1).cpu()
        return true, found

    def on_test_epoch_start(self) -> None:
        """Start from nothing."""
        self.on_validation_epoch_start()

    def test_step(self, batch: Batch, batch_index: int) -> None:
        """Measure a batch."""
        self._measure(batch, with_loss=False)

    def on_test_epoch_end(self) -> None:
        """Log the measures of the split, and keep them in `results`."""
        found = self._summary()
        self.results = {name: found[name] for name in MEASURES}
        for name, value in self.results.items():
            self.log(f"test/{name}", value)

    def _measure(self, batch: Batch, with_loss: bool) -> None:
        estimate, audio = self(batch["frames"])
        target, size = batch["audio"], len(batch["audio"])
        means = {name: measure(target, audio) for name, measure in self.measures.items()}
        means["MSE"] = (target - audio).square().mean()
        if with_loss:
            means["loss"] = self._loss("val", batch, audio).total
        for name, mean in means.items():
            before = self._sums.get(name, torch.zeros((), dtype=torch.float64))
            self._sums[name] = before + size * mean.double().cpu()
        true = batch["f0"][:, None].expand_as(estimate.f0)
        self._pitches.append(torch.stack([true, estimate.f0]).flatten(1).float())

    def _summary(self) -> dict[str, float]:
        """The measures over all batches of all processes."""
        pitches = torch.cat(self._pitches, dim=1)
        clips = torch.tensor(float(pitches.shape[1] // CLIP_FRAMES), dtype=torch.float64)
        names = sorted(self._sums)
        sums = torch.stack([*(self._sums[name] for name in names), clips]).to(self.device)
        if self.trainer.world_size > 1:
            sums = torch.as_tensor(self.all_gather(sums)).sum(0)
            pitches = torch.as_tensor(self.all_gather(pitches)).transpose(0, 1).flatten(1)
        means = {name: float(value / sums[-1]) for name, value in zip(names, sums, strict=False)}
        return {**means, **pitch_accuracies(pitches[0], pitches[1])}

    # Checkpoints

    @classmethod
    def from_pretrained(cls, name: str, seed: int | None = None) -> HarmonicEstimator:
        """A trained estimator, ready to use.

        Args:
            name: an experiment whose checkpoint comes with the package, such as 'SOT-2048', or
                the folder of a run.
            seed: of the run that comes with the package; 42 by default.

        Raises:
            ValueError: no such checkpoint, or weights that are damaged or do not fit.
        """
        from sot.harmonic.checkpoints import find_checkpoint

        return find_checkpoint(name, seed).estimator()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the states of the random generators with the weights, and count whole epochs."""
        checkpoint["random_states"] = random_states()
        _complete_epoch(checkpoint["loops"]["fit_loop"])

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the states of the random generators."""
        if "random_states" in checkpoint:
            restore_random_states(checkpoint["random_states"])


def _complete_epoch(loop: dict[str, Any]) -> None:
    """Count the epoch at whose end a checkpoint is written as complete, with no batch begun.

    Lightning does so after it has written the checkpoint. With a limit of steps it takes the epoch
    as unfinished when it goes on: it counts it twice, and goes on with the clips of a later one.
    """
    epochs = loop["epoch_progress"]["current"]
    if epochs["processed"] != epochs["completed"] + 1 or epochs["processed"] != epochs["ready"]:
        return
    for progress in loop["epoch_progress"].values():
        progress["completed"] += 1
    loop["epoch_loop.batch_progress"]["is_last_batch"] = False
    optimiser = loop["epoch_loop.automatic_optimization.optim_progress"]["optimizer"]
    for part in (loop["epoch_loop.batch_progress"], loop["epoch_loop.scheduler_progress"],
                 *optimiser.values()):  # fmt: skip
        part["current"] = dict.fromkeys(part["current"], 0)
