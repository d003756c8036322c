"""The log of a run that goes on: Lightning would begin its file anew."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from lightning.pytorch.loggers import CSVLogger, Logger
from torch import Tensor


def keep_logs(loggers: Iterable[Logger], steps: int) -> None:
    """Take up what a run logged in its first steps, before anything more is logged.

    Rows of later steps are left out, since a run that goes on from there takes these again.
    """
    for logger in loggers:
        if not isinstance(logger, CSVLogger):
            continue
        path = Path(logger.log_dir) / "metrics.csv"
        rows = _rows(path, steps) if path.is_file() else []
        for step, values in rows:
            logger.log_metrics(values, step)
        if rows:
            logger.save()


def _rows(path: Path, steps: int) -> list[tuple[int, dict[str, Tensor | float]]]:
    """What was logged at steps below a limit, but for a row that was cut short."""
    found = []
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        for row in csv.DictReader(file):
            try:
                step = int(row.pop("step"))
                values: dict[str, Tensor | float]
                values = {name: _number(text) for name, text in row.items() if text}
            except (KeyError, TypeError, ValueError):
                continue
            if step < steps:
                found.append((step, values))
    return found


def _number(text: str) -> float:
    """A number as it was written, whole or not."""
    return int(text) if text.isdecimal() else float(text)
