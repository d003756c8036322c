"""Everything that is measured: one cell is one number or three of a loss at a target."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from directionbench.contenders import (
    Contender,
    floored_contenders,
    framed_contenders,
    main_contenders,
    varied_contenders,
)
from directionbench.measure import Effort, descents, directions
from directionbench.targets import Target, halves, synthetic_targets

NOISES = (20.0, 10.0, 0.0)
LEVELS = (-40.0, -80.0)
GROUPS = (
    "synthetic",
    "notes",
    "noise",
    "floors",
    "levels",
    "descent",
    "framing",
    "variations",
    "noisy-notes",
)
#: Those that hear every note in the standard run; the slow ones hear every third.
_QUICK = ("transport", "resolutions")
#: Those that the standard run compares under noise and at low levels, and in descents.
_FEW = ("pitch", "harmonic", "sot-loss", "mss-lin")
_DESCENDING = ("pitch", "harmonic", "whole-p1", "sot-loss", "mss-lin", "mss-smooth")


@dataclass(frozen=True)
class Cell:
    """A measurement.

    Attributes:
        measure: 'direction' or 'descent'.
        contender: the loss.
        target: the sound.
        timbre: of the candidates.
        snr: signal-to-noise ratio of the target in dB; None if clean.
        level: of the target in dB.
    """

    measure: str
    contender: Contender
    target: Target
    timbre: str
    snr: float | None = None
    level: float = 0.0

    @property
    def key(self) -> str:
        """Tells cells apart, and also the same cell with other settings of its loss."""
        settings = json.dumps([self.contender.kind, self.contender.settings], sort_keys=True)
        return "; ".join(
            (
                self.measure,
                settings,
                f"{self.target.name} of {len(self.target.sound)} samples",
                self.timbre,
                "clean" if self.snr is None else f"{self.snr:g} dB",
                f"{self.level:g} dB",
            )
        )

    def measured(self, effort: Effort) -> dict[str, float]:
        """The numbers."""
        loss = self.contender.make()
        if self.measure == "descent":
            return descents(self.contender, loss, self.target, self.timbre, effort)
        return directions(
            self.contender, loss, self.target, self.timbre, self.snr, self.level, effort
        )


def cells(group: str, notes: Sequence[Target], full: bool) -> Iterator[Cell]:
    """The cells of a group. Those of one target follow one another, to share candidates."""
    everyone = main_contenders()
    synthetic = synthetic_targets()
    every = ("matched", "pure", "generic")
    few = everyone if full else [one for one in everyone if one.name in _FEW]
    if group == "synthetic":
        yield from _directions(everyone, synthetic, every if full else every[:2])
    elif group == "notes":
        yield from _on_notes(everyone, notes, full)
    elif group == "noise":
        yield from _directions(few, synthetic, every if full else every[:1], NOISES)
    elif group == "floors":
        yield from _directions(floored_contenders(), synthetic, every[:1], (None, *NOISES))
    elif group == "levels":
        snrs = (None, *NOISES) if full else (None,)
        for level in LEVELS:
            yield from _directions(few, synthetic, every if full else every[:1], snrs, level)
            if full:
                yield from _directions(few, notes, ("pure", "generic"), snrs, level)
    elif group == "descent":
        yield from _descents(everyone, notes, full)
    elif group == "framing":
        yield from _directions(framed_contenders(), synthetic, ("matched",))
        if full:
            yield from _directions(framed_contenders(), notes, ("generic",))
    elif group == "variations":
        varied = varied_contenders()
        yield from _directions(varied, synthetic, ("matched", "pure"))
        yield from _directions(varied, halves(tuple(notes))[0], ("generic",))
    elif group == "noisy-notes":
        heard = few if full else [one for one in few if one.name in ("pitch", "harmonic")]
        timbres = ("pure", "generic") if full else ("generic",)
        yield from _directions(heard, notes, timbres, NOISES if full else (10.0, 0.0))


def _directions(
    contenders: Sequence[Contender],
    targets: Sequence[Target],
    timbres: Sequence[str],
    snrs: Sequence[float | None] = (None,),
    level: float = 0.0,
) -> Iterator[Cell]:
    for target in targets:
        for timbre in timbres:
            for snr in snrs:
                for contender in contenders:
                    yield Cell("direction", contender, target, timbre, snr, level)


def _on_notes(
    contenders: Sequence[Contender], notes: Sequence[Target], full: bool
) -> Iterator[Cell]:
    for index, note in enumerate(notes):
        heard = [one for one in contenders if full or index % 3 == 0 or one.kind in _QUICK]
        yield from _directions(heard, [note], ("generic", "pure") if full else ("generic",))


def _descents(
    contenders: Sequence[Contender], notes: Sequence[Target], full: bool
) -> Iterator[Cell]:
    """Of synthetic tones, and of half a second of notes, behind the onset."""
    heard = [one for one in contenders if full or one.name in _DESCENDING]
    chosen = notes if full else notes[::5]
    parts = [note.shortened(1600, 8192) for note in chosen]
    for targets, timbre in ((synthetic_targets(), "matched"), (parts, "generic")):
        for target in targets:
            for contender in heard:
                yield Cell("descent", contender, target, timbre)
