"""With `preset="sot-loss"` the losses repeat the recorded numbers of the package they replace.

Part of the recorded gradients, most of those of pure tones, are rounding noise: one float32
rounding of the input changes them by more than 2e-3, and the replaced package itself misses them
on another processor. So each case is held to 2e-3 or to twice the change that such a rounding
makes, whichever is larger; that change is measured here, and most cases must meet the plain 2e-3.
"""

import functools
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

import sot

DATA = Path(__file__).parents[1] / "data" / "parity"
CASES = {case["key"]: case for case in json.loads((DATA / "dev.json").read_text())["cases"]}
RECORDED = np.load(DATA / "dev.npz")

LOSS_TOLERANCE = 1e-4
GRADIENT_TOLERANCE = 2e-3
SHARE_OF_ROUNDING = 2.0
ROUNDINGS = 4


class Errors(NamedTuple):
    """Relative distances to the record, and what one rounding of the input changes."""

    loss: float
    loss_rounding: float
    gradient: float
    gradient_rounding: float


def distance(value, truth):
    gap = float(np.linalg.norm(np.subtract(value, truth, dtype=np.float64)))
    return gap / float(np.linalg.norm(truth)) if gap else 0.0


def make(case, **arguments):
    return getattr(sot, case["cls"])(**case["config"], preset="sot-loss", **arguments)


def inputs(case):
    return RECORDED[f"in/{case['input']}/x"], RECORDED[f"in/{case['input']}/y"]


def loss_and_gradient(loss, x, y):
    reference = torch.tensor(x, requires_grad=True)
    value = loss(reference, torch.tensor(y))
    value.backward()
    return value.item(), reference.grad.numpy()


def rounded(signal, random):
    """The signal with every sample moved by about one float32 rounding, up or down."""
    signs = random.choice(np.array([-1.0, 1.0]), signal.shape)
    return (signal * (1 + 2.0**-23 * signs)).astype(np.float32)


@functools.cache
def errors(key):
    case = CASES[key]
    loss, random = make(case), np.random.default_rng(0)
    x, y = inputs(case)
    value, gradient = loss_and_gradient(loss, x, y)
    moved = [
        loss_and_gradient(loss, rounded(x, random), rounded(y, random)) for _ in range(ROUNDINGS)
    ]
    return Errors(
        distance(value, RECORDED[f"loss/{key}"]),
        max(distance(other, value) for other, _ in moved),
        distance(gradient, RECORDED[f"grad/{key}"]),
        max(distance(other, gradient) for _, other in moved),
    )


def test_all_recorded_cases_are_here():
    assert len(CASES) == 87


@pytest.mark.parametrize("key", CASES)
def test_the_preset_repeats_a_recorded_loss(key):
    found = errors(key)
    assert found.loss <= max(LOSS_TOLERANCE, SHARE_OF_ROUNDING * found.loss_rounding)


@pytest.mark.parametrize("key", CASES)
def test_the_preset_repeats_a_recorded_gradient(key):
    found = errors(key)
    assert found.gradient <= max(GRADIENT_TOLERANCE, SHARE_OF_ROUNDING * found.gradient_rounding)


@pytest.mark.parametrize("key", [key for key in CASES if f"frames/{key}" in RECORDED])
def test_the_preset_repeats_recorded_frames_as_a_flat_vector(key):
    case = CASES[key]
    frames = make(case, reduce=False)(*map(torch.tensor, inputs(case)))
    assert frames.shape == RECORDED[f"frames/{key}"].shape
    assert distance(frames.numpy(), RECORDED[f"frames/{key}"]) <= GRADIENT_TOLERANCE


def test_most_recorded_numbers_are_met_without_any_allowance():
    found = [errors(key) for key in CASES]
    assert sum(error.loss <= LOSS_TOLERANCE for error in found) >= 86
    assert sum(error.gradient <= GRADIENT_TOLERANCE for error in found) >= 54
    # And the allowance stays an exception: it is in force for less than half of the cases.
    strict = [SHARE_OF_ROUNDING * error.gradient_rounding <= GRADIENT_TOLERANCE for error in found]
    assert sum(strict) >= 44
