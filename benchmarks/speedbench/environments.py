"""The environments of the peers: what is in them, and how they are made."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / ".peers"
CONSTRAINTS = Path(__file__).resolve().parents[2] / "constraints.txt"


@dataclass(frozen=True)
class Environment:
    """A virtual environment.

    Args:
        name: of its folder.
        packages: installed with what they depend on.
        alone: installed without what they depend on.
        removed: files to remove afterwards, a pattern inside of site-packages.
        imports: modules that have to import in the end.
    """

    name: str
    packages: tuple[str, ...]
    alone: tuple[str, ...] = ()
    removed: str = ""
    imports: tuple[str, ...] = ()

    def python(self, folder: Path) -> Path:
        """Its interpreter."""
        windows = sys.platform == "win32"
        return folder / self.name / ("Scripts/python.exe" if windows else "bin/python")


def peer_environments() -> tuple[Environment, ...]:
    """Those of all peers. Torch is that of the environment in which this runs."""
    torch = "torch==" + version("torch").partition("+")[0]
    return (
        # torchaudio is imported by sot-loss; its compiled extension, built for another torch, is
        # not needed for what is timed.
        Environment(
            "torch",
            (torch, "numpy", "scipy"),
            ("sot-loss==0.1.5", "auraloss==0.4.0", "torchaudio==2.11.0"),
            "torchaudio/lib/*.so",
            ("sot", "auraloss"),
        ),
        Environment("korvax", ("korvax==0.3.0", "jax"), imports=("korvax",)),
    )


def pitch_environment() -> Environment:
    """That of PESTO, the pitch estimator; its weights are in the package."""
    torch = "torch==" + version("torch").partition("+")[0]
    return Environment(
        "pesto", (torch, "numpy", "scipy", "omegaconf", "tqdm"), ("pesto-pitch==2.0.1",)
    )


def make_environment(environment: Environment, folder: Path) -> bool:
    """Make an environment unless it is there as described; tells whether it was made.

    Raises:
        subprocess.CalledProcessError: pip failed, or a module cannot be imported.
    """
    place = folder / environment.name
    stamp = place / "made.json"
    described = json.dumps(asdict(environment))
    if stamp.exists() and stamp.read_text() == described:
        return False
    shutil.rmtree(place, ignore_errors=True)
    venv.create(place, with_pip=True)
    python = environment.python(folder)
    limits = ["-c", str(CONSTRAINTS)] if CONSTRAINTS.exists() else []
    _pip(python, [*limits, *environment.packages])
    if environment.alone:
        _pip(python, ["--no-deps", *environment.alone])
    if environment.removed:
        for file in place.rglob("site-packages/" + environment.removed):
            file.unlink()
    for module in environment.imports:  # not from a folder with modules of the same names
        subprocess.run([python, "-c", f"import {module}"], cwd=place, check=True)
    stamp.write_text(described)
    return True


def _pip(python: Path, arguments: Sequence[str]) -> None:
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, *arguments], check=True)
