"""
Pitch by gradient descent
=========================

Eight candidates start at pitches from two octaves below a recorded violin note to two octaves above
it, and follow the gradient of a loss. With optimal transport all of them arrive. With a multi-scale
loss, which compares spectra bin by bin, hardly any does.

The candidate has 12 harmonics that fall as 1 / k, which is not the timbre of a violin.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import torch

import sot
from sot.audio import read_audio
from sot.landscape import harmonic_tone
from sot.plots import plot_descents

NOTES = Path(sot.__file__).parent / "data" / "notes"
VIOLIN, F0 = NOTES / "violin_069.flac", 440.0

note = read_audio(VIOLIN)
target = note.samples[:, 4000:8096]
amplitudes = 1 / torch.arange(1, 13)

# %%
# All candidates are one batch. With ``reduction="batch"`` the loss has one value for each of them,
# so that the gradient of the sum is the gradient of each by itself.


def descend(loss, starts, steps=60):
    """Pitches in Hz before each step and after the last, shape (steps + 1, candidates)."""
    octaves = starts.log2().requires_grad_()
    optimiser = torch.optim.Adam([octaves], lr=0.1, betas=(0.8, 0.9))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    path = [octaves.detach().exp2()]
    for _ in range(steps):
        optimiser.zero_grad()
        tones = harmonic_tone(octaves.exp2(), target.shape[-1], note.sample_rate, amplitudes)
        loss(target.expand(len(starts), -1), tones).sum().backward()
        optimiser.step()
        schedule.step()
        path.append(octaves.detach().exp2())
    return torch.stack(path)


losses = {
    "optimal transport": sot.Wasserstein1DLoss(
        preset="pitch", sample_rate=note.sample_rate, reduction="batch"
    ),
    "multi-scale magnitudes": sot.MultiScaleSpectralLoss(reduction="batch"),
}
starts = F0 * 2 ** torch.linspace(-2, 2, 8)
paths = {name: descend(loss, starts) for name, loss in losses.items()}

# %%
# How many arrive within 30 cents:

arrived = {
    name: int((1200 * (path[-1] / F0).log2().abs() < 30).sum()) for name, path in paths.items()
}
print(arrived)
assert arrived["optimal transport"] == 8
assert arrived["multi-scale magnitudes"] <= 2

figure, sides = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
for ax, (name, path) in zip(sides, paths.items(), strict=True):
    plot_descents({f"{path[0, k]:.0f} Hz": path[:, k] for k in range(8)}, F0, ax)
    ax.get_legend().remove()
    ax.set_title(f"{name}: {arrived[name]} of 8 arrive")
sides[1].set_ylabel("")
plt.show()
