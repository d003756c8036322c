"""Which frames vote, and how much: silence relative to the clip, and weights by energy."""

import pytest
import torch

from sot import Wasserstein1DLoss

SIZE = 256
#: Frames that do not overlap, so that a gain for one frame changes no other.
FRAMES = {"fft_size": SIZE, "hop_length": SIZE, "p": 1}
GAINS = torch.tensor([1.0, 0.5, 0.02, 0.005, 0.25, 0.0])  # the last but one of -40 dB is 0.01


def shaped(noise, gains=GAINS, seed=0, items=2, dtype=torch.float64):
    """Noise whose frames have exactly these root mean squares."""
    frames = noise(items, len(gains), SIZE, seed=seed, dtype=dtype)
    frames = frames / frames.square().mean(-1, keepdim=True).sqrt()
    return (gains.to(dtype)[:, None] * frames).flatten(1)


def each_frame(x, y, **changed):
    return Wasserstein1DLoss(**FRAMES, reduction="none", eps=0, **changed)(x, y)


@pytest.mark.parametrize("level", [1.0, 1e-4])
@pytest.mark.parametrize("side", ["reference", "estimate"])
@pytest.mark.parametrize(
    ("silence_db", "voting"), [(-40.0, [0, 1, 2, 4]), (-20.0, [0, 1, 4]), (0.0, [])]
)
def test_frames_far_below_the_loudest_do_not_vote(path, noise, level, side, silence_db, voting):
    quiet = level * shaped(noise)
    even = shaped(noise, torch.ones(6), seed=1)
    x, y = (quiet, even) if side == "reference" else (even, quiet)
    values = each_frame(x, y)
    found = each_frame(x, y, silence_db=silence_db)
    votes = torch.zeros(6, dtype=torch.bool)
    votes[voting] = True
    torch.testing.assert_close(found[:, votes], values[:, votes])
    assert (found[:, ~votes] == 0).all()
    loss = Wasserstein1DLoss(**FRAMES, silence_db=silence_db, reduction="batch", eps=0)
    expected = values[:, votes].mean(1) if voting else torch.zeros(2, dtype=torch.float64)
    torch.testing.assert_close(loss(x, y), expected)


def test_a_frame_has_to_be_loud_on_both_sides(path, noise):
    x = shaped(noise, torch.tensor([1.0, 1.0, 1e-3, 1e-3]))
    y = shaped(noise, torch.tensor([1.0, 1e-3, 1.0, 1e-3]), seed=1)
    found = each_frame(x, y, silence_db=-40)
    assert (found[:, 0] > 0).all()
    assert (found[:, 1:] == 0).all()


@pytest.mark.parametrize("side", ["reference", "estimate"])
def test_the_loudest_frame_is_that_of_each_clip(path, noise, side):
    """A whole clip may be 80 dB below its neighbour and votes all the same."""
    x, y = (shaped(noise, torch.ones(3), seed=seed) for seed in (0, 1))
    quiet = torch.tensor([[1.0], [1e-4]], dtype=torch.float64)
    quieter = (x * quiet, y) if side == "reference" else (x, y * quiet)
    settings = {**FRAMES, "silence_db": -40, "reduction": "batch", "eps": 0}
    loss = Wasserstein1DLoss(**settings)
    torch.testing.assert_close(loss(*quieter), loss(x, y))


@pytest.mark.parametrize("reduction", ["mean", "batch", "sum"])
def test_votes_weigh_as_the_energy_of_the_reference(path, noise, reduction):
    x, y = shaped(noise), shaped(noise, torch.ones(6), seed=1)
    values = each_frame(x, y)
    weights = GAINS.double().square()
    found = Wasserstein1DLoss(**FRAMES, frame_weighting="energy", reduction=reduction, eps=0)(x, y)
    sums = (values * weights).sum(1)
    expected = {
        "batch": sums / weights.sum(),
        "mean": sums.sum() / (2 * weights.sum()),
        "sum": sums.sum(),
    }
    torch.testing.assert_close(found, expected[reduction])


def test_the_level_of_the_estimate_has_no_weight(path, noise):
    x, y = shaped(noise), shaped(noise, torch.ones(6), seed=1)
    loss = Wasserstein1DLoss(**FRAMES, frame_weighting="energy", eps=0)
    louder = shaped(noise, torch.tensor([1.0, 5.0, 0.1, 1.0, 9.0, 1.0]), seed=1)
    torch.testing.assert_close(loss(x, louder), loss(x, y))


VARIANTS = [{"silence_db": -30.0}, {"frame_weighting": "energy"}]
VARIANTS.append({**VARIANTS[0], **VARIANTS[1]})


@pytest.mark.parametrize("changed", VARIANTS)
def test_a_padded_batch_votes_like_its_items_alone(settings, path, noise, changed):
    loss = Wasserstein1DLoss(**settings, **changed, reduction="batch")
    fade = torch.linspace(1, 0.01, 900, dtype=torch.float64)
    x, y = (fade * noise(2, 900, seed=seed, dtype=torch.float64) for seed in (0, 1))
    x[1, 600:], y[1, 600:] = 100.0, 50.0  # what lies behind the end does not count
    found = loss(x, y, lengths=torch.tensor([900, 600]))
    alone = torch.cat([loss(x[:1], y[:1]), loss(x[1:, :600], y[1:, :600])])
    torch.testing.assert_close(found, alone)


@pytest.mark.parametrize("changed", VARIANTS)
def test_silence_gives_zero_and_finite_gradients(settings, path, noise, gradient, changed):
    loss = Wasserstein1DLoss(**settings, **changed)
    half = torch.where(torch.arange(900) < 450, 0.0, noise(1, 900))
    silence = torch.zeros(1, 900)
    assert loss(silence, noise(1, 900)) == 0
    for x in (silence, half, noise(1, 900, seed=1)):
        for y in (silence, half):
            assert loss(x, y).isfinite()
            assert gradient(lambda z, x=x: loss(x, z), y).isfinite().all()
            assert gradient(lambda z, y=y: loss(z, y), x).isfinite().all()


@pytest.mark.parametrize("name", ["pitch", "harmonic", "chroma"])
def test_the_presets_take_silence(path, noise, gradient, name):
    loss = Wasserstein1DLoss(preset=name, fft_size=256, hop_length=64, sample_rate=8000)
    half = torch.where(torch.arange(900) < 450, 0.0, noise(1, 900))
    silence = torch.zeros(1, 900)
    for x in (silence, half, noise(1, 900)):
        for y in (silence, half):
            assert loss(x, y).isfinite()
            assert gradient(lambda z, x=x: loss(x, z), y).isfinite().all()
            assert gradient(lambda z, y=y: loss(z, y), x).isfinite().all()


@pytest.mark.parametrize("changed", VARIANTS)
def test_a_bound_reference_votes_the_same(settings, path, noise, changed):
    loss = Wasserstein1DLoss(**settings, **changed)
    fade = torch.linspace(1, 0.001, 900)
    x, y = fade * noise(2, 900), noise(2, 900, seed=1)
    torch.testing.assert_close(loss.bind(x)(y), loss(x, y))


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"silence_db": 3}, ValueError, "at most 0"),
        ({"silence_db": float("-inf")}, ValueError, "a finite number"),
        ({"silence_db": "-40"}, TypeError, "a finite number"),
        ({"silence_db": -40, "transform": "identity"}, ValueError, "None with transform='identity"),
        ({"silence_db": -40, "dim": -2}, ValueError, "None with dim=-2"),
        ({"frame_weighting": "energies"}, ValueError, "did you mean 'energy'"),
        ({"frame_weighting": None}, TypeError, "one of 'equal', 'energy'"),
        (
            {"frame_weighting": "energy", "transform": "identity"},
            ValueError,
            "'equal' with transform='identity'",
        ),
        ({"frame_weighting": "energy", "dim": -2}, ValueError, "'equal' with dim=-2"),
    ],
)
def test_wrong_settings_are_refused_by_name(arguments, kind, message):
    with pytest.raises(kind, match=f"^{next(iter(arguments))}: expected .*{message}"):
        Wasserstein1DLoss(**arguments)
