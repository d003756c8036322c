"""
Balancing a horizontal and a vertical loss
==========================================

A transport loss says where a pitch lies; a bin-by-bin loss says what timbre and level have to be.
In a sum of both the weight decides which of them leads. Values say little about that, since it is
the gradient that reaches a model. So the weight is chosen such that both gradients are equal where
training spends its time, here a semitone from the target.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import torch

import sot
from sot.audio import read_audio
from sot.landscape import descend, harmonic_tone
from sot.plots import plot_descents

NOTES = Path(sot.__file__).parent / "data" / "notes"
note = read_audio(NOTES / "violin_069.flac")
rate, f0, samples = note.sample_rate, 440.0, 4096
target = note.samples[:, 4000 : 4000 + samples]
amplitudes = 1 / torch.arange(1, 13)


def tone(pitch):
    return harmonic_tone(pitch, samples, rate, amplitudes)


# %%
# The norms of the gradients by the samples of a tone, from 10 cents above the note to an octave.

transport = sot.Wasserstein1DLoss(preset="pitch", sample_rate=rate, reduction="batch")
magnitude = sot.MultiScaleSpectralLoss(fft_sizes=[2048, 512], reduction="batch")
cents = torch.logspace(1, 3.08, 16)
norms = {}
for name, loss in {"transport": transport, "multi-scale": magnitude}.items():
    tones = tone(f0 * 2 ** (cents / 1200)).requires_grad_()
    values = loss(target.expand(len(tones), -1), tones)
    (gradients,) = torch.autograd.grad(values.sum(), tones)
    norms[name] = gradients.norm(dim=-1)
semitone = int((cents - 100).abs().argmin())
balanced = float(norms["transport"][semitone] / norms["multi-scale"][semitone])
print(f"weight of the multi-scale loss: {balanced:.2g}")

# %%
# Descent from an octave below the note, with that weight, a hundredth of it and a hundred times as
# much. With the first two the pitch is found. With the last one the bin-by-bin loss leads, and
# holds the tone where it is wrong.

paths = {}
for factor in (0.01, 1, 100):
    mix = sot.WeightedSum(
        {"transport": transport, "magnitude": magnitude}, {"magnitude": factor * balanced}
    ).bind(target)
    path = descend(lambda y, mix=mix: mix(y).total, tone, f0 / 2, steps=60, learning_rate=0.1)
    paths[f"weight {factor * balanced:.2g}"] = path
off = [1200 * float((path[-1] / f0).log2()) for path in paths.values()]
print([f"{one:+.0f} cents" for one in off])
assert abs(off[0]) < 20
assert abs(off[1]) < 20
assert abs(off[2]) > 100

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
left.loglog(cents, norms["multi-scale"], "-.", label="multi-scale")
left.loglog(cents, norms["transport"], label="transport")
left.loglog(cents, balanced * norms["multi-scale"], "--", label=f"multi-scale times {balanced:.2g}")
left.set(title="gradient of each loss", xlabel="pitch above the note (cents)", ylabel="norm")
left.set_xticks([10, 100, 1000], ["10", "100", "1000"])
left.legend(frameon=False, loc="center left")
plot_descents(paths, f0, right)
right.set_yticks([220, 330, 440])
right.set_title("descent on the sum")
plt.show()
