"""
A harmonic synthesiser matched to a recorded note
=================================================

A synthesiser of the kind that DDSP made known: a pitch and the amplitudes of harmonics, all of
which change over time, are its parameters. It starts an octave below a recorded violin note and
follows the gradient of a transport loss, which finds the pitch, together with a bin-by-bin loss,
which fits the amplitudes.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch import nn

import sot
from sot.audio import read_audio
from sot.spectra import STFT

NOTES = Path(sot.__file__).parent / "data" / "notes"
F0, SAMPLES, FRAMES, HARMONICS = 440.0, 8192, 17, 16

note = read_audio(NOTES / "violin_069.flac")
rate, target = note.sample_rate, note.samples[:, 4000 : 4000 + SAMPLES]


class Synthesiser(nn.Module):
    """Harmonics whose pitch and amplitudes are given at a few points and joined by lines."""

    def __init__(self, start):
        super().__init__()
        self.octaves = nn.Parameter(torch.full((1, 1, FRAMES), start).log2())
        roll_off = (0.3 / torch.arange(1, HARMONICS + 1)).log()
        self.log_amplitudes = nn.Parameter(roll_off[None, :, None].repeat(1, 1, FRAMES))

    def forward(self):
        def joined(points):
            return nn.functional.interpolate(points, SAMPLES, mode="linear", align_corners=True)[0]

        pitch = joined(self.octaves).exp2()
        orders = torch.arange(1, HARMONICS + 1)[:, None]
        phases = 2 * torch.pi * orders * (pitch.double() / rate).cumsum(-1)
        audible = orders * pitch < rate / 2
        waves = joined(self.log_amplitudes.exp()) * phases.sin().float() * audible
        return waves.sum(0, keepdim=True)


# %%
# The weight of the bin-by-bin loss is the one of the page about mixing, which was measured with
# more sizes: with it, both losses pull about alike when the pitch is a semitone off.

loss = sot.WeightedSum(
    {
        "pitch": sot.Wasserstein1DLoss(preset="pitch", sample_rate=rate),
        "magnitude": sot.MultiScaleSpectralLoss(fft_sizes=[2048, 512]),
    },
    {"magnitude": 1 / 72},
).bind(target)
synthesiser = Synthesiser(F0 / 2)
with torch.no_grad():
    before = synthesiser()

# %%
# For the first third the amplitudes are kept. Otherwise the synthesiser could stay where it is and
# silence its odd harmonics, since that is the same sound.

optimiser = torch.optim.Adam(
    [
        {"params": [synthesiser.octaves], "lr": 0.05},
        {"params": [synthesiser.log_amplitudes], "lr": 0.0},
    ],
    betas=(0.8, 0.9),
)
path = []
for step in range(150):
    if step == 50:
        optimiser.param_groups[0]["lr"], optimiser.param_groups[1]["lr"] = 0.003, 0.05
    optimiser.zero_grad()
    total, parts = loss(synthesiser())
    total.backward()
    optimiser.step()
    path.append(float(synthesiser.octaves.detach().exp2().median()))
with torch.no_grad():
    after = synthesiser()

# %%
# The pitch is found to within 10 cents, and the first eight harmonics of the frame that is drawn
# have the levels of those of the note to within 6 dB.

spectrum = STFT(2048, 512, window="blackmanharris", sample_rate=rate)
frame = 5
decibels = {
    name: 20 * spectrum(audio)[0, frame].log10()
    for name, audio in {"note": target, "start": before, "end": after}.items()
}
bins = (F0 * torch.arange(1, 9) / rate * 2048).round().long()
peaks = {
    name: nn.functional.max_pool1d(levels[None], 7, 1, 3)[0, bins]
    for name, levels in decibels.items()
}
errors = (peaks["end"] - peaks["note"]).abs()
cents = 1200 * float(torch.tensor(path[-1] / F0).log2())
print(f"{path[-1]:.1f} Hz, {cents:+.0f} cents; harmonics differ by up to {errors.max():.1f} dB")
assert abs(cents) < 10
assert errors.max() < 6

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
left.plot(path)
left.axhline(F0, color="0.4", linestyle=":", label=f"true pitch, {F0:.0f} Hz")
left.axvspan(0, 50, color="0.92", label="amplitudes kept")
left.set(title="pitch of the synthesiser", xlabel="step", ylabel="pitch (Hz)", xlim=(0, 150))
left.legend(loc="lower right")
for (name, levels), style in zip(decibels.items(), ("-", ":", "--"), strict=True):
    right.plot(spectrum.frequencies / 1000, levels, style, linewidth=1, label=name)
top = float(decibels["note"].max())
right.set(title="one frame", xlabel="frequency (kHz)", ylabel="level (dB)", xlim=(0, 5))
right.set_ylim(top - 80, top + 10)
right.legend(ncols=3, loc="upper right")
plt.show()
