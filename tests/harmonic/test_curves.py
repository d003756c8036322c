"""What runs logged, read and drawn: the numbers of the file, and files that are none."""

import pytest
import torch

from sot.harmonic import draw_training, training_curves

LOG = """\
epoch,step,test/RPA,train/loss,val/LSD,val/RPA
0,19,,0.5,,
0,39,,0.25,,
1,59,,,40.0,90.0
1,79,,0.125,,
2,79,,,30.0,95.0
2,80,99.0,,,
"""


@pytest.fixture
def run(tmp_path):
    """A function that makes the folder of a run with a given log."""

    def make(log, name="run"):
        (tmp_path / name / "csv").mkdir(parents=True)
        (tmp_path / name / "csv" / "metrics.csv").write_bytes(log.encode())
        return tmp_path / name

    return make


def test_each_quantity_has_its_values_at_the_steps_at_which_it_was_logged(run):
    curves = training_curves(run(LOG))
    assert set(curves) == {"test/RPA", "train/loss", "val/LSD", "val/RPA"}
    found = {name: [part.tolist() for part in curve] for name, curve in curves.items()}
    assert found["train/loss"] == [[19, 39, 79], [0.5, 0.25, 0.125]]
    assert found["val/LSD"] == [[59, 79], [40, 30]]
    assert found["test/RPA"] == [[80], [99]]


def test_loss_distance_and_accuracy_of_runs_are_drawn_side_by_side(run):
    early = "epoch,step,train/loss\n0,19,0.75\n"
    figure = draw_training({"early": run(early, "a"), "whole": run(LOG, "b")})
    loss, distance, accuracy = figure.axes
    assert loss.get_yscale() == "log"
    assert {line.get_label() for line in loss.lines} == {"early", "whole"}
    (line,) = distance.lines
    assert (line.get_label(), line.get_ydata().tolist()) == ("whole", [40, 30])
    assert accuracy.lines[0].get_ydata().tolist() == [90, 95]
    assert "dB²" in distance.get_ylabel()
    assert "%" in accuracy.get_ylabel()
    (legend,) = figure.legends
    assert {text.get_text() for text in legend.get_texts()} == {"early", "whole"}
    assert all(ax.get_legend() is None for ax in figure.axes)


def test_a_run_has_one_colour_in_all_panels(run):
    early = "epoch,step,train/loss\n0,19,0.75\n"
    figure = draw_training({"early": run(early, "a"), "whole": run(LOG, "b")})
    colours = {
        line.get_color() for ax in figure.axes for line in ax.lines if line.get_label() == "whole"
    }
    assert len(colours) == 1


def test_a_trained_run_can_be_drawn(trained):
    """It is too short for its training loss to be logged."""
    figure = draw_training({"SOT-2048": trained})
    assert [ax.get_ylabel() for ax in figure.axes] == ["validation LSD (dB²)", "validation RPA (%)"]
    assert all(torch.as_tensor(ax.lines[0].get_ydata()).isfinite().all() for ax in figure.axes)


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("", "nothing is logged there yet"),
        ("epoch,step,train/loss\n", "nothing is logged there yet"),
        ("epoch,train/loss\n0,1.0\n", "cannot be read as the log of a run"),
        ("epoch,step,train/loss\n0,one,1.0\n", "cannot be read as the log of a run"),
        ("epoch,step,train/loss\n0,1,much\n", "cannot be read as the log of a run"),
        ("epoch,step,train/loss\n0,1,1.0,2.0\n", "cannot be read as the log of a run"),
    ],
)
def test_a_log_that_is_none_is_named(run, log, said):
    folder = run(log)
    with pytest.raises(ValueError, match=said) as error:
        training_curves(folder)
    assert str(folder / "csv" / "metrics.csv") in str(error.value)


def test_a_folder_without_a_log_no_runs_and_nothing_to_draw_are_told(run, tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        training_curves(tmp_path / "missing")
    with pytest.raises(ValueError, match="runs: expected at least one run"):
        draw_training({})
    with pytest.raises(ValueError, match="runs: expected a run that logged train/loss, val/LSD or"):
        draw_training({"other": run("epoch,step,test/OD\n0,19,0.75\n")})
