"""`sot compare`: the loss between two recordings, or between the files of two folders."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sot.cli._common import (
    asked_rate,
    complain,
    numbers,
    on_terminal,
    reported,
    with_loss_options,
)

if TYPE_CHECKING:
    from sot.audio import Audio

COLUMNS = ("reference", "estimate", "loss", "duration")


@dataclass(frozen=True)
class Pair:
    """Two files to compare."""

    reference: str
    estimate: str


@dataclass(frozen=True)
class Comparison(Pair):
    """The loss between two files over their common duration in seconds."""

    loss: float
    duration: float
    note: str = ""


@dataclass(frozen=True)
class Failure(Pair):
    """Two files that could not be compared."""

    error: str


@reported
@with_loss_options
def compare(
    reference: Annotated[Path, typer.Argument(help="Audio file, or a folder of them.")],
    estimate: Annotated[Path, typer.Argument(help="Audio file, or a folder with the same names.")],
    channels: Annotated[
        str, typer.Option(help="mix: mix down to one; each: compare channel by channel.")
    ] = "mix",
    unequal: Annotated[
        str, typer.Option(help="Unequal lengths: cut to the shorter, or pad with silence.")
    ] = "cut",
    fft_sizes: Annotated[
        str | None,
        typer.Option(help="Samples of several transforms, such as 1024,2048,512."),
    ] = None,
    hop_lengths: Annotated[
        str | None, typer.Option(help="Their hops; a quarter of --fft-sizes if left out.")
    ] = None,
    win_lengths: Annotated[
        str | None, typer.Option(help="Their windows; --fft-sizes if left out.")
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="Factors of their losses, which are added.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write the table as CSV.")
    ] = None,
    **arguments: Any,
) -> None:
    """Compare two recordings, or two folders whose files are paired by name.

    A file that cannot be read is reported, the others are done, and the exit status is 1. Options
    from --preset on are the arguments of Wasserstein1DLoss.
    """
    from sot import _checks
    from sot._files import check_destination

    _checks.choice("channels", channels, ["mix", "each"])
    _checks.choice("unequal", unequal, ["cut", "pad"])
    if csv_file is not None:
        check_destination(csv_file)
    resolutions = _resolutions(fft_sizes, hop_lengths, win_lengths, weights)
    scorer = _Scorer(channels, unequal, arguments, resolutions)  # type: ignore[arg-type]
    done: list[Comparison] = []
    failed: list[Failure] = []
    pairs = list(_pairs(reference, estimate))
    with _progress(len(pairs)) as advance:
        for pair in pairs:
            result = scorer.score(pair) if not isinstance(pair, Failure) else pair
            (failed if isinstance(result, Failure) else done).append(result)  # type: ignore[arg-type]
            advance()
    for failure in failed:
        complain(failure.error)
    for pair in done:
        if pair.note:
            complain(f"{pair.reference} and {pair.estimate}: {pair.note}")
    if as_json:
        typer.echo(_as_json(done, failed, scorer.config()))
    elif done:
        _print_table(done)
    if csv_file is not None:
        _write_csv(csv_file, done)
    if failed:
        raise typer.Exit(1)


def _resolutions(
    fft_sizes: str | None, hop_lengths: str | None, win_lengths: str | None, weights: str | None
) -> dict[str, list[Any]]:
    """The lists for MultiResolutionSOTLoss; none if no list was given."""
    given = (
        ("fft_sizes", fft_sizes, int),
        ("hop_lengths", hop_lengths, int),
        ("win_lengths", win_lengths, int),
        ("weights", weights, float),
    )
    lists = {name: numbers(name, text, kind) for name, text, kind in given if text is not None}
    if lists and "fft_sizes" not in lists:
        raise ValueError("fft_sizes: expected beside the other lists of resolutions, got none")
    if lists and "hop_lengths" not in lists:
        lists["hop_lengths"] = [max(1, int(size) // 4) for size in lists["fft_sizes"]]
    return lists


def _pairs(reference: Path, estimate: Path) -> Iterator[Pair]:
    """The pairs of two files or of two folders; what has no partner is a failure."""
    if not (reference.is_dir() or estimate.is_dir()):
        yield Pair(str(reference), str(estimate))
        return
    from sot.audio import audio_files

    for name, path in (("REFERENCE", reference), ("ESTIMATE", estimate)):
        if not path.exists():
            raise ValueError(f"{name}: {path}: no such folder")
        if not path.is_dir():
            raise ValueError(f"{name}: expected two files or two folders, got the file {path}")
    left, right = audio_files(reference), audio_files(estimate)
    if not left:
        raise ValueError(f"REFERENCE: {reference}: the folder holds no audio file")
    for key in sorted(left.keys() | right.keys()):
        first, second = str(left.get(key, "")), str(right.get(key, ""))
        if first and second:
            yield Pair(first, second)
        else:
            other = estimate if first else reference
            yield Failure(first, second, f"{first or second}: no file of this name in {other}")


class _Scorer:
    """Reads pairs of files and compares them, with one loss for each sample rate."""

    def __init__(
        self,
        channels: Literal["mix", "each"],
        unequal: Literal["cut", "pad"],
        arguments: dict[str, Any],
        resolutions: dict[str, list[Any]],
    ) -> None:
        self.channels = channels
        self.unequal = unequal
        self.sample_rate = asked_rate(arguments)
        self.arguments = {key: value for key, value in arguments.items() if key != "sample_rate"}
        self.resolutions = resolutions
        self._losses: dict[int, Callable[..., Any]] = {}
        if self.sample_rate is not None:
            self._loss(self.sample_rate)  # so that a wrong setting is told before the first file

    def config(self) -> dict[str, Any]:
        """The settings that were given, for the record."""
        rate = {} if self.sample_rate is None else {"sample_rate": self.sample_rate}
        both = {"channels": self.channels, "unequal": self.unequal}
        return {**both, **rate, **self.arguments, **self.resolutions}

    def score(self, pair: Pair) -> Comparison | Failure:
        """The loss between two files, or why there is none."""
        import torch

        from sot.audio import read_audio

        try:
            x, y = read_audio(pair.reference), read_audio(pair.estimate)
        except (ValueError, OSError) as error:
            return Failure(pair.reference, pair.estimate, str(error))
        if not self._losses:  # a setting that is wrong for the first file is told once, and ends it
            self._loss(self.sample_rate or x.sample_rate)
        try:
            loss = self._loss(self.sample_rate or x.sample_rate)
            x, y, note = self._prepared(x, y)
            with torch.no_grad():
                device = self.arguments.get("device", "cpu")
                value = float(loss(x.samples[None].to(device), y.samples[None].to(device)))
            if not math.isfinite(value):
                raise ValueError(f"the loss is {value}, beyond single precision; use a lower p")
        except (ValueError, RuntimeError, MemoryError) as error:  # torch's lack of memory is one
            message = f"{pair.reference} and {pair.estimate}: {error}"
            return Failure(pair.reference, pair.estimate, message)
        return Comparison(pair.reference, pair.estimate, value, x.duration, note)

    def _loss(self, sample_rate: int) -> Callable[..., Any]:
        from sot import MultiResolutionSOTLoss, Wasserstein1DLoss

        if sample_rate not in self._losses:
            settings = {**self.arguments, **self.resolutions, "sample_rate": sample_rate}
            kind = MultiResolutionSOTLoss if self.resolutions else Wasserstein1DLoss
            self._losses[sample_rate] = kind(**settings)
        return self._losses[sample_rate]

    def _prepared(self, x: Audio, y: Audio) -> tuple[Audio, Audio, str]:
        """Both sounds with equal channels, rate and length, and what had to be said about it."""
        from torch.nn import functional

        from sot.audio import Audio

        if self.channels == "mix":
            x, y = x.mono(), y.mono()
        elif x.samples.shape[0] != y.samples.shape[0]:
            raise ValueError(
                f"expected equal channel counts, got {x.samples.shape[0]} and "
                f"{y.samples.shape[0]}; use --channels mix"
            )
        rate = self.sample_rate or x.sample_rate
        x, y = x.resampled(rate), y.resampled(rate)
        notes = []
        lengths = x.samples.shape[-1], y.samples.shape[-1]
        if lengths[0] != lengths[1]:
            wanted = min(lengths) if self.unequal == "cut" else max(lengths)
            x, y = (
                Audio(functional.pad(a.samples, (0, wanted - a.samples.shape[-1])), rate)
                for a in (x, y)
            )
            verb = "cut" if self.unequal == "cut" else "padded"
            notes.append(
                f"{lengths[0] / rate:.3f} s and {lengths[1] / rate:.3f} s, "
                f"{verb} to {wanted / rate:.3f} s"
            )
        for side, audio in (("reference", x), ("estimate", y)):
            if not audio.samples.any():
                notes.append(f"the {side} is silent")
        return x, y, "; ".join(notes)


class _progress:  # noqa: N801 - used like a function
    """A progress bar on a terminal for several files; nothing elsewhere."""

    def __init__(self, total: int) -> None:
        self.total = total

    def __enter__(self) -> Callable[[], None]:
        from rich.console import Console
        from rich.progress import Progress

        quiet = self.total < 2 or not on_terminal()
        self._bar = Progress(console=Console(stderr=True), disable=quiet, transient=True)
        self._bar.start()
        task = self._bar.add_task("comparing", total=self.total)
        return lambda: self._bar.advance(task)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def _as_json(done: list[Comparison], failed: list[Failure], config: dict[str, Any]) -> str:
    pairs = [
        {key: value for key, value in asdict(pair).items() if key != "note" or value}
        for pair in done
    ]
    document: dict[str, Any] = {"pairs": pairs, "config": config}
    if failed:
        document["errors"] = [asdict(failure) for failure in failed]
    return json.dumps(document, indent=2, ensure_ascii=False)


def _write_csv(path: Path, done: list[Comparison]) -> None:
    from sot._files import replaced_when_done

    with replaced_when_done(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
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
        row = [pair.reference, pair.estimate, f"{pair.loss:.6g}", f"{pair.duration:.3f} s"]
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
