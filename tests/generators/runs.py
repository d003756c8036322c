"""Settings of runs that are small enough to be trained in a test, and what these leave."""

from pathlib import Path

import torch

#: A few clips, one step an epoch, a validation in each.
SMALL = (
    "--data.init_args.sound.train_clips=48",
    "--data.init_args.sound.val_clips=4",
    "--data.init_args.sound.test_clips=4",
    "--data.init_args.batch_size=16",
    "--trainer.check_val_every_n_epoch=1",
    "--trainer.enable_progress_bar=false",
    "--trainer.enable_model_summary=false",
    "--trainer.accelerator=cpu",
)


def weights(folder: Path):
    """All weights of the last checkpoint of a run."""
    return torch.load(folder / "last.ckpt", weights_only=True)["state_dict"]


def same(ours, theirs):
    """Whether two sets of weights are the same to the bit."""
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)
