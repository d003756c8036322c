"""The page in the documentation: what is between markers is written anew, the rest stays."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path

from speedbench.measure import Effort
from speedbench.processes import Processes

#: Packages of each side whose versions are told.
_PACKAGES = {
    "sot": ["torch", "numba"],
    "POT": ["POT"],
    "sot-loss": ["sot-loss"],
    "auraloss": ["auraloss"],
    "korvax": ["korvax", "jax"],
}


def write_blocks(page: Path, blocks: Mapping[str, str]) -> None:
    """Replace what stands between the markers of each block.

    Raises:
        ValueError: the page has no such markers.
    """
    from sot._files import replaced_when_done

    text = page.read_text(encoding="utf-8")
    for name, block in blocks.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        pattern = re.compile(f"(?<={re.escape(begin)}\n).*?(?={re.escape(end)})", re.DOTALL)
        found = pattern.search(text)
        if not found:
            raise ValueError(f"{page}: expected a block between '{begin}' and '{end}'")
        text = text[: found.start()] + "\n" + block + "\n\n" + text[found.end() :]
    with replaced_when_done(page) as beside:
        beside.write_text(text, encoding="utf-8")


def conditions(processes: Processes, effort: Effort) -> str:
    """What it was measured on: kinds and versions, no names."""
    import torch

    versions = [
        f"{name} {version}"
        for side, names in _PACKAGES.items()
        for name, version in zip(
            names, processes.of(side, effort.threads).ask("versions", names=names), strict=True
        )
    ]
    instructions = torch.backends.cpu.get_cpu_capability().replace("AVX", "AVX-")
    return (
        f"Measured with {effort.threads} threads on {os.cpu_count()} cores "
        f"({platform.machine()}, {instructions}), CPU only, Python {platform.python_version()}, "
        f"medians of {effort.rounds} rounds. This package with {', '.join(versions)}."
    )
