"""Where the energy of a spectrogram has to move: the moves, their colours, and where none are."""

import numpy as np
import pytest
import torch

from sot.plots import new_figure, plot_transport_over_time
from sot.plots._displacement import displacements

BINS, FRAMES = 60, 5
HERTZ = 50.0 * torch.arange(BINS)
SEMITONES = 110.0 * 2 ** (torch.arange(BINS) / 12)
TIMES = 0.1 * torch.arange(FRAMES)


@pytest.fixture
def sound():
    """A spectrogram with energy in bins 20 to 30 of each frame."""
    spectrogram = torch.zeros(FRAMES, BINS)
    spectrogram[:, 20:31] = 0.5 + torch.rand(FRAMES, 11)
    return spectrogram


def rolled(spectrogram, shifts):
    return torch.stack(
        [frame.roll(shift) for frame, shift in zip(spectrogram, shifts, strict=True)]
    )


SHIFTS = (0, 4, -3, 10, -10)


def test_a_shift_by_bins_is_the_move_in_hertz_of_all_energy(sound, ax):
    mesh = plot_transport_over_time(TIMES, HERTZ, rolled(sound, SHIFTS), sound, ax)
    moves = mesh.get_array()
    assert moves.shape == (BINS, FRAMES)
    assert (~moves.mask).sum(0).tolist() == [11] * FRAMES
    expected = [50.0 * shift for shift in SHIFTS]
    assert np.ma.max(moves, 0).tolist() == pytest.approx(expected)
    assert np.ma.min(moves, 0).tolist() == pytest.approx(expected)


def test_on_a_logarithmic_axis_it_is_the_move_in_semitones(sound, ax):
    reference = rolled(sound, SHIFTS)
    mesh = plot_transport_over_time(TIMES, SEMITONES, reference, sound, ax, unit="semitones")
    assert np.ma.max(mesh.get_array(), 0).tolist() == pytest.approx(SHIFTS, abs=1e-5)
    assert np.ma.min(mesh.get_array(), 0).tolist() == pytest.approx(SHIFTS, abs=1e-5)
    assert ax.get_yscale() == "log"


def test_the_mean_move_is_the_difference_of_the_centroids():
    x, y = torch.rand(2, 40, 300, dtype=torch.float64).unbind(0)
    positions = torch.rand(300, dtype=torch.float64).cumsum(0)
    moves = displacements(positions, x, y)
    centroids = [(side * positions).sum(-1) / side.sum(-1) for side in (x, y)]
    mean = (moves * x).sum(-1) / x.sum(-1)
    torch.testing.assert_close(mean, centroids[1] - centroids[0])


def test_a_long_spectrogram_is_done_in_parts_with_the_same_result(monkeypatch):
    x, y = torch.rand(2, 7, 30).unbind(0)
    whole = displacements(torch.arange(30.0), x, y)
    monkeypatch.setattr("sot.plots._displacement._ENTRIES", 130)  # two frames at a time
    torch.testing.assert_close(displacements(torch.arange(30.0), x, y), whole)


def test_what_is_silent_on_either_side_stays_empty(sound, ax):
    sound[1] = 0
    reference = rolled(sound, SHIFTS)
    reference[3] = 0
    mesh = plot_transport_over_time(TIMES, HERTZ, reference, sound, ax)
    assert (~mesh.get_array().mask).sum(0).tolist() == [11, 0, 11, 0, 11]
    assert (mesh.get_alpha() > 0).sum(0).tolist() == [11, 0, 11, 0, 11]


def test_the_fainter_the_energy_the_fainter_the_colour(sound, ax):
    """10 dB down is a fifth of the way to where nothing is to be seen, 60 dB is beyond it."""
    sound[:] = 0
    sound[:, 10], sound[:, 20], sound[:, 30] = 1.0, 0.1, 1e-6
    mesh = plot_transport_over_time(TIMES, HERTZ, rolled(sound, SHIFTS), sound, ax)
    alpha = mesh.get_alpha()
    assert alpha[10] == pytest.approx([1] * FRAMES)
    assert alpha[20] == pytest.approx([0.8] * FRAMES)
    assert alpha[30] == pytest.approx([0] * FRAMES)
    assert mesh.get_array().mask[30].all()


def test_colours_are_symmetric_about_no_move_and_span_most_of_the_energy(sound, ax):
    mesh = plot_transport_over_time(TIMES, HERTZ, rolled(sound, (-4,) * FRAMES), sound, ax)
    assert mesh.get_clim() == pytest.approx((-200, 200))
    same = plot_transport_over_time(TIMES, HERTZ, sound, sound)
    low, high = same.get_clim()
    assert low == -high < 0
    bluish, reddish = mesh.to_rgba(np.array([-200.0, 200.0]))
    assert bluish[2] > bluish[0]
    assert reddish[0] > reddish[2]


def test_bins_and_frames_lie_where_their_centres_are(sound, ax):
    mesh = plot_transport_over_time(TIMES, HERTZ, sound, sound, ax)
    corners = np.asarray(mesh.get_coordinates())
    assert corners[0, :, 0] == pytest.approx([-0.05, 0.05, 0.15, 0.25, 0.35, 0.45])
    assert corners[1:, 0, 1] == pytest.approx((HERTZ + 25).numpy())
    assert corners[0, 0, 1] == 0


def test_every_axis_has_its_unit(sound):
    ax = plot_transport_over_time(TIMES, HERTZ, sound, sound).axes
    _, bar = ax.figure.axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (s)", "frequency (Hz)")
    assert bar.get_ylabel() == "move of the energy (Hz)"
    ax = plot_transport_over_time(TIMES, HERTZ, sound, sound, unit="semitones").axes
    _, bar = ax.figure.axes
    assert ax.get_ylabel() == "frequency (Hz)"
    assert bar.get_ylabel() == "move of the energy (semitones)"


def test_a_single_frame_and_a_single_bin_can_be_drawn():
    one = torch.ones(1, 1, requires_grad=True)
    for unit in ("Hz", "semitones"):
        mesh = plot_transport_over_time(torch.ones(1), torch.ones(1), one, one, unit=unit)
        assert mesh.get_array().tolist() == [[0.0]]
        mesh.axes.figure.draw_without_rendering()


GOOD = torch.ones(2, 3)
GIVEN = {
    "times": torch.tensor([0.0, 1.0]),
    "frequencies": torch.tensor([0.0, 1.0, 2.0]),
    "reference": GOOD,
    "estimate": GOOD,
}


@pytest.mark.parametrize(
    ("name", "bad", "kind", "said"),
    [
        ("times", torch.tensor([1.0, 0.0]), ValueError, "expected numbers in ascending order"),
        ("times", torch.tensor([0.0, float("nan")]), ValueError, "expected finite numbers"),
        ("times", torch.zeros(2, 1), ValueError, r"expected shape \(frames,\)"),
        ("times", [0.0, 1.0], TypeError, "expected a torch.Tensor"),
        ("frequencies", torch.tensor([0.0, 2.0, 1.0]), ValueError, "expected numbers in ascending"),
        ("frequencies", torch.tensor([-1.0, 0.0, 1.0]), ValueError, "expected non-negative"),
        ("frequencies", torch.zeros(3), ValueError, "expected a bin above 0 Hz"),
        *(
            (side, *case)
            for side in ("reference", "estimate")
            for case in (
                (torch.zeros(2, 3), ValueError, "expected a spectrum with energy, got silence"),
                (GOOD.T, ValueError, r"expected a spectrogram of shape .* = \(2, 3\)"),
                (GOOD[None], ValueError, r"expected a spectrogram of shape .* = \(2, 3\)"),
                (torch.ones(0, 3), ValueError, "expected a spectrogram of shape"),
                (-GOOD, ValueError, "expected non-negative numbers"),
                (GOOD / 0, ValueError, "expected finite numbers"),
                (GOOD.tolist(), TypeError, "expected a torch.Tensor"),
            )
        ),
    ],
)
def test_what_cannot_be_drawn_is_named(name, bad, kind, said):
    with pytest.raises(kind, match=f"^{name}: {said}"):
        plot_transport_over_time(**{**GIVEN, name: bad}, unit="semitones")


def test_sounds_that_never_sound_together_and_unknown_units_are_told():
    in_turn = {"reference": torch.eye(2, 3), "estimate": torch.eye(2, 3)}
    in_turn["reference"][0] = 0
    in_turn["estimate"][1] = 0
    with pytest.raises(ValueError, match=r"^estimate: expected a frame in which both sides sound"):
        plot_transport_over_time(**{**GIVEN, **in_turn})
    with pytest.raises(ValueError, match=r"^unit: expected one of 'Hz', 'semitones'"):
        plot_transport_over_time(**GIVEN, unit="cents", ax=new_figure().subplots())


def test_a_long_recording_is_drawn_as_means_of_neighbours_by_their_energy():
    frames = 2500
    sound = torch.zeros(frames, BINS)
    sound[0::3, 20], sound[1::3, 20], sound[2::3, 20] = 1.0, 2.0, 0.0
    reference = torch.zeros(frames, BINS)
    reference[0::3, 26], reference[1::3, 23], reference[2::3, 20] = 1.0, 1.0, 1.0
    mesh = plot_transport_over_time(0.1 * torch.arange(frames), HERTZ, reference, sound)
    moves = mesh.get_array()
    assert moves.shape == (BINS, 834)
    assert moves[20, :-1].tolist() == pytest.approx([50 * (1 * 6 + 2 * 3) / 3] * 833)
    edges = np.asarray(mesh.get_coordinates())[0, :4, 0]
    assert edges == pytest.approx([-0.05, 0.25, 0.55, 0.85])
