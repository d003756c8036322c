"""The horizontal picture, and saving figures."""

import pytest
import torch

from sot.plots import check_picture, new_figure, plot_transport, save_figure

FREQUENCIES = torch.tensor([0.0, 100.0, 200.0, 300.0])


def moves(lines):
    """From where to where each line of the plan goes, from top to bottom."""
    segments = [segment.tolist() for segment in lines.get_segments()]
    assert all((top, bottom) == (0, -1) for (_, top), (_, bottom) in segments)
    return [(start, end) for (start, _), (end, _) in segments]


def test_lines_go_from_each_bin_to_where_its_energy_goes(ax):
    """3/4 stay in order: 1/2 from 100 to 0, 1/4 from 100 to 300, 1/4 from 200 to 300."""
    reference = torch.tensor([0.0, 3.0, 1.0, 0.0])
    estimate = torch.tensor([10.0, 0.0, 0.0, 10.0])
    lines = plot_transport(FREQUENCIES, reference, estimate, ax)
    assert lines in ax.collections
    assert moves(lines) == [(100, 0), (100, 300), (200, 300)]
    wide, narrow, same = lines.get_linewidths()
    assert wide > narrow
    assert narrow == pytest.approx(same)


def test_equal_spectra_have_upright_lines_only(ax):
    spectrum = torch.tensor([1.0, 2.0, 0.0, 3.0])
    lines = plot_transport(FREQUENCIES, spectrum, 5 * spectrum, ax)
    assert moves(lines) == [(0, 0), (100, 100), (300, 300)]


def test_moves_of_little_energy_are_left_out(ax):
    reference, estimate = torch.tensor([0.0, 1.0, 0.0, 0.0]), torch.tensor([0.0, 0.0, 0.99, 0.01])
    assert moves(plot_transport(FREQUENCIES, reference, estimate, ax, 0.02)) == [(100, 200)]
    both = plot_transport(FREQUENCIES, reference, estimate, least_mass=0.005)
    assert moves(both) == [(100, 200), (100, 300)]


def test_the_reference_points_up_and_the_estimate_down_by_their_shares(ax):
    reference, estimate = torch.tensor([0.0, 4.0, 4.0, 0.0]), torch.tensor([0.0, 0.0, 9.0, 3.0])
    plot_transport(FREQUENCIES, reference, estimate, ax)
    up, down = (ax.collections[index].get_paths()[0].get_extents() for index in (1, 2))
    assert (up.y0, down.y1) == pytest.approx((0, -1))
    assert up.y1 / (down.y1 - down.y0) == pytest.approx(0.5 / 0.75)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["reference", "estimate"]


def test_the_axis_is_in_hertz_and_ends_after_the_energy():
    frequencies = torch.arange(1000) * 10.0
    spectrum = torch.zeros(1000)
    spectrum[44] = 1
    ax = plot_transport(frequencies, spectrum, spectrum).axes
    low, high = ax.get_xlim()
    assert ax.get_xlabel() == "frequency (Hz)"
    assert "energy" in ax.get_ylabel()
    assert low == 0
    assert 440 < high < 1000


def test_spectra_with_gradients_and_of_any_precision_can_be_drawn(ax):
    reference = torch.tensor([0.0, 1.0, 0.0, 0.0], requires_grad=True)
    estimate = torch.tensor([0.0, 0.0, 1.0, 0.0], dtype=torch.float64)
    assert moves(plot_transport(FREQUENCIES, reference, estimate, ax)) == [(100, 200)]


@pytest.mark.parametrize("ending", ["png", "PNG", "svg", "pdf"])
def test_a_figure_is_saved_in_the_format_of_its_ending(tmp_path, ending):
    path = tmp_path / f"picture.{ending}"
    figure = new_figure(4, 3)
    figure.subplots().plot([1, 2])
    save_figure(figure, str(path))
    begins = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending.lower()]
    assert path.read_bytes().startswith(begins)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("place", "kind", "said"),
    [
        ("picture.docx", ValueError, "expected an ending of .*png"),
        ("picture", ValueError, "expected an ending of"),
        ("missing/picture.png", OSError, "does not exist; create it first"),
    ],
)
def test_a_place_where_no_picture_can_be_saved_is_named(tmp_path, place, kind, said):
    for attempt in (check_picture, lambda path: save_figure(new_figure(), path)):
        with pytest.raises(kind, match=said) as error:
            attempt(tmp_path / place)
        assert str(tmp_path / place) in str(error.value)


def test_an_old_picture_stays_when_drawing_fails(tmp_path, monkeypatch):
    path = tmp_path / "picture.png"
    path.write_text("old")
    figure = new_figure()

    def fail(*arguments, **settings):
        raise MemoryError

    monkeypatch.setattr(figure, "savefig", fail)
    with pytest.raises(MemoryError):
        save_figure(figure, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
