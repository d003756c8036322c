"""
Noise and silence
=================

Two things spoil a distance between spectra. Noise lies in every bin, so that energy has to be moved
to and from all of them: ``noise_floor`` takes it off before spectra are compared. A frame in which
a note is over has no pitch to tell: ``silence_db`` keeps it from voting.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import torch

import sot
from sot.audio import read_audio
from sot.landscape import harmonic_tone, sweep
from sot.plots import plot_landscapes

NOTES = Path(sot.__file__).parent / "data" / "notes"
note = read_audio(NOTES / "piano_060.flac")
rate, f0 = note.sample_rate, 261.63

# %%
# Noise: the note with white noise as loud as itself, and a tone of 12 harmonics. Without a floor
# the noise decides where the least value lies; with one, the note does.

clean = note.samples[:, 2000:10192]
noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
noisy = clean + noise * clean.square().mean().sqrt()
amplitudes = 0.5 ** torch.arange(8)


def tone(pitch):
    return harmonic_tone(pitch, clean.shape[-1], rate, amplitudes)


pitches = torch.logspace(6, 10, 61, base=2)
landscapes = {}
for floor in (0, 5):
    loss = sot.Wasserstein1DLoss(preset="pitch", sample_rate=rate, noise_floor=floor, lowpass=None)
    landscapes[f"noise_floor={floor}"] = sweep(loss.bind(noisy), tone, pitches)
right = {}
for name, landscape in landscapes.items():
    right[name] = landscape.towards(f0)
    nearest = float(pitches[landscape.values.argmin()])
    print(f"{name}: least at {nearest:.0f} Hz, {right[name]:.0%} point to {f0:.0f} Hz")
assert right["noise_floor=5"] > 0.95
assert right["noise_floor=0"] < 0.7

# %%
# Silence: the note fades out within 0.8 s, and then there is a hiss 50 dB below it. Each frame has
# a distance to a tone of the right pitch, in Hz. Those of the hiss are large and say nothing.

fade = (1 - torch.arange(note.samples.shape[-1]) / rate / 0.8).clamp(min=0)
hiss = torch.randn(note.samples.shape, generator=torch.Generator().manual_seed(1))
faded = note.samples * fade + 10 ** (-50 / 20) * clean.square().mean().sqrt() * hiss
steady = harmonic_tone(torch.tensor([f0]), faded.shape[-1], rate, amplitudes)
settings = {
    "fft_size": 2048,
    "hop_length": 512,
    "sample_rate": rate,
    "square_magnitude": True,
    "bin_position_scaling": "absolute",
    "p": 1,
}
everything = sot.Wasserstein1DLoss(**settings, reduction="none")(faded, steady)[0]
voting = sot.Wasserstein1DLoss(**settings, reduction="none", silence_db=-40)(faded, steady)[0] > 0
means = {
    name: float(sot.Wasserstein1DLoss(**settings, silence_db=level)(faded, steady))
    for name, level in {"all frames": None, "silence_db=-40": -40.0}.items()
}
print({name: f"{mean:.0f} Hz" for name, mean in means.items()})
torch.testing.assert_close(torch.tensor(means["silence_db=-40"]), everything[voting].mean())
assert everything[~voting].min() > everything[voting].max()

figure, (left, other) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
plot_landscapes(landscapes, f0, left)
left.set_title("noise as loud as the note")
seconds = torch.arange(len(everything)) * 512 / rate
other.semilogy(seconds, everything, color="0.7", marker=".", label="silent: no vote")
other.semilogy(seconds[voting], everything[voting], color="C0", marker=".", label="votes")
for (name, mean), style in zip(means.items(), ("--", ":"), strict=True):
    other.axhline(mean, color="0.3", linestyle=style, label=f"mean, {name}")
other.set(title="a note that fades out", xlabel="start of the frame (s)", ylabel="distance (Hz)")
other.set_ylim(bottom=15)
other.legend(frameon=False, loc="lower right", fontsize="small")
plt.show()
