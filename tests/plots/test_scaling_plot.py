"""Ground positions over frequency."""

import numpy as np
import pytest

from sot.plots import plot_scalings
from sot.spectra import SCALINGS, STFT, VQT, hz_to_mel


def named(lines):
    return {line.get_label().split(",")[0]: line for line in lines}


def test_each_scaling_is_a_line_over_the_frequencies_of_the_bins(ax):
    spectrum = STFT(fft_size=64, sample_rate=16000)
    lines = plot_scalings(spectrum, ax)
    assert lines == list(ax.lines)
    assert tuple(named(lines)) == SCALINGS
    for line in lines:
        assert line.get_xdata() == pytest.approx(np.arange(33) * 250)


def test_the_positions_are_those_of_the_formulas(ax):
    lines = named(plot_scalings(STFT(fft_size=64, sample_rate=16000), ax))
    hertz = np.arange(33) * 250.0
    assert lines["normalized"].get_ydata() == pytest.approx(hertz / 8000)
    assert lines["absolute"].get_ydata() == pytest.approx(hertz / 8000)
    assert lines["absolute"].get_label() == "absolute, / 8000 Hz"
    assert lines["mel"].get_ydata() == pytest.approx(hz_to_mel(hertz) / hz_to_mel(8000.0))
    octaves = np.log2(np.maximum(hertz, 250) / 250)
    assert lines["log"].get_ydata() == pytest.approx(octaves / 5)


def test_the_index_of_a_constant_q_bin_is_logarithmic_in_its_frequency(ax):
    spectrum = VQT(fmin=55.0, n_bins=49, bins_per_octave=12, sample_rate=16000)
    lines = named(plot_scalings(spectrum, ax))
    octaves = np.log2(lines["normalized_linear"].get_xdata() / 55)
    assert lines["normalized_linear"].get_ydata() == pytest.approx(octaves / 4)


def test_a_line_that_covers_another_is_narrower(ax):
    widths = [line.get_linewidth() for line in plot_scalings(STFT(), ax)]
    assert widths == sorted(set(widths), reverse=True)


def test_axes_have_units_and_only_spectra_are_drawn(ax):
    plot_scalings(STFT(), ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("frequency (Hz)", "position (no unit)")
    with pytest.raises(TypeError, match=r"^spectrum: expected a transform of sot.spectra"):
        plot_scalings("stft")
