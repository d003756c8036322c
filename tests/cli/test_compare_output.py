"""`sot compare` prints a table, one JSON document, or a CSV file that is written whole."""

import csv
import os
import re

import pytest
import torch

from sot.cli import _pairs


@pytest.fixture
def folders(record, tmp_path):
    """Two folders with pairs of pitches 300 / 400 Hz and 300 / 600 Hz."""
    for name, pitch in (("a.wav", 400), ("b.wav", 600)):
        record(f"left/{name}", 300)
        record(f"right/{name}", pitch)
    return tmp_path / "left", tmp_path / "right"


def test_the_table_has_a_line_for_each_pair_and_the_mean(folders, run, in_hertz):
    answer = run("compare", *folders, *in_hertz)
    head, *rows, foot = [line.split() for line in answer.out.splitlines()]
    assert head == ["reference", "estimate", "loss", "duration"]
    assert [row[:2] for row in rows] == [
        [str(folder / name) for folder in folders] for name in ("a.wav", "b.wav")
    ]
    assert [float(row[2]) for row in rows] == pytest.approx([100, 300], abs=0.5)
    assert [row[3:] for row in rows] == [["0.500", "s"]] * 2
    assert foot[0] == "mean"
    assert float(foot[1]) == pytest.approx(200, abs=0.5)


def test_the_document_has_the_pairs_and_the_settings(folders, run):
    answer = run(
        *("compare", *folders, "--json", "--p", "1", "--transform", "mel", "--n-mels", 16),
        *("--no-balanced", "--mel-norm", "none", "--window", "kaiser,8.6", "--unequal", "pad"),
    )
    document = answer.document
    assert set(document) == {"pairs", "config"}
    for pair, name in zip(document["pairs"], ("a.wav", "b.wav"), strict=True):
        assert set(pair) == {"reference", "estimate", "loss", "duration"}
        assert pair["reference"] == str(folders[0] / name)
        assert pair["estimate"] == str(folders[1] / name)
        assert pair["duration"] == 0.5
    assert document["config"] == {
        "channels": "mix",
        "unequal": "pad",
        "p": 1,
        "transform": "mel",
        "n_mels": 16,
        "balanced": False,
        "mel_norm": None,
        "window": ["kaiser", 8.6],
    }


def test_the_document_names_what_failed(folders, run):
    (folders[1] / "a.wav").write_text("no audio")
    answer = run("compare", *folders, "--json")
    document = answer.document
    assert answer.status == 1
    assert set(document) == {"pairs", "config", "errors"}
    assert [pair["reference"] for pair in document["pairs"]] == [str(folders[0] / "b.wav")]
    (error,) = document["errors"]
    assert error["reference"] == str(folders[0] / "a.wav")
    assert answer.complaints == [f"sot: {error['error']}"]


def test_the_csv_file_holds_the_numbers_of_the_document(folders, run, tmp_path):
    path = tmp_path / "scores.csv"
    answer = run("compare", *folders, "--json", "--csv", path)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["reference"], row["estimate"]) for row in rows] == [
        (pair["reference"], pair["estimate"]) for pair in answer.document["pairs"]
    ]
    for row, pair in zip(rows, answer.document["pairs"], strict=True):
        assert float(row["loss"]) == pair["loss"]
        assert float(row["duration"]) == pair["duration"]


def test_an_old_csv_file_stays_whole_when_writing_fails(folders, run, tmp_path, monkeypatch):
    path = tmp_path / "scores.csv"
    path.write_text("the old table")
    before = set(tmp_path.iterdir())

    class FullDisk:
        def __init__(self, file):
            self.file = file

        def writerow(self, row):
            self.file.write(",".join(map(str, row)))
            self.file.flush()
            if row[0] != "reference":
                raise OSError(28, os.strerror(28))

    monkeypatch.setattr(csv, "writer", FullDisk)
    answer = run("compare", *folders, "--csv", path)
    (line,) = answer.complaints
    assert answer.status == 1
    assert line == f"sot: {path}: cannot be written ({os.strerror(28)})"
    assert answer.out.startswith("reference")
    assert path.read_text() == "the old table"
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("place", ["nowhere/scores.csv", "", "left/a.wav/scores.csv"])
def test_a_csv_file_that_cannot_be_written_is_told_before_the_work(
    folders, run, tmp_path, place, monkeypatch
):
    monkeypatch.setattr("sot.audio.read_audio", lambda path: pytest.fail(f"{path} was read"))
    answer = run("compare", *folders, "--csv", tmp_path / place)
    (line,) = answer.complaints
    assert answer.status == 1
    assert answer.out == ""
    assert str(tmp_path / place) in line


def test_lack_of_memory_for_one_pair_leaves_the_others(folders, run, monkeypatch):
    """Torch reports it as a RuntimeError."""
    asked = []

    class Loss(torch.nn.Module):
        def __init__(self, **settings):
            super().__init__()

        def forward(self, x, y):
            asked.append(x)
            if len(asked) == 1:
                raise RuntimeError("can't allocate memory")
            return (x - y).abs().mean()

    monkeypatch.setattr("sot.Wasserstein1DLoss", Loss)
    answer = run("compare", *folders, "--json")
    (line,) = answer.complaints
    assert answer.status == 1
    assert f"{folders[0] / 'a.wav'} and {folders[1] / 'a.wav'}: can't allocate memory" in line
    assert [pair["reference"] for pair in answer.document["pairs"]] == [str(folders[0] / "b.wav")]


@pytest.mark.parametrize("columns", ["30", "60", "200"])
def test_numbers_and_names_are_whole_on_a_terminal_of_any_width(folders, run, monkeypatch, columns):
    """Long names are folded."""
    (pair, _) = run("compare", *folders, "--json").document["pairs"]
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", columns)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", run("compare", *folders).out)
    assert f" {pair['loss']:.6g} " in shown
    assert "…" not in shown
    assert max(len(line) for line in shown.splitlines()) <= int(columns)


def test_a_bar_shows_the_progress_on_a_terminal_only(folders, run, monkeypatch):
    assert run("compare", *folders).err == ""
    monkeypatch.setattr(_pairs, "on_terminal", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "comparing" in run("compare", *folders).err
