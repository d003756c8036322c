"""Runs that are small enough to be trained in a test, through the real command line."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import lightning  # noqa: F401 - sets up its loggers
import pytest
from generators.runs import SMALL
from typer.testing import CliRunner

import sot
from sot.cli._app import app


@pytest.fixture(scope="session")
def start() -> Callable[..., subprocess.Popen[str]]:
    """Start a verb in a process of its own."""

    def begin(*arguments: object) -> subprocess.Popen[str]:
        source = str(Path(sot.__file__).parents[1])
        program = "from sot.cli import main; main()"
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
            env=environment,
        )

    return begin


@pytest.fixture(scope="session")
def sot_command() -> Callable[..., tuple[int, str, str]]:
    """Run a verb in this process: status, standard output, standard error."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).handlers.clear()  # they hold the standard error of another test

    def run(*arguments: object) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory, sot_command) -> Path:
    """The folder of a small finished run of SOT-2048."""
    folder = tmp_path_factory.mktemp("runs")
    status, out, err = sot_command(
        "train", "--experiment", "SOT-2048", "--seed_everything=42", f"--output={folder}",
        "--trainer.max_epochs=2", *SMALL,
    )  # fmt: skip
    assert status == 0, err
    assert out.splitlines()[-1] == str(folder / "SOT-2048" / "42")
    return folder / "SOT-2048" / "42"
