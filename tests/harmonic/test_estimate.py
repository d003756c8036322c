"""`sot estimate` takes any recording, in clips as in training, and joins the frames again."""

import csv
import json
import math
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from sot.audio import Audio, read_audio
from sot.harmonic import ClipTransform, PitchEncoder
from sot.harmonic.recordings import track_pitch

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="names of files are text elsewhere")


@pytest.fixture
def encoder():
    return PitchEncoder().eval()


def tone(seconds, rate=16000, f0=440.0):
    time = np.arange(round(seconds * rate)) / rate
    return 0.4 * np.sin(2 * math.pi * f0 * time)


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "a440.wav"
    soundfile.write(path, np.stack([tone(0.7, 44100)] * 2, 1), 44100)
    return path


def test_frames_are_those_of_the_clips_of_training(encoder):
    samples = torch.randn(1, 2 * 4096)
    track = track_pitch(encoder, Audio(samples, 16000))
    second = samples[:, 4096:]
    frames = ClipTransform()(second * 0.9 / second.abs().max())
    with torch.no_grad():
        expected = encoder(frames)
    torch.testing.assert_close(track.f0[16:], expected.f0[0])
    gain = second.abs().max() / 0.9
    torch.testing.assert_close(track.amplitudes[16:], expected.amplitudes[0] * gain)
    assert track.times.tolist() == pytest.approx([t * 0.016 for t in range(32)])


@pytest.mark.parametrize("samples", [1, 100, 4095, 4097, 10000])
def test_any_length_gives_a_frame_for_each_hop(encoder, samples):
    track = track_pitch(encoder, Audio(torch.randn(1, samples), 16000))
    assert len(track.f0) == len(track.times) == len(track.confidence) == -(-samples // 256)
    assert track.resynthesis().samples.shape == (1, samples)
    assert track.f0.isfinite().all()


def test_silence_has_a_pitch_without_confidence_and_no_amplitudes(encoder):
    track = track_pitch(encoder, Audio(torch.zeros(1, 5000), 16000))
    assert (track.confidence == 0).all()
    assert (track.amplitudes == 0).all()
    assert ((track.f0 > 30) & (track.f0 < 8000)).all()
    assert track.resynthesis().samples.abs().max() == 0


def test_confidence_is_one_for_one_bin_and_zero_for_ignorance(encoder):
    from sot.harmonic.recordings import _certainty

    certain = torch.zeros(285)
    certain[7] = 1
    told = _certainty(torch.stack([certain, torch.full((285,), 1 / 285)]))
    assert told.tolist() == pytest.approx([1, 0], abs=1e-5)


def test_json_names_the_checkpoint_and_every_frame(trained, recording, sot_command):
    status, out, err = sot_command("estimate", recording, "--checkpoint", trained, "--json")
    assert status == 0, err
    document = json.loads(out)
    assert document["checkpoint"] == "SOT-2048/42"
    (file,) = document["files"]
    assert file["file"] == str(recording)
    assert len(file["frames"]) == -(-round(0.7 * 16000) // 256)
    assert set(file["frames"][0]) == {"time", "f0", "confidence", "amplitudes"}
    assert len(file["frames"][0]["amplitudes"]) == 20


def test_files_are_written_and_summed_up(trained, recording, sot_command, tmp_path):
    paths = {name: tmp_path / f"out.{name}" for name in ("csv", "png", "wav")}
    status, out, err = sot_command(
        "estimate", recording, "--checkpoint", trained, "--csv", paths["csv"], "--plot",
        paths["png"], "--resynth", paths["wav"],
    )  # fmt: skip
    assert status == 0, err
    assert "Hz  confidence" in out
    rows = list(csv.DictReader(paths["csv"].read_text().splitlines()))
    assert len(rows) == 44
    assert float(rows[1]["time"]) == 0.016
    again = read_audio(paths["wav"])
    assert (again.sample_rate, again.samples.shape) == (16000, (1, 11200))
    assert paths["png"].read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("text", ["file,f0\na440.wav,440\n", "\ufeffa440.wav,440\n"])
def test_accuracies_are_told_when_labels_are_given(trained, recording, sot_command, tmp_path, text):
    labels = tmp_path / "labels.csv"
    labels.write_text(text, encoding="utf-8")
    status, _, err = sot_command("estimate", recording, "--checkpoint", trained, "--labels", labels)
    assert status == 0
    assert "RPA" in err
    assert "over 44 frames" in err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file,f0\nother.wav,440\n", "there is no pitch of a440.wav"),
        ("a440.wav,high\n", "line 1: expected a file name and f0 in Hz"),
        ("a440.wav,-1\n", "line 1: expected a file name and f0 in Hz"),
        ("", "there is no pitch of a440.wav"),
    ],
)
def test_labels_that_do_not_fit_are_told(trained, recording, sot_command, tmp_path, text, words):
    labels = tmp_path / "labels.csv"
    labels.write_text(text)
    status, out, err = sot_command(
        "estimate", recording, "--checkpoint", trained, "--labels", labels
    )
    assert (status, out) == (1, "")  # before the work
    assert words in err


def test_bad_files_are_one_line(trained, recording, sot_command, tmp_path):
    for arguments, words in (
        ((tmp_path / "none.wav",), "no such file"),
        ((recording, recording, "--plot", tmp_path / "a.png"), "plot: expected one recording"),
        ((recording, "--csv", tmp_path / "no" / "a.csv"), "does not exist; create it first"),
        ((recording, "--plot", tmp_path / "a.nonsense"), "a.nonsense: expected an ending of"),
    ):
        status, out, err = sot_command("estimate", "--checkpoint", trained, *arguments)
        assert (status, out) == (1, "")
        assert words in err
        assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "name", [b"$\\nothing$.wav", pytest.param(b"caf\xe9.wav", marks=LINUX), "Übung 音.wav".encode()]
)
def test_any_name_of_a_recording_can_be_drawn_and_written(
    trained, recording, sot_command, tmp_path, name
):
    path = recording.rename(tmp_path / os.fsdecode(name))
    table, picture = tmp_path / "out.csv", tmp_path / "out.png"
    status, _, err = sot_command(
        "estimate", path, "--checkpoint", trained, "--csv", table, "--plot", picture, "--json"
    )
    assert (status, err) == (0, "")
    assert name in table.read_bytes()
    assert picture.read_bytes().startswith(b"\x89PNG")


@LINUX
@pytest.mark.parametrize("name", [50 * "long" + ".wav", "two\nlines.wav"])
def test_a_title_is_one_line_that_fits_into_the_picture(
    trained, recording, sot_command, tmp_path, monkeypatch, name
):
    figures = []
    monkeypatch.setattr("sot.plots.save_figure", lambda figure, _: figures.append(figure))
    path = recording.rename(tmp_path / name)
    picture = tmp_path / "out.png"
    status, _, err = sot_command("estimate", path, "--checkpoint", trained, "--plot", picture)
    assert (status, err) == (0, "")
    figures[0].draw_without_rendering()
    title = figures[0].axes[0].title
    box = title.get_window_extent()
    assert 0 <= box.x0 <= box.x1 <= figures[0].bbox.width
    assert "\n" not in title.get_text()
    assert title.get_text().endswith(name[-9:])


def test_a_broken_recording_is_reported_and_the_others_are_done(
    trained, recording, sot_command, tmp_path
):
    broken, table = tmp_path / "broken.wav", tmp_path / "out.csv"
    broken.write_text("no audio")
    status, out, err = sot_command(
        "estimate", broken, recording, "--checkpoint", trained, "--csv", table, "--json"
    )
    (line,) = err.splitlines()
    assert status == 1
    assert line.startswith(f"sot: {broken}: cannot be read as audio")
    assert [file["file"] for file in json.loads(out)["files"]] == [str(recording)]
    with table.open(newline="", encoding="utf-8") as file:
        assert {row["file"] for row in csv.DictReader(file)} == {str(recording)}


def test_samples_that_overflow_when_channels_are_mixed_are_no_silence(encoder):
    with pytest.raises(ValueError, match=r"^audio: expected finite numbers"):
        track_pitch(encoder, Audio(torch.full((2, 8000), 3e38), 16000))


def test_a_recording_beyond_all_measure_is_reported_and_not_called_silent(
    trained, recording, sot_command, tmp_path
):
    loud = tmp_path / "loud.wav"
    samples = np.full((8000, 2), 3e38, dtype=np.float32)
    soundfile.write(loud, samples, 16000, subtype="FLOAT")
    status, out, err = sot_command("estimate", loud, recording, "--checkpoint", trained)
    assert status == 1
    assert err.startswith(f"sot: {loud}: expected samples of about [-1, 1]")
    assert str(loud) not in out
    assert str(recording) in out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no such device")
def test_a_sound_that_cannot_be_written_is_one_line(trained, recording, sot_command):
    status, _, err = sot_command(
        "estimate", recording, "--checkpoint", trained, "--resynth", "/dev/full"
    )
    (line,) = err.splitlines()
    assert status == 1
    assert line.startswith("sot: /dev/full: cannot be written")


def test_a_resynthesis_under_an_ending_of_something_else_is_refused(recording, sot_command):
    status, out, err = sot_command("estimate", recording, "--resynth", "again.xyz")
    (line,) = err.splitlines()
    assert (status, out) == (1, "")
    assert line.startswith("sot: again.xyz: expected an ending of .wav")
