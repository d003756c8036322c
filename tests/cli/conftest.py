"""The command line in this process, in one of its own, and recordings to feed it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import soundfile
import torch
from typer.testing import CliRunner

import sot
from sot.cli._app import app

RATE = 16000


class Answer(NamedTuple):
    """What a command gave back."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as one strict JSON document."""

        def refuse(name: str) -> None:
            raise AssertionError(f"{name} is not JSON")

        return json.loads(self.out, parse_constant=refuse)

    @property
    def complaints(self) -> list[str]:
        """Lines on standard error."""
        return self.err.splitlines()


@pytest.fixture(autouse=True)
def _one_thread():
    """Short signals are done before threads have met, and other tests may keep the machine busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def run() -> Callable[..., Answer]:
    """Run a command in this process."""

    def invoke(*arguments: object) -> Answer:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)

    return invoke


@pytest.fixture
def start() -> Callable[..., subprocess.Popen[str]]:
    """Start a command in a process of its own, which finds the package from any folder."""

    def begin(*arguments: object, before: str = "", **settings: Any) -> subprocess.Popen[str]:
        program = f"import sys\n{before}\nfrom sot.cli import main\nmain()"
        source = str(Path(sot.__file__).parents[1])
        paths = [source, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "OMP_NUM_THREADS": "1",
        }
        return subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment | settings.pop("env", {}),
            **settings,
        )

    return begin


@pytest.fixture
def shell(start: Callable[..., subprocess.Popen[str]]) -> Callable[..., Answer]:
    """Run a command in a process of its own, to its end."""

    def finish(*arguments: object, **settings: Any) -> Answer:
        process = start(*arguments, **settings)
        out, err = process.communicate(timeout=60)
        return Answer(process.returncode, out, err)

    return finish


def sine(frequency: float, seconds: float = 0.5, rate: int = RATE) -> np.ndarray:
    """Samples of a sine."""
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate + 0.1)


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Path]:
    """Write sines, one for each channel, to a file in the test's folder."""

    def write(name: str, *pitches: float, seconds: float = 0.5, rate: int = RATE, **how: Any):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = np.stack([sine(pitch, seconds, rate) for pitch in pitches], axis=1)
        soundfile.write(path, samples, rate, **how)
        return path

    return write


@pytest.fixture
def in_hertz() -> tuple[str, ...]:
    """Options for a distance in Hz: between two sines it is the difference of their pitches."""
    positions = ("--bin-position-scaling", "absolute", "--p", "1")
    return (*positions, "--square-magnitude", "--fft-size", "2048")


@pytest.fixture
def hertz(run: Callable[..., Answer], in_hertz: tuple[str, ...]) -> Callable[..., float]:
    """The distance in Hz between two files, which must not give an error."""

    def measure(*arguments: object) -> float:
        answer = run("compare", *in_hertz, *arguments, "--json")
        assert answer.status == 0, answer.err
        (pair,) = answer.document["pairs"]
        return float(pair["loss"])

    return measure
