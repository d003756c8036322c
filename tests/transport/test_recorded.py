"""The functional cases recorded from the replaced package, see tests/data/parity."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from sot import wasserstein_1d, wasserstein_1d_circle

FOLDER = Path(__file__).parents[1] / "data" / "parity"
CASES = json.loads((FOLDER / "dev.json").read_text())["functional"]


@pytest.fixture(scope="module")
def recorded():
    with np.load(FOLDER / "dev.npz") as file:
        return {key: file[key] for key in file.files if key.startswith("fn/")}


def sides(recorded, case):
    return [torch.tensor(recorded[f"fn/{case['i']}/{name}"]) for name in ("u", "v", "uw", "vw")]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['i']}-p{case['p']}")
def test_values_and_gradients_on_the_line_are_the_recorded_ones(recorded, case):
    inputs = [side.requires_grad_() for side in sides(recorded, case)]
    cost = wasserstein_1d(*inputs, p=case["p"])
    np.testing.assert_allclose(cost.detach(), recorded[f"fn/{case['i']}/loss"], rtol=1e-4)
    gradients = torch.autograd.grad(cost.sum(), inputs)
    for name, gradient in zip(("gu", "gv", "guw", "gvw"), gradients, strict=True):
        expected = recorded[f"fn/{case['i']}/{name}"]
        error = np.linalg.norm(gradient.numpy() - expected) / np.linalg.norm(expected)
        assert error < 2e-3, name


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['i']}")
def test_values_on_the_circle_are_the_recorded_ones_with_the_preset(recorded, case):
    cost = wasserstein_1d_circle(*sides(recorded, case), preset="sot-loss")
    np.testing.assert_allclose(cost, recorded[f"fn/{case['i']}/circle"], rtol=1e-4)
