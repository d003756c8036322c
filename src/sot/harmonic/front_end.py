"""The encoder's input: the constant-Q transform of clips.

Clips are short and all of one length, while most kernels outlast them. So a frame is one product
of the clip with a matrix, and the matrices of all frames are windows into a single one.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sot import _checks
from sot._constants import ConstantsModule
from sot.spectra import VQT

#: What the experiment keeps fixed: rate in Hz, samples of a clip, samples from frame to frame.
SAMPLE_RATE = 16000
CLIP_SAMPLES = 4096
MOST_HARMONICS = 1000  # all that a pitch of 8 Hz has
HOP_LENGTH = 256
CLIP_FRAMES = CLIP_SAMPLES // HOP_LENGTH


class ClipTransform(ConstantsModule):
    """Constant-Q magnitudes of clips of 4096 samples at 16 kHz, in 16 frames of 285 bins.

    36 bins in an octave from 32.7 Hz to 7750.7 Hz; Hann windows; kernels of unit L1 norm times the
    root of their length. Frame t is centred on sample 256 t, with zeros beyond the clip, whose
    last sample is dropped.

    Example:
        >>> import torch
        >>> from sot.harmonic import ClipTransform
        >>> ClipTransform()(torch.randn(2, 4096)).shape
        torch.Size([2, 16, 285])
    """

    def __init__(self) -> None:
        super().__init__()
        transform = VQT(
            hop_length=HOP_LENGTH,
            fmin=32.7,
            n_bins=285,
            bins_per_octave=36,
            window="hann",
            sample_rate=SAMPLE_RATE,
            framing="zero",
        )
        self.frequencies = transform.frequencies
        self.bins = transform.bins
        reach = CLIP_SAMPLES  # on either side of a frame's centre
        kernels = np.zeros((2 * reach, 2 * self.bins))
        for index in range(self.bins):
            kernel = np.conj(transform.kernel(index))
            centre = (len(kernel) + 1) // 2
            kernel = kernel[max(0, centre - reach) : centre + reach]
            start = reach - min(centre, reach)
            kernels[start : start + len(kernel), index] = kernel.real
            kernels[start : start + len(kernel), self.bins + index] = kernel.imag
        self.add_constant("kernels", kernels)

    def forward(self, clips: Tensor) -> Tensor:
        """Magnitudes (clips, 16, 285) of clips (clips, 4096).

        Raises:
            ValueError: clips of another length.
            TypeError: input that is not a floating-point tensor.
        """
        clips = _checks.floating("clips", clips)
        if clips.ndim != 2 or clips.shape[1] != CLIP_SAMPLES:
            _checks.fail("clips", f"shape (clips, {CLIP_SAMPLES})", clips, "cut the audio first")
        kernels = self.constant("kernels", clips.dtype)
        used = clips[:, :-1]
        frames = []
        for frame in range(CLIP_FRAMES):
            start = CLIP_SAMPLES - frame * HOP_LENGTH
            real, imaginary = (used @ kernels[start : start + used.shape[1]]).chunk(2, dim=-1)
            frames.append(torch.hypot(real, imaginary))
        return torch.stack(frames, dim=1)
