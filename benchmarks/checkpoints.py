"""Put the complete runs of a folder with the checkpoints, and draw their table and curves."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from speedbench.page import write_blocks

from sot.harmonic import draw_training
from sot.harmonic.checkpoints import CONFIG, METRICS, WEIGHTS
from sot.harmonic.evaluation import collect, table
from sot.harmonic.naming import EXPERIMENTS
from sot.plots import save_figure

ROOT = Path(__file__).resolve().parents[1]
CHECKPOINTS = ROOT / "checkpoints"
FIRST_SEED = "42"  # of which the curves are drawn


def complete_runs(folder: Path) -> list[Path]:
    """The folders of runs that were measured."""
    runs = (path.parent for path in folder.glob(f"*/*/{METRICS}"))
    return sorted(run for run in runs if run.parent.name in EXPERIMENTS)


def copy(run: Path, checkpoints: Path) -> None:
    """Take over what is needed to use a run and to repeat it."""
    place = checkpoints / run.parent.name / run.name
    place.mkdir(parents=True, exist_ok=True)
    for name in (CONFIG, WEIGHTS, METRICS):
        shutil.copyfile(run / name, place / name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, help="folder of runs, as sot grid leaves it")
    runs = complete_runs(parser.parse_args().runs)
    if not runs:
        print("no complete run of the seven experiments in there", file=sys.stderr)
        return 1
    for run in runs:
        copy(run, CHECKPOINTS)
    text = table(collect([CHECKPOINTS]), "markdown")
    print(text)
    for page in (CHECKPOINTS / "README.md", ROOT / "docs" / "estimator.md"):
        write_blocks(page, {"table": text})
    drawn = {run.parent.name: run for run in runs if run.name == FIRST_SEED}
    order = {name: drawn[name] for name in EXPERIMENTS if name in drawn}
    save_figure(draw_training(order), ROOT / "docs" / "pictures" / "training.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
