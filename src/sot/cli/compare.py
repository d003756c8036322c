"""`sot compare`: the loss between two recordings, or between the files of two folders."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from sot.cli._common import check_outputs, complain, reported, visible, with_loss_options
from sot.cli._compiling import told_of_compilation
from sot.cli._pairs import (
    Channels,
    Comparer,
    Estimate,
    Failure,
    FftSizes,
    HopLengths,
    Pair,
    Prepared,
    Reference,
    Unequal,
    Weights,
    WinLengths,
    found_pairs,
    progress,
    resolutions,
)

_SHARE = 16  # pairs that a worker of a cluster takes at a time
COLUMNS = ("reference", "estimate", "loss", "duration")


@dataclass(frozen=True)
class Comparison(Pair):
    """The loss between two files over their common duration in seconds."""

    loss: float
    duration: float
    note: str = ""


@reported
@with_loss_options
@told_of_compilation()
def compare(
    reference: Reference,
    estimate: Estimate,
    channels: Channels = "mix",
    unequal: Unequal = "cut",
    fft_sizes: FftSizes = None,
    hop_lengths: HopLengths = None,
    win_lengths: WinLengths = None,
    weights: Weights = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write the table as CSV.")
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            help="Ray cluster that shares the work; auto: this machine's, local: one for now."
        ),
    ] = None,
    **arguments: Any,
) -> None:
    """Compare two recordings, or two folders whose files are paired by name.

    A file that cannot be read is reported, the others are done, and the exit status is 1. Options
    from --preset on are the arguments of Wasserstein1DLoss.
    """
    from sot._files import check_destination

    if csv_file is not None:
        check_destination(csv_file)
    lists = resolutions(fft_sizes, hop_lengths, win_lengths, weights)
    comparer = Comparer(channels, unequal, arguments, lists)
    done: list[Comparison] = []
    failed: list[Failure] = []
    pairs = list(found_pairs(reference, estimate))
    check_outputs([csv_file], [name for pair in pairs for name in (pair.reference, pair.estimate)])
    with progress(len(pairs), "comparing") as advance:
        for result in _scores(comparer, pairs, address):
            (failed if isinstance(result, Failure) else done).append(result)  # type: ignore[arg-type]
            advance()
    for failure in failed:
        complain(failure.error)
    for pair in done:
        if pair.note:
            complain(f"{pair.reference} and {pair.estimate}: {pair.note}")
    if as_json:
        typer.echo(_as_json(done, failed, comparer.config()))
    elif done:
        _print_table(done)
    if csv_file is not None:
        _write_csv(csv_file, done)
    if failed:
        raise typer.Exit(1)


def _scores(
    comparer: Comparer, pairs: list[Pair], address: str | None
) -> Iterator[Comparison | Failure]:
    """The loss of each pair in turn, found here or by the workers of a cluster."""
    if address is None:
        yield from (_score(comparer, pair) for pair in pairs)
        return
    from sot._cluster import cluster

    with cluster(address) as ray:
        remote = ray.remote(_scores_there)
        shares = [pairs[start : start + _SHARE] for start in range(0, len(pairs), _SHARE)]
        handles = [remote.remote(comparer, share, str(Path.cwd())) for share in shares]
        for handle in handles:
            try:
                yield from ray.get(handle)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from None


def _scores_there(comparer: Comparer, pairs: list[Pair], folder: str) -> list[Comparison | Failure]:
    """The losses of some pairs, in a worker that finds files from the same folder."""
    os.chdir(folder)
    return [_score(comparer, pair) for pair in pairs]


def _score(comparer: Comparer, pair: Pair) -> Comparison | Failure:
    """The loss between two files, or why there is none."""
    if isinstance(pair, Failure):
        return pair

    def compared(ready: Prepared) -> Comparison:
        value, note = ready.scored()
        return Comparison(pair.reference, pair.estimate, value, ready.x.duration, note)

    return comparer.done(pair, compared)


def _as_json(done: list[Comparison], failed: list[Failure], config: dict[str, Any]) -> str:
    pairs = [
        {key: value for key, value in asdict(pair).items() if key != "note" or value}
        for pair in done
    ]
    document: dict[str, Any] = {"pairs": pairs, "config": config}
    if failed:
        document["errors"] = [asdict(failure) for failure in failed]
    return json.dumps(document, indent=2)


def _write_csv(path: Path, done: list[Comparison]) -> None:
    from sot._files import replaced_when_done

    how: dict[str, Any] = {"newline": "", "encoding": "utf-8", "errors": "surrogateescape"}
    with replaced_when_done(path) as beside, beside.open("w", **how) as file:
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, "note"])
        for pair in done:
            writer.writerow([getattr(pair, name) for name in (*COLUMNS, "note")])


def _print_table(done: list[Comparison]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console = Console(width=10_000)
    table = Table(box=None, show_footer=len(done) > 1, pad_edge=False)
    mean = sum(pair.loss for pair in done) / len(done)
    table.add_column("reference", footer="mean", overflow="fold")
    table.add_column("estimate", overflow="fold")
    table.add_column("loss", footer=f"{mean:.6g}", justify="right", no_wrap=True)
    table.add_column("duration", justify="right", no_wrap=True)
    for pair in done:
        names = visible(pair.reference), visible(pair.estimate)
        row = [*names, f"{pair.loss:.6g}", f"{pair.duration:.3f} s"]
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
