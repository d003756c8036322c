"""Input that cannot be compared is refused by name, with what is expected and what to do."""

import pytest
import torch

from sot import MultiResolutionSOTLoss, MultiScaleSpectralLoss, Wasserstein1DLoss

LOSSES = {
    "transport": lambda **settings: Wasserstein1DLoss(**settings),
    "mel": lambda **settings: Wasserstein1DLoss("mel", **settings),
    "cqt": lambda **settings: Wasserstein1DLoss("cqt", fmin=500, n_bins=40, **settings),
    "time": lambda **settings: Wasserstein1DLoss(dim=-2, **settings),
    "resolutions": lambda **settings: MultiResolutionSOTLoss(**settings),
    "scales": lambda **settings: MultiScaleSpectralLoss(**settings),
}

#: What x or y is replaced by, and what the message has to say after its name.
WRONG_VALUES = {
    "NaN": (lambda x: x / 0 * 0, "finite numbers, got .*clean the input"),
    "one NaN": (
        lambda x: x.index_fill(-1, torch.tensor(7), torch.nan),
        "finite numbers, got 2 NaN or infinite of 6000",
    ),
    "infinite": (lambda x: x.index_fill(-1, torch.tensor(7), -torch.inf), "finite numbers"),
    "no samples": (lambda x: x[:, :0], "audio with at least one sample"),
    "no clips": (lambda x: x[:0], "audio with at least one sample"),
    "a number": (lambda x: x[0, 0], r"audio of shape \(samples,\), .*got .*shape \(\)"),
    "four axes": (lambda x: x[None, None], r"audio of shape .*\(batch, channels, samples\)"),
}
WRONG_TYPES = {
    "whole numbers": (lambda x: x.short(), r"floating-point numbers, .*x.float\(\) / 32768"),
    "booleans": (lambda x: x > 0, "floating-point numbers"),
    "complex": (lambda x: x + 0j, r"real numbers, .*\.abs\(\)"),
    "an array": (lambda x: x.numpy(), "a torch.Tensor, .*torch.as_tensor"),
    "a list": (lambda x: x.tolist(), "a torch.Tensor, .*torch.as_tensor"),
    "a word": (lambda _: "x.wav", r"a torch.Tensor, got 'x.wav' \(str\)"),
}


@pytest.fixture(params=LOSSES)
def loss(request):
    return LOSSES[request.param]()


@pytest.mark.parametrize("side", ["x", "y"])
@pytest.mark.parametrize("wrong", WRONG_VALUES)
def test_audio_that_cannot_be_analysed_is_refused_by_name(loss, noise, side, wrong):
    change, message = WRONG_VALUES[wrong]
    sides = {"x": noise(2, 3000), "y": noise(2, 3000, seed=1)}
    sides[side] = change(sides[side])
    with pytest.raises(ValueError, match=f"^{side}: expected {message}"):
        loss(**sides)


@pytest.mark.parametrize("side", ["x", "y"])
@pytest.mark.parametrize("wrong", WRONG_TYPES)
def test_audio_of_the_wrong_type_is_refused_by_name(loss, noise, side, wrong):
    change, message = WRONG_TYPES[wrong]
    sides = {"x": noise(2, 3000), "y": noise(2, 3000, seed=1)}
    sides[side] = change(sides[side])
    with pytest.raises(TypeError, match=f"^{side}: expected {message}"):
        loss(**sides)


@pytest.mark.parametrize(
    ("x_shape", "y_shape", "message"),
    [
        ((2, 3000), (1, 3000), "the batch of x, 2, got 1; give both"),
        ((3000,), (2, 3000), "the batch of x, 1, got 2"),
        ((2, 2, 3000), (2, 1, 3000), "the channels of x, 2, got 1; mix both"),
        ((2, 3000), (2, 2000), "the frames of x, 8, got 4; cut or pad"),
        ((2, 3000), (2, 1, 3000), "as many axes as x, .*channel axis"),
    ],
)
def test_signals_that_do_not_fit_are_refused(noise, x_shape, y_shape, message):
    with pytest.raises(ValueError, match=f"^y: expected {message}"):
        Wasserstein1DLoss()(noise(*x_shape), noise(*y_shape))
    with pytest.raises(ValueError, match=r"^y: expected"):
        MultiScaleSpectralLoss()(noise(*x_shape), noise(*y_shape))


@pytest.mark.parametrize(
    ("lengths", "kind", "message"),
    [
        (torch.tensor([3000.0, 100.0]), TypeError, "whole numbers of samples, got a float32"),
        (torch.tensor([True, True]), TypeError, "whole numbers of samples, got a bool"),
        (torch.tensor([3000, 0]), ValueError, r"lengths from 1 to 3000, got \[3000, 0\]"),
        (torch.tensor([3001, 5]), ValueError, r"lengths from 1 to 3000, got \[3001, 5\]"),
        (torch.tensor([3000]), ValueError, r"one length for each of the 2 clips, shape \(2,\)"),
        (torch.tensor([[5, 5]]), ValueError, r"one length for each of the 2 clips"),
        (torch.tensor(5), ValueError, r"one length for each of the 2 clips"),
    ],
)
def test_lengths_that_do_not_fit_are_refused(loss, noise, lengths, kind, message):
    x, y = noise(2, 3000), noise(2, 3000, seed=1)
    with pytest.raises(kind, match=f"^lengths: expected {message}"):
        loss(x, y, lengths=lengths)
    with pytest.raises(kind, match=f"^lengths: expected {message}"):
        loss.bind(x, lengths=lengths)


@pytest.mark.parametrize(
    "lengths", [["a", "b"], [None, None], {1: 2}, "ab", object()], ids=lambda value: str(value)[:9]
)
def test_lengths_that_are_no_numbers_are_refused_by_name(loss, noise, lengths):
    with pytest.raises(TypeError, match=r"^lengths: expected whole numbers of samples, got "):
        loss(noise(2, 3000), noise(2, 3000, seed=1), lengths=lengths)


@pytest.mark.parametrize("side", ["x", "y"])
def test_a_sparse_tensor_is_refused_by_name(loss, noise, side):
    sides = {"x": noise(2, 3000), "y": noise(2, 3000, seed=1)}
    sides[side] = sides[side].to_sparse()
    with pytest.raises(ValueError, match=rf"^{side}: expected a dense tensor.*\.to_dense\(\)"):
        loss(**sides)


@pytest.fixture
def spectrograms(noise):
    return noise(2, 5, 7).abs(), noise(2, 5, 7, seed=1).abs()


@pytest.mark.parametrize(
    ("positions", "kind", "message"),
    [
        (None, ValueError, r"positions of the bins.*None; for example torch.linspace\(0, 1, 5\)"),
        (torch.zeros(6), ValueError, r"shape \(bins,\) = \(5,\), .*got .*shape \(6,\)"),
        (torch.zeros(7, 5), ValueError, r".*\(batch, bins\) = \(2, 5\)"),
        (torch.zeros(2, 7, 5), ValueError, r".*\(batch, bins, time\) = \(2, 5, 7\)"),
        (torch.tensor(0.5), ValueError, r"shape \(bins,\)"),
        (torch.full((5,), torch.nan), ValueError, "finite numbers, got 5 NaN"),
        (torch.full((2, 5), torch.inf), ValueError, "finite numbers"),
        ([0, 1, 2, 3, 4], TypeError, "a torch.Tensor, .*torch.as_tensor"),
        (torch.zeros(5) + 0j, TypeError, "real numbers"),
    ],
)
def test_positions_that_do_not_fit_are_refused(spectrograms, positions, kind, message):
    loss = Wasserstein1DLoss("identity")
    with pytest.raises(kind, match=f"^x_positions: expected {message}"):
        loss(*spectrograms, positions)
    if positions is not None:
        with pytest.raises(kind, match=f"^y_positions: expected {message}"):
            loss(*spectrograms, torch.zeros(5), positions)


def test_positions_of_the_reference_do_not_serve_an_estimate_with_other_bins(noise):
    x, y = noise(2, 5, 7).abs(), noise(2, 6, 7).abs()
    with pytest.raises(ValueError, match=r"^y_positions: expected shape \(bins,\) = \(6,\)"):
        Wasserstein1DLoss("identity")(x, y, torch.linspace(0, 1, 5))


@pytest.mark.parametrize("side", ["x", "y"])
@pytest.mark.parametrize(
    ("wrong", "kind", "message"),
    [
        (lambda x: -x, ValueError, "non-negative numbers, got a minimum of -.*take magnitudes"),
        (lambda x: x / 0, ValueError, "finite numbers"),
        (lambda x: x[0, 0], ValueError, r"a spectrogram of shape \(batch, bins\)"),
        (lambda x: x[None, None], ValueError, r"a spectrogram of shape"),
        (lambda x: x[..., :0], ValueError, r"a spectrogram of shape"),
        (lambda x: x.int(), TypeError, "floating-point numbers"),
        (lambda x: x + 1j, TypeError, r"real numbers, .*\.abs\(\)"),
    ],
)
def test_spectrograms_that_are_none_are_refused(spectrograms, side, wrong, kind, message):
    sides = dict(zip("xy", spectrograms, strict=True))
    sides[side] = wrong(sides[side])
    with pytest.raises(kind, match=f"^{side}: expected {message}"):
        Wasserstein1DLoss("identity")(**sides, x_positions=torch.linspace(0, 1, 5))


def test_spectrograms_that_do_not_fit_are_refused(noise):
    positions = torch.linspace(0, 1, 5)
    loss = Wasserstein1DLoss("identity")
    with pytest.raises(ValueError, match=r"^y: expected the frames of x, 7, got 6"):
        loss(torch.rand(2, 5, 7), torch.rand(2, 5, 6), positions)
    with pytest.raises(ValueError, match=r"^y: expected as many axes as x"):
        loss(torch.rand(2, 5, 7), torch.rand(2, 1, 5, 7), positions)


def test_checks_of_values_are_skipped_on_request(spectrograms):
    x, y = spectrograms
    positions = torch.linspace(0, 1, 5)
    unchecked = Wasserstein1DLoss("identity", validate=False)
    shifted = positions.index_fill(0, torch.tensor(2), torch.nan)
    for inputs in ((-x, y, positions), (x, y / 0, positions), (x, y, shifted)):
        assert unchecked(*inputs).shape == ()
        with pytest.raises(ValueError, match="expected"):
            Wasserstein1DLoss("identity")(*inputs)


def test_checks_of_shapes_and_types_always_run(noise):
    loss = Wasserstein1DLoss(validate=False)
    with pytest.raises(ValueError, match=r"^y: expected the batch"):
        loss(noise(2, 3000), noise(1, 3000))
    with pytest.raises(TypeError, match=r"^x: expected floating-point"):
        loss(torch.zeros(3000, dtype=torch.int16), noise(3000))
    with pytest.raises(ValueError, match=r"^lengths: expected one length"):
        loss(noise(2, 3000), noise(2, 3000), lengths=torch.tensor([3000]))


@pytest.mark.parametrize("make", LOSSES.values(), ids=LOSSES)
def test_checks_of_values_can_be_forced_where_they_would_be_skipped(make, noise, monkeypatch):
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    x, y = noise(2, 3000), noise(2, 3000).index_fill(-1, torch.tensor(7), torch.nan)
    with pytest.raises(ValueError, match=r"^y: expected finite numbers"):
        make(validate=True)(x, y)
