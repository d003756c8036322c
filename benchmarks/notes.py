"""Pitch of recorded notes by a trained estimator and by PESTO, beside each other; see docs.

Frames every 16 ms count if their level lies within 40 dB of the loudest of the note.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import torch
from directionbench.candidates import RATE
from directionbench.targets import Target, recorded_notes
from speedbench.environments import FOLDER, make_environment, pitch_environment
from speedbench.page import write_blocks
from torch import Tensor

from sot.audio import Audio
from sot.harmonic import HarmonicEstimator, pitch_accuracies
from sot.harmonic.recordings import track_pitch

ROOT = Path(__file__).resolve().parents[1]
HOP = 256
LOUDEST = -40.0  # dB below the loudest frame


def sounding(note: Target) -> Tensor:
    """Which frames of a note, every 256 samples, are loud enough to have a pitch."""
    energy = note.sound[: len(note.sound) // HOP * HOP].reshape(-1, HOP).square().mean(1)
    return energy > energy.max() * 10 ** (LOUDEST / 10)


def ours(notes: tuple[Target, ...], checkpoint: str) -> list[Tensor]:
    """Pitches in Hz by the estimator."""
    encoder = HarmonicEstimator.from_pretrained(checkpoint).encoder
    return [track_pitch(encoder, Audio(note.sound[None], RATE)).f0 for note in notes]


def pesto(notes: tuple[Target, ...], peers: Path) -> list[Tensor]:
    """Pitches in Hz by PESTO, in an environment of its own."""
    environment = pitch_environment()
    make_environment(environment, peers)
    request = json.dumps([note.sound.tolist() for note in notes])
    worker = Path(__file__).parent / "speedbench" / "sides" / "pesto_pitch.py"
    done = subprocess.run(
        [environment.python(peers), worker, str(RATE), str(HOP)],
        input=request,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [torch.tensor(pitches) for pitches in json.loads(done.stdout)]


def table(notes: tuple[Target, ...], found: dict[str, list[Tensor]]) -> str:
    """RPA and RCA in percent of each note, and of all frames of all notes."""
    heads = [f"{name}: RPA / RCA" for name in found]
    lines = ["| note | " + " | ".join(heads) + " |", "|---" * (len(found) + 1) + "|"]
    everything: dict[str, list[tuple[Tensor, Tensor]]] = {name: [] for name in found}
    for index, note in enumerate(notes):
        heard = sounding(note)
        cells = []
        for name, tracks in found.items():
            pitches = tracks[index][: len(heard)][heard].double()
            pair = (torch.full_like(pitches, note.f0), pitches)
            everything[name].append(pair)
            cells.append(_cell(*pair))
        lines.append(f"| {note.label} | " + " | ".join(cells) + " |")
    totals = []
    for pairs in everything.values():
        true, pitches = (torch.cat(side) for side in zip(*pairs, strict=True))
        totals.append(_cell(true, pitches))
    lines.append("| all frames | " + " | ".join(totals) + " |")
    return "\n".join(lines)


def _cell(true: Tensor, pitches: Tensor) -> str:
    found = pitch_accuracies(true, pitches)
    return f"{found['RPA']:.1f} / {found['RCA']:.1f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", type=Path, default=ROOT / "src" / "sot" / "data" / "notes")
    parser.add_argument("--checkpoint", default="SOT-2048", help="experiment, or folder of a run")
    parser.add_argument("--peers", type=Path, default=FOLDER)
    parser.add_argument("--page", type=Path, help="write the table into this page")
    given = parser.parse_args()
    notes = recorded_notes(given.notes)
    found = {
        given.checkpoint: ours(notes, given.checkpoint),
        "PESTO": pesto(notes, given.peers.resolve()),
    }
    text = table(notes, found)
    print(text)
    if given.page is not None:
        write_blocks(given.page, {"notes": text})
    return 0


if __name__ == "__main__":
    sys.exit(main())
