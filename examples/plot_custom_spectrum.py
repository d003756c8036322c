"""
A spectrum of one's own
=======================

A loss with ``transform="identity"`` takes spectrograms. Whatever module gives a non-negative one,
with the bins before the time, can stand in front of it, and the places of its bins are given with
it. Here they are the bands of a filter bank on the ERB-rate scale, after which distances are in
ERBs: about as far as two sounds lie apart along the cochlea.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch import nn

import sot
from sot.audio import read_audio
from sot.landscape import harmonic_tone
from sot.spectra import STFT

NOTES = Path(sot.__file__).parent / "data" / "notes"


def erb_rate(hertz):
    """Number of equivalent rectangular bandwidths below a frequency (Glasberg and Moore, 1990)."""
    return 21.4 * torch.log10(1 + 0.00437 * hertz)


# %%
# The module: powers of an STFT, through bands of the shape exp(-pi d^2), which have the width 1, d
# being the distance in ERBs.


class ErbSpectrum(nn.Module):
    """Energies in overlapping bands, from (batch, samples) to (batch, bands, frames)."""

    def __init__(self, sample_rate, bands=64):
        super().__init__()
        self.stft = STFT(2048, 512, sample_rate=sample_rate, window="hann", square_magnitude=True)
        bins = erb_rate(torch.from_numpy(self.stft.frequencies).float())
        places = torch.linspace(2, float(bins[-1]), bands)
        self.register_buffer("places", places, persistent=False)
        filters = torch.exp(-torch.pi * (bins[:, None] - places) ** 2)
        self.register_buffer("filters", filters, persistent=False)

    def forward(self, audio):
        return (self.stft(audio) @ self.filters).transpose(-1, -2)


# %%
# The distance of a recorded piano note from tones of 8 harmonics, and its gradient.

note = read_audio(NOTES / "piano_060.flac")
rate, f0 = note.sample_rate, 261.63
target = note.samples[:, 2000:10192]
spectrum = ErbSpectrum(rate)
loss = sot.Wasserstein1DLoss(transform="identity", p=1, reduction="batch")

pitches = torch.logspace(6.5, 9.5, 61, base=2).requires_grad_()
tones = harmonic_tone(pitches, target.shape[-1], rate, 0.5 ** torch.arange(8))
reference = spectrum(target).expand(len(tones), -1, -1)
distances = loss(reference, spectrum(tones), x_positions=spectrum.places)
(slopes,) = torch.autograd.grad(distances.sum(), pitches)
least = float(pitches[distances.argmin()].detach())
right = float((slopes * (pitches - f0) > 0).float().mean())
print(f"nearest at {least:.0f} Hz; {right:.0%} of the gradients point to {f0:.0f} Hz")
assert abs(12 * torch.tensor(least / f0).log2()) < 1
assert right > 0.9

figure, (left, line) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
decibels = 10 * spectrum(target)[0].log10()
seconds = decibels.shape[-1] * 512 / rate
image = left.imshow(
    decibels.numpy(),
    origin="lower",
    aspect="auto",
    vmin=float(decibels.max()) - 60,
    extent=(0, seconds, float(spectrum.places[0]), float(spectrum.places[-1])),
)
figure.colorbar(image, ax=left, label="energy (dB)")
left.set(title="the piano note", xlabel="time (s)", ylabel="ERB rate")
line.plot(pitches.detach(), distances.detach())
line.axvline(f0, color="0.4", linestyle=":", label="true pitch")
line.set_xscale("log", base=2)
line.set_xticks([128, 256, 512], ["128", "256", "512"])
line.set(title="distance", xlabel="pitch of the tone (Hz)", ylabel="distance (ERB)", ylim=(0, None))
line.legend(frameon=False, loc="upper left")
plt.show()
