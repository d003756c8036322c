"""The seven experiments and the protocols by name: files that come with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from sot import _checks

#: In the order of the paper's table.
EXPERIMENTS = (
    "MSS-Lin",
    "MSS-LogLin",
    "SOT-512",
    "SOT-512-LogF",
    "SOT-2048",
    "SOT-NoCut",
    "SOT-2048-SS",
)
PROTOCOLS = ("full", "short")

#: The seeds of the paper's runs.
SEEDS = (42, 123, 456, 789, 101112)
LARGEST_SEED = 2**32 - 1  # that NumPy takes

_FOLDER = Path(str(files("sot.harmonic") / "experiments"))


def base_file() -> Path:
    """What all experiments share."""
    return _FOLDER / "base.yaml"


def experiment_file(name: str) -> Path:
    """The file of an experiment, which stands on that base.

    Raises:
        ValueError: no experiment has this name.
    """
    return _FOLDER / f"{_checks.choice('experiment', name, EXPERIMENTS)}.yaml"


def protocol_files(name: str) -> list[Path]:
    """The files that a protocol lays on top of an experiment's; none for the full one.

    Raises:
        ValueError: no protocol has this name.
    """
    _checks.choice("protocol", name, PROTOCOLS)
    return [] if name == "full" else [_FOLDER / f"{name}.yaml"]
