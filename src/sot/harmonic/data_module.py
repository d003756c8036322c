"""Lightning data modules: clips in memory, their transforms computed once, an order by seed."""

from __future__ import annotations

import warnings
from typing import Any, TypedDict

import lightning
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, DistributedSampler

from sot import _checks
from sot.harmonic.dataset import (
    SPLITS,
    Clips,
    SinusoidSettings,
    generate_splits,
    load_splits,
    scaled,
    share_clips,
    split_anew,
)
from sot.harmonic.front_end import ClipTransform

_CHUNK = 128  # clips transformed at a time


class Batch(TypedDict):
    """Some clips: `audio` (batch, 4096), peak 0.9; `frames` (batch, 16, 285); labels.

    `f0` (batch,) in Hz and `weights` (batch, harmonics) serve measures only; `index` (batch,) is
    the place of each clip in its split.
    """

    index: Tensor
    audio: Tensor
    frames: Tensor
    f0: Tensor
    weights: Tensor


class ClipDataset(Dataset[Batch]):
    """Clips of one split with their constant-Q transforms.

    Args:
        clips: as generated or read.
        transform: gives the frames, once.
    """

    def __init__(self, clips: Clips, transform: ClipTransform) -> None:
        audio = scaled(clips.audio)
        with torch.no_grad():
            frames = torch.cat([transform(part) for part in audio.split(_CHUNK)])
        self.all: Batch = {
            "index": torch.arange(len(audio)),
            "audio": audio,
            "frames": frames,
            "f0": clips.f0,
            "weights": clips.weights,
        }

    def __len__(self) -> int:
        return len(self.all["index"])

    def __getitem__(self, index: int) -> Batch:
        return {name: value[index] for name, value in self.all.items()}  # type: ignore

    def __getitems__(self, indices: list[int]) -> Batch:
        """A whole batch at once, which is much faster than clip by clip."""
        wanted = torch.tensor(indices)
        return {name: value[wanted] for name, value in self.all.items()}  # type: ignore


def _as_it_is(batch: Any) -> Any:
    return batch


class _ClipDataModule(lightning.LightningDataModule):
    """What both data modules share: three splits in memory and their loaders."""

    def __init__(self, batch_size: int, seed: int, shuffle: bool) -> None:
        super().__init__()
        self.batch_size = _checks.integer("batch_size", batch_size)
        self.seed = _checks.integer("seed", seed, minimum=0)
        self.shuffle = _checks.flag("shuffle", shuffle)
        self._clips: dict[str, Clips] = {}
        self._datasets: dict[str, ClipDataset] = {}
        self._transform: ClipTransform | None = None

    def make_splits(self) -> dict[str, Clips]:
        """The clips of each split."""
        raise NotImplementedError

    def setup(self, stage: str | None = None) -> None:
        """Make or read the clips, and transform those of the stage; only what is missing."""
        if not self._clips:
            self._clips = self.make_splits()
        wanted = {"fit": ("train", "val"), "validate": ("val",)}.get(stage or "", ("test",))
        for split in SPLITS if stage is None else wanted:
            self.dataset(split)

    def dataset(self, split: str) -> ClipDataset:
        """One split: 'train', 'val' or 'test'."""
        _checks.choice("split", split, SPLITS)
        if not self._clips:
            self._clips = self.make_splits()
        if split not in self._datasets:
            self._transform = self._transform or ClipTransform()
            self._datasets[split] = ClipDataset(self._clips[split], self._transform)
        return self._datasets[split]

    def train_dataloader(self) -> DataLoader[Batch]:
        """Batches whose order follows from the seed and the epoch, shared out among processes.

        The processes together see the batches that one would see with the same global batch.
        """
        dataset = self.dataset("train")
        trainer = self.trainer
        sampler: DistributedSampler[Batch] = DistributedSampler(
            dataset,
            num_replicas=trainer.world_size if trainer else 1,
            rank=trainer.global_rank if trainer else 0,
            shuffle=self.shuffle,
            seed=self.seed,
        )
        return self._loader(dataset, sampler)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Batches of the validation split, in order."""
        return self._loader(self.dataset("val"))

    def test_dataloader(self) -> DataLoader[Batch]:
        """Batches of the test split, in order."""
        return self._loader(self.dataset("test"))

    def _loader(
        self, dataset: ClipDataset, sampler: DistributedSampler[Batch] | None = None
    ) -> DataLoader[Batch]:
        # A generator of its own: starting to load draws no number from the global one.
        return DataLoader(
            dataset,
            self.batch_size,
            sampler=sampler,
            collate_fn=_as_it_is,
            generator=torch.Generator().manual_seed(self.seed),
        )


class SinusoidDataModule(_ClipDataModule):
    """The synthetic clips, made in memory.

    Args:
        sound: what the clips are made of.
        batch_size: clips in a batch, of each process.
        seed: of the order of the training clips; that of the clips is in `sound`.
        shuffle: False keeps the training clips in order, as the published loader did.

    Example:
        >>> from sot.harmonic import SinusoidDataModule, SinusoidSettings
        >>> sound = SinusoidSettings(train_clips=4, val_clips=2, test_clips=2)
        >>> data = SinusoidDataModule(sound, batch_size=2)
        >>> next(iter(data.train_dataloader()))["frames"].shape
        torch.Size([2, 16, 285])
    """

    def __init__(
        self,
        sound: SinusoidSettings = SinusoidSettings(),  # noqa: B008 - frozen
        batch_size: int = 64,
        seed: int = 42,
        shuffle: bool = True,
    ) -> None:
        super().__init__(batch_size, seed, shuffle)
        self.sound = sound

    def make_splits(self) -> dict[str, Clips]:
        """Make the clips."""
        return generate_splits(self.sound)


class PreloadedSinusoidDataModule(_ClipDataModule):
    """Clips from a file in the layout of the published data set, such as `sot data` writes.

    Args:
        data_path: the file.
        batch_size: clips in a batch, of each process.
        seed: of the order of the training clips.
        shuffle: False keeps the training clips in order, as the published loader did.
        resplit: deal the clips out anew, 70, 20 and 10 percent. None does so, with a warning, if
            the splits of the file share clips, as those of the published one do.
        split_seed: of the new splits, so that all runs share them.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no such data set; see :func:`sot.harmonic.load_splits`.
    """

    def __init__(
        self,
        data_path: str,
        batch_size: int = 64,
        seed: int = 42,
        shuffle: bool = True,
        resplit: bool | None = None,
        split_seed: int = 42,
    ) -> None:
        super().__init__(batch_size, seed, shuffle)
        self.data_path = data_path
        self.split_seed = _checks.integer("split_seed", split_seed, minimum=0)
        self.resplit = resplit if resplit is None else _checks.flag("resplit", resplit)

    def make_splits(self) -> dict[str, Clips]:
        """Read the clips."""
        splits = load_splits(self.data_path)
        resplit = self.resplit
        if resplit is None and (resplit := share_clips(splits)):
            warnings.warn(
                f"{self.data_path}: training, validation and test share clips; they are dealt out "
                "anew (resplit=False keeps them as they are)",
                stacklevel=2,
            )
        return split_anew(splits, self.split_seed) if resplit else splits
