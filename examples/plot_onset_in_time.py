"""
A late onset, moved along time
==============================

Transport need not run along frequency. With ``dim=-2`` each band is a distribution of energy over
time, and the loss measures how far energy has to move in time. A delayed copy of a piano note costs
more the later it is, and the gradient by the delay points to the right delay from everywhere.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import torch

import sot
from sot.audio import read_audio

NOTES = Path(sot.__file__).parent / "data" / "notes"
note = read_audio(NOTES / "piano_060.flac")
rate, clip, hop = note.sample_rate, 16000, 128
attack = note.samples[0, :8000] * torch.linspace(1, 0, 8000)  # half a second, faded out


def delayed(seconds):
    """The note in a clip of one second, later by a delay that has a gradient: (1, samples)."""
    frequencies = torch.fft.rfftfreq(2 * clip, 1 / rate)
    turns = torch.exp(-2j * torch.pi * frequencies * seconds)
    return torch.fft.irfft(torch.fft.rfft(attack, 2 * clip) * turns)[None, :clip]


# %%
# Positions along time are frame indices, so with the exponent 1 the loss is a mean distance in
# frames, which ``hop / rate`` turns into seconds. Mel bands are wide enough to tell when something
# starts.

truth = torch.tensor(0.2)
losses = {
    "transport along time": sot.Wasserstein1DLoss(
        "mel", dim=-2, p=1, n_mels=20, fft_size=512, hop_length=hop, sample_rate=rate
    ).bind(delayed(truth)),
    "multi-scale magnitudes": sot.MultiScaleSpectralLoss().bind(delayed(truth)),
}
delays = torch.linspace(0.02, 0.44, 22)
values, slopes, right = {}, {}, {}
for name, loss in losses.items():
    pairs = []
    for delay in delays:
        delay = delay.clone().requires_grad_()
        value = loss(delayed(delay))
        pairs.append((value.detach(), *torch.autograd.grad(value, delay)))
    values[name], slopes[name] = torch.tensor(pairs).T
    towards = slopes[name] * (delays - truth) > 0
    right[name] = float(towards[(delays - truth).abs() > 1e-3].float().mean())
    print(f"{name}: the gradient points to the right delay at {right[name]:.0%} of the delays")

# %%
# The value of the transport is the distance between the two onsets, up to the 8 ms of a hop, and
# its gradient points to the right delay everywhere.

milliseconds = 1e3 * values["transport along time"] * hop / rate
assert ((milliseconds - 1e3 * (delays - truth).abs()).abs() < 8).all()
assert right["transport along time"] == 1
assert right["multi-scale magnitudes"] < 0.9

figure, (left, other) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
left.plot(1e3 * delays, milliseconds)
left.set(title="transport along time", ylabel="loss (ms)")
other.plot(1e3 * delays, values["multi-scale magnitudes"], color="C2")
wrong = slopes["multi-scale magnitudes"] * (delays - truth) < 0
other.plot(
    1e3 * delays[wrong],
    values["multi-scale magnitudes"][wrong],
    "x",
    color="C3",
    label="gradient points away",
)
other.set(title="multi-scale magnitudes", ylabel="loss")
for ax in (left, other):
    ax.axvline(1e3 * float(truth), color="0.4", linestyle=":", label="true delay")
    ax.set_xlabel("delay (ms)")
    ax.set_ylim(top=1.3 * ax.get_ylim()[1])
    ax.legend(loc="upper center", framealpha=1, edgecolor="none")
plt.show()
