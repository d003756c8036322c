"""
Clips of unequal length in one batch
====================================

Clips are padded to one length, and ``lengths`` says how long each of them is. Then each clip has
the frames that it would have by itself: the same value, and no gradient behind its end, whatever
stands there.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import torch

import sot
from sot.audio import read_audio
from sot.landscape import harmonic_tone

NOTES = Path(sot.__file__).parent / "data" / "notes"
violin = read_audio(NOTES / "violin_069.flac")
rate, lengths = violin.sample_rate, torch.tensor([16000, 9000, 5000])

# %%
# A batch of the beginnings of a note, and of estimates a fifth higher. Behind the ends stands
# noise, as an estimate may well have it there.

inside = torch.arange(16000) < lengths[:, None]
target = violin.samples[:, :16000] * inside
tones = harmonic_tone(torch.full((3,), 660.0), 16000, rate, 1 / torch.arange(1, 5))
generator = torch.Generator().manual_seed(0)
estimate = torch.where(inside, tones, torch.randn(3, 16000, generator=generator))

loss = sot.Wasserstein1DLoss(preset="pitch", sample_rate=rate, reduction="batch")
alone = [loss(target[k, :n], estimate[k, :n]).item() for k, n in enumerate(lengths)]
gradients, values = {}, {}
for name, given in {"with lengths": lengths, "without": None}.items():
    audio = estimate.clone().requires_grad_()
    values[name] = loss(target, audio, lengths=given)
    (gradients[name],) = torch.autograd.grad(values[name].sum(), audio)
    print(name, [round(value, 4) for value in values[name].tolist()])
print("each clip alone", [round(value, 4) for value in alone])

# %%
# With lengths, values are those of the clips alone, and the padding gets no gradient.

torch.testing.assert_close(values["with lengths"], torch.tensor(alone), rtol=1e-4, atol=0)
assert (gradients["with lengths"][~inside] == 0).all()
assert (gradients["without"][~inside] != 0).any()

figure, rows = plt.subplots(3, 2, figsize=(9, 5), sharex=True, sharey=True, layout="constrained")
time = torch.arange(16000) / rate
top = 1e6 * float(gradients["with lengths"].abs().max())
for column, name in enumerate(gradients):
    rows[0, column].set_title(name)
    for k, ax in enumerate(rows[:, column]):
        ax.plot(time, 1e6 * gradients[name][k], linewidth=0.5)
        ax.axvspan(float(lengths[k]) / rate, 1, color="0.9", label="padding")
        ax.set(xlim=(0, 1), ylim=(-top, top))
    rows[2, column].set_xlabel("time (s)")
figure.supylabel("gradient by the samples (1e-6)")
rows[2, 0].legend(loc="center right")
plt.show()
