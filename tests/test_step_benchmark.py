"""The benchmark of a training step takes the steps of the training and tells all of their time."""

import copy
from pathlib import Path

import pytest
import torch

from sot.harmonic import HarmonicEstimator, ObjectiveSettings
from sot.harmonic.estimator import EncoderSettings

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(autouse=True)
def _benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.fixture
def batch():
    audio = torch.randn(4, 4096)
    index = torch.tensor([2, 0, 3, 1])
    return {
        "index": index,
        "audio": 0.9 * audio / audio.abs().amax(),
        "frames": torch.rand(4, 16, 285),
    }


def test_a_timed_step_has_the_gradients_of_a_plain_one(batch):
    import step

    plain = HarmonicEstimator(encoder=EncoderSettings(dropout=0))
    timed = copy.deepcopy(plain)
    plain.objective(batch["audio"], plain(batch["frames"])[1]).total.backward()
    times = step.timed_step(
        timed, step.bound_losses(timed, batch), timed.configure_optimizers(), batch
    )
    for mine, theirs in zip(timed.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-3, atol=1e-6)
    assert all(seconds > 0 for seconds in times.values())


@pytest.mark.parametrize("magnitude", [0.0, 1.0])
def test_the_shares_of_all_pieces_make_the_whole(batch, magnitude):
    import step

    model = HarmonicEstimator(ObjectiveSettings(magnitude_weight=magnitude))
    times = step.measure(model, batch, steps=1)
    lines = step.report("any", batch, times, steps=1).splitlines()[2:]
    rows = [line.split(" | ") for line in lines if line.startswith("| ")]
    assert ("| magnitude" in [row[0] for row in rows]) == (magnitude > 0)
    shares = [int(row[1].removesuffix(" %")) for row in rows if row[0] != f"| {step.CONVOLUTION}"]
    assert sum(shares) == pytest.approx(100, abs=len(shares) / 2)


def test_an_experiment_is_measured_in_the_full_protocol():
    import step

    model, batch = step.experiment("MSS-Lin")
    assert model.training
    assert list(model.objective.losses) == ["magnitude"]
    assert batch["frames"].shape == (64, 16, 285)
