"""`sot demo`: what the package does, on two recorded notes that come with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sot.cli._common import on_terminal, one_thread, reported
from sot.cli._compiling import told_of_compilation

if TYPE_CHECKING:
    from torch import Tensor

_PIANO, _VIOLIN = "piano_060.flac", "violin_069.flac"
_START, _SAMPLES, _STEPS = 4000, 8192, 100
_SETTINGS: dict[str, Any] = {
    "fft_size": 2048,
    "hop_length": 256,
    "square_magnitude": True,
}
_TITLES = {
    "pitch": "optimal transport",
    "sot-loss": "the same in sot-loss",
    "mss-linear": "multi-scale magnitudes",
}
_HARMONICS = 12  # of the candidate, falling as 1 / k


@dataclass(frozen=True)
class _Note:
    """Part of a bundled recording, shape (1, samples), with its true pitch in Hz."""

    name: str
    samples: Tensor
    sample_rate: int
    f0: float


@reported
@one_thread()
@told_of_compilation()
def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the pictures.")] = Path(
        "sot-demo"
    ),
) -> None:
    """Compare two recorded notes, then find the pitch of one by gradient descent."""
    import torch
    from rich.console import Console
    from rich.progress import track

    from sot.landscape import Landscape, descend, harmonic_tone, sweep
    from sot.plots import new_figure, plot_descents, plot_landscapes, save_figure

    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"{output}: cannot be made a folder ({error.strerror})") from error
    piano, violin = _note(_PIANO), _note(_VIOLIN)
    _compare(piano, violin, output)

    from sot.cli._losses import bound_losses

    rate = violin.sample_rate
    losses = bound_losses(list(_TITLES), violin.samples, {**_SETTINGS, "sample_rate": rate})
    start = violin.f0 / 4
    typer.echo(
        f"\nThe pitch of {violin.name} by gradient descent on {_HARMONICS} harmonics that "
        f"fall as 1 / k,\n{_STEPS} steps from two octaves below:\n"
        f"  {'start':24}{start:8.1f} Hz\n  {'true pitch':24}{violin.f0:8.1f} Hz"
    )
    amplitudes = 1 / torch.arange(1, _HARMONICS + 1)

    def tone(pitch: Tensor) -> Tensor:
        return harmonic_tone(pitch, _SAMPLES, rate, amplitudes)

    paths: dict[str, Tensor] = {}
    landscapes: dict[str, Landscape] = {}
    pitches = torch.logspace(math.log10(40), math.log10(2000), 81)
    found = []  # told when the bar is gone
    watched = track(
        losses.items(),
        "descending",
        console=Console(stderr=True),
        transient=True,
        disable=not on_terminal(),
    )
    for name, loss in watched:
        path = descend(loss, tone, start, steps=_STEPS, learning_rate=0.1)
        paths[_TITLES[name]] = path
        landscapes[_TITLES[name]] = sweep(loss, tone, pitches)
        cents = 1200 * math.log2(float(path[-1]) / violin.f0)
        found.append(
            f"  {_TITLES[name]:24}{float(path[-1]):8.1f} Hz, {cents:+.0f} cents from the truth"
        )
    typer.echo("\n".join(found))

    figure = new_figure(9.0, 3.6)
    left, right = figure.subplots(1, 2)
    plot_landscapes(landscapes, violin.f0, left)
    plot_descents(paths, violin.f0, right)
    left.set_title(f"Loss of a tone against {violin.name}")
    right.set_title("Descent from two octaves below")
    for ax in (left, right):
        ax.get_legend().remove()  # one for both
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    left.set_ylim(-0.05, 1.05)  # no room for a legend is needed
    save_figure(figure, output / "pitch.png")
    typer.echo(f"\nPictures: {output / 'transport.png'}, {output / 'pitch.png'}")


def _note(name: str) -> _Note:
    from sot.audio import read_audio

    audio = read_audio(Path(str(files("sot") / "data" / "notes" / name)))
    midi = int(Path(name).stem.split("_")[-1])
    samples = audio.samples[:, _START : _START + _SAMPLES]
    title = name.split("_")[0]
    return _Note(f"the {title} note", samples, audio.sample_rate, 440 * 2 ** ((midi - 69) / 12))


def _compare(x: _Note, y: _Note, output: Path) -> None:
    """Print the distance between two notes in Hz and draw the transport of one frame."""
    import torch

    from sot import Wasserstein1DLoss
    from sot.plots import new_figure, plot_transport, save_figure
    from sot.spectra import STFT

    settings = {**_SETTINGS, "sample_rate": x.sample_rate}
    distance = Wasserstein1DLoss(p=1, bin_position_scaling="absolute", **settings)
    hertz = float(distance(x.samples, y.samples))
    typer.echo(
        f"Two recorded notes: {x.name} ({x.f0:.1f} Hz) and {y.name} ({y.f0:.1f} Hz)\n"
        f"  Energy has to move by {hertz:.0f} Hz on average to turn one into the other."
    )
    spectrum = STFT(**settings)
    frame = spectrum(x.samples).shape[1] // 2
    figure = new_figure(9.0, 4.0)
    ax = figure.subplots()
    plot_transport(
        torch.tensor(spectrum.frequencies, dtype=torch.float32),
        spectrum(x.samples)[0, frame],
        spectrum(y.samples)[0, frame],
        ax,
    )
    ax.set_title(f"Transport from {x.name} (up) to {y.name} (down)")
    save_figure(figure, output / "transport.png")
