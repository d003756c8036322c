"""Training from the command line: Lightning's conventions, a folder for each run, safe files."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning
import torch
import yaml
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI, SaveConfigCallback
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.plugins import TorchCheckpointIO

from sot import _checks
from sot._extras import require
from sot._files import replaced_when_done
from sot.harmonic._logs import keep_logs
from sot.harmonic._quiet import without_lightnings_own
from sot.harmonic._tensor_files import load_without_code, save_whole
from sot.harmonic.checkpoints import (
    CONFIG,
    METRICS,
    WEIGHTS,
    check_architecture,
    save_weights,
    sha256,
)
from sot.harmonic.estimator import HarmonicEstimator
from sot.harmonic.figures import ValidationFigures
from sot.harmonic.naming import LARGEST_SEED, base_file

BEST, LAST = "best.ckpt", "last.ckpt"

#: What Lightning needs to go on.
_STATE = {
    "state_dict",
    "optimizer_states",
    "lr_schedulers",
    "loops",
    "global_step",
    "pytorch-lightning_version",
}


class AtomicCheckpointIO(TorchCheckpointIO):
    """Checkpoints that are written beside their place and then moved there.

    Whenever a run is killed, the last checkpoint is a whole one.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write a checkpoint."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_whole(checkpoint, path)


class SaveConfiguration(SaveConfigCallback):
    """The full configuration beside the run, from which it can be trained again."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "save_to_log_dir": False})

    def save_config(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, stage: str
    ) -> None:
        """Write it into the folder of the run."""
        if stage != "fit":
            return
        path = run_folder(self.config) / CONFIG
        path.parent.mkdir(parents=True, exist_ok=True)
        text = self.parser.dump(self.config, skip_unset=False, skip_link_targets=False)
        with replaced_when_done(path) as beside:
            beside.write_text(text)


class FollowFolder(Callback):
    """Let a run whose folder was moved keep its best checkpoint.

    Lightning knows it by its old place, and would take the next validation for the best.
    """

    def on_load_checkpoint(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        checkpoint: dict[str, Any],
    ) -> None:
        """Tell the new place."""
        for callback in trainer.checkpoint_callbacks:
            state = checkpoint.get("callbacks", {}).get(callback.state_key)
            if not isinstance(callback, ModelCheckpoint) or state is None:
                continue
            before, now = str(state["dirpath"]), str(callback.dirpath)
            if before == now or not Path(now, BEST).is_file():
                continue
            for name in ("best_model_path", "kth_best_model_path", "last_model_path"):
                state[name] = state[name].replace(before, now)
            scores = state["best_k_models"].items()
            state["best_k_models"] = {path.replace(before, now): score for path, score in scores}
            state["dirpath"] = now


def run_folder(config: Any) -> Path:
    """Where a run keeps its files: <output>/<experiment>/<seed>."""
    return Path(config["output"]) / str(config["experiment"]) / str(config["seed_everything"])


class EstimatorCLI(LightningCLI):
    """Lightning's command line for the estimator: every value of a configuration is an option.

    Args:
        args: the command line.
        held: keeps the folder of the run from others until it is closed.
    """

    def __init__(self, args: list[str], held: contextlib.ExitStack) -> None:
        self.held = held
        super().__init__(
            HarmonicEstimator,
            lightning.LightningDataModule,
            subclass_mode_data=True,
            save_config_callback=SaveConfiguration,
            parser_kwargs={
                "default_config_files": [str(base_file())],
                "prog": "sot train",
                "exit_on_error": False,
                "allow_abbrev": False,
            },
            args=args,
            run=False,
            auto_configure_optimizers=False,
        )

    def add_default_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """The seed: a number, from which everything random follows."""
        parser.add_argument("--seed_everything", type=int, default=42, help="Seed of the run.")

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """What a run is called, where it goes, and from where it goes on."""
        parser.add_argument("--experiment", type=str, default="custom", help="Name of the runs.")
        parser.add_argument("--protocol", type=str, default="full", help="Name of the protocol.")
        parser.add_argument("--output", type=str, default="runs", help="Folder of all runs.")
        parser.add_argument(
            "--ckpt_path",
            type=str | None,
            default=None,
            help="Checkpoint to go on from, or 'last' for the run's own.",
        )
        parser.link_arguments("seed_everything", "data.init_args.seed")

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse the given list, whatever stands on the command line of this process."""
        try:
            self.config = parser.parse_args(args)
        except argparse.ArgumentError as error:
            _, _, unknown = str(error).partition("unrecognized arguments: ")
            known = parser._option_string_actions
            close = difflib.get_close_matches(unknown.partition("=")[0].split(" ")[0], known, n=1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            raise argparse.ArgumentError(None, f"{error}{hint}") from error
        seed = self.config["seed_everything"]
        _checks.integer("seed_everything", seed, minimum=0, maximum=LARGEST_SEED)

    def before_instantiate_classes(self) -> None:
        """Refuse to write over another run, or to go on from nothing, before anything is made."""
        folder = run_folder(self.config)
        first = os.environ.get("LOCAL_RANK", "0") == "0"
        path = self.config["ckpt_path"]
        if path == "last":
            path = self.config["ckpt_path"] = str(folder / LAST)
        if path is not None and not Path(path).is_file():
            raise FileNotFoundError(f"{path}: no such checkpoint")
        own = path is not None and Path(path).resolve().parent == folder.resolve()
        if first and not own and (folder / CONFIG).exists():
            begun = (folder / LAST).is_file()
            raise FileExistsError(
                f"{folder}: there is a run in this folder"
                + ("; --ckpt_path last goes on with it, " if begun else " without a checkpoint; ")
                + ("" if begun else "remove it, or ")
                + "--output or --experiment names another place"
            )
        if path is not None:
            _check_protocol(folder, str(self.config["protocol"]))
        folder.mkdir(parents=True, exist_ok=True)
        if first:
            self.held.enter_context(_alone_in(folder))

    def instantiate_trainer(self, **kwargs: Any) -> lightning.Trainer:
        """The trainer of the configuration with the run's checkpoints, loggers and figures."""
        folder = run_folder(self.config)
        settings = self.config_init["trainer"]
        if settings["logger"] is None or settings["logger"] is True:
            kwargs["logger"] = [
                TensorBoardLogger(folder, name="", version="tensorboard"),
                CSVLogger(folder, name="", version="csv"),
            ]
        callbacks: list[Callback] = list(settings["callbacks"] or [])
        if settings["enable_checkpointing"] is not False:
            callbacks += [_keep_best(folder), _keep_last(folder), FollowFolder()]
        if settings["logger"] is not False:
            callbacks.append(ValidationFigures(folder / "figures"))
        plugins = settings["plugins"] or []
        plugins = plugins if isinstance(plugins, list) else [plugins]
        kwargs["callbacks"] = callbacks
        kwargs["plugins"] = [*plugins, AtomicCheckpointIO()]
        kwargs["default_root_dir"] = settings["default_root_dir"] or str(folder)
        return super().instantiate_trainer(**kwargs)


class _OnlyRead(EstimatorCLI):
    """The command line without what it would make."""

    def before_instantiate_classes(self) -> None:
        """Look at no folder."""

    def instantiate_classes(self) -> None:
        """Make nothing."""


def configuration(args: list[str]) -> Any:
    """What :func:`train` would train by, of which nothing is made yet.

    Raises:
        argparse.ArgumentError: as :func:`train`.
        ValueError: a seed out of range.
    """
    with without_lightnings_own(), contextlib.ExitStack() as held:
        return _OnlyRead(args, held).config


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep a second process from training in the same folder at the same time."""
    filelock = require("filelock", "train")
    lock = filelock.FileLock(folder / ".lock")
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout as error:
        raise FileExistsError(f"{folder}: a run is being trained in this folder now") from error
    except NotImplementedError:  # a file system without locks
        pass
    try:
        yield
    finally:
        lock.release()


def _check_protocol(folder: Path, protocol: str) -> None:
    """Refuse to go on with a run under another protocol, of which it would then be measured."""
    path = folder / CONFIG
    if not path.is_file():
        return
    try:
        begun = yaml.safe_load(path.read_text(encoding="utf-8"))["protocol"]
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: cannot be read as the configuration of a run") from error
    if begun != protocol:
        expected = f"{begun!r}, under which {folder} was begun"
        _checks.fail("protocol", expected, repr(protocol))


def _check_checkpoint(path: str, model: HarmonicEstimator) -> int:
    """The steps of a checkpoint; refuse one from which a run cannot go on, before all writing."""
    content = load_without_code(Path(path), "a checkpoint of a run")
    if not isinstance(content, dict) or not content.keys() >= _STATE:
        raise ValueError(f"{path}: expected a checkpoint that `sot train` wrote, got another file")
    check_architecture(Path(path), model, content["state_dict"])
    return int(content["global_step"])


def _keep_best(folder: Path) -> ModelCheckpoint:
    """The checkpoint with the least log-spectral distance on the validation clips."""
    return ModelCheckpoint(
        dirpath=folder,
        filename=Path(BEST).stem,
        monitor="val/LSD",
        mode="min",
        save_top_k=1,
        save_on_train_epoch_end=False,
        enable_version_counter=False,
    )


def _keep_last(folder: Path) -> ModelCheckpoint:
    """The state at the end of every epoch, from which a run goes on."""
    return ModelCheckpoint(
        dirpath=folder,
        filename=Path(LAST).stem,
        every_n_epochs=1,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )


def train(args: list[str]) -> Path:
    """Train by command-line arguments, measure the best checkpoint, and write both.

    Returns:
        The folder of the run, with config.yaml, weights.safetensors and metrics.json.

    Raises:
        FileExistsError: there is a run in that folder already.
        FileNotFoundError: no such checkpoint or data.
        ValueError: a checkpoint from which this run cannot go on, or a device that is not there.
        FloatingPointError: the loss is not finite; the message says where.
        OSError: a file cannot be written.
        argparse.ArgumentError: the arguments or the configuration are wrong; the message names
            the key.
    """
    try:
        with without_lightnings_own(), contextlib.ExitStack() as held:
            return _trained(EstimatorCLI(args, held))
    except MisconfigurationException as error:  # such as a device that is not there
        raise ValueError(str(error)) from error


def _trained(cli: EstimatorCLI) -> Path:
    """Train, measure and write, as the command line says; the folder of the run."""
    path = cli.config["ckpt_path"]
    if path is not None:
        steps = _check_checkpoint(path, cli.model)
        if cli.trainer.is_global_zero:
            keep_logs(cli.trainer.loggers, steps)
    try:
        cli.trainer.fit(cli.model, datamodule=cli.datamodule, ckpt_path=path, weights_only=True)
    except SystemExit:
        if cli.trainer.interrupted:  # Lightning makes an ordinary end of it
            raise KeyboardInterrupt from None
        raise
    folder = run_folder(cli.config)
    best = folder / BEST
    if not best.is_file():  # too few epochs for a validation, or checkpoints switched off
        return folder
    cli.trainer.test(
        cli.model,
        datamodule=cli.datamodule,
        ckpt_path=str(best),
        weights_only=True,
        verbose=False,
    )
    if cli.trainer.is_global_zero:
        write_results(folder, cli)
    return folder


def write_results(folder: Path, cli: EstimatorCLI) -> None:
    """Write the weights of the best checkpoint and what they scored."""
    save_weights(cli.model.encoder, folder / WEIGHTS)
    content = torch.load(folder / BEST, map_location="cpu", weights_only=True)
    metrics = {
        "experiment": cli.config["experiment"],
        "seed": cli.config["seed_everything"],
        "protocol": cli.config["protocol"],
        "steps": int(content["global_step"]),
        "weights_sha256": sha256(folder / WEIGHTS),
        "test": cli.model.results,
    }
    with replaced_when_done(folder / METRICS) as beside:
        beside.write_text(json.dumps(metrics, indent=2) + "\n")
