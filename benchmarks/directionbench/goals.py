"""The goals, and whether they are reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from speedbench.words import table

from directionbench.results import Outcome
from directionbench.tables import MISSING, number, select
from directionbench.targets import Target, halves, synthetic_targets

#: How many times the cost of 'pitch' a preset may have.
DEAREST = 3.0


@dataclass(frozen=True)
class Goal:
    """Bounds of a coarse and a fine share.

    Attributes:
        case: in words.
        contender: the loss that is to reach it.
        coarse: at least so many percent.
        fine: likewise.
        targets: over which the least share counts, or the mean if `average`.
        timbre: of the candidates.
        snr: of the targets.
        average: take the mean.
    """

    case: str
    contender: str
    coarse: float
    fine: float
    targets: Sequence[Target]
    timbre: str
    snr: float | None = None
    average: bool = False

    def figures(self, outcomes: Sequence[Outcome], contender: str) -> tuple[float, float] | None:
        """The shares that count; None if not all targets were measured."""
        found = select(outcomes, contender, self.targets, self.timbre, self.snr)
        if len(found) < len(self.targets):
            return None
        combine = mean if self.average else min
        coarse, fine = (combine([one[name] for one in found]) for name in ("coarse", "fine"))
        return coarse, fine

    def row(self, outcomes: Sequence[Outcome]) -> list[str]:
        """A row of the table."""
        ours, theirs = (self.figures(outcomes, name) for name in (self.contender, "sot-loss"))
        verdict = MISSING
        if ours is not None:
            reached = ours[0] >= self.coarse and ours[1] >= self.fine
            verdict = "yes" if reached else "**no**"
        return [
            self.case,
            f'`"{self.contender}"`',
            f"{self.coarse:g} / {self.fine:g}",
            _said(ours),
            verdict,
            _said(theirs),
        ]


def _said(figures: tuple[float, float] | None) -> str:
    return MISSING if figures is None else " / ".join(map(number, figures))


def all_goals(notes: tuple[Target, ...]) -> list[Goal]:
    """Every goal."""
    synthetic = synthetic_targets()
    sines, missing, square = synthetic[:2], synthetic[2:3], synthetic[3:4]
    tuning, held_out = halves(notes)
    matched = "five synthetic targets, matched timbre, {}: least of each"
    recorded = "recorded notes, 1/k harmonics, {}: mean"
    found = [
        Goal(matched.format("clean"), "pitch", 99, 99, synthetic, "matched"),
        Goal(matched.format("noise 20 dB"), "pitch", 97, 95, synthetic, "matched", 20.0),
        Goal(matched.format("noise 10 dB"), "pitch", 90, 85, synthetic, "matched", 10.0),
        Goal("pure tone on sines: least of each", "pitch", 100, 100, sines, "pure"),
        Goal("missing fundamental, pure tone", "harmonic", 95, 77, missing, "pure"),
        Goal("square, pure tone", "harmonic", 97, 75, square, "pure"),
    ]
    for name, coarse, fine in (("pitch", 90, 65), ("harmonic", 95, 85)):
        for what, part in (("all", notes), ("tuning half", tuning), ("held-out half", held_out)):
            case = recorded.format(what)
            found.append(Goal(case, name, coarse, fine, part, "generic", average=True))
    return found


def goals_table(outcomes: Sequence[Outcome], notes: tuple[Target, ...], dearest: float) -> str:
    """Goals, what was measured, and what sot-loss's settings give.

    Args:
        outcomes: what was measured.
        notes: all recorded notes.
        dearest: cost of the dearest preset, as a multiple of that of 'pitch'.
    """
    head = ("case", "preset", "goal", "measured", "reached", "sot-loss, power, p = 2")
    rows = [goal.row(outcomes) for goal in all_goals(notes)]
    verdict = "yes" if dearest <= DEAREST else "**no**"
    cost = "cost of the dearest preset, beside that of `pitch`"
    rows.append([cost, "any", f"at most {DEAREST:g}", f"{dearest:.2g}", verdict, MISSING])
    return table(head, rows)
