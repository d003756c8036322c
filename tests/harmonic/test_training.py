"""Training through the command line: what a run leaves, and what is refused."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import filelock
import lightning
import pytest
import torch
import yaml
from generators.runs import SMALL, same, weights
from safetensors.torch import load_file

import sot
from sot.harmonic import (
    EncoderSettings,
    HarmonicEstimator,
    Objective,
    SinusoidDataModule,
    SinusoidSettings,
    TiltSettings,
)
from sot.harmonic._quiet import without_lightnings_own
from sot.harmonic.naming import EXPERIMENTS, base_file, experiment_file, protocol_files


def test_a_run_leaves_its_configuration_weights_measures_logs_and_a_picture(trained):
    names = {path.relative_to(trained).as_posix() for path in trained.rglob("*") if path.is_file()}
    expected = {"config.yaml", "weights.safetensors", "metrics.json", "best.ckpt", "last.ckpt"}
    assert expected <= names
    assert "csv/metrics.csv" in names
    assert "figures/validation.png" in names
    assert any(name.startswith("tensorboard/events") for name in names)
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["experiment"] == "SOT-2048"
    assert (metrics["seed"], metrics["protocol"]) == (42, "full")
    assert list(metrics["test"]) == ["LSD", "RPA", "RCA", "OD", "MSE", "MSS"]


def test_the_saved_configuration_is_resolved_and_trains_the_same_again(
    trained, sot_command, tmp_path
):
    config = yaml.safe_load((trained / "config.yaml").read_text())
    assert config["model"]["objective"]["transport_fft_size"] == 2048
    assert config["trainer"]["max_epochs"] == 2
    status, _, err = sot_command(
        "train", f"--config={trained / 'config.yaml'}", f"--output={tmp_path}"
    )
    assert status == 0, err
    ours = load_file(trained / "weights.safetensors")
    assert same(ours, load_file(tmp_path / "SOT-2048" / "42" / "weights.safetensors"))


@pytest.mark.slow
@pytest.mark.parametrize("experiment", EXPERIMENTS)
@pytest.mark.parametrize("protocol", ["full", "short"])
def test_every_experiment_takes_a_few_steps(experiment, protocol, sot_command, tmp_path):
    status, _, err = sot_command(
        "train", "--experiment", experiment, "--protocol", protocol, f"--output={tmp_path}",
        "--trainer.max_epochs=1", *SMALL,
    )  # fmt: skip
    assert status == 0, err
    metrics = json.loads((tmp_path / experiment / "42" / "metrics.json").read_text())
    assert (metrics["protocol"], metrics["steps"]) == (protocol, 3)


@pytest.mark.slow
def test_two_processes_train_as_one_with_the_same_global_batch(sot_command, tmp_path):
    """Over two steps: later the jumps in the gradient of a cut transport part them.

    From the third step on, rounding alone parts runs of one and of two threads as far.
    """
    settings = (
        "train", "--experiment", "SOT-2048", *SMALL, "--data.init_args.sound.train_clips=32",
        "--model.encoder.dropout=0", "--trainer.max_epochs=1",
    )  # fmt: skip
    two = ("--trainer.devices=2", "--trainer.strategy=ddp", "--data.init_args.batch_size=8")
    status, _, err = sot_command(*settings, f"--output={tmp_path / 'one'}")
    assert status == 0, err
    script = tmp_path / "alone.py"  # Lightning starts the other process from a script
    script.write_text("from sot.cli import main\nmain()\n")
    done = subprocess.run(
        [sys.executable, script, *settings, *two, f"--output={tmp_path / 'two'}"],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(sot.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "sync_dist" not in done.stderr  # what is logged is the measure over all of them
    one, both = (weights(tmp_path / name / "SOT-2048" / "42") for name in ("one", "two"))
    lightning.seed_everything(42, verbose=False)
    start = HarmonicEstimator(encoder=EncoderSettings(dropout=0)).state_dict()
    moved = torch.cat([(one[name] - start[name]).flatten() for name in one])
    apart = torch.cat([(one[name] - both[name]).flatten() for name in one])
    assert moved.norm() > 0.02  # two steps of Adam on 46,012 weights
    assert apart.norm() < 1e-3 * moved.norm()
    measures = [
        json.loads((tmp_path / name / "SOT-2048" / "42" / "metrics.json").read_text())["test"]
        for name in ("one", "two")
    ]
    assert measures[0]["LSD"] == pytest.approx(measures[1]["LSD"], rel=1e-3)


def test_an_existing_run_is_not_written_over(trained, sot_command):
    before = {path: path.stat().st_mtime_ns for path in trained.rglob("*")}
    status, out, err = sot_command(
        "train", "--experiment", "SOT-2048", f"--output={trained.parents[1]}"
    )
    assert status == 1
    assert out == ""
    assert f"{trained}: there is a run in this folder; --ckpt_path last goes on" in err
    assert before == {path: path.stat().st_mtime_ns for path in trained.rglob("*")}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--experiment", "SOT-2047"), "did you mean 'SOT-2048'"),
        ((), "expected --experiment NAME or --config FILE"),
        (("--experiment", "SOT-2048", "--protocol", "shrt"), "did you mean 'short'"),
        (("--experiment", "SOT-2048", "--seed_everything", "some"), "seed_everything"),
        (("--experiment", "SOT-2048", "--seed_everything=-1"), "seed_everything: expected"),
        (("--experiment", "SOT-2048", f"--seed_everything={2**32}"), "seed_everything: expected"),
        (("--experiment", "SOT-2048", "--model.encoder.dropuot", "1"), "dropuot"),
        (("--experiment", "SOT-2048", "--model.training.learning_rate=-1"), "learning_rate"),
        (("--experiment", "SOT-2048", "--ckpt_path", "none.ckpt"), "none.ckpt: no such checkpoint"),
        (
            (
                "--experiment=SOT-2048",
                "--data=sot.harmonic.PreloadedSinusoidDataModule",
                "--data.data_path=none.pth",
            ),
            "none.pth: no such file; `sot data` makes one",
        ),
    ],
)
def test_bad_input_is_told_before_any_training(arguments, words, sot_command, tmp_path):
    status, _, err = sot_command("train", *arguments, f"--output={tmp_path}")
    assert status != 0
    assert words in err
    assert "Traceback" not in err
    assert not list(tmp_path.rglob("*.ckpt"))


def test_two_processes_do_not_train_in_one_folder(sot_command, tmp_path):
    arguments = ("train", "--experiment=SOT-2048", f"--output={tmp_path}", "--trainer.max_epochs=1")
    folder = tmp_path / "SOT-2048" / "42"
    folder.mkdir(parents=True)
    with filelock.FileLock(folder / ".lock"):
        status, _, err = sot_command(*arguments, *SMALL)
        assert status == 1
        assert f"{folder}: a run is being trained in this folder now" in err
        assert not (folder / "config.yaml").exists()
    assert sot_command(*arguments, *SMALL)[0] == 0


def test_an_interrupted_run_ends_as_other_interrupted_commands_do(
    sot_command, tmp_path, monkeypatch
):
    def interrupted(self, *arguments):
        raise KeyboardInterrupt

    handler = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(HarmonicEstimator, "training_step", interrupted)
    try:
        status, _, err = sot_command(
            "train", "--experiment=SOT-2048", f"--output={tmp_path}", *SMALL
        )
    finally:
        signal.signal(signal.SIGINT, handler)  # which Lightning switches off
    assert status == 130
    assert "Traceback" not in err


@pytest.mark.parametrize("setting", ["--trainer.accelerator=tpu", "--trainer.devices=0"])
def test_a_device_that_is_not_there_is_one_line(sot_command, tmp_path, setting):
    small = [option for option in SMALL if "accelerator" not in option]
    status, _, err = sot_command(
        "train", "--experiment=SOT-2048", f"--output={tmp_path}", *small, setting
    )
    assert status == 1
    assert err.splitlines()[-1].startswith("sot: ")
    assert "Traceback" not in err


def test_an_unknown_key_in_a_file_is_named(sot_command, tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("experiment: own\nmodel:\n  objective:\n    cutt: true\n")
    status, _, err = sot_command("train", f"--config={path}", f"--output={tmp_path}")
    assert status != 0
    assert "cutt" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("order", [0.0, 1.0])
def test_spectra_of_targets_computed_once_change_no_bit_of_a_run(order, monkeypatch, tmp_path):
    """With a tilt that fades in the middle of it, and without."""

    def run():
        lightning.seed_everything(1, verbose=False)
        model = HarmonicEstimator(tilt=TiltSettings(order, hold=0.2, end=0.5))
        sound = SinusoidSettings(train_clips=12, val_clips=4, test_clips=1)
        trainer = lightning.Trainer(
            max_epochs=3, accelerator="cpu", logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False, default_root_dir=tmp_path,
        )  # fmt: skip
        with without_lightnings_own():
            trainer.fit(model, datamodule=SinusoidDataModule(sound, batch_size=4))
        losses = [value for name, value in trainer.callback_metrics.items() if "loss" in name]
        return [*losses, *model.parameters()]

    once = run()
    bound = []

    def each_time(objective, targets):
        bound.append(len(targets))
        return lambda places, estimate: objective(targets[places], estimate)

    monkeypatch.setattr(Objective, "bind", each_time)
    for mine, theirs in zip(once, run(), strict=True):
        assert torch.equal(mine, theirs)
    assert sorted(bound) == [4, 12]


def test_a_loss_that_is_not_finite_stops_the_run_and_says_where(sot_command, tmp_path):
    status, _, err = sot_command(
        "train", "--experiment=SOT-2048", f"--output={tmp_path}", "--trainer.max_epochs=4",
        "--model.training.learning_rate=1e30", *SMALL,
    )  # fmt: skip
    assert status == 1
    assert "the loss is not finite at step 1, epoch 0" in err
    assert "Traceback" not in err


def test_a_full_disk_is_one_line_and_leaves_no_half_file(sot_command, tmp_path, monkeypatch):
    def full(*arguments, **settings):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    status, _, err = sot_command(
        "train", "--experiment=SOT-2048", f"--output={tmp_path}", "--trainer.max_epochs=1", *SMALL
    )
    assert status == 1
    assert "No space left on device" in err.splitlines()[-1]
    assert not list(tmp_path.rglob("*.ckpt"))


def test_a_folder_that_cannot_be_made_is_one_line(sot_command, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    status, _, err = sot_command("train", "--experiment=SOT-2048", f"--output={file}")
    assert status == 1
    assert "Traceback" not in err
    assert str(file) in err.splitlines()[-1]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_an_experiment_changes_only_its_loss(experiment):
    content = yaml.safe_load(experiment_file(experiment).read_text())
    assert content["experiment"] == experiment
    assert set(content) <= {"experiment", "model"}
    assert set(content.get("model", {})) <= {"objective"}
    base = yaml.safe_load(base_file().read_text())["model"]["objective"]
    assert set(content.get("model", {}).get("objective", {})) <= set(base)


def test_the_short_protocol_touches_no_difference_between_experiments():
    (path,) = protocol_files("short")
    content = yaml.safe_load(path.read_text())
    assert set(content["model"].get("objective", {})) <= {"framing"}
    assert "data" not in content


def test_a_run_without_a_validation_says_that_nothing_was_measured(sot_command, tmp_path):
    status, out, err = sot_command(
        "train", "--experiment", "MSS-Lin", *SMALL, "--trainer.max_steps=1", f"--output={tmp_path}"
    )
    assert status == 0, err
    assert str(tmp_path / "MSS-Lin" / "42") in out
    assert "nothing was measured" in err
    assert "--trainer.check_val_every_n_epoch 1" in err
