"""`sot train`: train the paper's estimator; LightningCLI's conventions behind one verb."""

from __future__ import annotations

import argparse
import os

import typer

from sot.cli._common import complain, reported
from sot.cli._usage import misused


@reported
def train(context: typer.Context) -> None:
    """Train by configuration: --config FILE or --experiment NAME, --protocol short, any value."""
    from sot._extras import require

    require("lightning", "train")
    require("jsonargparse", "train")
    from sot.harmonic.checkpoints import METRICS
    from sot.harmonic.training import train as run

    try:
        folder = run(with_named_files(context.args))
    except argparse.ArgumentError as error:
        raise misused("sot train", str(error)) from error
    except FloatingPointError as error:
        raise ValueError(str(error)) from error
    if os.environ.get("LOCAL_RANK", "0") == "0":
        if not (folder / METRICS).is_file():
            complain(
                f"{folder}: nothing was measured, since no validation kept a checkpoint; "
                "--trainer.check_val_every_n_epoch 1 validates after every epoch"
            )
        typer.echo(f"{folder}")


def with_named_files(args: list[str]) -> list[str]:
    """Arguments in which the names of an experiment and a protocol bring their files with them.

    The files come before all other arguments, so that these win; `--experiment NAME` of none of
    the seven is left as the name of a run, if a configuration is given.
    """
    from sot.harmonic.naming import EXPERIMENTS, experiment_file, protocol_files

    has_config = any(argument.split("=")[0] in ("--config", "-c") for argument in args)
    experiment, protocol = _value(args, "--experiment"), _value(args, "--protocol")
    named: list[str] = []
    if experiment in EXPERIMENTS and not has_config:
        named += ["--config", str(experiment_file(experiment))]
    elif not has_config and "--help" not in args and not any("--print_config" in a for a in args):
        if experiment is None:
            raise ValueError("train: expected --experiment NAME or --config FILE, got neither")
        experiment_file(experiment)  # tells the names
    layers = [str(path) for path in protocol_files(protocol)] if protocol is not None else []
    configs: list[str] = []
    rest: list[str] = []
    items = iter(args)
    for item in items:  # a protocol lies on top of the given files, below single values
        if item in ("--config", "-c"):
            configs += ["--config", next(items, "")]
        elif item.startswith("--config="):
            configs.append(item)
        else:
            rest.append(item)
    return [*named, *configs, *(part for path in layers for part in ("--config", path)), *rest]


def _value(args: list[str], option: str) -> str | None:
    """The last value of an option in a list of arguments."""
    value = None
    for index, argument in enumerate(args):
        if argument == option and index + 1 < len(args):
            value = args[index + 1]
        elif argument.startswith(f"{option}="):
            value = argument.partition("=")[2]
    return value
