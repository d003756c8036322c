"""
One compiled graph for loss and model
=====================================

The losses go through ``torch.compile(fullgraph=True)``: their kernels are custom operators that the
compiler knows. Here a small model and its loss are one graph. To keep this page quick, the graph is
run by ``backend="aot_eager"``, which traces all of it, backward pass included, and generates no
code; leave the argument out in earnest.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import torch

import sot
from sot.audio import read_audio

NOTES = Path(sot.__file__).parent / "data" / "notes"
violin = read_audio(NOTES / "violin_069.flac")
target = violin.samples[:, 4000:8096]

# %%
# The model is a filter of 64 taps, which is to give noise the spectrum of the note.

noise = 0.1 * torch.randn(2, 1, 4159, generator=torch.Generator().manual_seed(0))
loss = sot.Wasserstein1DLoss(preset="pitch", sample_rate=violin.sample_rate, noise_floor=0)


def step(taps):
    shaped = torch.nn.functional.conv1d(noise, taps)[:, 0]
    return loss(target.expand(len(noise), -1), shaped)


compiled = torch.compile(step, fullgraph=True, backend="aot_eager")


def train(function, steps=40):
    """Losses over the steps, and the taps at the end."""
    taps = torch.zeros(1, 1, 64)
    taps[..., 0] = 1
    taps.requires_grad_()
    optimiser = torch.optim.Adam([taps], lr=0.03)
    values = []
    for _ in range(steps):
        optimiser.zero_grad()
        value = function(taps)
        value.backward()
        optimiser.step()
        values.append(value.item())
    return torch.tensor(values), taps.detach()


eager, taps = train(step)
graph, same_taps = train(compiled)

# %%
# Both trainings take the same way, and the filter ends up with its peak near the pitch.

difference = float((eager - graph).abs().max())
print(f"largest difference of two losses: {difference:.1g}")
response = torch.fft.rfft(taps.flatten(), 1024).abs()
frequencies = torch.fft.rfftfreq(1024, 1 / violin.sample_rate)
peak = float(frequencies[response.argmax()])
assert difference < 1e-6
assert eager[-1] < 0.5 * eager[0]
assert abs(peak - 440) < 100
print(f"loss {eager[0]:.4f} to {eager[-1]:.4f}, peak at {peak:.0f} Hz")

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
left.plot(eager, linewidth=4, alpha=0.4, label="eager")
left.plot(graph, "--", label="compiled")
left.set(title="training", xlabel="step", ylabel="loss", ylim=(0, None))
left.legend(frameon=False)
right.plot(frequencies, 20 * response.log10())
right.axvline(440, color="0.4", linestyle=":", label="pitch of the note, 440 Hz")
right.set(title="the filter", xlabel="frequency (Hz)", ylabel="gain (dB)", xlim=(0, 4000))
right.legend(frameon=False)
plt.show()
