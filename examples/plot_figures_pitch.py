"""
Figures of pitch
================

A loss over the pitch of a candidate, its gradient, and the pitches that descent finds. Target and
candidates are tones with five harmonics; the target of the loss has 300 Hz.
"""

import math

import matplotlib.pyplot as plt
import torch

import sot
from sot.landscape import harmonic_tone, sweep
from sot.plots import plot_landscape_gradients, plot_landscapes, plot_pitches

RATE, SAMPLES, F0 = 16000, 4096, 300.0
AMPLITUDES = 1 / torch.arange(1, 6)


def tone(pitch):
    return harmonic_tone(pitch, SAMPLES, RATE, AMPLITUDES)


# %%
# Landscapes are scaled to their range. Gradients keep their sign: in the shaded quarters a step of
# descent leads away from the true pitch.

target = tone(torch.tensor([F0]))
losses = {
    "transport": sot.Wasserstein1DLoss(preset="pitch", sample_rate=RATE),
    "multi-scale": sot.MultiScaleSpectralLoss(fft_sizes=[2048, 512]),
}
pitches = torch.logspace(math.log2(50), math.log2(2000), 61, base=2)
landscapes = {name: sweep(loss.bind(target), tone, pitches) for name, loss in losses.items()}
for name, landscape in landscapes.items():
    print(f"{name}: {landscape.towards(F0):.0%} of the gradients point to {F0:.0f} Hz")
assert landscapes["transport"].towards(F0) > 0.95

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
plot_landscapes(landscapes, F0, left)
plot_landscape_gradients(landscapes, F0, right)
plt.show()

# %%
# Forty tones of other pitches are sought at once, each from up to an octave away.

torch.manual_seed(0)
true = 100 * 2 ** (3 * torch.rand(40))
starts = true * 2 ** (2 * torch.rand(40) - 1)
loss = sot.Wasserstein1DLoss(preset="pitch", sample_rate=RATE, reduction="batch").bind(tone(true))
octaves = starts.log2().requires_grad_()
optimiser = torch.optim.Adam([octaves], lr=0.05)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 60)
for _ in range(60):
    optimiser.zero_grad()
    loss(tone(octaves.exp2())).sum().backward()
    optimiser.step()
    schedule.step()
found = octaves.detach().exp2()

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")
for ax, name, estimates in ((left, "starts", starts), (right, "after 60 steps", found)):
    near = int(((estimates / true).log2().abs() < 0.5 / 12).sum())
    plot_pitches(true, estimates, ax)
    ax.set_title(f"{name}: {near} of 40 within 50 cents")
assert near >= 38
plt.show()
