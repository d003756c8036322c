"""The two examples that the replaced package documents run as they stand, and are right."""

import librosa
import numpy as np
import ot
import pytest
import torch
from scipy.signal import get_window

from sot import Wasserstein1DLoss

FFT_SIZE, HOP_LENGTH = 2048, 512


def exact_costs(x, y, positions):
    """Squared Wasserstein distance of each column of two spectrograms (bins, frames), by POT."""
    x, y = x / x.sum(0), y / y.sum(0)
    return np.array(
        [
            ot.emd2_1d(positions, positions, a / a.sum(), b / b.sum(), metric="sqeuclidean")
            for a, b in zip(x.T, y.T, strict=True)
        ]
    )


@pytest.fixture
def audio(noise):
    time = torch.arange(16000) / 16000
    tones = torch.stack([torch.sin(2 * torch.pi * f0 * time) for f0 in (220, 440, 1000, 3000)])
    return tones + 0.1 * noise(4, 16000), noise(4, 16000, seed=1)


def test_the_stft_example_is_a_mean_of_exact_transport_costs(audio):
    x, y = audio
    loss_fn = Wasserstein1DLoss(
        transform="stft",
        fft_size=2048,
        hop_length=512,
        sample_rate=16000,
        window="flattop",
        square_magnitude=True,
    )
    loss = loss_fn(x, y)

    window = get_window("flattop", FFT_SIZE)[:, None]
    positions = np.linspace(0.0, 1.0, FFT_SIZE // 2 + 1)
    truth = []
    for pair in zip(x.double().numpy(), y.double().numpy(), strict=True):
        framed = (librosa.util.frame(z, frame_length=FFT_SIZE, hop_length=HOP_LENGTH) for z in pair)
        powers = (np.abs(np.fft.rfft(frames * window, axis=0)) ** 2 for frames in framed)
        truth.append(exact_costs(*powers, positions))
    assert loss.item() == pytest.approx(np.mean(truth), rel=1e-5)


def test_the_stft_example_in_the_old_framing_is_that_of_a_centred_stft(audio):
    x, y = audio
    loss = Wasserstein1DLoss(
        transform="stft",
        fft_size=2048,
        hop_length=512,
        sample_rate=16000,
        window="flattop",
        square_magnitude=True,
        preset="sot-loss",
    )(x, y)
    positions = np.linspace(0.0, 1.0, FFT_SIZE // 2 + 1)
    spectra = (
        librosa.stft(
            z.double().numpy(),
            n_fft=FFT_SIZE,
            hop_length=HOP_LENGTH,
            window="flattop",
            pad_mode="reflect",
        )
        for z in (x, y)
    )
    powers = [np.abs(spectrum) ** 2 for spectrum in spectra]
    truth = [exact_costs(*pair, positions) for pair in zip(*powers, strict=True)]
    assert loss.item() == pytest.approx(np.mean(truth), rel=1e-4)


def test_the_example_with_a_transform_of_ones_own_is_a_mean_of_exact_transport_costs(noise):
    batch, bins, time = 3, 40, 5
    x_spec, y_spec = noise(batch, bins, time).abs(), noise(batch, bins, time, seed=1).square()
    xp = torch.linspace(0, 1, bins)
    yp = torch.logspace(-2, 0, bins)
    loss_fn = Wasserstein1DLoss(transform="identity", balanced=True, normalize=True)
    loss = loss_fn(x_spec, y_spec, x_positions=xp, y_positions=yp)

    x, y = (
        (spectrum / spectrum.sum(1, keepdim=True)).double().numpy() for spectrum in (x_spec, y_spec)
    )
    truth = [
        ot.emd2_1d(
            xp.double().numpy(),
            yp.double().numpy(),
            x[item, :, frame] / x[item, :, frame].sum(),
            y[item, :, frame] / y[item, :, frame].sum(),
            metric="sqeuclidean",
        )
        for item in range(batch)
        for frame in range(time)
    ]
    assert loss.item() == pytest.approx(np.mean(truth), rel=1e-5)
