"""What a report shows over time and of single frames, against the loss and the spectra."""

import numpy as np
import pytest
import torch

from sot import MultiResolutionSOTLoss, Wasserstein1DLoss
from sot.audio import Audio
from sot.report.analysis import COLUMNS, LINES, VIEWS, analyse, group_starts, thinned
from sot.report.pictures import decibels, moves_reach, thinned_curve

RATE = 16000
HZ = {"fft_size": 2048, "square_magnitude": True}


def tone(pitch, seconds=0.5, channels=1):
    time = torch.arange(round(seconds * RATE)) / RATE
    return Audio(0.5 * torch.sin(6.2832 * pitch * time + 0.1).expand(channels, -1), RATE)


def single(**settings):
    return Wasserstein1DLoss(**settings, sample_rate=RATE)


@pytest.mark.parametrize("preset", [None, "pitch", "harmonic", "chroma", "paper", "sot-loss"])
def test_the_mean_of_the_curve_is_the_loss(preset):
    loss = single(preset=preset)
    x, y = tone(300), tone(400)
    (curve,) = analyse(loss, x, y).curves
    expected = float(loss(x.samples[None], y.samples[None]))
    assert curve.mean() == pytest.approx(expected, rel=1e-3)


def test_the_means_of_several_resolutions_add_up():
    loss = MultiResolutionSOTLoss(
        fft_sizes=[512, 2048], hop_lengths=[128, 512], weights=[1.0, 0.5], sample_rate=RATE
    )
    x, y = tone(300, channels=2), tone(400, channels=2)
    analysis = analyse(loss, x, y)
    expected = float(loss(x.samples[None], y.samples[None]))
    assert sum(curve.mean() for curve in analysis.curves) == pytest.approx(expected, rel=1e-3)
    assert [curve.label for curve in analysis.curves] == ["512 samples", "2048 samples"]
    assert analysis.channels == 2


def test_frames_lie_where_their_samples_are():
    """A frame from sample t * 256 to t * 256 + 1024, or centred on t * 256."""
    for framing, first in (("whole", 512), ("reflect", 0), ("end", 512)):
        (curve,) = analyse(single(framing=framing), tone(300), tone(300)).curves
        steps = np.arange(len(curve.times)) * 256
        assert curve.times == pytest.approx((first + steps) / RATE)


def test_every_bin_of_a_lower_tone_has_to_go_up():
    analysis = analyse(single(**HZ), tone(750), tone(500))
    loud = decibels(analysis)[1] > -20
    assert loud.any()
    assert analysis.moves[loud] == pytest.approx(np.full(loud.sum(), 250), abs=20)
    assert moves_reach(analysis) == pytest.approx(250, rel=0.1)
    assert [view.move for view in analysis.views] == pytest.approx([250] * analysis.frames, abs=1)


def test_levels_are_those_of_the_spectrum():
    loss = single(**HZ)
    x, y = tone(750), tone(500)
    analysis = analyse(loss, x, Audio(0.1 * y.samples, RATE))
    expected = loss.spectrum(x.samples)[0].numpy()
    assert analysis.levels[0] == pytest.approx(expected, rel=1e-3, abs=1e-3)
    peaks = decibels(analysis).max(axis=(1, 2))
    assert peaks == pytest.approx([0, -20], abs=0.1)
    assert decibels(analyse(single(fft_size=2048), x, Audio(0.1 * y.samples, RATE))).max(
        axis=(1, 2)
    ) == pytest.approx([0, -20], abs=0.1)


def test_the_band_holds_both_tones_and_little_else():
    analysis = analyse(single(**HZ), tone(750), tone(500))
    low, high = analysis.scale.frequencies[[analysis.band.first, analysis.band.last]]
    assert low == 0
    assert 750 < high < 2000


def test_long_recordings_are_thinned_and_short_ones_are_not():
    x, y = tone(300, 20), tone(400, 20)
    long, short = (
        analyse(single(), *(Audio(a.samples[:, :n], RATE) for a in (x, y))) for n in (320000, 16000)
    )
    assert long.frames == 1 + (320000 - 1024) // 256 > COLUMNS
    assert long.levels.shape[1] == -(-long.frames // long.group) <= COLUMNS
    assert len(long.views) == -(-long.frames // long.stride) <= VIEWS
    assert (short.group, short.stride, len(short.views)) == (1, 1, short.frames)
    times = [view.time for view in long.views]
    assert times == pytest.approx(long.curves[0].times[:: long.stride])


def test_thinned_columns_are_means():
    """A tone that is there for the first half only: no column has half of its level but one."""
    x = tone(1000, 20)
    x.samples[:, 160000:] = 0
    analysis = analyse(single(**HZ), x, tone(1000, 20))
    assert analysis.group > 1
    peaks = analysis.levels[0].max(1)
    half = len(peaks) // 2
    assert peaks[: half - 6] == pytest.approx(np.full(half - 6, peaks[0]), rel=1e-2)
    assert peaks[half + 6 :].max() == 0
    assert analysis.levels[1].max(1) == pytest.approx(np.full(len(peaks), peaks[0]), rel=1e-2)


def test_a_curve_that_is_thinned_keeps_its_mean_and_its_gaps():
    x, y = tone(300, 40), tone(400, 40)
    y.samples[:, 320000:] = 0
    (curve,) = analyse(single(), x, y).curves
    times, cost = thinned_curve(curve)
    assert len(times) < len(curve.times)
    heard = ~np.isnan(cost)
    assert cost[heard].mean() == pytest.approx(curve.mean(), rel=1e-2)
    assert times[heard].max() == pytest.approx(20, abs=0.2)
    assert np.isnan(cost[times > 20.2]).all()


def test_silence_has_frames_but_nothing_moves():
    analysis = analyse(single(), tone(300), Audio(torch.zeros(1, 8000), RATE))
    assert np.isnan(analysis.moves).all()
    assert all(view.cost is None and view.move is None for view in analysis.views)
    assert analysis.curves[0].mean() == 0
    assert moves_reach(analysis) > 0


def test_one_sample_is_one_frame_over_all_of_the_time():
    analysis = analyse(single(), *(Audio(torch.ones(1, 1), RATE),) * 2)
    assert (analysis.frames, analysis.span) == (1, (0.0, 1 / RATE))


def test_a_loss_over_time_is_refused():
    with pytest.raises(ValueError, match=r"^dim: expected -1 \(frequency\).* no frames to show"):
        analyse(single(dim=-2), tone(300), tone(400))


@pytest.mark.parametrize("settings", [HZ, {}, {"preset": "chroma"}, {"preset": "paper"}])
def test_a_thinned_frame_keeps_the_shares_of_energy(settings):
    """Of the larger mass of the two sides; groups of bins sum what lies in them."""
    analysis = analyse(single(**settings), tone(300), tone(400))
    band = analysis.band
    view = analysis.views[3]
    frame = thinned(view, band)
    total = max(view.reference.sum(), view.estimate.sum())
    starts = group_starts(band)
    for side, values in (("reference", view.reference), ("estimate", view.estimate)):
        assert len(frame[side]) == len(starts)
        assert frame[side].sum() == pytest.approx(values[band.bins].sum() / total)
        stop = starts[1] if len(starts) > 1 else band.last + 1
        assert frame[side][0] == pytest.approx(values[band.first : stop].sum() / total)


def test_lines_lead_from_the_estimate_to_the_reference_with_nearly_all_of_the_energy():
    analysis = analyse(single(**HZ), tone(750), tone(500))
    band = analysis.band
    for view in analysis.views:
        plan = np.array(thinned(view, band)["plan"])
        assert plan[:, 2].sum() == pytest.approx(1000, abs=30)
        low, high = band.ends
        positions = low + plan[:, :2] / 10000 * (high - low)
        hertz = np.interp(positions, analysis.scale.positions, analysis.scale.frequencies)
        mean = (hertz * plan[:, 2:]).sum(0) / plan[:, 2].sum()
        assert mean == pytest.approx([500, 750], abs=5)


def test_noise_has_few_lines_that_still_stand_for_nearly_all_of_its_energy():
    x, y = (Audio(torch.randn(1, 8000), RATE) for _ in range(2))
    analysis = analyse(single(**HZ), x, y)
    for view in analysis.views:
        plan = np.array(thinned(view, analysis.band)["plan"])
        assert len(plan) <= LINES
        assert plan[:, 2].sum() > 900
