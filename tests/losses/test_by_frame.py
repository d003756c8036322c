"""Frame by frame, a loss is what it is for the whole recording."""

import pytest
import torch
from generators.tones import decaying_note, tone

from sot import Wasserstein1DLoss
from sot.losses import frame_by_frame

RATE = 16000
SETTINGS = {
    "plain": {},
    "centred": {"framing": "reflect", "square_magnitude": True},
    "end": {"framing": "end", "p": 1},
    "root": {"apply_root": True},
    "mel": {"transform": "mel", "n_mels": 40},
    "vqt": {"transform": "vqt", "bins_per_octave": 12, "fmin": 100.0},
    "log": {"log": True, "bin_position_scaling": "mel"},
    "pitch": {"preset": "pitch"},
    "harmonic": {"preset": "harmonic"},
    "chroma": {"preset": "chroma"},
    "paper": {"preset": "paper"},
    "sot-loss": {"preset": "sot-loss"},
    "by energy": {"frame_weighting": "energy", "silence_db": -30.0},
    "unbalanced": {"balanced": False, "normalize": False},
}


def clips(samples=12000, channels=1):
    """A decaying note, and a tone that begins late."""
    note = decaying_note(220, samples, RATE)
    late = tone(300, samples, RATE) * (torch.arange(samples) > samples // 3)
    return torch.stack([note] * channels).float(), torch.stack([late] * channels).float()


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_the_costs_of_all_blocks_are_those_of_the_whole(settings):
    x, y = clips()
    settings = {**settings, "sample_rate": RATE}
    blocks = list(frame_by_frame(Wasserstein1DLoss(**settings), x, y, block=7))
    costs = torch.cat([frames.cost for frames in blocks], dim=1)
    whole = Wasserstein1DLoss(**settings, reduction="none")(x, y)
    torch.testing.assert_close(costs, whole, rtol=2e-4, atol=2e-6)
    starts = [frames.start for frames in blocks]
    assert starts == list(range(0, whole.shape[1], 7))


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_the_mean_by_votes_is_the_loss(settings):
    x, y = clips(channels=2)
    y[1] *= 0.5
    loss = Wasserstein1DLoss(**settings, sample_rate=RATE)
    blocks = list(frame_by_frame(loss, x, y, block=5))
    total = sum((frames.cost * frames.votes).sum() for frames in blocks)
    votes = sum(frames.votes.sum() for frames in blocks)
    expected = loss(x[None], y[None]).double()
    torch.testing.assert_close(total / votes, expected, rtol=2e-4, atol=2e-6)


def test_spectra_are_those_of_the_transform_and_masses_follow_the_rule():
    x, y = clips()
    loss = Wasserstein1DLoss(sample_rate=RATE)
    (frames,) = frame_by_frame(loss, x, y, block=1000)
    torch.testing.assert_close(frames.reference, loss.spectrum(x))
    torch.testing.assert_close(frames.estimate, loss.spectrum(y))
    heard = frames.votes[0] > 0
    for masses in (frames.reference_mass, frames.estimate_mass):
        totals = masses.sum(-1)[0, heard]
        torch.testing.assert_close(totals, torch.ones_like(totals))
    assert not heard.all()


def test_a_recording_shorter_than_a_frame_has_one():
    x = torch.ones(1, 1)
    (frames,) = frame_by_frame(Wasserstein1DLoss(), x, -x)
    assert frames.cost.tolist() == [[0.0]]


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"transform": "identity"}, "transform='identity'"), ({"dim": -2}, "dim=-2")],
)
def test_a_loss_without_frames_of_audio_is_refused(settings, said):
    x, y = clips()
    with pytest.raises(ValueError, match=f"^loss: expected transport over frequency.*{said}"):
        next(frame_by_frame(Wasserstein1DLoss(**settings), x, y))


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"^y: expected audio of the shape \(channels, samples\)"):
        next(frame_by_frame(Wasserstein1DLoss(), torch.ones(1, 9), torch.ones(1, 8)))
    with pytest.raises(ValueError, match=r"^x: expected audio of shape \(channels, samples\)"):
        next(frame_by_frame(Wasserstein1DLoss(), torch.ones(9), torch.ones(9)))


def test_what_is_no_audio_or_no_loss_is_refused_by_name():
    audio = torch.ones(1, 9)
    with pytest.raises(TypeError, match=r"^loss: expected a Wasserstein1DLoss, got None"):
        next(frame_by_frame(None, audio, audio))
    with pytest.raises(TypeError, match=r"^x: expected a torch\.Tensor, got \[0\.0\]"):
        next(frame_by_frame(Wasserstein1DLoss(), [0.0], audio))
    with pytest.raises(TypeError, match=r"^y: expected floating-point numbers"):
        next(frame_by_frame(Wasserstein1DLoss(), audio, audio.long()))


@pytest.mark.parametrize("wide", [0, 1])
def test_recordings_of_two_precisions_have_the_costs_of_the_wider_one(path, wide):
    loss = Wasserstein1DLoss(sample_rate=RATE)
    pair = clips()
    exact = torch.cat([frames.cost for frames in frame_by_frame(loss, *pair)], dim=-1)
    mixed = [side.double() if index == wide else side for index, side in enumerate(pair)]
    found = torch.cat([frames.cost for frames in frame_by_frame(loss, *mixed)], dim=-1)
    torch.testing.assert_close(found, exact.double(), rtol=1e-3, atol=1e-7)
