"""POT, which is a peer and, in float64, the truth for everything on the line."""

from __future__ import annotations

import ot
import torch
from scipy.signal import get_window
from torch import Tensor

from speedbench import inputs
from speedbench.sides._torch import Call, audio, tensor, with_gradient


def transport(
    rows: int, bins: int, p: float, unsorted: bool = False, dtype: str = "float32"
) -> Call:
    """Transport between histograms along POT's first axis."""
    # POT's axis comes first: the arrays are laid out for it before the clock runs.
    u, v = (tensor(weights, dtype).T.contiguous() for weights in inputs.histogram_pair(rows, bins))
    if unsorted:
        supports = inputs.unsorted_supports(rows, bins)
        x, y = (tensor(positions, dtype).T.contiguous() for positions in supports)
    else:
        x = y = tensor(inputs.shared_grid(bins), dtype)[:, None].expand(bins, rows).contiguous()
    run = with_gradient(lambda: ot.wasserstein_1d(x, y, u, v, p=p), u)

    def run_and_turn_back() -> tuple[Tensor, Tensor | None]:
        value, grad = run()
        return value, grad if grad is None else grad.T

    return run_and_turn_back


def stft(
    clips: int,
    samples: int,
    resolutions: tuple[tuple[int, int], ...],
    square_magnitude: bool,
    p: float,
    wanted: str = "x",
    dtype: str = "float64",
) -> Call:
    """The sum of transport losses at some resolutions: torch's STFT, then POT."""
    x, y = audio(clips, samples, dtype)

    def histograms(signal: Tensor, fft_size: int, hop_length: int) -> Tensor:
        window = tensor(get_window("flattop", fft_size), dtype)
        spectrum = torch.stft(signal, fft_size, hop_length, window=window, return_complex=True)
        weights = spectrum.abs() ** (2 if square_magnitude else 1)
        weights = weights.transpose(0, 1).flatten(1)
        return weights / weights.sum(0)

    def loss() -> Tensor:
        total = x.new_zeros(())
        for fft_size, hop_length in resolutions:
            u, v = (histograms(signal, fft_size, hop_length) for signal in (x, y))
            grid = torch.linspace(0, 1, len(u), dtype=u.dtype)[:, None].expand_as(u).contiguous()
            total = total + ot.wasserstein_1d(grid, grid, u, v, p=p).mean()
        return total

    return with_gradient(loss, y if wanted == "y" else x)
