"""Pictures over time show what they say, at the place where their axes say it is."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from sot import Wasserstein1DLoss
from sot.audio import Audio
from sot.report.analysis import analyse
from sot.report.page import page_data
from sot.report.pictures import (
    loss_picture,
    moves_picture,
    pictures_of,
    spectrogram,
    time_ticks,
    waveform,
)

RATE = 16000


def tone(pitch, seconds=1.0):
    time = torch.arange(round(seconds * RATE)) / RATE
    return Audio(0.5 * torch.sin(6.2832 * pitch * time + 0.1)[None], RATE)


def pixels(picture):
    """Red, green, blue and opacity of an image, shape (rows, columns, 4), from 0 to 255."""
    content = base64.b64decode(picture.uri.split(",")[1])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA")).astype(int)


def hertz_of_row(picture, row, rows):
    """Frequency in the middle of a row, by the ticks of the picture, which are linear here."""
    places, names = zip(*((place, float(name)) for place, name in picture.y_ticks), strict=True)
    slope, start = np.polyfit(places, names, 1)
    return start + slope * (1 - (row + 0.5) / rows)


def looked_at(x, y, **settings):
    settings = {"fft_size": 2048, "square_magnitude": True, **settings}
    return analyse(Wasserstein1DLoss(**settings, sample_rate=RATE), x, y)


@pytest.mark.parametrize("transform", ["stft", "cqt"])
def test_the_brightest_row_lies_at_the_frequency_of_the_tone(transform):
    analysis = looked_at(tone(1000), tone(500), transform=transform)
    for index, (name, pitch) in enumerate((("reference", 1000), ("estimate", 500))):
        picture = spectrogram(name, analysis, index)
        image = pixels(picture)
        brightest = image[..., :3].sum(2).mean(1).argmax()
        found = hertz_of_row(picture, brightest, len(image))
        assert found == pytest.approx(pitch, abs=0.02 * pitch + 8)
        assert picture.y_label == "frequency (Hz)"


@pytest.mark.parametrize(("reference", "estimate"), [(1000, 800), (800, 1000)])
def test_moves_up_are_orange_and_moves_down_are_purple(reference, estimate):
    picture = moves_picture(looked_at(tone(reference), tone(estimate)))
    image = pixels(picture)
    row = image[..., 3].mean(1).argmax()
    assert hertz_of_row(picture, row, len(image)) == pytest.approx(estimate, abs=20)
    red, _, blue, opacity = image[row].mean(0)
    assert opacity > 250
    assert (red > blue + 100) if reference > estimate else (blue > red + 50)
    assert image[0, :, 3].max() == 0


def test_what_stays_is_grey():
    image = pixels(moves_picture(looked_at(tone(1000), tone(1000))))
    row = image[..., 3].mean(1).argmax()
    assert np.ptp(image[row, :, :3], axis=1).max() < 20


def test_a_sound_that_begins_late_begins_there_in_the_pictures():
    late = tone(1000)
    late.samples[:, : RATE // 2] = 0
    analysis = looked_at(late, tone(1000))
    image = pixels(spectrogram("reference", analysis, 0))[..., :3].sum(2).max(0)
    start, stop = (share * 1.0 for share in analysis.span)
    times = start + (np.arange(len(image)) + 0.5) / len(image) * (stop - start)
    onset = times[np.argmax(image > 300)]
    assert onset == pytest.approx(0.5, abs=2048 / RATE)
    wave = pixels(waveform("reference", late, 0.5, "#0072B2"))[..., 3] > 0
    heights = wave.sum(0)
    assert np.argmax(heights > 20) / len(heights) == pytest.approx(0.5, abs=0.01)


def test_the_loss_is_drawn_where_frames_vote():
    late = tone(1000)
    late.samples[:, : RATE // 2] = 0
    picture = loss_picture(looked_at(tone(700), late))
    drawn = np.flatnonzero(pixels(picture)[..., 3].max(0)) / pixels(picture).shape[1]
    assert drawn.min() == pytest.approx(0.5 - 1024 / RATE, abs=0.03)
    assert drawn.max() > 0.9
    assert [float(name) for _, name in picture.y_ticks] == sorted(
        float(name) for _, name in picture.y_ticks
    )


def test_the_loss_of_a_single_frame_is_as_wide_as_the_other_pictures():
    sounds = tone(700, 0.01), tone(900, 0.01)
    drawn = pixels(loss_picture(looked_at(*sounds)))[..., 3].max(0) > 0
    assert drawn.all()


def test_on_a_circle_that_is_no_octave_no_axis_claims_hertz():
    x, y = tone(700), tone(900)
    analysis = looked_at(x, y, circular=True)
    assert page_data(analysis)["label"] == "position (turns)"
    labels = [picture.y_label for picture in pictures_of(analysis, x, y)]
    assert not any("Hz" in label for label in labels)


def test_every_picture_says_in_words_what_it_shows():
    x, y = tone(1000), Audio(torch.zeros(1, RATE), RATE)
    for sounds in ((x, x), (x, y)):
        pictures = pictures_of(looked_at(*sounds), *sounds)
        assert len({picture.name for picture in pictures}) == len(pictures) == 6
        assert all(picture.text and picture.title and picture.y_label for picture in pictures)
    assert "Nothing moves" in pictures[4].text
    assert pictures[4].bar is None


@pytest.mark.parametrize(
    ("duration", "unit", "factor"),
    [(600, "s", 1), (1.5, "s", 1), (0.05, "ms", 1e3), (1e-4, "µs", 1e6)],
)
def test_ticks_of_time_stand_at_their_times(duration, unit, factor):
    ticks = time_ticks(duration)
    assert 3 <= len(ticks) <= 8
    for place, name in ticks:
        number, told = name.split()
        assert told == unit
        assert float(number) / factor == pytest.approx(place * duration, rel=1e-6)
