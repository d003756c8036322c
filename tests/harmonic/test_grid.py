"""The grid trains what is missing, goes on after a failure, and leaves alone what is done."""

import json

import pytest
from generators.runs import SMALL

from sot.harmonic.grid import plan, run_grid
from sot.harmonic.naming import EXPERIMENTS


def test_all_experiments_come_with_the_first_seed_before_the_next(tmp_path):
    jobs = plan(["all"], [42, 123], "short", tmp_path)
    assert [job.experiment for job in jobs] == [*EXPERIMENTS, *EXPERIMENTS]
    assert [job.seed for job in jobs] == [42] * 7 + [123] * 7
    assert jobs[0].folder == tmp_path / "MSS-Lin" / "42"


def test_a_begun_run_goes_on_from_its_last_checkpoint(tmp_path):
    (job,) = plan(["SOT-512"], [7], "short", tmp_path)
    assert "--ckpt_path=last" not in job.command()
    job.folder.mkdir(parents=True)
    (job.folder / "last.ckpt").write_text("")
    assert "--ckpt_path=last" in job.command()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--experiments", "SOT-51"), "did you mean 'SOT-512'"),
        (("--seeds", "one"), "seeds: expected numbers with commas between, got 'one'"),
        (("--protocol", "long"), "protocol: expected one of 'full', 'short'"),
        (("--seeds", str(2**32)), "seeds: expected a whole number of at most 4294967295"),
        (("--cpus", "0"), "cpus: expected a whole number of at least 1"),
    ],
)
def test_bad_input_is_one_line(sot_command, tmp_path, options, words):
    status, _, err = sot_command("grid", "--output", tmp_path, *options)
    assert status == 1
    assert words in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--trainer.max_epoch", "1"), "did you mean --trainer.max_epochs?"),
        (("stray",), "unrecognized arguments: stray"),
        (("--trainer.max_epochs", "many"), "max_epochs"),
    ],
)
def test_arguments_that_training_does_not_take_are_told_before_a_run_begins(
    sot_command, tmp_path, arguments, words
):
    status, _, err = sot_command("grid", "--output", tmp_path, *arguments)
    assert status == 2
    assert words in err
    assert len(err.splitlines()) == 1
    assert not any(tmp_path.iterdir())


def test_arguments_that_would_put_all_runs_in_one_place_are_refused(sot_command, tmp_path):
    arguments = ("--seeds", "1,2", "--seed_everything", "3")
    status, _, err = sot_command("grid", "--output", tmp_path, *arguments)
    assert status == 1
    assert "seed_everything: expected no such argument" in err


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_more_cores_than_there_are_is_an_error_and_not_a_wait(tmp_path):
    with pytest.raises(ValueError, match="cpus: expected at most"):
        run_grid(plan(["SOT-512"], [42], "short", tmp_path), cpus=10**18)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_a_failed_run_stops_no_other_and_the_grid_goes_on(tmp_path):
    settings = ("--trainer.max_epochs=1", *SMALL)
    jobs = plan(["SOT-512", "MSS-Lin"], [42], "short", tmp_path, settings)
    broken, whole = jobs
    broken.folder.mkdir(parents=True)
    (broken.folder / "last.ckpt").write_text("no checkpoint")
    told = []
    states = run_grid(jobs, told=lambda now: told.append(dict(now)))
    assert states[whole] == "done"
    assert states[broken].startswith("failed: ")
    assert set(told[0].values()) == {"waiting"}
    written = (whole.folder / "metrics.json").stat().st_mtime_ns
    (broken.folder / "last.ckpt").unlink()
    assert set(run_grid(jobs).values()) == {"done"}
    assert (whole.folder / "metrics.json").stat().st_mtime_ns == written
    assert json.loads((broken.folder / "metrics.json").read_text())["experiment"] == "SOT-512"
