"""`sot landscape` sweeps the pitch of a tone: values, gradients, pictures."""

import csv
import math
import re
from importlib.resources import files
from itertools import pairwise

import numpy as np
import pytest
import soundfile
import torch

PURE = ("--tone-harmonics", "1", "--candidate", "1")


def only_loss(answer):
    """Pitches, values and gradients of the one loss that was asked for."""
    assert answer.status == 0, answer.err
    (curve,) = answer.document["losses"].values()
    return curve


def test_pitches_are_spaced_evenly_in_octaves(run):
    answer = run(*("landscape", "--loss", "sot", "--json", "--duration", 0.2), "--points", 4)
    expected = [40 * 50 ** (k / 3) for k in range(4)]
    found = only_loss(answer)["pitch"]
    assert found == pytest.approx(expected, rel=1e-7)
    assert (found[0], found[-1]) == (40, 2000)


def test_between_pure_tones_value_and_gradient_are_known(run, in_hertz):
    """The distance is |f - 440| Hz; its derivative by log2 f is f ln 2 with the sign of f - 440."""
    answer = run(
        *("landscape", "--tone", 440, *PURE, "--loss", "sot", "--json", *in_hertz),
        *("--low", 220, "--high", 880, "--points", 3),
    )
    curve = only_loss(answer)
    assert answer.document["f0"] == 440
    config = answer.document["config"]
    assert (config["tone"], config["candidate"], config["fft_size"]) == (440, "1", 2048)
    assert curve["value"] == pytest.approx([220, 0, 440], abs=1)
    below, _, above = curve["gradient"]
    assert below == pytest.approx(-220 * math.log(2), rel=0.02)
    assert above == pytest.approx(880 * math.log(2), rel=0.02)
    assert curve["towards_f0"] == 1


@pytest.mark.parametrize("tone", [150.0, 523.25, 1000.0])
def test_a_pure_tone_is_found_at_its_pitch(run, tone):
    answer = run(
        *("landscape", "--tone", tone, *PURE, "--loss", "sot", "--json", "--duration", 0.3),
        *("--low", tone / 4, "--high", tone * 4, "--points", 9),
    )
    curve = only_loss(answer)
    assert np.argmin(curve["value"]) == 4
    assert curve["pitch"][4] == pytest.approx(tone, rel=1e-5)


def test_gradients_add_up_to_the_differences_of_the_values(run):
    """The gradient per octave, integrated over octaves by the trapezoidal rule."""
    answer = run(
        *("landscape", "--tone", 440, "--loss", "sot", "--json", "--low", 100, "--high", 200),
        *("--points", 17, "--duration", 0.3, "--p", 1),
    )
    curve = only_loss(answer)
    for (low, high), (first, second) in zip(
        pairwise(curve["value"]), pairwise(curve["gradient"]), strict=True
    ):
        assert high - low == pytest.approx((first + second) / 2 / 16, rel=0.05)


def test_most_gradients_lead_to_the_pitch_of_a_recorded_violin(run):
    note = files("sot") / "data" / "notes" / "violin_069.flac"
    answer = run(
        *("landscape", note, "--f0", 440, "--loss", "sot", "--json", "--points", 25, "--p", 1),
    )
    curve = only_loss(answer)
    downhill = [
        slope * (pitch - 440) > 0
        for pitch, slope in zip(curve["pitch"], curve["gradient"], strict=True)
    ]
    assert curve["towards_f0"] == pytest.approx(np.mean(downhill))
    assert curve["towards_f0"] > 0.8
    assert curve["pitch"][int(np.argmin(curve["value"]))] == pytest.approx(440, rel=0.1)


def test_the_excerpt_begins_and_ends_where_asked(run, tmp_path):
    """440 Hz, then 660 Hz, then 880 Hz, 0.3 s each, on two channels at 44.1 kHz."""
    time = np.arange(13230) / 44100
    parts = [np.sin(2 * np.pi * pitch * time) for pitch in (440, 660, 880)]
    path = tmp_path / "steps.wav"
    soundfile.write(path, np.repeat(np.concatenate(parts)[:, None] / 2, 2, 1), 44100)
    for start, pitch in ((0.0, 440), (0.3, 660), (0.6, 880)):
        answer = run(
            *("landscape", path, "--start", start, "--duration", 0.3, "--candidate", 1),
            *("--low", 440, "--high", 880, "--points", 13, "--loss", "sot", "--json"),
            *("--sample-rate", 16000),
        )
        curve = only_loss(answer)
        best = curve["pitch"][int(np.argmin(curve["value"]))]
        assert best == pytest.approx(pitch, rel=0.03)
        assert answer.document["f0"] is None
        assert "towards_f0" not in curve


def test_an_excerpt_shorter_than_asked_is_told(record, run):
    path = record("short.wav", 440, seconds=0.4)
    answer = run("landscape", path, "--points", 2, "--loss", "sot")
    (line,) = answer.complaints
    assert answer.status == 0
    assert f"{path}: 0.150 s from 0.25 s on, shorter than 0.5 s" in line


def test_table_csv_and_document_agree_for_several_losses(run, tmp_path):
    names = ["sot", "sot-loss", "paper", "mss-linear", "mss-log-linear", "mss-smooth"]
    common = ("landscape", "--points", 3, "--duration", 0.1, "--loss", ",".join(names))
    path = tmp_path / "sweep.csv"
    curves = run(*common, "--json").document["losses"]
    answer = run(*common, "--csv", path)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(curves) == names
    lines = answer.out.splitlines()
    assert len(lines) == 1 + 3 + len(names)
    for index, row in enumerate(rows):
        cells = [float(cell) for cell in lines[1 + index].split()]
        expected = [curves["sot"]["pitch"][index]]
        for name in names:
            assert float(row[name]) == curves[name]["value"][index]
            assert float(row[f"{name} gradient"]) == curves[name]["gradient"][index]
            expected += [curves[name]["value"][index], curves[name]["gradient"][index]]
        assert cells == pytest.approx(expected, rel=2e-3, abs=0.05 * (len(cells) == 1))
    for name, line in zip(names, lines[4:], strict=True):
        assert (
            line == f"{name}: {curves[name]['towards_f0']:.0%} of the gradients point to 440.0 Hz"
        )


def test_the_table_is_whole_on_a_narrow_terminal(run, monkeypatch):
    common = ("landscape", "--points", 2, "--duration", 0.1)
    plain = run(*common).out
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    assert re.sub(r"\x1b\[[0-9;]*m", "", run(*common).out) == plain


def test_options_hold_for_the_loss_sot(run):
    common = ("landscape", "--points", 3, "--duration", 0.2, "--json")
    by_option = run(*common, "--loss", "sot", "--preset", "paper", "--no-balanced")
    by_name = run(*common, "--loss", "paper")
    assert by_option.document["losses"]["sot"] == by_name.document["losses"]["paper"]


def test_the_picture_is_a_png_file(run, tmp_path):
    path = tmp_path / "landscape.png"
    answer = run(*("landscape", "--points", 3, "--duration", 0.1, "--loss", "sot"), "--png", path)
    assert answer.status == 0
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("--low", "0"), "low: expected a finite number above 0"),
        (("--low", "500", "--high", "400"), "high: expected a finite number above 500"),
        (("--high", "8000"), "high: expected a pitch below the Nyquist frequency, 8000 Hz"),
        (("--tone", "9000"), "tone: expected a pitch below the Nyquist frequency, 8000 Hz"),
        (("--tone", "nan"), "tone: expected a finite number"),
        (("--points", "1"), "points: expected a whole number of at least 2"),
        (("--duration", "0"), "duration: expected a finite number above 0"),
        (("--duration", "1e300"), "duration: expected a finite number above 0 and at most 86400"),
        (("--points", 10**16), "points: expected a whole number of at most 10000"),
        (("--sample-rate", "-5"), "sample_rate: expected"),
        (("--candidate", "1,x"), "candidate: expected numbers with commas between, got '1,x'"),
        (("--candidate", "0,0"), "candidate: expected at least one amplitude other than 0"),
        (("--tone-harmonics", ""), "tone_harmonics: expected numbers with commas between"),
        (("--tone-harmonics", "inf"), "tone_harmonics: expected numbers with commas between"),
        (("--loss", "sott"), "loss: expected one of"),
        (("--f0", "440"), "f0: expected a recording beside it"),
        (("--f0", "-1"), "f0: expected a finite number above 0"),
        (("--device", "abacus"), "device: expected a device"),
        (("--p", "40", "--bin-position-scaling", "absolute"), "loss sot: expected finite numbers"),
        (("--png", "picture.docx"), "picture.docx: expected an ending of"),
        (("--png", "nowhere/picture.png"), "nowhere/picture.png: the folder nowhere does not"),
        (("--csv", "nowhere/sweep.csv"), "nowhere/sweep.csv: the folder nowhere does not exist"),
        (("nowhere.wav",), "nowhere.wav: no such file"),
    ],
)
def test_a_wrong_value_is_told_in_one_line(run, typed, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = run("landscape", "--duration", 0.1, "--points", 2, *typed)
    (line,) = answer.complaints
    assert answer.status == 1
    assert answer.out == ""
    assert line.startswith(f"sot: {said}")


def test_a_recording_without_sound_where_asked_is_told(record, run):
    path = record("a.wav", 440)
    answer = run("landscape", path, "--start", 2)
    assert answer.complaints == ["sot: start: expected a time before the end, 0.500 s, got 2.0 s"]
    soundfile.write(path, np.zeros(8000), 16000)
    answer = run("landscape", path)
    assert answer.complaints == [f"sot: {path}: silent from 0.25 s on for 0.5 s"]
    assert answer.status == 1


def test_a_target_that_is_silent_to_a_loss_is_told_beside_its_zeros(run, tmp_path):
    faint = 1e-30 * np.sin(np.arange(8000) / 10)
    soundfile.write(tmp_path / "a.wav", faint, 16000, "FLOAT")
    sweep = ("landscape", tmp_path / "a.wav", "--duration", 0.1, "--points", 2)
    answer = run(*sweep, "--loss", "sot,mss-log-linear")
    assert answer.status == 0
    (line,) = answer.complaints
    assert line == "sot: loss sot: 0 at every pitch, since the target is silent to it"


@pytest.mark.parametrize("points", [2, 1])
def test_the_number_of_threads_is_as_before_also_after_an_error(run, points):
    torch.set_num_threads(2)
    answer = run("landscape", "--duration", 0.1, "--points", points, "--loss", "sot")
    assert answer.status == (points == 1)
    assert torch.get_num_threads() == 2
