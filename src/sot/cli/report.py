"""`sot report`: pages on which two recordings, or the pairs of two folders, are seen and heard."""

from __future__ import annotations

import inspect
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sot.cli._common import complain, reported, with_loss_options
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

if TYPE_CHECKING:
    from sot.audio import Audio
    from sot.report import Entry

_ENDINGS = (".html", ".htm")
_INDEX = "index.html"
_DEFAULTS = (("channels", "mix"), ("unequal", "cut"))


@reported
@with_loss_options
@told_of_compilation()
def report(
    reference: Reference,
    estimate: Estimate,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The page of two files, or the folder for many."),
    ],
    channels: Channels = "mix",
    unequal: Unequal = "cut",
    fft_sizes: FftSizes = None,
    hop_lengths: HopLengths = None,
    win_lengths: WinLengths = None,
    weights: Weights = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(help="An estimator, by experiment or folder, that resynthesises references."),
    ] = None,
    **arguments: Any,
) -> None:
    """Write a page on which two recordings are seen and heard, or a page for each pair of files.

    A page needs nothing but a browser. Two folders give a folder of pages with an overview; a file
    that cannot be read is reported, the others are done, and the exit status is 1. Options from
    --preset on are the arguments of Wasserstein1DLoss.
    """
    from sot import _checks
    from sot._extras import require

    for module in ("jinja2", "matplotlib"):
        require(module, "report")
    if arguments.get("dim") == -2:
        from sot.report.analysis import NO_FRAMES

        _checks.fail("dim", "-1 (frequency) for a report", -2, NO_FRAMES)
    many = reference.is_dir() or estimate.is_dir()
    _check_output(output, many)
    lists = resolutions(fft_sizes, hop_lengths, win_lengths, weights)
    comparer = Comparer(channels, unequal, arguments, lists)
    writer = _Writer(comparer, checkpoint, None if checkpoint is None else _resynthesis(checkpoint))
    pairs = list(found_pairs(reference, estimate))
    failed = (writer.folder if many else writer.page)(pairs, reference, estimate, output)
    for failure in failed:
        complain(failure)
    if failed:
        raise typer.Exit(1)


def _check_output(output: Path, many: bool) -> None:
    """Tell, before long work, that nothing can be written there."""
    from sot._files import check_destination

    page = output.suffix.lower() in _ENDINGS
    if not many:
        check_destination(output)
        if not page:
            raise ValueError(f"{output}: expected an ending of {' or '.join(_ENDINGS)}")
    elif page or output.is_file():
        raise ValueError(f"{output}: expected a folder for the pages of two folders, got a file")
    elif not output.is_dir():
        check_destination(output)


def _resynthesis(checkpoint: str) -> Callable[[Audio], Audio]:
    """A recording as an estimator gives it back."""
    from sot._extras import require

    require("lightning", "train")
    from sot.harmonic.checkpoints import find_checkpoint
    from sot.harmonic.recordings import track_pitch

    encoder = find_checkpoint(checkpoint).estimator().encoder
    return lambda audio: track_pitch(encoder, audio).resynthesis()


@dataclass
class _Writer:
    """Makes pages of pairs."""

    comparer: Comparer
    checkpoint: str | None
    resynthesis: Callable[[Audio], Audio] | None

    def page(self, pairs: list[Pair], reference: Path, estimate: Path, output: Path) -> list[str]:
        """Write the page of two files; what went wrong."""
        found = self._written(pairs[0], output, "")
        if isinstance(found, Failure):
            return [found.error]
        if found.note:
            complain(f"{found.reference} and {found.estimate}: {found.note}")
        return []

    def folder(self, pairs: list[Pair], reference: Path, estimate: Path, output: Path) -> list[str]:
        """Write the pages of many pairs, and the overview last; what went wrong."""
        from sot.report import Entry, overview_page

        _make(output)
        entries, failed = [], []
        with progress(len(pairs), "reporting") as advance:
            for number, pair in enumerate(pairs, start=1):
                found: Entry | Failure
                if isinstance(pair, Failure):
                    found = pair
                else:
                    found = self._written(pair, output / page_name(number, pair), _INDEX)
                if isinstance(found, Failure):
                    failed.append(found.error)
                    found = Entry(found.reference, found.estimate, note=found.error)
                entries.append(found)
                advance()
        command = self._command(Pair(str(reference), str(estimate)), output)
        settings = {name: _shown(value) for name, value in self._given().items()}
        text = overview_page(entries, str(reference), str(estimate), settings, command)
        _write(output / _INDEX, text)
        return failed

    def _written(self, pair: Pair, path: Path, overview: str) -> Entry | Failure:
        from sot.report import Entry

        def work(ready: Prepared) -> tuple[str, Entry]:
            value, note = ready.scored()
            names = pair.reference, pair.estimate
            entry = Entry(*names, path.name, value, ready.x.duration, note)
            return self._text(pair, ready, value, path, overview), entry

        made = self.comparer.done(pair, work)
        if isinstance(made, Failure):
            return made
        _write(path, made[0])
        return made[1]

    def _text(self, pair: Pair, ready: Prepared, value: float, path: Path, overview: str) -> str:
        from sot.report import Subject, analyse, pair_page

        config = self.comparer.config()
        subject = Subject(
            pair.reference,
            pair.estimate,
            value,
            settings_of(config, ready.x.sample_rate),
            frozenset(self._given()),
            self._command(pair, path),
            [note for note in ready.note.split("; ") if note],
            overview,
        )
        sounds = {"reference": ready.sounds[0], "estimate": ready.sounds[1]}
        if self.resynthesis is not None:
            name = f"resynthesis of the reference by {self.checkpoint}"
            sounds[name] = self.resynthesis(ready.sounds[0])
        return pair_page(subject, analyse(ready.loss, ready.x, ready.y), ready.x, ready.y, sounds)

    def _given(self) -> dict[str, Any]:
        """The settings of which somebody asked for another value than they have by themselves."""
        config = self.comparer.config()
        return {key: value for key, value in config.items() if (key, value) not in _DEFAULTS}

    def _command(self, pair: Pair, output: Path) -> str:
        """The command that makes a page or a folder again, for a shell."""
        parts = ["sot", "report", pair.reference, pair.estimate, "--output", str(output)]
        if self.checkpoint is not None:
            parts += ["--checkpoint", self.checkpoint]
        for name, value in self._given().items():
            flag = name.replace("_", "-")
            if isinstance(value, bool):
                parts.append(f"--{flag}" if value else f"--no-{flag}")
            else:
                parts.append(f"--{flag}={_shown(value)}")
        # What looks like an option but is a file goes behind a double hyphen.
        if any(name.startswith("-") for name in (pair.reference, pair.estimate)):
            parts = [*parts[:2], *parts[4:], "--", *parts[2:4]]
        return shlex.join(parts)


def page_name(number: int, pair: Pair) -> str:
    """A file name that every system takes and that tells which pair it is."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", Path(pair.reference).stem).strip("-")
    return f"{number:04d}-{words[:60]}.html".replace("-.html", ".html")


def settings_of(config: dict[str, Any], sample_rate: int) -> dict[str, str]:
    """All settings of the loss: given, of the preset, and defaults."""
    from sot import Wasserstein1DLoss, __version__
    from sot.losses import PRESETS

    parameters = inspect.signature(Wasserstein1DLoss).parameters
    known = {name: parameter.default for name, parameter in parameters.items()}
    for name in ("return_quantiles", "reduce", "reduction", "bins_per_semitone"):
        del known[name]
    known |= PRESETS.get(config.get("preset", ""), {})
    known |= {**config, "sample_rate": config.get("sample_rate", sample_rate)}
    return {"version": __version__} | {name: _shown(value) for name, value in known.items()}


def _shown(value: Any) -> str:
    """A value as it is typed on the command line."""
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return "none" if value is None else str(value)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OSError(f"{folder}: cannot be made ({error.strerror})") from error


def _write(path: Path, text: str) -> None:
    """Write a page whole or not at all."""
    from sot._files import replaced_when_done

    with replaced_when_done(path) as beside:
        # Names of files that are no text are written as they are.
        beside.write_text(text, encoding="utf-8", errors="surrogateescape")
