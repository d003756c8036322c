"""`sot evaluate` and `sot table`: what trained estimators score on the test clips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sot.cli._common import complain, reported


@reported
def evaluate(
    checkpoint: Annotated[str, typer.Argument(help="Folder of a run, or an experiment's name.")],
    seed: Annotated[int | None, typer.Option(help="Of a run that comes with the package.")] = None,
    data: Annotated[Path | None, typer.Option(help="Measure on the test clips of a file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Measure a trained estimator on the test clips: LSD, RPA, RCA, OD, MSE, MSS."""
    import json

    from sot._extras import require

    require("lightning", "train")
    from sot.harmonic.checkpoints import METRICS, find_checkpoint
    from sot.harmonic.evaluation import evaluate as measure

    found = find_checkpoint(checkpoint, seed)
    _quiet()
    measured = measure(found, None if data is None else str(data))
    recorded = found.metrics()["test"] if (found.folder / METRICS).is_file() else None
    if as_json:
        typer.echo(json.dumps({"checkpoint": found.name, "test": measured}))
        return
    typer.echo(f"{found.name} on the test clips{f' of {data}' if data else ''}")
    units = {"LSD": "dB^2", "RPA": "%", "RCA": "%", "OD": "octaves"}
    for name, value in measured.items():
        beside = "" if recorded is None or data else f"   (recorded: {recorded[name]:.4f})"
        typer.echo(f"  {name:4}{value:12.4f} {units.get(name, ''):8}{beside}".rstrip())


@reported
def table(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders with runs; by default the checkpoints of the package."),
    ] = None,
    form: Annotated[str, typer.Option("--format", help="text, markdown, csv or latex.")] = "text",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to a file.")] = None,
) -> None:
    """Collect runs into the paper's table: mean (standard deviation) / median over seeds."""
    from sot import _checks
    from sot._extras import require
    from sot._files import replaced_when_done

    require("lightning", "train")
    from sot.harmonic.checkpoints import checkpoints_folder
    from sot.harmonic.evaluation import FORMATS, collect
    from sot.harmonic.evaluation import table as draw

    _checks.choice("format", form, FORMATS)
    rows = collect(folders or [checkpoints_folder()])
    text = draw(rows, form)
    if output is None:
        typer.echo(text)
    else:
        with replaced_when_done(output) as beside:
            beside.write_text(text + "\n", encoding="utf-8")
    for row in rows:
        for seed in row.incomplete:
            complain(f"{row.experiment}/{seed} is not complete and not in the table")


def _quiet() -> None:
    """Keep Lightning from telling which devices there are."""
    import logging

    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
