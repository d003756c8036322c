"""Make the environments of the packages that the benchmark compares with; see docs."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from speedbench.environments import FOLDER, make_environment, peer_environments


def make_peers(folder: Path) -> None:
    """Make all of them, or leave those alone that are there already; tells on standard error."""
    for environment in peer_environments():
        names = ", ".join((*environment.packages, *environment.alone))
        print(f"{environment.name}: {names} ...", end=" ", flush=True, file=sys.stderr)
        made = make_environment(environment, folder)
        print("made" if made else "there already", file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="default: benchmarks/.peers")
    folder = parser.parse_args().folder.resolve()
    try:
        make_peers(folder)
    except subprocess.CalledProcessError as error:
        print(f"\nfailed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
