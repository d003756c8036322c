"""Trained estimators in files: a configuration, weights and what they scored, by name or folder.

A folder holds config.yaml, weights.safetensors and metrics.json. Weights are checked against the
hash in metrics.json before they are used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

import lightning
import yaml
from jsonargparse import ArgumentParser
from torch import Tensor, nn

from sot import _checks
from sot._extras import require
from sot._files import replaced_when_done
from sot.harmonic.estimator import MEASURES, HarmonicEstimator
from sot.harmonic.naming import EXPERIMENTS

CONFIG, WEIGHTS, METRICS = "config.yaml", "weights.safetensors", "metrics.json"


@dataclass(frozen=True)
class Checkpoint:
    """A folder with a trained estimator."""

    folder: Path

    @property
    def name(self) -> str:
        """Experiment and seed, or the path of a folder elsewhere."""
        if self.folder.parent.name in EXPERIMENTS:
            return f"{self.folder.parent.name}/{self.folder.name}"
        return str(self.folder)

    def metrics(self) -> dict[str, Any]:
        """What metrics.json holds.

        Raises:
            FileNotFoundError: the run has not been evaluated.
            ValueError: the file is not what `sot train` writes.
        """
        path = self.folder / METRICS
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such file; the run is not complete")
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            found |= {"seed": int(found["seed"])}
            {key: found[key] for key in ("experiment", "weights_sha256")}
            found["test"] = {name: float(found["test"][name]) for name in MEASURES}
        except (ArithmeticError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"{path}: cannot be read as measures of a run ({error})") from error
        return found

    def estimator(self) -> HarmonicEstimator:
        """The trained estimator, ready to use.

        Raises:
            FileNotFoundError: a file is missing.
            ValueError: the weights are cut short, do not have the hash of metrics.json, or are of
                another architecture.
        """
        model, _ = configured(self.folder / CONFIG, with_data=False)
        path = self.folder / WEIGHTS
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such file; the run is not complete")
        if (self.folder / METRICS).is_file():
            expected, found = self.metrics()["weights_sha256"], sha256(path)
            if found != expected:
                raise ValueError(
                    f"{path}: the weights have SHA-256 {found[:16]}..., metrics.json says "
                    f"{str(expected)[:16]}...; the file is damaged or not the one that was measured"
                )
        load_weights(model.encoder, path)
        return model.eval()

    def data(self) -> lightning.LightningDataModule:
        """The data on which the estimator was trained.

        Raises:
            FileNotFoundError: there is no configuration.
            ValueError: it tells of no data, or of none that can be made.
        """
        path = self.folder / CONFIG
        _, data = configured(path, with_data=True)
        if data is None:
            raise ValueError(f"{path}: expected the configuration of a run, with a key 'data'")
        return data


def sha256(path: Path) -> str:
    """Hash of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def save_weights(encoder: nn.Module, path: Path) -> None:
    """Write the weights of an encoder; a file is replaced when done."""
    safetensors = require("safetensors.torch", "train")
    state = {name: value.contiguous().cpu() for name, value in encoder.state_dict().items()}
    error_type = require("safetensors", "train").SafetensorError
    with replaced_when_done(path) as beside:
        try:
            safetensors.save_file(state, beside)
        except error_type as error:
            raise OSError(f"{path}: cannot be written ({error})") from error


def load_weights(encoder: nn.Module, path: Path) -> None:
    """Read the weights of an encoder.

    Raises:
        ValueError: the file is cut short, of another kind, of another architecture, or holds NaN
            or infinite numbers.
    """
    safetensors = require("safetensors.torch", "train")
    error_type = require("safetensors", "train").SafetensorError
    try:
        state = safetensors.load_file(path)
    except (error_type, OSError, ValueError) as error:
        raise ValueError(f"{path}: cannot be read as weights; is it cut short?") from error
    check_architecture(path, encoder, state)
    for name, value in state.items():
        if not bool(value.isfinite().all()):
            raise ValueError(
                f"{path}: the weights are damaged: {name} holds NaN or infinite numbers"
            )
    encoder.load_state_dict(state)


def check_architecture(path: Path, module: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Refuse weights that are not those of a module.

    Raises:
        ValueError: names or shapes differ; the message tells the first.
    """
    own = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    theirs = {name: tuple(value.shape) for name, value in state.items()}
    if own != theirs:
        differing = sorted(name for name in {*own, *theirs} if own.get(name) != theirs.get(name))
        first = differing[0]
        raise ValueError(
            f"{path}: the weights are of another architecture: {first} is "
            f"{theirs.get(first, 'missing')} there and {own.get(first, 'missing')} by the "
            f"configuration; {len(differing)} tensors differ"
        )


def configured(
    path: Path, with_data: bool
) -> tuple[HarmonicEstimator, lightning.LightningDataModule | None]:
    """The estimator, and its data if wanted, that a resolved configuration describes.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no configuration of an estimator; the message names the key.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: cannot be read as YAML ({error})") from error
    if not isinstance(content, dict) or not isinstance(content.get("model"), dict):
        raise ValueError(f"{path}: expected the configuration of a run, with a key 'model'")
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(HarmonicEstimator, "model")
    wanted = {"model": content["model"]}
    if with_data:
        parser.add_subclass_arguments(lightning.LightningDataModule, "data")
        wanted["data"] = content.get("data")
    try:
        made = parser.instantiate(parser.parse_object(wanted))
    except Exception as error:  # jsonargparse's ArgumentError, and what constructors raise
        raise ValueError(f"{path}: {error}") from error
    return made.model, made.data if with_data else None


def checkpoints_folder() -> Path:
    """Where the checkpoints that come with the package lie: in the wheel, or in a checkout."""
    inside = Path(str(files("sot") / "data" / "checkpoints"))
    return inside if inside.is_dir() else Path(str(files("sot"))).parents[1] / "checkpoints"


def find_checkpoint(name: str, seed: int | None = None) -> Checkpoint:
    """A checkpoint by the name of its experiment, or by its folder.

    Args:
        name: an experiment, such as 'SOT-2048'; 'SOT-2048/42'; or the folder of a run.
        seed: of the run of an experiment; 42 by default.

    Raises:
        FileNotFoundError: the folder of a run that is not complete.
        ValueError: no such checkpoint comes with the package, of which the message tells which do,
            or a seed beside a name that says already which run it is.
    """
    folder = Path(name)
    is_folder = (folder / CONFIG).is_file() and (folder / WEIGHTS).is_file()
    experiment, _, number = name.partition("/")
    if seed is not None and (is_folder or number):
        _checks.fail("seed", f"none beside a single run, {name}", seed)
    if is_folder:
        return Checkpoint(folder)
    wanted = number or str(42 if seed is None else _checks.integer("seed", seed, minimum=0))
    found = checkpoints_folder() / experiment / wanted
    if experiment not in EXPERIMENTS or not (found / WEIGHTS).is_file():
        _tell_which(name, experiment, wanted)
    return Checkpoint(found)


def _tell_which(name: str, experiment: str, seed: str) -> NoReturn:
    """Refuse a checkpoint that there is not, and tell which there are."""
    if (Path(name) / CONFIG).is_file():
        raise FileNotFoundError(f"{Path(name) / WEIGHTS}: no such file; the run is not complete")
    if experiment not in EXPERIMENTS:
        expected = "the folder of a run, or the name of an experiment"
        _checks.fail("checkpoint", expected, repr(name), _checks.nearest(name, EXPERIMENTS))
    shipped = [f"{path.parent.parent.name}/{path.parent.name}" for path in shipped_weights()]
    _checks.fail(
        "checkpoint",
        "one that comes with the package",
        f"{experiment}/{seed}",
        f"choose from {', '.join(shipped) or 'none'}, or give the folder of a run",
    )


def shipped_weights() -> list[Path]:
    """The weights that come with the package."""
    return sorted(checkpoints_folder().glob(f"*/*/{WEIGHTS}"))
