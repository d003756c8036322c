"""Numbers in words and tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from speedbench.measure import Outcome


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def time(seconds: float) -> str:
    """A time with its unit."""
    if seconds >= 10:
        return f"{seconds:.0f} s"
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{seconds * 1e3:.0f} ms" if seconds >= 0.01 else f"{seconds * 1e3:.2g} ms"


def memory(amount: float) -> str:
    """An amount of memory with its unit."""
    return f"{amount / 1e6:.0f} MB"


def verdict(outcome: Outcome) -> str:
    """Whether the goal was reached."""
    return "yes" if outcome.row.goal.reached(outcome.figure) else "**no**"


def figure(outcome: Outcome) -> str:
    """The figure of a row and how it varied."""
    say = outcome.row.goal.words.format
    low, high = (say(value).split(" ")[0] for value in outcome.spread)
    return f"{say(outcome.figure)} ({low} to {high})"


def amounts(outcome: Outcome) -> str:
    """Median times, or memory, or operators, of all works."""
    say = {"seconds": time, "bytes": memory, "operators": "{:.0f}".format}[outcome.row.measure]
    return ", ".join(
        f"{work.label or work.side} {say(amount)}"
        for work, amount in zip(outcome.row.works, outcome.medians, strict=True)
    )


def errors(outcome: Outcome) -> str:
    """Errors of values and gradients of all works."""
    return ", ".join(
        f"{work.label or work.side} "
        + " / ".join(f"{error:.0e}" if error else "0" for error in found.values())
        for work, found in zip(outcome.row.works, outcome.errors, strict=True)
        if found
    )


def results(outcomes: Sequence[Outcome]) -> str:
    """The table of all rows."""
    head = ("work", "against", "goal", "measured", "reached", "medians", "errors, value / gradient")
    rows = [
        (
            outcome.row.what,
            outcome.row.against,
            str(outcome.row.goal),
            figure(outcome),
            verdict(outcome),
            amounts(outcome),
            errors(outcome) or "-",
        )
        for outcome in outcomes
    ]
    return table(head, rows)


def line(outcome: Outcome) -> str:
    """A row for the terminal."""
    return (
        f"{outcome.row.name}: {figure(outcome)}, goal {outcome.row.goal}: "
        f"{verdict(outcome).strip('*')}; {amounts(outcome)}; "
        f"errors (value / gradient): {errors(outcome) or 'not known'}"
    )
