"""Where a kernel of the variable-Q transform is cut in two: a smooth middle and abrupt ends.

A window seldom fades out: the first sample of flat-top, -4e-4, is a step whose spectrum falls as
slowly as that of a rectangle. Times a taper the kernel has a spectrum that ends, which takes a
narrow band in the frequency domain; what the taper takes away is a few samples in the time domain.
How steep the taper may be depends on the step: the shape with the narrowest band is measured.
"""

from __future__ import annotations

import math

import numpy as np

from sot.spectra.framing import Array, Window, window_samples

# The band of a kernel is cut where less than this share of its energy is left outside. The quiet
# bins between the harmonics of a tone, and the gradient through them, are made of such remainders,
# so the cut is far below what the values at the peaks would need.
_ENERGY_OUTSIDE = 1e-15
# A window with a kink in its middle has a spectrum that falls slowly in spite of the taper: it is
# cut at this multiple of 1 / length, unless more than this share of its energy lies beyond.
_WIDEST = 1000.0
_ENERGY_BEYOND = 1e-10
# Shapes of the taper, whose step is a summed Kaiser window: the higher, the wider the band of the
# step, and the less of it is left beyond. An abrupt window of few samples wants a high one.
_KAISER_BETAS = (14.0, 12.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0)
# Kernels of fewer tapers than this are not worth a band.
_TAPERS = 8
# Transforms whose longest kernel has fewer samples are quick as they are, and exact in silence,
# where a band leaves rounding errors of the sound beside it.
_LEAST_LONGEST = 2000


def taper_length(hop: int) -> int:
    """Samples of the taper: longer ends cost products, shorter ones wider bands of 1 / length."""
    return max(32, round(4 * math.sqrt(hop)))


def taper(length: int, taps: int, beta: float) -> Array:
    """Taper of a kernel, symmetric as a periodic window is: sample n equals sample length - n."""
    step = np.cumsum(np.kaiser(taps + 1, beta))
    step /= step[-1]
    values = np.ones(length)
    values[:taps] = step[:taps]
    values[length - taps + 1 :] = step[1:taps][::-1]
    return values


def half_widths(window: Window, lengths: Array, hop: int) -> tuple[Array, Array]:
    """Half the band of each tapered kernel, and the shape of the taper that makes it narrowest.

    Args:
        window: the window.
        lengths: samples of each kernel, descending.
        hop: samples from one frame to the next.

    Returns:
        Half widths in cycles per sample, infinite where a band is not worth it, and shapes.
    """
    taps = taper_length(hop)
    widths = np.full(len(lengths), math.inf)
    shapes = np.full(len(lengths), _KAISER_BETAS[0])
    best = 0
    # The longer the kernel, the narrower the band and the lower the best shape: one measurement
    # serves all up to twice as long.
    length = _TAPERS * taps
    while length <= lengths[0] and lengths[0] > _LEAST_LONGEST:
        width, best = _narrowest(window, length, taps, best)
        # As a product with the windows the kernel costs its length, as a band the rows it covers.
        widths[lengths >= length] = width if 8 * width * hop <= length else math.inf
        shapes[lengths >= length] = _KAISER_BETAS[best]
        length *= 2
    return widths, shapes


def _narrowest(window: Window, length: int, taps: int, first: int) -> tuple[float, int]:
    """The narrowest half band, and the index of its shape, sought from a first one downwards."""
    samples = window_samples(window, length)
    narrowest = math.inf
    for index in range(first, len(_KAISER_BETAS)):
        width = _half_width(samples * taper(length, taps, _KAISER_BETAS[index]), taps)
        if width >= narrowest:
            return narrowest, max(first, index - 1)
        narrowest = width
    return narrowest, len(_KAISER_BETAS) - 1


def _half_width(samples: Array, taps: int) -> float:
    factor = 4
    length = len(samples)
    power = np.abs(np.fft.rfft(samples, length * factor)) ** 2
    outside = np.cumsum(power[::-1])[::-1] / power.sum()
    width = float(np.argmax(outside < _ENERGY_OUTSIDE) or len(power))
    widest = max(_WIDEST, 8 * length / taps) * factor
    if width > widest and outside[int(widest)] > _ENERGY_BEYOND:
        return math.inf
    return min(width, widest) / factor / length
