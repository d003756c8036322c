"""Measures of a checkpoint on the test split, and the table of many runs."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import lightning
from lightning.fabric.utilities.exceptions import MisconfigurationException

from sot.harmonic._quiet import without_lightnings_own
from sot.harmonic.checkpoints import CONFIG, METRICS, Checkpoint
from sot.harmonic.data_module import PreloadedSinusoidDataModule
from sot.harmonic.estimator import MEASURES
from sot.harmonic.naming import EXPERIMENTS

#: Whether more is better; of OD the least distance from 0 is.
_MORE_IS_BETTER = {"RPA": True, "RCA": True, "LSD": False, "OD": False, "MSE": False, "MSS": False}
FORMATS = ("text", "markdown", "csv", "latex")

#: Letters that mean something else in LaTeX, as they are written to be themselves.
_LATEX = {letter: f"\\{letter}" for letter in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def evaluate(checkpoint: Checkpoint, data_path: str | None = None) -> dict[str, float]:
    """Measure a checkpoint on the test split of its data, or of a file.

    Returns:
        LSD (dB squared), RPA and RCA (percent), OD (octaves), MSE of the samples and MSS.

    Raises:
        FileNotFoundError: a file of the checkpoint or the data is missing.
        ValueError: a file is damaged or does not fit.
    """
    estimator = checkpoint.estimator()
    data = PreloadedSinusoidDataModule(data_path) if data_path else checkpoint.data()
    trainer = lightning.Trainer(
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        devices=1,
    )
    with without_lightnings_own():
        try:
            trainer.test(estimator, datamodule=data, verbose=False)
        except MisconfigurationException as error:  # of data without test clips
            raise ValueError(f"{checkpoint.folder / CONFIG}: data: {error}") from error
    return estimator.results


@dataclass(frozen=True)
class Row:
    """One row of the table: the runs of an experiment under one protocol.

    Attributes:
        experiment: its name.
        protocol: under which its runs were trained.
        seeds: of the complete runs.
        values: by measure, one value for each of these.
        incomplete: seeds of runs that have no measures yet.
    """

    experiment: str
    protocol: str
    seeds: tuple[int, ...]
    values: dict[str, tuple[float, ...]]
    incomplete: tuple[str, ...] = ()

    def mean(self, measure: str) -> float:
        """Mean over seeds."""
        return statistics.fmean(self.values[measure])

    def spread(self, measure: str) -> float | None:
        """Sample standard deviation over seeds; none of a single one."""
        values = self.values[measure]
        return statistics.stdev(values) if len(values) > 1 else None

    def median(self, measure: str) -> float:
        """Median over seeds."""
        return statistics.median(self.values[measure])


def collect(folders: Sequence[Path]) -> list[Row]:
    """Rows of all runs below some folders, in the paper's order, then by name.

    A run that has a configuration but no measures is told as incomplete.

    Raises:
        FileNotFoundError: a folder is missing, or holds no runs.
        ValueError: a file of measures is damaged, or two folders hold the same run.
    """
    complete: dict[tuple[str, str], dict[int, dict[str, float]]] = {}
    places: dict[tuple[str, str, int], Path] = {}
    begun: dict[Path, tuple[str, str]] = {}
    for folder in folders:
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder}: no such folder")
        for path in sorted(folder.rglob(METRICS)):
            found = Checkpoint(path.parent).metrics()
            key = (str(found["experiment"]), str(found.get("protocol", "")))
            place = places.setdefault((*key, found["seed"]), path.parent)
            if not place.samefile(path.parent):
                raise ValueError(
                    f"{place} and {path.parent}: both hold {key[0]} with seed {found['seed']}; "
                    "name the folder of one of them"
                )
            complete.setdefault(key, {})[found["seed"]] = found["test"]
        for path in sorted(folder.rglob(CONFIG)):
            seed_folder = path.parent
            if seed_folder.name.isdigit() and not (seed_folder / METRICS).exists():
                begun[seed_folder.resolve()] = (seed_folder.parent.name, seed_folder.name)
    incomplete: dict[str, list[str]] = {}
    for experiment, seed in begun.values():
        incomplete.setdefault(experiment, []).append(seed)
    if not complete and not incomplete:
        raise FileNotFoundError(f"{', '.join(map(str, folders))}: no runs in there")
    rows = [
        Row(
            experiment,
            protocol,
            tuple(sorted(runs)),
            {name: tuple(runs[seed][name] for seed in sorted(runs)) for name in MEASURES},
            tuple(incomplete.pop(experiment, ())),
        )
        for (experiment, protocol), runs in complete.items()
    ]
    rows += [Row(name, "", (), {}, tuple(seeds)) for name, seeds in incomplete.items()]
    order = {name: index for index, name in enumerate(EXPERIMENTS)}
    return sorted(rows, key=lambda row: (order.get(row.experiment, 99), row.experiment))


def ranks(rows: Sequence[Row], measure: str) -> dict[int, int]:
    """Which rows are best (1) and second (2) by the mean of a measure, by their index."""
    scored = []
    for index, row in enumerate(rows):
        if row.seeds:
            value = abs(row.mean(measure)) if measure == "OD" else row.mean(measure)
            scored.append((-value if _MORE_IS_BETTER[measure] else value, index))
    return {index: rank for rank, (_, index) in enumerate(sorted(scored)[:2], start=1)}


def table(rows: Sequence[Row], form: str = "text") -> str:
    """The table: mean (standard deviation) / median over seeds, best and second marked.

    Args:
        rows: as collected.
        form: 'text', 'markdown', 'csv' or 'latex'.
    """
    header = ["experiment", "protocol", "seeds", *MEASURES]
    if form == "csv":
        return _csv(rows)
    body = []
    marks = {measure: ranks(rows, measure) for measure in MEASURES}
    for index, row in enumerate(rows):
        seeds = str(len(row.seeds))
        if row.incomplete:
            seeds += f" (+{len(row.incomplete)} incomplete)"
        cells = [_escaped(row.experiment, form), _escaped(row.protocol or "-", form), seeds]
        for measure in MEASURES:
            cells.append(_marked(_cell(row, measure), marks[measure].get(index, 0), form))
        body.append(cells)
    if form == "markdown":
        all_cells = [header, ["---"] * len(header), *body]
        return "\n".join("| " + " | ".join(cells) + " |" for cells in all_cells)
    if form == "latex":
        lines = [" & ".join(cells) + r" \\" for cells in (header, *body)]
        start = r"\begin{tabular}{ll" + "r" * (len(header) - 2) + "}"
        rule = r"\hline"
        return "\n".join([start, rule, lines[0], rule, *lines[1:], rule, r"\end{tabular}"])
    widths = [max(len(cells[column]) for cells in [header, *body]) for column in range(len(header))]
    padded = [
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        for cells in (header, *body)
    ]
    return "\n".join([*padded, "", "mean (standard deviation) / median; * best, + second"])


def _cell(row: Row, measure: str) -> str:
    """Mean (standard deviation) / median of a measure, one decimal; a dash without runs."""
    if not row.seeds:
        return "-"
    digits = 3 if measure in ("MSE", "OD") else 1
    spread = row.spread(measure)
    told = "" if spread is None else f" ({spread:.{digits}f})"
    return f"{row.mean(measure):.{digits}f}{told} / {row.median(measure):.{digits}f}"


def _marked(cell: str, rank: int, form: str) -> str:
    if not rank or cell == "-":
        return cell
    if form == "markdown":
        return f"**{cell}**" if rank == 1 else f"*{cell}*"
    if form == "latex":
        return rf"\textbf{{{cell}}}" if rank == 1 else rf"\underline{{{cell}}}"
    return cell + (" *" if rank == 1 else " +")


def _escaped(name: str, form: str) -> str:
    """A name, which a user may have chosen, as text of a form."""
    if form == "markdown":
        return name.replace("|", r"\|")
    if form == "latex":
        return "".join(_LATEX.get(letter, letter) for letter in name)
    return name


def _csv(rows: Sequence[Row]) -> str:
    """Full numbers, a column for each statistic."""
    statistics_told = [
        f"{m}_{s}" for m in MEASURES for s in ("mean", "standard_deviation", "median")
    ]
    told = io.StringIO()
    writer = csv.writer(told, lineterminator="\n")
    writer.writerow(["experiment", "protocol", "seeds", "incomplete", *statistics_told])
    for row in rows:
        cells = [row.experiment, row.protocol, str(len(row.seeds)), str(len(row.incomplete))]
        for measure in MEASURES:
            if row.seeds:
                found = (row.mean(measure), row.spread(measure), row.median(measure))
                cells += ["" if value is None else repr(value) for value in found]
            else:
                cells += ["", "", ""]
        writer.writerow(cells)
    return told.getvalue().rstrip("\n")
