"""The whole loss, all arguments at once, against a plain reading of its documentation."""

import numpy as np
import pytest
import torch
from generators.plain_loss import frame_costs, reduced
from hypothesis import given, settings
from hypothesis import strategies as st

from sot import Wasserstein1DLoss, _dispatch

FLAGS = ["normalize", "balanced", "quantile_lowpass", "apply_root", "log", "square_magnitude"]


@st.composite
def losses(draw):
    """All arguments of a loss on the Fourier transform or on mel filters."""
    setting = {name: draw(st.booleans()) for name in FLAGS}
    setting["transform"] = draw(st.sampled_from(["stft", "mel"]))
    setting["fft_size"] = draw(st.integers(32, 130))
    setting["win_length"] = draw(st.integers(4, setting["fft_size"]))
    setting["hop_length"] = draw(st.integers(1, 70))
    setting["window"] = draw(st.sampled_from(["hann", "flattop", "boxcar", ("kaiser", 6.0)]))
    setting["framing"] = draw(st.sampled_from(["whole", "reflect", "zero", "end"]))
    setting["sample_rate"] = draw(st.sampled_from([8000, 22050]))
    setting["fmin"] = draw(st.sampled_from([0.0, 0.0, 60.0, 700.0]))
    setting["fmax"] = draw(st.sampled_from([0.5, 0.5, 0.47, 0.3])) * setting["sample_rate"]
    setting["n_mels"] = draw(st.integers(2, 9))
    setting["mel_scale"] = draw(st.sampled_from(["slaney", "htk"]))
    setting["mel_norm"] = draw(st.sampled_from(["slaney", None]))
    setting["bin_position_scaling"] = draw(
        st.sampled_from(["normalized", "normalized_linear", "absolute", "log", "mel"])
    )
    setting["p"] = draw(st.sampled_from([1, 1.5, 2, 3]))
    setting["eps"] = draw(st.sampled_from([1e-8, 1e-2, 1.0]))
    setting["noise_floor"] = draw(st.sampled_from([0.0, 0.0, 0.5, 1.5]))
    setting["lowpass"] = draw(st.sampled_from([None, None, 300.0, 2000.0]))
    setting["silence"] = draw(st.sampled_from(["ignore", "top_bin"]))
    setting["silence_db"] = draw(st.sampled_from([None, None, 0.0, -6.0, -40.0]))
    setting["frame_weighting"] = draw(st.sampled_from(["equal", "equal", "energy"]))
    return setting


@st.composite
def clips(draw):
    """A padded batch of pairs of noise, parts of which are faint or silent, and its lengths."""
    batch, channels = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    lengths = draw(st.lists(st.integers(1, 300), min_size=batch, max_size=batch))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    audio = random.standard_normal((2, batch, channels, max(lengths)))
    for pair in audio.reshape(-1, max(lengths)):
        level = draw(st.sampled_from([0.0, 1e-4, 0.3, 1.0, 1.0]))
        pair[draw(st.integers(0, len(pair))) :] *= level
    return audio, lengths


@pytest.mark.parametrize("kernels", [True, False])
@settings(max_examples=150)
@given(losses(), clips(), st.sampled_from(["mean", "sum", "batch", "none"]))
def test_a_loss_is_what_its_documentation_says(kernels, setting, pair, reduction):
    (x, y), lengths = pair
    found = [
        [
            frame_costs(x[item, channel, :length], y[item, channel, :length], setting)
            for channel in range(x.shape[1])
        ]
        for item, length in enumerate(lengths)
    ]
    costs = [np.array([cost for cost, _ in item]) for item in found]
    votes = [np.array([vote for _, vote in item]) for item in found]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_dispatch, "NUMBA_IS_THERE", kernels)
        loss = Wasserstein1DLoss(**setting, reduction=reduction)
        value = loss(torch.tensor(x), torch.tensor(y), lengths=torch.tensor(lengths)).numpy()
    span = setting["sample_rate"] / 2 if setting["bin_position_scaling"] == "absolute" else 1
    # A root turns the rounding of a cost of 0 into more than it was.
    tolerance = {
        "rtol": 1e-6,
        "atol": 1e-5 * span if setting["apply_root"] else 1e-9 * span ** setting["p"],
    }
    if reduction != "none":
        np.testing.assert_allclose(value, reduced(costs, votes, reduction), **tolerance)
        return
    assert value.shape[:2] == x.shape[:2]
    for cost, vote, row in zip(costs, votes, value, strict=True):
        counted = cost.shape[1]
        np.testing.assert_allclose(row[:, :counted], np.where(vote > 0, cost, 0), **tolerance)
        assert not row[:, counted:].any()
