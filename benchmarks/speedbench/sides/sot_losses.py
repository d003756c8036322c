"""This package and the one that it replaces: the same calls serve both."""

from __future__ import annotations

from typing import Any, Literal

import torch

import sot
from sot.losses import wasserstein_1d
from speedbench import inputs
from speedbench.sides._torch import Call, audio, tensor, with_gradient, without_gradient

if hasattr(sot, "wasserstein_1d"):
    from sot import _dispatch
    from sot.spectra import VQT

#: Only this package hands this function on.
OURS = hasattr(sot, "wasserstein_1d")

Wanted = Literal["x", "y", "value"]


def stft(
    clips: int,
    samples: int,
    wanted: Wanted = "x",
    bind: bool = False,
    kernels: bool = True,
    **arguments: Any,
) -> Call:
    """The loss of STFT spectra, on the replaced package's frames."""
    if OURS:
        arguments["framing"] = "reflect"
    if not kernels:
        arguments["validate"] = False  # other devices have no checks of values
    call = _audio_call(sot.Wasserstein1DLoss(**arguments), clips, samples, wanted, bind)
    return call if kernels else _without_kernels(call)


def _without_kernels(call: Call) -> Call:
    """The same as if Numba could not be found."""

    def run() -> tuple[torch.Tensor, torch.Tensor | None]:
        _dispatch.NUMBA_IS_THERE = False
        try:
            return call()
        finally:
            _dispatch.NUMBA_IS_THERE = True

    return run


def multi_resolution(clips: int, samples: int) -> Call:
    """The loss at three resolutions, on the replaced package's frames."""
    arguments = {"framing": "reflect"} if OURS else {}
    return _audio_call(sot.MultiResolutionSOTLoss(**arguments), clips, samples)


def cqt(clips: int, samples: int, dtype: str = "float32", **arguments: Any) -> Call:
    """The loss of 250 constant-Q bins."""
    loss = sot.Wasserstein1DLoss(transform="cqt", n_bins=250, **arguments)
    return _audio_call(loss, clips, samples, dtype=dtype)


def preset(clips: int, samples: int, name: str, dtype: str = "float32") -> Call:
    """The loss of a preset of this package."""
    return _audio_call(sot.Wasserstein1DLoss(preset=name), clips, samples, dtype=dtype)


def vqt(clips: int, samples: int, dtype: str = "float32") -> Call:
    """The constant-Q transform alone."""
    transform = VQT(n_bins=250)
    x, _ = audio(clips, samples, dtype)
    return with_gradient(lambda: transform(x), x)


def dense_vqt(clips: int, samples: int, dtype: str = "float32") -> Call:
    """The same by a convolution with its kernels in the time domain."""
    transform = VQT(n_bins=250)
    reach = transform.framing.frame_length
    kernels = torch.zeros(2, transform.bins, 1, reach, dtype=getattr(torch, dtype))
    for index in range(transform.bins):
        kernel = torch.from_numpy(transform.kernel(index).conj())
        start = reach // 2 - (len(kernel) + 1) // 2
        kernels[0, index, 0, start : start + len(kernel)] = kernel.real
        kernels[1, index, 0, start : start + len(kernel)] = kernel.imag
    x, _ = audio(clips, samples, dtype)

    def run() -> torch.Tensor:
        padded = transform.framing.pad(x[:, None])
        parts = torch.nn.functional.conv1d(padded, kernels.flatten(0, 1), stride=256)
        return torch.complex(*parts.chunk(2, dim=1)).abs().transpose(1, 2)

    return with_gradient(run, x)


def transport(
    rows: int, bins: int, p: float, unsorted: bool = False, promise_sorted: bool = False
) -> Call:
    """Transport between histograms, with the gradient of the first weights."""
    u, v = (tensor(weights) for weights in inputs.histogram_pair(rows, bins))
    if unsorted:
        x, y = (tensor(positions) for positions in inputs.unsorted_supports(rows, bins))
    else:
        x = tensor(inputs.shared_grid(bins))
        x = y = x if OURS else x.expand(rows, bins)
    return with_gradient(
        lambda: wasserstein_1d(x, y, u, v, p=p, require_sort=not promise_sorted), u
    )


def _audio_call(
    loss: torch.nn.Module,
    clips: int,
    samples: int,
    wanted: Wanted = "x",
    bind: bool = False,
    dtype: str = "float32",
) -> Call:
    x, y = audio(clips, samples, dtype)
    if wanted == "value":
        return without_gradient(lambda: loss(x, y))
    if bind:
        bound = loss.bind(x)
        return with_gradient(lambda: bound(y), y)
    return with_gradient(lambda: loss(x, y), x if wanted == "x" else y)
