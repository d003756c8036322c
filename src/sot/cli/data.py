"""`sot data`: the synthetic data set of the paper, in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sot.cli._common import on_terminal, reported


@reported
def data(
    output: Annotated[Path, typer.Argument(help="The file to write, such as sinusoids.pth.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same clips.")] = 42,
    train_clips: Annotated[int, typer.Option(help="Clips for training.")] = 2800,
    val_clips: Annotated[int, typer.Option(help="Clips for validation.")] = 800,
    test_clips: Annotated[int, typer.Option(help="Clips for the test.")] = 400,
    f0_min: Annotated[float, typer.Option(help="Lowest pitch in Hz.")] = 40.0,
    f0_max: Annotated[float, typer.Option(help="Highest pitch in Hz.")] = 1950.0,
    harmonics: Annotated[int, typer.Option(help="Largest number of harmonics.")] = 8,
    counts: Annotated[
        str, typer.Option(help="Active harmonics: uniform, or published as that generator had it.")
    ] = "uniform",
    inharmonicity: Annotated[
        float, typer.Option(help="Largest stretch of the partials; 0 is harmonic.")
    ] = 0.0,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Make the synthetic data set: stationary tones with their pitches and amplitudes."""
    from rich.console import Console
    from rich.progress import Progress

    from sot._files import check_destination
    from sot.harmonic import SinusoidSettings, generate_splits, save_splits

    check_destination(output)
    if output.exists() and not force:
        raise FileExistsError(f"{output}: the file exists; --force replaces it")
    settings = SinusoidSettings(
        seed=seed,
        train_clips=train_clips,
        val_clips=val_clips,
        test_clips=test_clips,
        f0_min=f0_min,
        f0_max=f0_max,
        harmonics=harmonics,
        counts=counts,  # type: ignore[arg-type]  # checked there
        inharmonicity=inharmonicity,
    )
    total = train_clips + val_clips + test_clips
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not on_terminal()) as bar:
        task = bar.add_task("making clips", total=total)
        splits = generate_splits(settings, lambda made: bar.advance(task, made))
    save_splits(output, splits)
    sizes = ", ".join(f"{len(clips.audio)} {name}" for name, clips in splits.items())
    typer.echo(f"{output}: {sizes}; {output.stat().st_size / 1e6:.0f} MB, seed {seed}")
