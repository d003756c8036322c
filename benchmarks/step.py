"""Time of a training step of the full protocol, piece by piece; writes its block in the docs."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

import torch
from speedbench import words
from speedbench.page import write_blocks
from torch.nn import functional
from torch.optim import Optimizer

from sot.harmonic import HarmonicEstimator, SinusoidDataModule
from sot.harmonic.checkpoints import CONFIG, checkpoints_folder, configured
from sot.harmonic.data_module import Batch
from sot.harmonic.naming import EXPERIMENTS
from sot.losses._base import BoundLoss

PAGE = Path(__file__).resolve().parents[1] / "docs" / "estimator.md"
PART = 64  # frames, as many as the encoder takes at a time on a processor
CONVOLUTION = "of which the convolution from 40 to 40 channels"
PRODUCT = "product of matrices"  # a measure of the machine, not a piece
SIZE = 2048  # of those matrices
OPTIMISER = "optimiser"
#: Where the time of a piece goes.
WORK = {
    "encoder": "nearly all in its convolutions and 1 x 1 layers; the heads are a few products",
    CONVOLUTION: "the same convolution alone, with torch, in a turn of its own",
    "synthesis": "the recurrence of the harmonics, and one product for the amplitudes of a frame",
    "transport": "an STFT, and the merge, which yields the gradient along with the cost",
    "magnitude": "an STFT at each size, the magnitudes, and looking up those of the targets",
    OPTIMISER: "Adam, on 46,012 weights",
}
Times = dict[tuple[str, str], float]  # seconds, by piece and direction


def experiment(name: str) -> tuple[HarmonicEstimator, Batch]:
    """The estimator of an experiment in the full protocol, and one batch for it."""
    model, data = configured(checkpoints_folder() / name / CONFIG, with_data=True)
    assert isinstance(data, SinusoidDataModule)
    sound = replace(data.sound, train_clips=data.batch_size, val_clips=1, test_clips=1)
    few = SinusoidDataModule(sound, data.batch_size, data.seed)
    return model.train(), next(iter(few.train_dataloader()))


def bound_losses(model: HarmonicEstimator, batch: Batch) -> dict[str, BoundLoss]:
    """The parts of the objective with the spectra of their targets."""
    clips = torch.empty_like(batch["audio"])
    clips[batch["index"]] = batch["audio"]
    return {name: loss.bind(clips) for name, loss in model.objective.losses.items()}


@contextmanager
def clock(times: Times, piece: str, side: str) -> Iterator[None]:
    """Add the seconds that the block takes."""
    start = time.perf_counter()
    yield
    times[piece, side] = times.get((piece, side), 0.0) + time.perf_counter() - start


def timed_step(
    model: HarmonicEstimator, bound: Mapping[str, BoundLoss], optimiser: Optimizer, batch: Batch
) -> Times:
    """One training step, cut at the seams between its pieces; the targets are bound already."""
    times: Times = {}
    optimiser.zero_grad()
    with clock(times, "encoder", "forward"):
        estimate = model.encoder(batch["frames"])
    f0, amplitudes = (value.detach().requires_grad_() for value in estimate[:2])
    with clock(times, "synthesis", "forward"):
        audio = model.synthesiser(f0, amplitudes)
    heard = audio.detach().requires_grad_()
    for name, loss in bound.items():
        with clock(times, name, "forward"):
            part = model.objective.weights[name] * loss(heard, items=batch["index"])
        with clock(times, name, "backward"):
            part.backward()
    with clock(times, "synthesis", "backward"):
        audio.backward(heard.grad)
    with clock(times, "encoder", "backward"):
        torch.autograd.backward(list(estimate[:2]), [f0.grad, amplitudes.grad])
    with clock(times, OPTIMISER, "forward"):
        optimiser.step()
    return times


def timed_convolution(model: HarmonicEstimator, frames: int) -> Times:
    """The large convolution of the encoder on that many frames, a part of them at a time."""
    weight, bias = (value.detach().requires_grad_() for value in model.encoder.second.parameters())
    x = torch.randn(PART, weight.shape[1], 1, model.encoder.bins)
    x = x.contiguous(memory_format=torch.channels_last).requires_grad_()
    outgoing = torch.randn_like(x)
    times: Times = {}
    for _ in range(frames // PART):
        with clock(times, CONVOLUTION, "forward"):
            result = functional.conv2d(x, weight, bias, padding="same")
        with clock(times, CONVOLUTION, "backward"):
            result.backward(outgoing)
    return times


def timed_product() -> Times:
    """A product of two large matrices, about the fastest that a processor multiplies."""
    times: Times = {}
    matrix = torch.randn(SIZE, SIZE)
    with clock(times, PRODUCT, "forward"):
        torch.mm(matrix, matrix)
    return times


def measure(model: HarmonicEstimator, batch: Batch, steps: int) -> Times:
    """Medians over some steps and, by turns, what they are compared with; the first warms up."""
    optimiser = model.configure_optimizers()  # Adam; the full protocol has no schedule
    bound = bound_losses(model, batch)
    frames = batch["frames"].shape[0] * batch["frames"].shape[1]
    rounds = [
        timed_step(model, bound, optimiser, batch)
        | timed_convolution(model, frames)
        | timed_product()
        for _ in range(steps + 1)
    ]
    return {piece: median(times[piece] for times in rounds[1:]) for piece in rounds[0]}


def seconds(times: Times, *pieces: str) -> float:
    """Of pieces, forward and backward."""
    return sum(amount for (piece, _), amount in times.items() if piece in pieces)


def report(name: str, batch: Batch, times: Times, steps: int) -> str:
    """The table, and the conditions with the times that go together."""
    pieces = [piece for piece in WORK if (piece, "forward") in times]
    whole = seconds(times, *(piece for piece in pieces if piece != CONVOLUTION))
    rows = []
    for piece in pieces:
        share = f"{100 * seconds(times, piece) / whole:.0f} %"
        sides = [_share(times, piece, side, whole) for side in ("forward", "backward")]
        rows.append((piece, share, *sides, WORK[piece]))
    clips, frames, bins = batch["frames"].shape
    alone = seconds(times, CONVOLUTION)
    multiplications = 3 * clips * frames * bins * 40 * 40 * 15  # forward, and two ways back
    speed = multiplications / alone / (SIZE**3 / seconds(times, PRODUCT))
    instructions = torch.backends.cpu.get_cpu_capability().replace("AVX", "AVX-")
    return (
        words.table(("piece", "share", "forward", "backward", "where it goes"), rows)
        + f"\n\n{name}, {clips} clips of {frames} frames: {words.time(whole)} a step, which is "
        f"{whole / alone:.2f} times what that convolution alone took in the same run "
        f"({words.time(alone)}); that in turn multiplied {speed:.1f} times as fast as a product of "
        f"two matrices of {SIZE} x {SIZE}. Medians of {steps} steps, {torch.get_num_threads()} "
        f"threads on {os.cpu_count()} cores ({platform.machine()}, {instructions}), CPU only, "
        f"torch {torch.__version__.split('+')[0]}; the shares hold better than the times do."
    )


def _share(times: Times, piece: str, side: str, whole: float) -> str:
    return f"{100 * times[piece, side] / whole:.0f} %" if (piece, side) in times else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment", choices=EXPERIMENTS, default="SOT-2048")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--page", type=Path, nargs="?", const=PAGE, help="write the block there")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    model, batch = experiment(given.experiment)
    text = report(given.experiment, batch, measure(model, batch, given.steps), given.steps)
    print(text)
    if given.page is not None:
        write_blocks(given.page, {"step": text})
    return 0


if __name__ == "__main__":
    sys.exit(main())
