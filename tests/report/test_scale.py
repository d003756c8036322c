"""The axis of frequency: units, the part that is drawn, and its ticks."""

import numpy as np
import pytest

from sot import Wasserstein1DLoss
from sot.report.scale import Band, Scale


def scale(**settings):
    return Scale.of_loss(Wasserstein1DLoss(**settings, sample_rate=16000))


@pytest.mark.parametrize(
    ("settings", "unit"),
    [
        ({}, "Hz"),
        ({"bin_position_scaling": "absolute"}, "Hz"),
        ({"bin_position_scaling": "log"}, "semitones"),
        ({"bin_position_scaling": "mel"}, "semitones"),
        ({"transform": "cqt", "bin_position_scaling": "log"}, "semitones"),
        ({"transform": "cqt"}, "Hz"),
        ({"preset": "harmonic"}, "semitones"),
        ({"preset": "chroma"}, "semitones"),
    ],
)
def test_moves_are_told_in_hertz_where_positions_are(settings, unit):
    assert scale(**settings).unit == unit


@pytest.mark.parametrize("settings", [{"bin_position_scaling": "log"}, {"preset": "harmonic"}])
def test_an_octave_is_twelve_semitones(settings):
    found = scale(**settings)
    octave = np.interp([440, 880], found.frequencies, found.heights)
    assert octave[1] - octave[0] == pytest.approx(12, abs=0.05)


def test_a_band_holds_the_bins_with_energy_and_some_room():
    found = scale(bin_position_scaling="log")
    energy = np.zeros(len(found.positions))
    energy[100:200] = 1
    band = found.band(energy)
    assert 50 < band.first <= 100
    assert 199 <= band.last < 250
    assert scale().band(energy).first == 0


def test_without_energy_everything_is_drawn():
    found = scale()
    assert found.band(np.zeros(513)) == Band(found, 0, 512)


@pytest.mark.parametrize("first", [0, 40])
@pytest.mark.parametrize(
    "settings", [{}, {"bin_position_scaling": "log"}, {"preset": "harmonic"}, {"transform": "mel"}]
)
def test_ticks_stand_where_their_frequencies_are(settings, first):
    found = scale(**settings)
    band = Band(found, first, 100)
    ticks = band.ticks()
    assert len(ticks) >= 2
    for place, name in ticks:
        assert 0 <= place <= 1
        position = np.interp(float(name), found.frequencies, found.positions)
        low, high = band.ends
        assert low + place * (high - low) == pytest.approx(position, abs=1e-9)
    assert min(np.diff([place for place, _ in ticks])) > 0.05


def test_pitch_classes_are_named():
    found = scale(preset="chroma")
    names = {name: place for place, name in found.band(np.ones(36)).ticks()}
    assert list(names) == ["C", "D", "E", "F", "G", "A", "B"]
    assert names["A"] == pytest.approx((27 + 0.5) / 36)


@pytest.mark.parametrize(
    ("settings", "highest", "label"),
    [
        ({}, 8000, "frequency (Hz)"),
        ({"preset": "chroma"}, None, "pitch class"),
        ({"circular": True}, 1, "position (turns)"),
    ],
)
def test_the_label_of_the_axis_says_what_its_ticks_are(settings, highest, label):
    found = scale(**settings)
    ticks = found.band(np.ones(len(found.positions))).ticks()
    assert found.label == label
    if highest is not None:
        assert 0.5 * highest <= float(ticks[-1][1]) <= highest


@pytest.mark.parametrize("settings", [{}, {"bin_position_scaling": "log"}])
def test_rows_of_a_picture_have_the_bins_that_lie_there(settings):
    found = scale(**settings)
    band = Band(found, 3, 400)
    rows = band.rows(64)
    low, high = band.ends
    edges = np.linspace(low, high, 65)
    assert len(rows) == 64
    for (start, stop), bottom, top in zip(rows, edges[:-1], edges[1:], strict=True):
        inside = np.flatnonzero((found.positions >= bottom) & (found.positions < top))
        inside = inside[(inside >= 3) & (inside <= 400)]
        if len(inside):
            assert (start, stop) == (inside[0], inside[-1] + 1)
        else:
            nearest = np.abs(found.positions[3:401] - (bottom + top) / 2).argmin() + 3
            assert (start, stop) == (nearest, nearest + 1)


def test_a_band_of_one_bin_has_a_width():
    low, high = Band(scale(), 7, 7).ends
    assert low < scale().positions[7] < high
