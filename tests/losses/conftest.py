"""Signals and settings that the tests of the losses share."""

import pytest
import torch

from sot import _dispatch

#: One small setting of every transform.
SMALL = {
    "stft": {"transform": "stft", "fft_size": 128, "hop_length": 32},
    "mel": {"transform": "mel", "fft_size": 256, "hop_length": 64, "n_mels": 16},
    "cqt": {"transform": "cqt", "fmin": 200.0, "n_bins": 24, "bins_per_octave": 12},
    "vqt": {"transform": "vqt", "fmin": 200.0, "n_bins": 24, "bins_per_octave": 12, "gamma": 9.0},
}


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """Signals are so short here that several threads would mostly wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=SMALL)
def settings(request):
    """Arguments of a small loss, at 8 kHz, for each transform in turn."""
    return {"hop_length": 64, "sample_rate": 8000} | SMALL[request.param]


@pytest.fixture
def noise():
    """Reproducible white noise of a shape."""

    def make(*shape, seed=0, dtype=torch.float32):
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(shape, generator=generator, dtype=dtype)

    return make


@pytest.fixture
def gradient():
    """Gradient of a loss of an estimate, taken at a copy of the estimate."""

    def take(loss, estimate):
        estimate = estimate.detach().clone().requires_grad_()
        (result,) = torch.autograd.grad(loss(estimate).sum(), estimate)
        return result

    return take


@pytest.fixture(params=["compiled", "vectorised"])
def path(request, monkeypatch):
    """Both ways to compute, in turn: the kernels, and what serves without Numba."""
    monkeypatch.setattr(_dispatch, "NUMBA_IS_THERE", request.param == "compiled")
    return request.param
