"""The transport loss of korvax, compiled by JAX."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import korvax

from speedbench import inputs


def stft(
    clips: int, samples: int, fft_size: int, hop_length: int, square_magnitude: bool, p: int
) -> Callable[[], tuple[jax.Array, jax.Array]]:
    """The loss of STFT spectra, on the frames and positions of the other sides."""
    spectrum = partial(
        korvax.spectrogram,
        n_fft=fft_size,
        hop_length=hop_length,
        window="flattop",
        power=2 if square_magnitude else 1,
        pad_kwargs={"mode": "reflect"},
    )
    positions = jnp.asarray(inputs.shared_grid(fft_size // 2 + 1))
    transport = partial(korvax.loss.spectral_optimal_transport_loss, positions=positions, p=p)
    loss = partial(korvax.loss.time_frequency_loss, transform_fn=spectrum, loss_fn=transport)
    function = jax.jit(jax.value_and_grad(loss))
    x, y = (jnp.asarray(signal) for signal in inputs.audio_pair(clips, samples))
    return lambda: jax.block_until_ready(function(x, y))
