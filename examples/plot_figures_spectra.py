"""
Figures of two spectra
======================

One frame of a piano note (262 Hz) and one of a violin note (440 Hz), in the figures of
:mod:`sot.plots` for a pair of spectra. Each takes axes, or makes its own. What is shaded is the
distance, in Hz.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import torch

import sot
from sot.audio import read_audio
from sot.plots import (
    plot_cdfs,
    plot_comparison,
    plot_mass_rules,
    plot_quantiles,
    plot_scalings,
)
from sot.spectra import STFT, VQT

NOTES = Path(sot.__file__).parent / "data" / "notes"
piano, violin = (read_audio(NOTES / name) for name in ("piano_060.flac", "violin_069.flac"))
spectrum = STFT(fft_size=2048, hop_length=256, sample_rate=piano.sample_rate)
frequencies = torch.from_numpy(spectrum.frequencies)
x, y = (spectrum(note.samples)[0, 20] for note in (piano, violin))

# %%
# What a transport loss sees of them, and what a bin-by-bin loss sees.

plot_comparison(frequencies, x, y, plt.figure(figsize=(9, 3.6), layout="constrained"))
plt.show()

# %%
# Cumulative distributions and quantile functions are the same picture, turned on its side, and the
# area between the curves is the distance in both.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
area = plot_cdfs(frequencies, x, y, left).area
plot_quantiles(frequencies, x, y, right)
loss = sot.Wasserstein1DLoss(transform="identity", p=1)
hertz = float(loss(x[None], y[None], frequencies.float()))
assert area.get_label() == f"area: {hertz:.4g} Hz"
plt.show()

# %%
# The violin is given half as much again as the piano has. With ``balanced=False`` the piano is
# completed at the highest frequency; with ``quantile_lowpass=True`` what is beyond it is left out.

loud = y * 1.5 * x.sum() / y.sum()
plot_mass_rules(frequencies, x, loud, plt.figure(figsize=(9, 6.4), layout="constrained"))
plt.show()

# %%
# The ground positions, of an STFT and of a constant-Q transform. The steeper a curve, the more a
# move by 1 Hz costs there.

figure, sides = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
transforms = {"STFT": spectrum, "constant-Q": VQT(sample_rate=piano.sample_rate)}
for ax, (name, transform) in zip(sides, transforms.items(), strict=True):
    plot_scalings(transform, ax)
    ax.set_title(name)
plt.show()
