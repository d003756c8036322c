"""Reading recordings: exact samples, any rate, and words for what cannot be read."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from sot.audio import AUDIO_SUFFIXES, Audio, audio_files, read_audio, write_audio


@pytest.fixture
def ramp(tmp_path):
    """A function that writes 16-bit samples, two channels, at 8 kHz; the samples as floats."""
    levels = np.stack([np.arange(-4000, 4000), np.arange(4000, -4000, -1)], 1).astype(np.int16)

    def write(name, **how):
        soundfile.write(tmp_path / name, levels, 8000, **how)
        return tmp_path / name, torch.from_numpy(levels.T / np.float32(32768))

    return write


@pytest.mark.parametrize(
    "name", ["a.wav", "a.flac", "a.aiff", "a.au", "a.w64", "a.WAV", "with space ä [b].flac"]
)
def test_samples_are_read_exactly_channels_first(ramp, name):
    path, expected = ramp(name)
    audio = read_audio(path)
    assert audio.sample_rate == 8000
    assert audio.duration == 1.0
    assert audio.samples.dtype == torch.float32
    assert audio.samples.is_contiguous()
    assert torch.equal(audio.samples, expected)


@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_floats_are_read_as_they_are_even_above_full_scale(tmp_path, subtype):
    samples = np.linspace(-3, 3, 1000).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 44100, subtype)
    assert np.array_equal(read_audio(tmp_path / "a.wav").samples[0].numpy(), samples)


@pytest.mark.parametrize(("name", "tolerance"), [("a.ogg", 0.05), ("a.mp3", 0.05)])
def test_a_lossy_file_sounds_like_what_was_written(tmp_path, name, tolerance):
    samples = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    soundfile.write(tmp_path / name, samples, 16000)
    audio = read_audio(tmp_path / name)
    assert audio.samples.shape == (1, 16000)
    inside = slice(2000, 14000)
    assert np.abs(audio.samples[0].numpy() - samples)[inside].max() < tolerance


def test_mono_is_the_mean_of_the_channels():
    audio = Audio(torch.tensor([[1.0, 0.5, 0.0], [0.0, 0.5, -1.0]]), 8000)
    assert torch.equal(audio.mono().samples, torch.tensor([[0.5, 0.5, -0.5]]))
    assert audio.mono().sample_rate == 8000


@pytest.mark.parametrize(("old", "new"), [(44100, 16000), (16000, 44100), (48000, 22050)])
def test_a_resampled_tone_is_the_tone_at_the_new_rate(old, new):
    tones = [np.sin(2 * np.pi * 1000 * np.arange(rate // 2) / rate) for rate in (old, new)]
    audio = Audio(torch.tensor(np.stack([tones[0], -tones[0]]), dtype=torch.float32), old)
    result = audio.resampled(new)
    assert result.sample_rate == new
    assert result.duration == pytest.approx(0.5, abs=2 / new)
    inside = slice(new // 20, new // 2 - new // 20)
    expected = torch.tensor(np.stack([tones[1], -tones[1]]), dtype=torch.float32)[:, inside]
    assert torch.allclose(result.samples[:, inside], expected, atol=1e-3)


def test_what_is_above_the_new_nyquist_frequency_vanishes():
    tone = np.sin(2 * np.pi * 10000 * np.arange(22050) / 44100)
    result = Audio(torch.tensor(tone, dtype=torch.float32)[None], 44100).resampled(16000)
    assert float(result.samples[:, 800:-800].abs().max()) < 1e-3


def test_the_same_rate_changes_nothing():
    audio = Audio(torch.randn(1, 100), 8000)
    assert audio.resampled(8000) is audio


@pytest.mark.parametrize(("rate", "kind"), [(0, ValueError), (-1, ValueError), (8000.5, TypeError)])
def test_a_rate_that_is_none_is_refused(rate, kind):
    with pytest.raises(kind, match="sample_rate: expected a whole number"):
        Audio(torch.randn(1, 100), 8000).resampled(rate)


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (6_000_000, "sample_rate: expected at most 5368709 Hz for this"),
        (10_000_001, "sample_rate: expected a whole number of at most 10000000"),
    ],
)
def test_a_rate_with_more_samples_than_fit_is_refused(rate, words):
    audio = Audio(torch.randn(1, 3200), 8)
    with pytest.raises(ValueError, match=words):
        audio.resampled(rate)


@pytest.mark.parametrize("ending", ["wav", "flac", "aiff", "au", "w64", "ogg", "mp3"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_file_that_is_cut_short_is_refused(tmp_path, ending, share):
    path = tmp_path / f"a.{ending}"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, 16000), 16000)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"cut short|cannot be read as audio") as error:
        read_audio(path)
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize("kind", ["WAV", "RF64", "AIFF", "AU", "W64", "OGG"])
def test_one_missing_byte_is_noticed_where_the_header_tells(ramp, kind):
    path, _ = ramp("a.sound", format=kind)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="cut short"):
        read_audio(path)


@pytest.mark.parametrize("kind", ["WAV", "RF64", "AIFF"])
@pytest.mark.parametrize("excess", [1, 8, 1000])
def test_a_header_that_counts_too_much_does_not_make_whole_samples_cut_short(ramp, kind, excess):
    """The size at the start of the file is wrong by a few bytes in what many programs write."""
    path, expected = ramp("a.sound", format=kind)
    content = bytearray(path.read_bytes())
    place = slice(20, 28) if kind == "RF64" else slice(4, 8)
    order = "big" if kind == "AIFF" else "little"
    size = int.from_bytes(content[place], order) + excess
    content[place] = size.to_bytes(place.stop - place.start, order)
    path.write_bytes(content)
    assert torch.equal(read_audio(path).samples, expected)
    path.write_bytes(content[:-1])
    with pytest.raises(ValueError, match="cut short"):
        read_audio(path)


def test_a_wav_file_that_was_streamed_has_no_length_in_its_header(ramp):
    path, expected = ramp("a.wav")
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = b"\xff" * 4
    path.write_bytes(content)
    assert torch.equal(read_audio(path).samples, expected)


def test_a_flac_file_without_its_length_is_refused(ramp):
    path, _ = ramp("a.flac")
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0  # the number of samples: 36 bits, 0 for unknown
    content[22:26] = bytes(4)
    path.write_bytes(content)
    with pytest.raises(ValueError, match="does not say how long") as error:
        read_audio(path)
    assert str(path) in str(error.value)


def test_what_follows_the_sound_does_not_matter(ramp):
    path, expected = ramp("a.wav")
    path.write_bytes(path.read_bytes() + b"TAG and other things")
    assert torch.equal(read_audio(path).samples, expected)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"no audio at all", "cannot be read as audio (Format not recognised)"),
        (b"RIFF\xff\xff\xff\xffWAVE", "cannot be read as audio"),
    ],
)
def test_what_is_no_recording_is_told_with_its_path(tmp_path, content, said):
    path = tmp_path / "a: b.wav"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"the file|cannot") as error:
        read_audio(path)
    assert str(error.value).startswith(f"{path}: {said}")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_refused(tmp_path, value):
    samples = np.zeros(100)
    samples[50] = value
    soundfile.write(tmp_path / "a.wav", samples, 8000, "FLOAT")
    with pytest.raises(ValueError, match=r"a\.wav: the file holds NaN or infinite samples"):
        read_audio(tmp_path / "a.wav")


@pytest.mark.parametrize("sign", [1, -1])
def test_samples_whose_powers_leave_single_precision_are_refused(tmp_path, sign):
    soundfile.write(tmp_path / "a.wav", np.full(100, sign * 1e30), 8000, "FLOAT")
    with pytest.raises(ValueError, match=r"a\.wav: expected samples of about .*, got up to 1e\+30"):
        read_audio(tmp_path / "a.wav")
    soundfile.write(tmp_path / "a.wav", np.full(100, sign * 1e14), 8000, "FLOAT")
    assert float(read_audio(tmp_path / "a.wav").samples[0, 0]) == pytest.approx(sign * 1e14)


def test_no_samples_no_file_and_a_folder_are_told(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(0), 8000)
    with pytest.raises(ValueError, match=r"a\.wav: the file holds no samples"):
        read_audio(tmp_path / "a.wav")
    with pytest.raises(FileNotFoundError, match=r"b\.wav: no such file"):
        read_audio(tmp_path / "b.wav")
    with pytest.raises(ValueError, match="expected an audio file, got a folder"):
        read_audio(tmp_path)


def test_a_folder_is_searched_for_audio_files_at_any_depth(tmp_path):
    wanted = ["a.wav", "deep/er/b.FLAC", "deep/a.mp3", "c.d.ogg"]
    hidden = ["._a.wav", "deep/.hidden.wav", ".Trash/a.wav", "deep/.cache/er/a.wav"]
    for name in [*wanted, *hidden, "notes.txt", "wav", "cover.png"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder.wav").mkdir()
    assert audio_files(tmp_path) == {
        "a": tmp_path / "a.wav",
        "c.d": tmp_path / "c.d.ogg",
        "deep/a": tmp_path / "deep" / "a.mp3",
        "deep/er/b": tmp_path / "deep" / "er" / "b.FLAC",
    }


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_not_called_an_empty_file(tmp_path):
    os.mkfifo(tmp_path / "a.wav")
    with pytest.raises(ValueError, match=r"a\.wav: expected an audio file, got a pipe"):
        read_audio(tmp_path / "a.wav")


def test_a_file_that_may_not_be_read_is_told_so(ramp, monkeypatch):
    path, _ = ramp("a.wav")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ValueError, match=r"a\.wav: cannot be read \(permission denied\)"):
        read_audio(path)


def test_a_folder_below_that_cannot_be_read_is_told_and_not_passed_over(tmp_path, monkeypatch):
    for name in ("a.wav", "deep/b.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    scan = os.scandir

    def refusing(path):
        if Path(path).name == "deep":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(OSError, match=r"deep: cannot be read \(Permission denied\)"):
        audio_files(tmp_path)


def test_files_that_differ_only_in_ending_are_refused(tmp_path):
    for name in ("a.wav", "a.flac"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ValueError, match=r"a\.flac and a\.wav differ only in ending"):
        audio_files(tmp_path)


@pytest.mark.parametrize("ending", [*AUDIO_SUFFIXES, ".FLAC", ""])
def test_a_sound_is_written_in_the_format_that_its_ending_says(tmp_path, ending):
    path = tmp_path / f"sound{ending}"
    sound = Audio(0.5 * torch.sin(torch.arange(200_000) / 20)[None], 16000)
    write_audio(path, sound)
    expected = {"": "WAV", ".aif": "AIFF", ".opus": "OGG"}.get(ending, ending[1:].upper())
    assert soundfile.info(path).format == expected
    again = read_audio(path)
    assert again.sample_rate == 16000
    assert again.samples.shape[0] == 1
    if ending.lower() not in (".ogg", ".opus", ".mp3"):
        torch.testing.assert_close(again.samples, sound.samples, atol=1 / 32768, rtol=0)


def test_a_sound_is_not_written_under_an_ending_of_something_else(tmp_path):
    with pytest.raises(ValueError, match=r"sound\.txt: expected an ending of \.wav, \.flac"):
        write_audio(tmp_path / "sound.txt", Audio(torch.zeros(1, 100), 16000))
    assert not (tmp_path / "sound.txt").exists()
