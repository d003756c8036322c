"""Training through the command line: what a run leaves, that it goes on where it stopped."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import filelock
import lightning
import pytest
import torch
import yaml
from generators.runs import SMALL
from safetensors.torch import load_file

import sot
from sot.harmonic import (
    EncoderSettings,
    HarmonicEstimator,
    Objective,
    SinusoidDataModule,
    SinusoidSettings,
    TiltSettings,
    TrainingSettings,
    training_curves,
)
from sot.harmonic._quiet import without_lightnings_own
from sot.harmonic.naming import EXPERIMENTS, base_file, experiment_file, protocol_files


def weights(folder: Path):
    return torch.load(folder / "last.ckpt", weights_only=True)["state_dict"]


def same(ours, theirs):
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)


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


class Code:
    """What a pickle of this runs when it is loaded."""

    def __reduce__(self):
        return (Path.touch, (Path("run"),))


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


def test_a_checkpoint_brings_no_settings_of_the_optimiser(trained):
    """The place in a schedule stays, its height is that of the configuration."""
    group = {"lr": 0.25e-3, "initial_lr": 1e-3, "weight_decay": 1e-4}
    checkpoint = {
        "optimizer_states": [{"param_groups": [group]}],
        "lr_schedulers": [{"base_lrs": [1e-3], "last_epoch": 7}],
    }
    settings = TrainingSettings(learning_rate=1e-4, weight_decay=0.0)
    HarmonicEstimator(training=settings).on_load_checkpoint(checkpoint)
    (group,) = checkpoint["optimizer_states"][0]["param_groups"]
    assert group == {"lr": pytest.approx(0.25e-4), "initial_lr": 1e-4, "weight_decay": 0.0}
    assert checkpoint["lr_schedulers"] == [{"base_lrs": [1e-4], "last_epoch": 7}]


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
