"""Sounds inside of a page: what a player gets, and how large it is."""

import base64
import io

import pytest
import soundfile
import torch

from sot.audio import Audio
from sot.report import sound
from sot.report.sound import embedded, envelope


def played(found):
    """Samples and rate behind a data URI, and its type."""
    head, data = found.uri.split(",")
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(data)), always_2d=True)
    return torch.tensor(samples.T), rate, head


def test_a_small_sound_is_kept_without_loss():
    audio = Audio(torch.rand(2, 8000) - 0.5, 44100)
    found = embedded(audio)
    samples, rate, head = played(found)
    assert (rate, head, found.note) == (44100, "data:audio/wav;base64", "")
    torch.testing.assert_close(samples.float(), audio.samples, atol=2**-15, rtol=0)


def test_a_larger_sound_is_coded_and_keeps_its_time():
    audio = Audio(0.1 * torch.randn(2, 441000), 44100)
    found = embedded(audio)
    samples, rate, head = played(found)
    assert (rate, head, found.note) == (44100, "data:audio/ogg;base64", "coded as Vorbis")
    assert samples.shape[0] == 2
    assert samples.shape[1] == pytest.approx(441000, abs=500)
    assert len(found.uri) < 1_500_000


def test_a_sound_that_stays_too_large_is_mixed_down_and_then_cut(monkeypatch):
    audio = Audio(0.1 * torch.randn(2, 441000), 44100)
    monkeypatch.setattr(sound, "LOSSLESS", 1000)
    monkeypatch.setattr(sound, "LOSSY", 70_000)
    mixed = embedded(audio)
    assert mixed.note == "coded as Vorbis, mixed down to one channel at 22050 Hz"
    assert played(mixed)[0].shape == (1, 220500)
    monkeypatch.setattr(sound, "LOSSY", 20_000)
    cut = embedded(audio)
    assert "cut to its first" in cut.note
    samples, rate, _ = played(cut)
    told = float(cut.note.split("first ")[1].removesuffix(" s"))
    assert samples.shape[1] / rate == pytest.approx(told, abs=0.6)
    assert len(base64.b64decode(cut.uri.split(",")[1])) < 25_000


@pytest.mark.parametrize(
    ("audio", "note", "shape", "rate"),
    [
        (Audio(torch.ones(5, 9600) / 2, 48000), "5 channels mixed", (1, 9600), 48000),
        (Audio(torch.ones(1, 19200) / 2, 192000), "resampled from 192000", (1, 4800), 48000),
        (Audio(torch.ones(1, 500) / 2, 1000), "resampled from 1000", (1, 4000), 8000),
        (Audio(4 * torch.ones(1, 4800), 48000), "turned down by its peak, 4", (1, 4800), 48000),
        (Audio(torch.ones(1, 1) / 2, 48000), "silence up to 0.1 s", (1, 4800), 48000),
    ],
)
def test_what_was_done_for_the_player_is_told(audio, note, shape, rate):
    found = embedded(audio)
    samples, got, _ = played(found)
    assert note in found.note
    assert (tuple(samples.shape), got) == (shape, rate)
    assert samples.abs().max() <= 1


def test_the_envelope_holds_every_sample():
    samples = torch.randn(2, 1003)
    low, high = envelope(Audio(samples, 8000), 100)
    assert len(low) == len(high) == 100
    assert low.min() == samples.min()
    assert high.max() == samples.max()
    assert (low <= high).all()


def test_a_sound_with_fewer_samples_than_columns_has_a_column_for_each():
    low, high = envelope(Audio(torch.tensor([[1.0, -1.0, 0.5]]), 8000), 100)
    assert low.tolist() == [-1.0, -1.0, 0.5]
    assert high.tolist() == [1.0, 0.5, 0.5]
