"""Pairs of recordings for verbs that compare them: found, read, and made equal in form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from sot.cli._common import asked_rate, numbers, on_terminal

if TYPE_CHECKING:
    from torch import Tensor

    from sot import MultiResolutionSOTLoss, Wasserstein1DLoss
    from sot.audio import Audio

T = TypeVar("T")

_UNCOUNTED = "no frame counts, since either side is silent in each"

Reference = Annotated[Path, typer.Argument(help="Audio file, or a folder of them.")]
Estimate = Annotated[Path, typer.Argument(help="Audio file, or a folder with the same names.")]
Channels = Annotated[
    str, typer.Option(help="mix: mix down to one; each: compare channel by channel.")
]
Unequal = Annotated[
    str, typer.Option(help="Unequal lengths: cut to the shorter, or pad with silence.")
]
FftSizes = Annotated[
    str | None, typer.Option(help="Samples of several transforms, such as 1024,2048,512.")
]
HopLengths = Annotated[
    str | None, typer.Option(help="Their hops; a quarter of --fft-sizes if left out.")
]
WinLengths = Annotated[str | None, typer.Option(help="Their windows; --fft-sizes if left out.")]
Weights = Annotated[str | None, typer.Option(help="Factors of their losses, which are added.")]


@dataclass(frozen=True)
class Pair:
    """Two files to compare."""

    reference: str
    estimate: str


@dataclass(frozen=True)
class Failure(Pair):
    """Two files that could not be compared."""

    error: str


@dataclass(frozen=True)
class Prepared:
    """Two sounds that can be compared.

    Attributes:
        x: the reference, with the channels, rate and length of the estimate.
        y: the estimate.
        note: what had to be said of them.
        sounds: both as they were read.
        loss: the loss at their rate.
        device: where it is.
    """

    x: Audio
    y: Audio
    note: str
    sounds: tuple[Audio, Audio]
    loss: Wasserstein1DLoss | MultiResolutionSOTLoss
    device: str

    def scored(self) -> tuple[float, str]:
        """The loss, and what has to be said of it and the two sounds.

        Raises:
            ValueError: it is beyond single precision.
        """
        import math

        import torch

        x, y = (audio.samples.to(self.device) for audio in (self.x, self.y))
        with torch.no_grad():
            value = float(self.loss(x[None], y[None]))
        if not math.isfinite(value):
            raise ValueError(f"the loss is {value}, beyond single precision; use a lower p")
        if value == 0 and x.any() and y.any() and not self._counts(x, y):
            return value, "; ".join(filter(None, (self.note, _UNCOUNTED)))
        return value, self.note

    def _counts(self, x: Tensor, y: Tensor) -> bool:
        """Whether any frame counts; a loss over time has none, and counts its bins."""
        from sot import MultiResolutionSOTLoss
        from sot.losses import frame_by_frame

        several = isinstance(self.loss, MultiResolutionSOTLoss)
        losses: Any = self.loss.loss_modules if several else [self.loss]
        return any(
            one.over_time or any((part.votes > 0).any() for part in frame_by_frame(one, x, y))
            for one in losses
        )


def resolutions(
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
    return {name: lists[name] for name, *_ in given if name in lists}


def found_pairs(reference: Path, estimate: Path) -> Iterator[Pair]:
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


class Comparer:
    """Reads pairs of files and makes them equal in form, with one loss for each sample rate.

    Args:
        channels: 'mix' or 'each'.
        unequal: 'cut' or 'pad'.
        arguments: of the loss, as they were given.
        resolutions: lists for a loss of several resolutions; none for a single one.

    Raises:
        ValueError: a setting that no loss takes.
        TypeError: likewise.
    """

    def __init__(
        self,
        channels: str,
        unequal: str,
        arguments: dict[str, Any],
        resolutions: dict[str, list[Any]],
    ) -> None:
        from sot import _checks

        self.channels = _checks.choice("channels", channels, ["mix", "each"])
        self.unequal = _checks.choice("unequal", unequal, ["cut", "pad"])
        self.sample_rate = asked_rate(arguments)
        self.arguments = {key: value for key, value in arguments.items() if key != "sample_rate"}
        self.resolutions = resolutions
        self._losses: dict[int, Wasserstein1DLoss | MultiResolutionSOTLoss] = {}
        if self.sample_rate is not None:
            self._loss(self.sample_rate)  # so that a wrong setting is told before the first file

    def config(self) -> dict[str, Any]:
        """The settings that were given, for the record."""
        rate = {} if self.sample_rate is None else {"sample_rate": self.sample_rate}
        both = {"channels": self.channels, "unequal": self.unequal}
        return {**both, **rate, **self.arguments, **self.resolutions}

    def done(self, pair: Pair, work: Callable[[Prepared], T]) -> T | Failure:
        """What the work makes of two files, or why there is nothing."""
        from sot.audio import read_audio

        try:
            x, y = read_audio(pair.reference), read_audio(pair.estimate)
        except (ValueError, OSError) as error:
            return Failure(pair.reference, pair.estimate, str(error))
        if not self._losses:  # a setting that is wrong for the first file is told once, and ends it
            self._loss(self.sample_rate or x.sample_rate)
        try:
            loss = self._loss(self.sample_rate or x.sample_rate)
            device = self.arguments.get("device", "cpu")
            return work(Prepared(*self._prepared(x, y), (x, y), loss, device))
        except (ValueError, TypeError, RuntimeError, MemoryError) as error:
            message = f"{pair.reference} and {pair.estimate}: {error}"
            return Failure(pair.reference, pair.estimate, message)

    def _loss(self, sample_rate: int) -> Wasserstein1DLoss | MultiResolutionSOTLoss:
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
            told = [f"{length / rate:.3f} s" for length in (*lengths, wanted)]
            if told[0] == told[1]:
                told = [str(lengths[0]), f"{lengths[1]} samples", str(wanted)]
            notes.append(f"{told[0]} and {told[1]}, {verb} to {told[2]}")
        for side, audio in (("reference", x), ("estimate", y)):
            if not audio.samples.any():
                notes.append(f"the {side} is silent")
        return x, y, "; ".join(notes)


class progress:  # noqa: N801 - used like a function
    """A progress bar on a terminal for several files; nothing elsewhere."""

    def __init__(self, total: int, doing: str) -> None:
        self.total = total
        self.doing = doing

    def __enter__(self) -> Callable[[], None]:
        from rich.console import Console
        from rich.progress import Progress

        quiet = self.total < 2 or not on_terminal()
        self._bar = Progress(console=Console(stderr=True), disable=quiet, transient=True)
        self._bar.start()
        task = self._bar.add_task(self.doing, total=self.total)
        return lambda: self._bar.advance(task)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
