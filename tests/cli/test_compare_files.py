"""`sot compare` pairs files by name and reports what it cannot read."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile


def by_name(answer):
    """Losses by the name of the reference."""
    return {Path(pair["reference"]).name: pair["loss"] for pair in answer.document["pairs"]}


def test_folders_are_paired_by_name(record, run, in_hertz, tmp_path):
    for name, low, high in (("a.wav", 300, 400), ("b.wav", 300, 500), ("deep/er/c.wav", 300, 900)):
        record(f"left/{name}", low)
        record(f"right/{name}", high)
    answer = run("compare", tmp_path / "left", tmp_path / "right", *in_hertz, "--json")
    assert answer.status == 0
    assert by_name(answer) == pytest.approx({"a.wav": 100, "b.wav": 200, "c.wav": 600}, abs=0.5)


def test_a_wav_is_paired_with_a_flac_of_the_same_name(record, run, in_hertz, tmp_path):
    record("left/a.wav", 300)
    record("right/a.flac", 400)
    answer = run("compare", tmp_path / "left", tmp_path / "right", *in_hertz, "--json")
    assert by_name(answer) == pytest.approx({"a.wav": 100}, abs=0.5)


def test_each_pair_is_compared_at_the_rate_of_its_reference(record, run, in_hertz, tmp_path):
    for name, rate in (("a.wav", 16000), ("b.wav", 44100)):
        record(f"left/{name}", 300, rate=rate)
        record(f"right/{name}", 500)
    answer = run("compare", tmp_path / "left", tmp_path / "right", *in_hertz, "--json")
    assert by_name(answer) == pytest.approx({"a.wav": 200, "b.wav": 200}, abs=1)


def test_what_has_no_partner_is_reported_and_the_others_are_done(record, run, tmp_path):
    for name in ("left/a.wav", "right/a.wav", "left/alone.wav", "right/[lonely].wav"):
        record(name, 300)
    answer = run("compare", tmp_path / "left", tmp_path / "right", "--json")
    assert answer.status == 1
    assert by_name(answer) == {"a.wav": 0}
    assert sorted(answer.complaints) == sorted(
        f"sot: {tmp_path / name}: no file of this name in {tmp_path / other}"
        for name, other in (("left/alone.wav", "right"), ("right/[lonely].wav", "left"))
    )


def broken_files(folder: Path) -> dict[str, str]:
    """Write files that cannot be read; what is said of each."""
    samples = np.sin(np.arange(8000) / 10)
    for name, how in (("short_wav.wav", "PCM_16"), ("short_flac.flac", "PCM_16")):
        soundfile.write(folder / name, samples, 16000, how)
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])
    soundfile.write(folder / "none.wav", samples[:0], 16000)
    soundfile.write(folder / "nan.wav", samples * np.nan, 16000, "FLOAT")
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.wav").write_text("This is not a recording.")
    return {
        "short_wav.wav": "cut short",
        "short_flac.flac": "cannot be read",
        "none.wav": "no samples",
        "nan.wav": "NaN",
        "empty.wav": "empty",
        "text.wav": "cannot be read",
    }


@pytest.mark.parametrize("side", ["reference", "estimate"])
def test_broken_files_are_reported_one_by_one_and_the_others_are_done(record, run, tmp_path, side):
    record("bad/fine.wav", 300)
    told = broken_files(tmp_path / "bad")
    for name in ("fine.wav", *told):
        record(f"good/{Path(name).stem}.wav", 300)
    folders = [tmp_path / "good", tmp_path / "bad"]
    answer = run("compare", *(folders if side == "estimate" else reversed(folders)), "--json")
    assert answer.status == 1
    assert by_name(answer) == {"fine.wav": 0}
    assert len(answer.complaints) == len(told)
    for name, said in told.items():
        (line,) = (line for line in answer.complaints if str(tmp_path / "bad" / name) in line)
        assert said in line


@pytest.mark.parametrize("position", [0, 1])
def test_a_missing_file_is_one_line(record, run, tmp_path, position):
    files = [record("a.wav", 300), tmp_path / "there is no such.wav"]
    answer = run("compare", *(files if position else reversed(files)))
    assert answer.status == 1
    assert answer.out == ""
    assert answer.complaints == [f"sot: {tmp_path / 'there is no such.wav'}: no such file"]


def test_a_folder_beside_a_file_is_one_line(record, run, tmp_path):
    path = record("a.wav", 300)
    for arguments in ((path, tmp_path), (tmp_path, path)):
        answer = run("compare", *arguments)
        (line,) = answer.complaints
        assert answer.status == 1
        assert "expected two files or two folders" in line
        assert str(path) in line


def test_a_missing_or_empty_folder_is_one_line(record, run, tmp_path):
    record("left/a.wav", 300)
    empty = tmp_path / "empty"
    empty.mkdir()
    for arguments, said in (
        ((tmp_path / "left", tmp_path / "nowhere"), f"{tmp_path / 'nowhere'}: no such folder"),
        ((empty, tmp_path / "left"), f"{empty}: the folder holds no audio file"),
    ):
        answer = run("compare", *arguments)
        (line,) = answer.complaints
        assert answer.status == 1
        assert said in line


def test_two_files_that_differ_only_in_ending_are_told(record, run, tmp_path):
    for name in ("left/a.wav", "left/a.flac", "right/a.wav"):
        record(name, 300)
    answer = run("compare", tmp_path / "left", tmp_path / "right")
    (line,) = answer.complaints
    assert answer.status == 1
    assert "a.flac and a.wav" in line


@pytest.mark.parametrize(
    "name",
    ["two words.wav", "Übung 音.wav", "[red]x.wav", "[/].wav", "a:b.wav", "-1.wav", "%s.wav"],
)
def test_any_file_name_is_shown_as_it_is(record, run, tmp_path, monkeypatch, name):
    record(f"left/{name}", 300)
    record(f"right/{name}", 300)
    monkeypatch.chdir(tmp_path / "left")
    answer = run("compare", "--", name, f"../right/{name}")
    assert answer.status == 0
    assert answer.out.splitlines()[1].split("  ")[0] == name
    (tmp_path / "right" / name).write_text("no audio")
    answer = run("compare", "--", name, f"../right/{name}")
    (line,) = answer.complaints
    assert line.startswith(f"sot: ../right/{name}: cannot be read as audio (")


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text elsewhere")
def test_a_name_that_is_no_text_is_compared_and_told_like_others(record, shell, tmp_path):
    record("a.wav", 300)
    name = os.fsdecode(b"caf\xe9.wav")  # Latin-1, as an old archive leaves it
    record("b.wav", 330).rename(tmp_path / name)
    strict = {"PYTHONIOENCODING": "utf-8"}
    answer = shell("compare", "a.wav", name, "--csv", "scores.csv", cwd=tmp_path, env=strict)
    assert (answer.status, answer.err) == (0, "")
    assert "caf" in answer.out
    assert b"a.wav,caf\xe9.wav," in (tmp_path / "scores.csv").read_bytes()
    answer = shell("compare", "a.wav", name, "--json", cwd=tmp_path, env=strict)
    assert [pair["estimate"] for pair in answer.document["pairs"]] == [name]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_with_control_characters_stays_in_its_row_and_steers_no_terminal(
    record, run, tmp_path
):
    name = "a\nb\x1b[31m.wav"
    record(f"left/{name}", 300)
    record(f"right/{name}", 300)
    answer = run("compare", tmp_path / "left", tmp_path / "right")
    _, row = answer.out.splitlines()
    assert row.startswith(f"{tmp_path}/left/a\\nb\\x1b[31m.wav  ")
    (pair,) = run("compare", tmp_path / "left", tmp_path / "right", "--json").document["pairs"]
    assert pair["reference"] == str(tmp_path / "left" / name)
    (tmp_path / "right" / name).unlink()
    answer = run("compare", tmp_path / "left", tmp_path / "right")
    (line,) = answer.complaints
    assert "\\x1b[31m.wav: no file of this name" in line


def test_a_name_in_another_alphabet_needs_no_locale(record, shell, tmp_path):
    record("Übung 音.wav", 300)
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    answer = shell("compare", "Übung 音.wav", "Übung 音.wav", cwd=tmp_path, env=plain)
    assert (answer.status, answer.err) == (0, "")
    assert answer.out.splitlines()[1].startswith("Übung 音.wav")
