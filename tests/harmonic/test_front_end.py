"""The encoder's input is the constant-Q transform of the rest of the package."""

import pytest
import torch

from sot.harmonic import ClipTransform
from sot.spectra import VQT


@pytest.fixture(scope="module")
def transform():
    return ClipTransform()


def test_the_transform_agrees_with_the_general_one(transform):
    clips = torch.randn(3, 4096)
    general = VQT(
        hop_length=256, fmin=32.7, n_bins=285, window="hann", sample_rate=16000, framing="zero"
    )
    expected = general(clips[:, :-1])
    assert expected.shape == (3, 16, 285)
    torch.testing.assert_close(transform(clips), expected, rtol=1e-4, atol=1e-5)


def test_a_tone_peaks_at_its_bin_in_the_inner_frames(transform):
    time = torch.arange(4096) / 16000
    pitch = float(transform.frequencies[150])
    peak = transform(torch.sin(2 * torch.pi * pitch * time)[None])[0, 3:13].argmax(-1)
    assert peak.tolist() == [150] * 10


def test_the_kernels_are_not_saved(transform):
    assert transform.state_dict() == {}


def test_clips_of_another_length_are_refused(transform):
    with pytest.raises(ValueError, match=r"clips: expected shape \(clips, 4096\)"):
        transform(torch.zeros(1, 4095))
