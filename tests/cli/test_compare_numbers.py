"""`sot compare` gives the number of the loss, whatever the files look like."""

import numpy as np
import pytest
import soundfile
import torch

import sot


@pytest.mark.parametrize("exponent", [1, 1.5, 2])
def test_two_sines_are_as_far_apart_as_their_pitches(record, hertz, exponent):
    distance = hertz(record("a.wav", 440), record("b.wav", 660), "--apply-root", "--p", exponent)
    assert distance == pytest.approx(220, abs=0.5)


def test_the_number_is_that_of_the_loss_on_the_same_samples(record, run):
    low, high = record("low.wav", 311.1, 700), record("high.wav", 523.3, 1200)
    answer = run("compare", low, high, "--json")
    x, y = (
        torch.from_numpy(soundfile.read(path, dtype="float32")[0].mean(1)) for path in (low, high)
    )
    expected = sot.Wasserstein1DLoss(sample_rate=16000)(x, y)
    assert answer.document["pairs"][0]["loss"] == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("a.wav", {"subtype": "PCM_16"}),
        ("a.wav", {"subtype": "PCM_24"}),
        ("a.wav", {"subtype": "FLOAT"}),
        ("a.WAV", {"subtype": "PCM_U8"}),
        ("a.flac", {}),
        ("a.ogg", {}),
        ("a.mp3", {}),
        ("a.aiff", {}),
    ],
)
def test_every_format_is_read(record, hertz, name, how):
    distance = hertz(record("reference.wav", 440), record(name, 660, **how))
    assert distance == pytest.approx(220, abs=1)


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_the_estimate_is_resampled_to_the_rate_of_the_reference(record, hertz, rate):
    low = record("low.wav", 440)
    assert hertz(low, record("same.wav", 440, rate=rate)) == pytest.approx(0, abs=0.5)
    assert hertz(low, record("high.wav", 660, rate=rate)) == pytest.approx(220, abs=1)


def test_both_are_resampled_to_the_rate_that_is_asked_for(record, hertz):
    low, high = record("low.wav", 440), record("high.wav", 660, rate=44100)
    assert hertz(low, high, "--sample-rate", 11025) == pytest.approx(220, abs=1)


def test_the_paper_preset_compares_at_its_own_rate(record, run):
    """FFT 2048 is a resolution in Hz only at the rate that goes with it."""
    low = record("low.wav", 440, rate=48000)
    answer = run("compare", low, record("high.wav", 660, rate=48000), "--preset", "paper", "--json")
    at_16_khz = run(
        *("compare", record("l.wav", 440), record("h.wav", 660), "--preset", "paper", "--json")
    )
    assert answer.document["config"]["sample_rate"] == 16000
    values = [result.document["pairs"][0]["loss"] for result in (answer, at_16_khz)]
    assert values[0] == pytest.approx(values[1], rel=0.05)


def test_channels_are_mixed_down_to_their_mean(record, hertz, tmp_path):
    """What is in opposite phase on two channels is not heard."""
    both = tmp_path / "both.wav"
    time = np.arange(8000) / 16000
    tone, other = np.sin(2 * np.pi * 440 * time), np.sin(2 * np.pi * 3000 * time)
    soundfile.write(both, 0.4 * np.stack([tone + other, tone - other], 1), 16000)
    assert hertz(record("mono.wav", 440), both) == pytest.approx(0, abs=0.5)


def test_channels_are_compared_one_by_one_when_asked(record, hertz):
    reference, estimate = record("a.wav", 440, 440), record("b.wav", 440, 660)
    distance = hertz(reference, estimate, "--channels", "each")
    assert distance == pytest.approx((0 + 220) / 2, abs=0.5)


def test_unequal_channels_are_told_with_both_names(record, run):
    stereo, mono = record("stereo.wav", 440, 440), record("mono.wav", 440)
    answer = run("compare", stereo, mono, "--channels", "each")
    (line,) = answer.complaints
    assert answer.status == 1
    assert answer.out == ""
    assert str(stereo) in line
    assert str(mono) in line
    assert "--channels mix" in line


def test_unequal_lengths_are_cut_to_the_shorter_and_told(record, run):
    """The longer one changes its pitch where it is alone."""
    short, long = record("short.wav", 440), record("long.wav", 440, seconds=1.0)
    samples, rate = soundfile.read(long)
    samples[8000:] = np.sin(np.arange(8000))
    soundfile.write(long, samples, rate)
    answer = run("compare", short, long, "--json")
    (pair,) = answer.document["pairs"]
    (line,) = answer.complaints
    assert answer.status == 0
    assert pair["duration"] == 0.5
    assert pair["loss"] == pytest.approx(0, abs=1e-9)
    assert str(short) in line
    assert "0.500 s and 1.000 s, cut to 0.500 s" in line


def test_lengths_that_differ_by_less_than_a_millisecond_are_told_in_samples(record, run):
    short, long = record("short.wav", 440), record("long.wav", 440, seconds=0.5 + 1 / 16000)
    (line,) = run("compare", short, long).complaints
    assert line.endswith("8000 and 8001 samples, cut to 8000")


def test_unequal_lengths_are_padded_when_asked_and_told(record, run):
    short, long = record("short.wav", 440), record("long.wav", 440, seconds=1.0)
    answer = run("compare", long, short, "--unequal", "pad", "--json")
    (pair,) = answer.document["pairs"]
    (line,) = answer.complaints
    x = torch.from_numpy(soundfile.read(long, dtype="float32")[0])
    y = torch.cat([torch.from_numpy(soundfile.read(short, dtype="float32")[0]), torch.zeros(8000)])
    expected = sot.Wasserstein1DLoss(sample_rate=16000)(x, y)
    assert pair["duration"] == 1.0
    assert pair["loss"] == pytest.approx(float(expected), rel=1e-5)
    assert "padded to 1.000 s" in line


@pytest.mark.parametrize("side", ["reference", "estimate"])
def test_silence_is_told(record, run, side):
    files = {"reference": record("a.wav", 440), "estimate": record("b.wav", 440)}
    soundfile.write(files[side], np.zeros(8000), 16000)
    answer = run("compare", files["reference"], files["estimate"])
    (line,) = answer.complaints
    assert answer.status == 0
    assert line.endswith(f"the {side} is silent")


@pytest.mark.parametrize("options", [(), ("--fft-sizes", "256,512")])
def test_recordings_that_never_sound_together_are_told_beside_a_loss_of_nothing(
    record, run, options
):
    early, late = record("a.wav", 440, seconds=1.0), record("b.wav", 300, seconds=1.0)
    for path, silent in ((early, slice(4000, None)), (late, slice(0, 12000))):
        samples, rate = soundfile.read(path)
        samples[silent] = 0
        soundfile.write(path, samples, rate)
    answer = run("compare", early, late, *options, "--json")
    (line,) = answer.complaints
    (pair,) = answer.document["pairs"]
    assert answer.status == 0
    assert pair["loss"] == 0
    assert line.endswith(f"b.wav: {pair['note']}")
    assert pair["note"].startswith("no frame counts")
    assert run("compare", early, early, *options).complaints == []


@pytest.mark.parametrize("seconds", [1 / 16000, 10 / 16000, 1000 / 16000])
def test_files_shorter_than_a_frame_are_compared(record, run, seconds):
    one, other = record("a.wav", 440, seconds=seconds), record("b.wav", 440, seconds=seconds)
    answer = run("compare", one, other, "--json")
    (pair,) = answer.document["pairs"]
    assert answer.status == 0
    assert pair["duration"] == pytest.approx(seconds)
    assert pair["loss"] == 0


def test_a_loss_beyond_single_precision_is_an_error(record, run):
    """(1000 Hz) ** 20 is no number in float32."""
    files = record("a.wav", 440), record("b.wav", 1440)
    answer = run("compare", *files, "--p", 20, "--bin-position-scaling", "absolute", "--json")
    (line,) = answer.complaints
    assert answer.status == 1
    assert answer.document["pairs"] == []
    assert str(files[0]) in line
