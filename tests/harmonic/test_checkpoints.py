"""Checkpoints are found by name or folder, checked before use, measured again, and tabulated."""

import csv
import io
import json
import shutil

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from sot.harmonic import HarmonicEstimator, TiltSettings, TrainingSettings
from sot.harmonic.checkpoints import (
    checkpoints_folder,
    configured,
    find_checkpoint,
    sha256,
    shipped_weights,
)
from sot.harmonic.naming import EXPERIMENTS, base_file, experiment_file

MEASURES = ["LSD", "RPA", "RCA", "OD", "MSE", "MSS"]


@pytest.fixture
def run_folder(trained, tmp_path):
    """A copy of a finished run that a test may spoil."""
    return shutil.copytree(trained, tmp_path / "SOT-2048" / "42")


def test_a_trained_estimator_comes_back_from_its_folder(trained):
    estimator = HarmonicEstimator.from_pretrained(str(trained))
    state = load_file(trained / "weights.safetensors")
    assert not estimator.training
    assert all(torch.equal(v, state[k]) for k, v in estimator.encoder.state_dict().items())


def test_the_measures_are_repeated_on_the_saved_weights(trained, sot_command):
    status, out, err = sot_command("evaluate", trained, "--json")
    assert status == 0, err
    found = json.loads(out)["test"]
    recorded = json.loads((trained / "metrics.json").read_text())
    assert list(found) == MEASURES
    assert found == pytest.approx(recorded["test"], rel=1e-5)
    assert recorded["weights_sha256"] == sha256(trained / "weights.safetensors")


def test_evaluation_on_a_file_uses_its_test_clips(trained, sot_command, tmp_path):
    path = tmp_path / "clips.pth"
    sizes = ("--train-clips", 48, "--val-clips", 4, "--test-clips", 4)
    assert sot_command("data", path, *sizes)[0] == 0
    status, out, _ = sot_command("evaluate", trained, "--data", path, "--json")
    assert status == 0
    recorded = json.loads((trained / "metrics.json").read_text())
    assert json.loads(out)["test"] == pytest.approx(recorded["test"], rel=1e-5)


def test_weights_of_another_architecture_are_refused_by_name(run_folder, sot_command):
    state = load_file(run_folder / "weights.safetensors")
    state["last.weight"] = torch.zeros(4, 10)
    save_file(state, run_folder / "weights.safetensors")
    (run_folder / "metrics.json").unlink()
    status, _, err = sot_command("evaluate", run_folder)
    assert status == 1
    assert "another architecture: last.weight is (4, 10) there and (3, 10)" in err


def test_weights_with_a_wrong_hash_are_refused(run_folder, sot_command):
    path = run_folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    status, _, err = sot_command("evaluate", run_folder)
    assert status == 1
    assert "the weights have SHA-256" in err
    assert len(err.splitlines()) == 1


def test_weights_that_are_cut_short_are_refused(run_folder, sot_command):
    path = run_folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    (run_folder / "metrics.json").unlink()
    status, _, err = sot_command("evaluate", run_folder)
    assert status == 1
    assert "cannot be read as weights; is it cut short?" in err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SOT-2047", "did you mean 'SOT-2048'"),
        ("SOT-2048/999", "one that comes with the package, got SOT-2048/999"),
        ("no/such/folder", "the folder of a run, or the name of an experiment"),
    ],
)
def test_an_unknown_checkpoint_is_told_with_those_that_there_are(name, words, sot_command):
    status, _, err = sot_command("evaluate", name)
    assert status == 1
    assert words in err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model: {encoder: {dropuot: 1}}", "dropuot"),
        ("a: [", "cannot be read as YAML"),
        ("seed: 3", "with a key 'model'"),
        ("model: 3", "with a key 'model'"),
        ("[" * 5000, "cannot be read as YAML"),
    ],
)
def test_a_configuration_that_is_none_is_refused(run_folder, text, words):
    (run_folder / "config.yaml").write_text(text)
    with pytest.raises(ValueError, match=words):
        find_checkpoint(str(run_folder)).estimator()


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(run_folder, sot_command, number):
    """They would find all recordings silent."""
    path = run_folder / "weights.safetensors"
    state = load_file(path)
    state["first.weight"][3, 0, 0, 7] = number
    save_file(state, path)
    (run_folder / "metrics.json").unlink()  # which holds the hash of others
    status, _, err = sot_command("evaluate", run_folder)
    assert status == 1
    assert err.startswith(f"sot: {path}: the weights are damaged: first.weight holds NaN")


def test_a_run_that_is_not_complete_is_not_taken_for_another_folder(run_folder, sot_command):
    path = run_folder / "weights.safetensors"
    path.unlink()
    status, _, err = sot_command("evaluate", run_folder)
    assert (status, err) == (1, f"sot: {path}: no such file; the run is not complete\n")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "with a key 'data'"),
        ({"class_path": "lightning.LightningDataModule"}, "data: `test_dataloader` must be"),
    ],
)
def test_a_run_without_test_clips_is_told_in_one_line(run_folder, sot_command, data, words):
    path = run_folder / "config.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "data": data}))
    status, _, err = sot_command("evaluate", run_folder)
    assert status == 1
    assert err.startswith(f"sot: {path}: ")
    assert words in err
    assert len(err.splitlines()) == 1


def write_run(folder, experiment, seed, rpa, lsd=100.0, protocol="short"):
    place = folder / experiment / str(seed)
    place.mkdir(parents=True)
    (place / "config.yaml").write_text("model: {}\n")
    test = {"LSD": lsd, "RPA": rpa, "RCA": rpa, "OD": -0.1, "MSE": 0.01, "MSS": 0.5}
    content = {"experiment": experiment, "seed": seed, "protocol": protocol, "steps": 1}
    content |= {"weights_sha256": "0", "test": test}
    (place / "metrics.json").write_text(json.dumps(content))


@pytest.fixture
def runs(tmp_path):
    """Two complete experiments, one run that is not."""
    for seed, rpa in ((42, 90.0), (123, 100.0), (456, 98.0)):
        write_run(tmp_path, "SOT-2048", seed, rpa)
    write_run(tmp_path, "MSS-Lin", 42, 10.0, lsd=50.0)
    (tmp_path / "SOT-2048" / "789").mkdir()
    (tmp_path / "SOT-2048" / "789" / "config.yaml").write_text("model: {}\n")
    return tmp_path


def test_a_folder_that_is_named_twice_is_counted_once(runs, sot_command):
    once, twice = (
        sot_command("table", *folders) for folders in ([runs], [runs, runs / "SOT-2048"])
    )
    assert once[:2] == twice[:2]


def test_the_table_has_means_deviations_and_medians_of_complete_runs(runs, sot_command):
    status, out, err = sot_command("table", runs)
    assert status == 0
    (row,) = [line for line in out.splitlines() if line.startswith("SOT-2048")]
    assert "3 (+1 incomplete)" in row
    assert "96.0 (5.3) / 98.0 *" in row
    (row,) = [line for line in out.splitlines() if line.startswith("MSS-Lin")]
    assert "10.0 / 10.0 +" in row
    assert "50.0 / 50.0 *" in row  # less is better
    assert err.splitlines() == ["sot: SOT-2048/789 is not complete and not in the table"]
    assert out.index("MSS-Lin") < out.index("SOT-2048")


def test_the_table_comes_as_markdown_latex_and_csv(runs, sot_command, tmp_path):
    markdown = sot_command("table", runs, "--format", "markdown")[1]
    assert "| **96.0 (5.3) / 98.0** |" in markdown
    latex = sot_command("table", runs, "--format", "latex")[1]
    assert r"\textbf{96.0 (5.3) / 98.0}" in latex
    assert latex.startswith(r"\begin{tabular}")
    rows = list(csv.DictReader(io.StringIO(sot_command("table", runs, "--format", "csv")[1])))
    assert float(rows[1]["RPA_mean"]) == 96.0
    assert rows[0]["RPA_standard_deviation"] == ""
    assert rows[1]["incomplete"] == "1"


def test_runs_of_other_protocols_have_rows_of_their_own(runs, sot_command):
    write_run(runs, "SOT-2048", 7, 50.0, protocol="full")
    out = sot_command("table", runs)[1]
    assert len([line for line in out.splitlines() if line.startswith("SOT-2048")]) == 2


def test_the_name_of_an_experiment_is_text_in_every_form(tmp_path, sot_command):
    name = "my_run, 50% a|b"
    write_run(tmp_path, name, 42, 50.0)
    table = {f: sot_command("table", tmp_path, "--format", f)[1] for f in ("csv", "latex")}
    (row,) = csv.DictReader(io.StringIO(table["csv"]))
    assert (row["experiment"], row["protocol"]) == (name, "short")
    assert r"my\_run, 50\% a|b & short & 1" in table["latex"]
    markdown = sot_command("table", tmp_path, "--format", "markdown")[1]
    assert r"| my_run, 50% a\|b | short |" in markdown


def test_one_run_in_two_folders_is_told_and_not_dropped(tmp_path, sot_command):
    for folder, rpa in (("first", 10.0), ("second", 90.0)):
        write_run(tmp_path / folder, "SOT-2048", 42, rpa)
    status, out, err = sot_command("table", tmp_path / "first", tmp_path / "second")
    (line,) = err.splitlines()
    assert (status, out) == (1, "")
    assert "both hold SOT-2048 with seed 42" in line
    twice = sot_command("table", tmp_path / "first", tmp_path / "first" / "SOT-2048")
    assert twice == sot_command("table", tmp_path / "first")


UNMEASURED = '{"experiment": "a", "seed": 1, "weights_sha256": "0", "test": %s}'


@pytest.mark.parametrize(
    "spoilt",
    ["", "{}", '{"seed": 1}', "\x00", "[" * 10**5, "[]"]
    + [UNMEASURED % test for test in ("{}", "null", "[1]", '{"LSD": "x"}', f'{{"LSD": {10**400}}}')]
    + ['{"seed": Infinity}'],
)
def test_damaged_measures_are_told(runs, sot_command, spoilt):
    (runs / "MSS-Lin" / "42" / "metrics.json").write_text(spoilt)
    status, _, err = sot_command("table", runs)
    assert status == 1
    assert "cannot be read as measures of a run" in err


def test_a_folder_without_runs_is_told(tmp_path, sot_command):
    status, _, err = sot_command("table", tmp_path)
    assert status == 1
    assert "no runs in there" in err
    assert "no such folder" in sot_command("table", tmp_path / "none")[2]


SHIPPED = [path.parent for path in shipped_weights()]


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: "/".join(folder.parts[-2:]))
def test_a_shipped_checkpoint_is_whole_and_of_the_packages_configuration(folder):
    estimator = HarmonicEstimator.from_pretrained(folder.parent.name, seed=int(folder.name))
    assert sum(p.numel() for p in estimator.encoder.parameters()) == 46_012
    metrics = find_checkpoint(f"{folder.parent.name}/{folder.name}").metrics()
    assert list(metrics["test"]) == MEASURES
    assert folder.parent.name in EXPERIMENTS
    configured(folder.parent / "config.yaml", with_data=True)


def leaves(content, path=()):
    """Values of nested mappings by their place."""
    for key, value in content.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_the_published_configuration_of_an_experiment_is_the_packages(experiment):
    path = checkpoints_folder() / experiment / "config.yaml"
    published = dict(leaves(yaml.safe_load(path.read_text())))
    expected = dict(leaves(yaml.safe_load(base_file().read_text())))
    expected |= dict(leaves(yaml.safe_load(experiment_file(experiment).read_text())))
    assert {place: published[place] for place in expected} == expected
    ours = configured(path, with_data=False)[0]
    assert vars(ours.training_settings) == vars(TrainingSettings())
    assert vars(ours.tilt) == vars(TiltSettings())


@pytest.mark.slow
@pytest.mark.skipif(not SHIPPED, reason="no checkpoint comes with the package yet")
def test_a_shipped_checkpoint_scores_what_its_table_says(sot_command):
    folder = checkpoints_folder() / "SOT-2048" / "42"
    status, out, err = sot_command("evaluate", folder, "--json")
    assert status == 0, err
    recorded = json.loads((folder / "metrics.json").read_text())["test"]
    assert json.loads(out)["test"] == pytest.approx(recorded, rel=1e-3)


@pytest.mark.parametrize("name", ["folder", "SOT-2048/42"])
def test_a_seed_beside_a_single_run_is_refused(run_folder, name):
    name = str(run_folder) if name == "folder" else name
    with pytest.raises(ValueError, match="seed: expected none beside a single run"):
        find_checkpoint(name, seed=123)
