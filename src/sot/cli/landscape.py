"""`sot landscape`: losses and their gradients over the pitch of a candidate tone."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sot.cli._common import (
    asked_rate,
    check_outputs,
    complain,
    numbers,
    on_terminal,
    one_thread,
    reported,
    with_loss_options,
)
from sot.cli._compiling import told_of_compilation
from sot.cli._losses import NAMED_LOSSES

if TYPE_CHECKING:
    from torch import Tensor

    from sot.landscape import Landscape

_LONGEST = 86_400.0  # seconds of a target, a day
_DEFAULTS = {"fft_size": 2048, "hop_length": 256, "square_magnitude": True}
_HARMONICS = "1,0.5,0.33"
_MOST_POINTS = 10_000
_RATE = 16000  # of a synthetic target, in Hz
_LESS = "use a lower p, or positions in [0, 1]"


@reported
@with_loss_options
@one_thread()
@told_of_compilation()
def landscape(
    file: Annotated[
        Path | None, typer.Argument(help="Audio file; without one, a synthetic tone (--tone).")
    ] = None,
    tone: Annotated[float, typer.Option(help="Pitch of the synthetic target in Hz.")] = 440.0,
    tone_harmonics: Annotated[
        str, typer.Option(help="Amplitudes of its harmonics, with commas between.")
    ] = _HARMONICS,
    candidate: Annotated[
        str, typer.Option(help="Amplitudes of the candidate's harmonics; 1 is a pure tone.")
    ] = _HARMONICS,
    low: Annotated[float, typer.Option(help="Lowest pitch of the candidate in Hz.")] = 40.0,
    high: Annotated[float, typer.Option(help="Highest pitch of the candidate in Hz.")] = 2000.0,
    points: Annotated[
        int, typer.Option(help="Pitches, spaced logarithmically, at most 10000.")
    ] = 49,
    f0: Annotated[
        float | None, typer.Option(help="True pitch of the recording in Hz, if known.")
    ] = None,
    duration: Annotated[float, typer.Option(help="Seconds of the target to use.")] = 0.5,
    start: Annotated[float, typer.Option(help="Where in the recording to begin, in s.")] = 0.25,
    loss: Annotated[
        str, typer.Option(help="Losses, with commas between: " + ", ".join(NAMED_LOSSES) + ".")
    ] = "sot,sot-loss,mss-linear",
    png: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the landscapes to this file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write the table as CSV.")
    ] = None,
    **arguments: Any,
) -> None:
    """Sweep the pitch of a candidate tone against a target; print each loss and its gradient.

    Gradients are per octave. Options from --preset on are the arguments of Wasserstein1DLoss. They
    hold for the loss "sot", whose defaults here are FFT 2048, hop 256 and powers (those of the
    preset with --preset); "sot-loss" takes FFT, hop, powers and exponent from it.
    """
    import torch
    from rich.console import Console
    from rich.progress import track

    from sot import _checks
    from sot._files import check_destination
    from sot.cli._losses import bound_losses
    from sot.landscape import harmonic_tone, sweep
    from sot.plots import check_picture

    for name, value in (("low", low), ("tone", tone), ("f0", f0)):
        if value is not None:
            _checks.number(name, value, above=0)
    _checks.number("duration", duration, above=0, maximum=_LONGEST)
    _checks.number("high", high, above=low)
    _checks.integer("points", points, minimum=2, maximum=_MOST_POINTS)
    if csv_file is not None:
        check_destination(csv_file)
    if png is not None:
        check_picture(png)
    check_outputs((csv_file, png), [] if file is None else [file])
    shape = _amplitudes("candidate", candidate)
    arguments = arguments if "preset" in arguments else {**_DEFAULTS, **arguments}
    if file is not None:
        target, rate = _excerpt(file, start, duration, asked_rate(arguments))
    elif f0 is not None:
        _checks.fail("f0", "a recording beside it", "none", "use --tone for a synthetic pitch")
    else:
        target, rate = _synthetic(tone, tone_harmonics, duration, asked_rate(arguments))
        f0 = tone
    _below_nyquist("high", high, rate)
    arguments["sample_rate"] = rate
    device = arguments.pop("device", "cpu")
    octaves = torch.linspace(0, math.log2(high / low), points, dtype=torch.float64)
    pitches = (low * octaves.exp2()).to(device, torch.float32)
    losses = bound_losses([name.strip() for name in loss.split(",")], target, arguments, device)
    console = Console(stderr=True)
    watched = track(
        losses.items(), "sweeping", console=console, transient=True, disable=not on_terminal()
    )
    landscapes = {
        name: sweep(bound, lambda p: harmonic_tone(p, target.shape[-1], rate, shape), pitches)
        for name, bound in watched
    }
    for name, item in landscapes.items():
        if not (item.values.isfinite().all() and item.gradients.isfinite().all()):
            _checks.fail(f"loss {name}", "finite numbers", "some beyond single precision", _LESS)
        if not item.values.any():
            complain(f"loss {name}: 0 at every pitch, since the target is silent to it")
    if as_json:
        synthetic = {"tone": tone, "tone_harmonics": tone_harmonics}
        config = synthetic if file is None else {"file": str(file), "start": start}
        config = {**config, "duration": duration, "candidate": candidate, **arguments}
        typer.echo(_as_json(landscapes, f0, config))
    else:
        _print_table(landscapes, f0)
    if csv_file is not None:
        _write_csv(csv_file, landscapes)
    if png is not None:
        _draw(png, landscapes, f0)


def _amplitudes(name: str, text: str) -> Tensor:
    """Amplitudes of harmonics, of which one at least is to be heard."""
    import torch

    from sot import _checks

    amplitudes = torch.tensor(numbers(name, text, float))
    if not amplitudes.any():
        _checks.fail(name, "at least one amplitude other than 0", repr(text))
    return amplitudes


def _below_nyquist(name: str, pitch: float, rate: int) -> None:
    from sot import _checks

    if pitch >= rate / 2:
        _checks.fail(name, f"a pitch below the Nyquist frequency, {rate / 2:g} Hz", f"{pitch:g} Hz")


def _synthetic(
    tone: float, harmonics: str, duration: float, rate: int | None
) -> tuple[Tensor, int]:
    """A harmonic tone (1, samples), and its rate."""
    import torch

    from sot import _checks
    from sot.landscape import harmonic_tone

    rate = _RATE if rate is None else _checks.integer("sample_rate", rate)
    _below_nyquist("tone", tone, rate)
    amplitudes = _amplitudes("tone_harmonics", harmonics)
    samples = math.ceil(duration * rate)
    return harmonic_tone(torch.tensor([tone]), samples, rate, amplitudes), rate


def _excerpt(file: Path, start: float, duration: float, rate: int | None) -> tuple[Tensor, int]:
    """Mono samples (1, samples) of a part of a recording, and their rate."""
    from sot import _checks
    from sot.audio import read_audio

    audio = read_audio(file).mono()
    audio = audio.resampled(audio.sample_rate if rate is None else rate)
    first = int(_checks.number("start", start, minimum=0) * audio.sample_rate)
    if first >= audio.samples.shape[-1]:
        _checks.fail("start", f"a time before the end, {audio.duration:.3f} s", f"{start} s")
    wanted = math.ceil(duration * audio.sample_rate)
    samples = audio.samples[:, first : first + wanted]
    if not samples.any():
        raise ValueError(f"{file}: silent from {start:g} s on for {duration:g} s")
    if samples.shape[-1] < wanted:
        length = samples.shape[-1] / audio.sample_rate
        complain(f"{file}: {length:.3f} s from {start:g} s on, shorter than {duration:g} s")
    return samples, audio.sample_rate


def _rows(landscapes: dict[str, Landscape]) -> list[list[float]]:
    """For each pitch: the pitch, then value and gradient of each loss."""
    columns = [next(iter(landscapes.values())).pitches.tolist()]
    for item in landscapes.values():
        columns += [item.values.tolist(), item.gradients.tolist()]
    return [list(row) for row in zip(*columns, strict=True)]


def _heads(landscapes: dict[str, Landscape]) -> list[str]:
    return ["pitch", *(f"{name}{part}" for name in landscapes for part in ("", " gradient"))]


def _as_json(landscapes: dict[str, Landscape], f0: float | None, config: dict[str, Any]) -> str:
    document: dict[str, Any] = {"f0": f0, "losses": {}, "config": config}
    for name, item in landscapes.items():
        document["losses"][name] = {
            "pitch": item.pitches.tolist(),
            "value": item.values.tolist(),
            "gradient": item.gradients.tolist(),
        }
        if f0 is not None:
            document["losses"][name]["towards_f0"] = item.towards(f0)
    return json.dumps(document, indent=2)


def _write_csv(path: Path, landscapes: dict[str, Landscape]) -> None:
    from sot._files import replaced_when_done

    with replaced_when_done(path) as beside, beside.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(_heads(landscapes))
        writer.writerows(_rows(landscapes))


def _print_table(landscapes: dict[str, Landscape], f0: float | None) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*_heads(landscapes), box=None, pad_edge=False)
    for column in table.columns:
        column.justify = "right"
    for pitch, *values in _rows(landscapes):
        table.add_row(f"{pitch:.1f}", *(f"{value:.4g}" for value in values))
    Console(width=10_000).print(table)  # a narrow terminal wraps lines; Rich would cut numbers
    if f0 is not None:
        for name, item in landscapes.items():
            typer.echo(f"{name}: {item.towards(f0):.0%} of the gradients point to {f0:.1f} Hz")


def _draw(path: Path, landscapes: dict[str, Landscape], f0: float | None) -> None:
    from sot.plots import new_figure, plot_landscapes, save_figure

    figure = new_figure()
    plot_landscapes(landscapes, f0, figure.subplots())
    save_figure(figure, path)
