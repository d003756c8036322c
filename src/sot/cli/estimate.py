"""`sot estimate`: pitch and harmonics of recordings with a trained estimator."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sot.cli._common import check_outputs, complain, on_terminal, one_thread, reported, visible

if TYPE_CHECKING:
    from sot.harmonic import PitchEncoder
    from sot.harmonic.recordings import PitchTrack

_WIDEST = 60  # letters of a title


@reported
@one_thread()
def estimate(
    recordings: Annotated[list[Path], typer.Argument(help="Audio files.")],
    checkpoint: Annotated[
        str, typer.Option(help="An experiment, or the folder of a run.")
    ] = "SOT-2048",
    seed: Annotated[int | None, typer.Option(help="Of a run that comes with the package.")] = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write time, f0, confidence and amplitudes.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the pitch of one recording.")] = None,
    resynth: Annotated[
        Path | None,
        typer.Option(help="Write one recording as it is synthesised again, such as again.wav."),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="True pitches: lines of file name, f0 in Hz.")
    ] = None,
) -> None:
    """Estimate pitch and harmonics of recordings, in clips as in training.

    A recording that cannot be read is reported, the others are done, and the exit status is 1.
    """
    from sot._extras import require
    from sot._files import check_destination
    from sot.audio import audio_format
    from sot.plots import check_picture

    for option, path in (("plot", plot), ("resynth", resynth)):
        if path is not None and len(recordings) > 1:
            raise ValueError(f"{option}: expected one recording, got {len(recordings)}")
    for path in (csv_file, resynth):
        if path is not None:
            check_destination(path)
    if plot is not None:
        check_picture(plot)
    if resynth is not None:
        audio_format(resynth)
    check_outputs((csv_file, plot, resynth), [*recordings, *([labels] if labels else [])])
    true = None if labels is None else _read_labels(labels, recordings)
    require("lightning", "train")
    from sot.harmonic.checkpoints import find_checkpoint

    found = find_checkpoint(checkpoint, seed)
    tracks, failures = _tracks(found.estimator().encoder, recordings)
    for failure in failures:
        complain(failure)
    if tracks:
        _tell(found.name, tracks, csv_file, as_json, plot, resynth)
    elif as_json:
        _print_json(found.name, tracks)
    if true is not None and tracks:
        _print_accuracies(tracks, true)
    if failures:
        raise typer.Exit(1)


def _tracks(
    encoder: PitchEncoder, recordings: list[Path]
) -> tuple[dict[Path, PitchTrack], list[str]]:
    """What is found in each recording, and why there is nothing of the others."""
    from rich.console import Console
    from rich.progress import track

    from sot.audio import read_audio
    from sot.harmonic.recordings import track_pitch

    tracks: dict[Path, PitchTrack] = {}
    failures = []
    watched = track(
        recordings,
        "estimating",
        console=Console(stderr=True),
        transient=True,
        disable=not on_terminal(),
    )
    for path in watched:
        try:
            audio = read_audio(path)
            try:
                tracks[path] = track_pitch(encoder, audio)
            except ValueError as error:  # of the sound, which does not know its file
                raise ValueError(f"{path}: {error}") from error
        except (ValueError, OSError, MemoryError) as error:
            failures.append(str(error) or f"{path}: not enough memory")
    return tracks, failures


def _tell(
    checkpoint: str,
    tracks: dict[Path, PitchTrack],
    csv_file: Path | None,
    as_json: bool,
    plot: Path | None,
    resynth: Path | None,
) -> None:
    """Write and print what was found."""
    from sot.audio import write_audio

    if csv_file is not None:
        _write_csv(tracks, csv_file)
    for path, one in tracks.items():
        if plot is not None:
            _draw(one, _title(path), plot)
        if resynth is not None:
            write_audio(resynth, one.resynthesis())
    if as_json:
        _print_json(checkpoint, tracks)
    else:
        _print_summary(tracks)


def _frames(track: PitchTrack) -> list[dict[str, Any]]:
    """Frames as they are told in JSON."""
    columns = (track.times, track.f0, track.confidence, track.amplitudes)
    names = ("time", "f0", "confidence", "amplitudes")
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [dict(zip(names, row, strict=True)) for row in rows]


def _print_json(checkpoint: str, tracks: dict[Path, PitchTrack]) -> None:
    import json

    told = [{"file": str(path), "frames": _frames(one)} for path, one in tracks.items()]
    typer.echo(json.dumps({"checkpoint": checkpoint, "files": told}))


def _print_summary(tracks: dict[Path, PitchTrack]) -> None:
    """A line for each recording: the median pitch of the frames that are heard."""
    width = max(len(visible(str(path))) for path in tracks)
    for path, one in tracks.items():
        name = f"{visible(str(path)):{width}}"
        heard = one.confidence > 0
        seconds = one.samples / 16000
        if not bool(heard.any()):
            typer.echo(f"{name}  {seconds:7.2f} s  silent")
            continue
        pitch, sure = float(one.f0[heard].median()), float(one.confidence[heard].median())
        typer.echo(f"{name}  {seconds:7.2f} s  {pitch:8.1f} Hz  confidence {sure:.2f}")


def _write_csv(tracks: dict[Path, PitchTrack], path: Path) -> None:
    import csv

    from sot._files import replaced_when_done

    how: dict[str, Any] = {"newline": "", "encoding": "utf-8", "errors": "surrogateescape"}
    with replaced_when_done(path) as beside, beside.open("w", **how) as file:
        writer = csv.writer(file)
        harmonics = next(iter(tracks.values())).amplitudes.shape[1]
        names = [f"amplitude_{k}" for k in range(1, harmonics + 1)]
        writer.writerow(["file", "time", "f0", "confidence", *names])
        for source, one in tracks.items():
            for row in _frames(one):
                told = [f"{row['time']:.3f}", f"{row['f0']:.3f}", f"{row['confidence']:.4f}"]
                writer.writerow([source, *told, *(f"{a:.6f}" for a in row["amplitudes"])])


def _title(path: Path) -> str:
    """The name of a recording in one line that is no wider than a picture."""
    name = visible(os.fsencode(path.name).decode(errors="replace"))
    half = _WIDEST // 2
    return name if len(name) <= _WIDEST else f"{name[:half]} … {name[-half:]}"


def _draw(track: PitchTrack, title: str, path: Path) -> None:
    """Pitch over time, the darker the more certain, and the amplitudes of the harmonics."""
    from sot.plots import new_figure, save_figure

    figure = new_figure(8.0, 5.0)
    upper, lower = figure.subplots(2, 1, sharex=True)
    heard = track.confidence > 0
    points = upper.scatter(
        track.times[heard], track.f0[heard], c=track.confidence[heard], s=6, vmin=0, vmax=1
    )
    figure.colorbar(points, ax=upper, label="confidence")
    upper.set(yscale="log", ylabel="f0 (Hz)")
    upper.set_title(title, parse_math=False)
    image = lower.pcolormesh(
        track.times.numpy(), range(1, track.amplitudes.shape[1] + 1), track.amplitudes.T.numpy()
    )
    figure.colorbar(image, ax=lower, label="amplitude")
    lower.set(xlabel="time (s)", ylabel="harmonic")
    with warnings.catch_warnings():
        # Letters that the font lacks are drawn as boxes; the name stands on standard output too.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        save_figure(figure, path)


def _read_labels(path: Path, recordings: list[Path]) -> dict[str, float]:
    """True pitches by the name of a file, without its folder, of all recordings at least."""
    import csv

    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    found = {}
    # As written by Excel too, which begins a file with a mark.
    with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        for number, row in enumerate(csv.reader(file), start=1):
            if not row or (number == 1 and row[-1].strip().lower() in ("f0", "hz")):
                continue
            try:
                name, pitch = row[0].strip(), float(row[1])
            except (IndexError, ValueError):
                pitch = 0.0
            if not 0 < pitch < float("inf"):
                raise ValueError(f"{path}, line {number}: expected a file name and f0 in Hz")
            found[Path(name).name] = pitch
    missing = [recording.name for recording in recordings if recording.name not in found]
    if missing:
        raise ValueError(f"labels: there is no pitch of {', '.join(missing)}")
    return found


def _print_accuracies(tracks: dict[Path, PitchTrack], true: dict[str, float]) -> None:
    """RPA and RCA over the frames that are heard of the recordings with labels."""
    import torch

    from sot.harmonic import pitch_accuracies

    found = [one.f0[one.confidence > 0] for one in tracks.values()]
    wanted = [
        torch.full_like(pitches, true[path.name])
        for path, pitches in zip(tracks, found, strict=True)
    ]
    if sum(map(len, found)) == 0:
        raise ValueError("labels: all recordings are silent")
    accuracies = pitch_accuracies(torch.cat(wanted), torch.cat(found))
    told = (
        f"RPA {accuracies['RPA']:.1f} %  RCA {accuracies['RCA']:.1f} %  OD {accuracies['OD']:.2f}"
    )
    typer.echo(f"{told}  over {sum(map(len, found))} frames", err=True)
