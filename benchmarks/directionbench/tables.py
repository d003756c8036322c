"""Tables of the page, from the cells that were measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean, median

from speedbench.words import table

from directionbench.cells import LEVELS, NOISES
from directionbench.contenders import (
    floored_contenders,
    framed_contenders,
    main_contenders,
    varied_contenders,
)
from directionbench.results import Outcome
from directionbench.targets import Target, halves, synthetic_targets

MISSING = "-"


def number(value: float) -> str:
    """With one decimal where there is one."""
    return f"{value:.1f}".removesuffix(".0")


def select(
    outcomes: Iterable[Outcome],
    contender: str,
    targets: Sequence[Target],
    timbre: str,
    snr: float | None = None,
    level: float = 0.0,
    measure: str = "direction",
) -> list[dict[str, float]]:
    """The numbers of a loss, for those of the targets that were measured."""
    names = {target.name for target in targets}
    return [
        one.numbers
        for one in outcomes
        if one.cell.contender.name == contender
        and one.cell.target.name in names
        and (one.cell.measure, one.cell.timbre) == (measure, timbre)
        and (one.cell.snr, one.cell.level) == (snr, level)
    ]


def shares(found: Sequence[dict[str, float]]) -> str:
    """Mean coarse and fine shares."""
    if not found:
        return MISSING
    return " / ".join(number(mean(one[name] for one in found)) for name in ("coarse", "fine"))


def cents(found: Sequence[dict[str, float]]) -> str:
    """The median distance of the minimum."""
    return f"{median(one['cents'] for one in found):.0f}" if found else MISSING


def least(found: Sequence[dict[str, float]]) -> str:
    """The least coarse and the least fine share."""
    if not found:
        return MISSING
    return " / ".join(number(min(one[name] for one in found)) for name in ("coarse", "fine"))


def synthetic_table(outcomes: Sequence[Outcome], timbre: str) -> str:
    """Losses by synthetic targets."""
    targets = synthetic_targets()
    head = ["loss", *(target.label for target in targets), "minimum (cents)"]
    rows = [
        [
            one.label,
            *(shares(select(outcomes, one.name, [target], timbre)) for target in targets),
            cents(select(outcomes, one.name, targets, timbre)),
        ]
        for one in main_contenders()
    ]
    return table(head, rows)


def notes_table(outcomes: Sequence[Outcome], notes: tuple[Target, ...]) -> str:
    """Losses by the two halves of the notes."""
    tuning, held_out = halves(notes)
    rows = []
    for one in main_contenders():
        found = [select(outcomes, one.name, part, "generic") for part in (tuning, held_out, notes)]
        each = [f"{shares(part)} ({len(part)})" if part else MISSING for part in found]
        rows.append([one.label, *each, cents(found[-1])])
    head = ("loss", "tuning half (notes)", "held-out half (notes)", "all", "minimum (cents)")
    return table(head, rows)


def each_note_table(outcomes: Sequence[Outcome], notes: tuple[Target, ...]) -> str:
    """Notes one by one, for the presets and what they replace."""
    names = {"pitch": '"pitch"', "harmonic": '"harmonic"', "sot-loss": "sot-loss"}
    rows = [
        [
            note.label,
            "tuning" if index % 2 == 0 else "held out",
            *(shares(select(outcomes, name, [note], "generic")) for name in names),
        ]
        for index, note in enumerate(notes)
    ]
    return table(("note", "half", *names.values()), rows)


def noise_table(outcomes: Sequence[Outcome], notes: tuple[Target, ...]) -> str:
    """Losses by signal-to-noise ratio, for synthetic targets and for notes."""
    snrs = (None, *NOISES)
    rows = []
    for what, targets, timbre in (
        ("synthetic, matched timbre: mean", synthetic_targets(), "matched"),
        ("notes, 1/k harmonics: mean", notes, "generic"),
    ):
        for one in main_contenders():
            found = [select(outcomes, one.name, targets, timbre, snr) for snr in snrs]
            if any(found[1:]):
                rows.append([what, one.label, *(shares(part) for part in found)])
    head = ("targets", "loss", *("clean" if snr is None else f"{snr:g} dB" for snr in snrs))
    return table(head, rows)


def floor_table(outcomes: Sequence[Outcome]) -> str:
    """The presets under several noise floors, by signal-to-noise ratio."""
    snrs = (None, *NOISES)
    rows = []
    for one in floored_contenders():
        found = [select(outcomes, one.name, synthetic_targets(), "matched", snr) for snr in snrs]
        floor = f"{one.settings['noise_floor']:g}"
        rows.append([f"`{one.label}`", floor, *(least(part) for part in found)])
    head = ("preset", "floor", *("clean" if snr is None else f"{snr:g} dB" for snr in snrs))
    return table(head, rows)


def presets_table(
    outcomes: Sequence[Outcome], notes: tuple[Target, ...], costs: Mapping[str, float]
) -> str:
    """The short table for whoever chooses a loss.

    Args:
        outcomes: what was measured.
        notes: all recorded notes.
        costs: times by label, as multiples.
    """
    rows = []
    for one in main_contenders():
        matched, pure = (
            shares(select(outcomes, one.name, synthetic_targets(), timbre))
            for timbre in ("matched", "pure")
        )
        heard = select(outcomes, one.name, notes, "generic")
        cost = f"{costs[label]:.2g}" if (label := one.label.split(" (")[0]) in costs else MISSING
        rows.append([one.label, matched, pure, shares(heard), cost])
    head = (
        "loss",
        "matched timbre",
        "pure tone",
        "recorded notes, wrong timbre",
        "time beside `pitch`",
    )
    return table(head, rows)


def level_table(outcomes: Sequence[Outcome]) -> str:
    """Losses by the level of the target, whose candidates stay as loud as they are."""
    levels = (0.0, *LEVELS)
    rows = []
    for one in main_contenders():
        found = [
            select(outcomes, one.name, synthetic_targets(), "matched", None, level)
            for level in levels
        ]
        if any(found[1:]):
            rows.append([one.label, *(shares(part) for part in found)])
    return table(("loss", *(f"{level:g} dB" for level in levels)), rows)


def descent_table(outcomes: Sequence[Outcome], notes: tuple[Target, ...]) -> str:
    """Percentage of the starts from which descent arrives."""
    rows = []
    for one in main_contenders():
        parts = [
            select(outcomes, one.name, targets, timbre, measure="descent")
            for targets, timbre in ((synthetic_targets(), "matched"), (notes, "generic"))
        ]
        if any(parts):
            said = [number(mean(x["arrived"] for x in part)) if part else MISSING for part in parts]
            rows.append([one.label, *said])
    count = max(
        (
            len(select(outcomes, one.name, notes, "generic", measure="descent"))
            for one in main_contenders()
        ),
        default=0,
    )
    heads = ("loss", "synthetic, matched timbre (%)", f"{count} notes, 1/k harmonics (%)")
    return table(heads, rows)


def framing_table(outcomes: Sequence[Outcome], notes: tuple[Target, ...]) -> str:
    """Transforms by framings."""
    rules = ("whole", "reflect", "zero", "end")
    labels = dict.fromkeys(one.label for one in framed_contenders())
    targets = synthetic_targets()
    rows = [
        [
            label,
            *(shares(select(outcomes, f"{label}|{rule}", targets, "matched")) for rule in rules),
        ]
        for label in labels
    ]
    heard = [
        [
            f"{label}, notes",
            *(shares(select(outcomes, f"{label}|{rule}", notes, "generic")) for rule in rules),
        ]
        for label in labels
    ]
    rows += [row for row in heard if set(row[1:]) != {MISSING}]
    return table(("transform, power", *rules), rows)


def variation_table(outcomes: Sequence[Outcome], notes: tuple[Target, ...]) -> str:
    """The presets with one argument changed."""
    tuning, synthetic = halves(notes)[0], synthetic_targets()
    rows = []
    for one in varied_contenders():
        matched = select(outcomes, one.name, synthetic, "matched")
        pure = [
            shares(select(outcomes, one.name, [target], "pure"))
            for target in synthetic
            if target.name in ("missing250", "square250")
        ]
        wrong = shares(select(outcomes, one.name, tuning, "generic"))
        preset = one.name.split("|")[0]
        rows.append([f"`{preset}`", f"`{one.label}`", least(matched), *pure, wrong])
    head = (
        "preset",
        "changed",
        "synthetic, matched: least",
        "missing fundamental, pure tone",
        "square, pure tone",
        "tuning notes, 1/k",
    )
    return table(head, rows)
