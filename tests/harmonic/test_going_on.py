"""A run goes on where it stopped, with what it is told, and none is written over."""

import math
import shutil
import signal
import time
from pathlib import Path

import pytest
import torch
from generators.runs import SMALL, same, weights

from sot.harmonic import TrainingSettings, training_curves


class Code:
    """What a pickle of this runs when it is loaded."""

    def __reduce__(self):
        return (Path.touch, (Path("run"),))


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.0, 0.35])
def test_a_run_that_is_killed_and_goes_on_ends_with_the_same_weights(
    delay, start, sot_command, tmp_path
):
    """With dropout and a falling learning rate; killed while it trains or writes."""
    settings = (
        "train", "--experiment", "SOT-2048", "--protocol", "short", "--model.encoder.dropout=0.5",
        "--trainer.max_epochs=8", "--trainer.max_steps=24", *SMALL,
    )  # fmt: skip
    status, _, err = sot_command(*settings, f"--output={tmp_path / 'whole'}")
    assert status == 0, err
    process = start(*settings, f"--output={tmp_path / 'killed'}")
    folder = tmp_path / "killed" / "SOT-2048" / "42"
    deadline = time.monotonic() + 120
    while not (folder / "last.ckpt").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert torch.load(folder / "last.ckpt", weights_only=True)["global_step"] < 24
    status, _, err = sot_command(
        *settings, f"--output={tmp_path / 'killed'}", "--ckpt_path", "last"
    )
    assert status == 0, err
    assert same(weights(tmp_path / "whole" / "SOT-2048" / "42"), weights(folder))


def cut(path, whole):
    path.write_bytes(whole.read_bytes()[:5000])


def renamed(path, whole):
    content = torch.load(whole, weights_only=True)
    content["state_dict"] = {f"my_{name}": v for name, v in content["state_dict"].items()}
    torch.save(content, path)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (cut, "is it cut short"),
        (lambda path, _: path.touch(), "is it cut short"),
        (lambda path, _: path.write_bytes(b"RIFF" + bytes(100)), "is it cut short"),
        (
            lambda path, _: torch.save({"a": 1}, path),
            "expected a checkpoint that `sot train` wrote",
        ),
        (lambda path, _: torch.save(Code(), path), "which could run code; it is not loaded"),
        (renamed, "the weights are of another architecture"),
    ],
)
def test_a_checkpoint_that_is_none_is_refused_and_leaves_no_run(
    trained, sot_command, tmp_path, monkeypatch, spoil, words
):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "spoilt.ckpt"
    spoil(path, trained / "last.ckpt")
    status, _, err = sot_command(
        "train", "--experiment=SOT-2048", f"--output={tmp_path / 'runs'}", f"--ckpt_path={path}",
        *SMALL,
    )  # fmt: skip
    assert status == 1
    assert err.splitlines()[-1].startswith(f"sot: {path}: ")
    assert words in err.splitlines()[-1]
    assert not list(tmp_path.rglob("config.yaml"))
    assert not (tmp_path / "run").exists()


@pytest.fixture
def begun(trained, tmp_path):
    """A copy of a finished run of two epochs that may go on."""
    return shutil.copytree(trained, tmp_path / "SOT-2048" / "42")


def go_on(sot_command, begun, *settings):
    return sot_command(
        "train", "--experiment=SOT-2048", f"--output={begun.parents[1]}", "--ckpt_path=last",
        "--trainer.max_epochs=3", *SMALL, *settings,
    )  # fmt: skip


def test_a_run_goes_on_with_the_learning_rate_that_it_is_told(begun, sot_command):
    before = weights(begun)
    status, _, err = go_on(sot_command, begun, "--model.training.learning_rate=1e-12")
    assert status == 0, err
    after = weights(begun)
    assert all(
        torch.allclose(after[name], value, rtol=0, atol=1e-9)
        for name, value in before.items()
        if name.startswith("encoder.")
    )


def test_a_checkpoint_brings_no_settings_of_the_optimiser(begun, sot_command):
    """A schedule that begins when a run goes on is where it would be, and ends when it is gone."""

    def rate_after(*settings):
        status, _, err = go_on(sot_command, begun, *settings)
        assert status == 0, err
        (optimizer,) = torch.load(begun / "last.ckpt", weights_only=True)["optimizer_states"]
        (group,) = optimizer["param_groups"]
        return group["lr"], group["weight_decay"]

    falling = ("--model.training.learning_rate=1e-3", "--model.training.cosine=true")
    last_of_nine = 1e-3 * (0.5 + 0.5 * math.cos(math.pi * 8 / 9))
    assert rate_after(*falling, "--model.training.weight_decay=0") == (
        pytest.approx(last_of_nine),
        0.0,
    )
    assert rate_after("--model.training.learning_rate=1e-3", "--trainer.max_epochs=4") == (
        1e-3,
        TrainingSettings().weight_decay,
    )


def test_a_run_that_goes_on_keeps_what_it_logged(begun, sot_command):
    path = begun / "csv" / "metrics.csv"
    with path.open("a") as file:  # as if it had been killed in a later epoch, while it wrote
        file.write("9,99" + ",77.0" * 13 + "\n9,1")
    before = training_curves(begun)["val/LSD"]
    status, _, err = go_on(sot_command, begun)
    assert status == 0, err
    steps, values = training_curves(begun)["val/LSD"]
    assert len(steps) == 3
    assert steps[:2].tolist() == before[0][:2].tolist() == [2, 5]
    assert torch.equal(values[:2], before[1][:2])
    assert (steps < 99).all()
    assert len(training_curves(begun)["test/LSD"][0]) == 1


def test_a_run_whose_folder_was_moved_keeps_its_best_checkpoint(begun, sot_command):
    """As if it had been so good that no later validation is better."""
    content = torch.load(begun / "last.ckpt", weights_only=True)
    (state,) = (s for name, s in content["callbacks"].items() if "val/LSD" in name)
    assert Path(state["dirpath"]) != begun.resolve()
    state["best_model_score"] = state["kth_value"] = torch.tensor(0.0)
    state["best_k_models"] = dict.fromkeys(state["best_k_models"], torch.tensor(0.0))
    torch.save(content, begun / "last.ckpt")
    best = (begun / "best.ckpt").read_bytes()
    status, _, err = go_on(sot_command, begun)
    assert status == 0, err
    assert torch.load(begun / "last.ckpt", weights_only=True)["global_step"] == 9
    assert (begun / "best.ckpt").read_bytes() == best


def test_a_run_is_not_written_over_by_one_that_goes_on_from_elsewhere(
    trained, sot_command, tmp_path
):
    other = shutil.copy(trained / "last.ckpt", tmp_path / "other.ckpt")
    before = {path: path.stat().st_mtime_ns for path in trained.rglob("*")}
    status, _, err = sot_command(
        "train", "--experiment=SOT-2048", f"--output={trained.parents[1]}",
        f"--ckpt_path={other}", "--trainer.max_epochs=3", *SMALL,
    )  # fmt: skip
    assert status == 1
    assert f"{trained}: there is a run in this folder" in err
    assert before == {path: path.stat().st_mtime_ns for path in trained.rglob("*")}


def test_a_run_goes_on_under_its_own_protocol_only(trained, sot_command):
    before = (trained / "config.yaml").read_text()
    status, _, err = sot_command(
        "train", "--experiment=SOT-2048", "--protocol=short", f"--output={trained.parents[1]}",
        "--ckpt_path=last", *SMALL,
    )  # fmt: skip
    assert status == 1
    assert f"protocol: expected 'full', under which {trained} was begun, got 'short'" in err
    assert (trained / "config.yaml").read_text() == before


def test_a_run_without_a_checkpoint_is_not_sent_back_to_one(sot_command, tmp_path):
    """As it is left when a run is stopped in its first epoch."""
    folder = tmp_path / "SOT-2048" / "42"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("protocol: full\n")
    status, _, err = sot_command("train", "--experiment=SOT-2048", f"--output={tmp_path}")
    assert status == 1
    assert f"{folder}: there is a run in this folder without a checkpoint; remove it" in err
    assert "ckpt_path" not in err
