"""Whatever the setting and the clip: a finite loss that is not negative, and finite gradients."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sot import MultiResolutionSOTLoss, MultiScaleSpectralLoss, Wasserstein1DLoss

HOPS = st.integers(1, 90)
FRAMINGS = st.sampled_from(["whole", "reflect", "zero", "end"])
REDUCTIONS = st.sampled_from(["mean", "sum", "batch", "none"])

TRANSFORMS = st.one_of(
    st.fixed_dictionaries({"transform": st.just("stft"), "fft_size": st.integers(2, 200)}),
    st.fixed_dictionaries(
        {
            "transform": st.just("mel"),
            "fft_size": st.integers(2, 200),
            "n_mels": st.integers(1, 20),
            "mel_scale": st.sampled_from(["slaney", "htk"]),
        }
    ),
    st.fixed_dictionaries(
        {
            "transform": st.sampled_from(["cqt", "vqt"]),
            "fmin": st.floats(300, 1000),
            "n_bins": st.integers(1, 20),
            "bins_per_octave": st.integers(9, 14),
            "gamma": st.floats(0, 50),
        }
    ),
)
ARGUMENTS = st.fixed_dictionaries(
    {
        "normalize": st.booleans(),
        "balanced": st.booleans(),
        "quantile_lowpass": st.booleans(),
        "p": st.one_of(st.just(1), st.just(2), st.floats(1, 5)),
        "apply_root": st.booleans(),
        "dim": st.sampled_from([-1, -2]),
        "log": st.booleans(),
        "square_magnitude": st.booleans(),
        "window": st.sampled_from([None, "hann", "boxcar", ("kaiser", 6.0)]),
        "bin_position_scaling": st.sampled_from(
            ["normalized", "normalized_linear", "absolute", "log", "mel"]
        ),
        "silence": st.sampled_from(["ignore", "top_bin"]),
        "preset": st.sampled_from([None, None, "sot-loss"]),
    }
)


@st.composite
def clips(draw, samples):
    """A clip that may be noise, a click, constant, silent, or half of each."""

    def piece():
        kind = draw(st.sampled_from(["noise", "click", "constant", "silence", "sine"]))
        clip = torch.zeros(samples)
        level = draw(st.sampled_from([1e-12, 1e-3, 1.0, 100.0]))
        if kind == "noise":
            generator = torch.Generator().manual_seed(draw(st.integers(0, 9)))
            clip = torch.randn(samples, generator=generator)
        elif kind == "click":
            clip[draw(st.integers(0, samples - 1))] = 1
        elif kind == "constant":
            clip[:] = 1
        elif kind == "sine":
            clip = torch.sin(draw(st.floats(0.01, 3.1)) * torch.arange(samples))
        return level * clip

    return torch.where(torch.arange(samples) < samples // 2, piece(), piece())


@st.composite
def pairs(draw):
    """Two batches of equally many clips of the same length, and sometimes their true lengths."""
    samples = draw(st.one_of(st.just(1), st.integers(2, 400)))
    batch = draw(st.integers(1, 2))
    x, y = (torch.stack([draw(clips(samples)) for _ in range(batch)]) for _ in range(2))
    if draw(st.integers(0, 4)) == 0:
        y = x.clone()
    lengths = draw(st.lists(st.integers(1, samples), min_size=batch, max_size=batch))
    return x, y, draw(st.sampled_from([None, torch.tensor(lengths)]))


def assert_well_behaved(loss, x, y, lengths):
    inputs = [side.requires_grad_() for side in (x, y)]
    values = loss(*inputs, lengths=lengths)
    values = values if isinstance(values, tuple) else (values,)
    for value in values:
        assert value.isfinite().all()
        assert (value >= 0).all()
    for slope in torch.autograd.grad(sum(value.sum() for value in values), inputs):
        assert slope.isfinite().all()


def test_a_slope_that_leaves_single_precision_on_its_way_is_bounded():
    # The fifth power of Hz, over next to nothing and over eps: the slope of x is -2.1e37.
    loss = Wasserstein1DLoss(
        fft_size=2,
        hop_length=1,
        sample_rate=8000,
        bin_position_scaling="absolute",
        p=5,
        balanced=False,
        log=True,
        square_magnitude=False,
        apply_root=False,
    )
    assert_well_behaved(loss, torch.tensor([[1.541e-12]]), torch.tensor([[0.0015]]), None)


@settings(max_examples=250)
@given(TRANSFORMS, ARGUMENTS, HOPS, FRAMINGS, REDUCTIONS, pairs())
def test_transport_losses_are_well_behaved(transform, arguments, hop, framing, reduction, pair):
    loss = Wasserstein1DLoss(
        **transform,
        **arguments,
        hop_length=hop,
        framing=framing,
        reduction=reduction,
        sample_rate=8000,
    )
    assert_well_behaved(loss, *pair)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(2, 200), HOPS), min_size=1, max_size=3), REDUCTIONS, pairs())
def test_multi_resolution_losses_are_well_behaved(resolutions, reduction, pair):
    sizes, hops = zip(*resolutions, strict=True)
    loss = MultiResolutionSOTLoss(fft_sizes=sizes, hop_lengths=hops, reduction=reduction)
    assert_well_behaved(loss, *pair)


@settings(max_examples=40)
@given(
    st.sampled_from(["linear", "log-linear", "smooth"]),
    st.lists(st.integers(4, 200), min_size=1, max_size=3),
    FRAMINGS,
    REDUCTIONS,
    pairs(),
)
def test_multi_scale_losses_are_well_behaved(variant, sizes, framing, reduction, pair):
    loss = MultiScaleSpectralLoss(variant, sizes, framing=framing, reduction=reduction)
    assert_well_behaved(loss, *pair)


@settings(max_examples=100)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 4), ARGUMENTS, st.data())
def test_losses_between_spectrograms_are_well_behaved(x_bins, y_bins, frames, arguments, data):
    masses = st.sampled_from([0.0, 0.0, 1e-9, 0.5, 1.0, 3.0])
    places = st.sampled_from([-1.0, 0.0, 0.0, 0.25, 1.0])

    def draw(kind, *shape):
        count = torch.Size(shape).numel()
        values = data.draw(st.lists(kind, min_size=count, max_size=count))
        return torch.tensor(values).reshape(shape)

    loss = Wasserstein1DLoss("identity", **arguments)
    inputs = [draw(masses, 1, x_bins, frames), draw(masses, 1, y_bins, frames)]
    if not loss.over_time:
        inputs += [draw(places, x_bins), draw(places, y_bins)]
    elif x_bins != y_bins:
        return
    inputs = [side.requires_grad_() for side in inputs]
    value = loss(*inputs)
    assert value.isfinite()
    assert value >= 0
    slopes = torch.autograd.grad(value, inputs, allow_unused=True)
    assert all(slope is None or slope.isfinite().all() for slope in slopes)
