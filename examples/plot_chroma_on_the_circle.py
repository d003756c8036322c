"""
Pitch classes on a circle
=========================

Chroma folds a spectrum into one octave, whose ends meet. With ``circular=True`` energy may go
either way around. So a tone an octave away costs next to nothing, a tone half an octave away costs
the most, and B is as close to C as C sharp is.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import torch

import sot
from sot.audio import read_audio
from sot.landscape import harmonic_tone
from sot.spectra import Chroma

NOTES = Path(sot.__file__).parent / "data" / "notes"
note = read_audio(NOTES / "violin_069.flac")
rate, f0 = note.sample_rate, 440.0
target = note.samples[:, 4000:16000]

# %%
# The chroma of the note, an A, drawn around the circle, by magnitudes. Its harmonics are there too:
# the third and the sixth are an E, the fifth is a C sharp.

chroma = Chroma(4096, 1024, window="blackmanharris", sample_rate=rate)
shares = chroma(target)[0].mean(0)
shares = shares / shares.sum()
angles = 2 * torch.pi * torch.from_numpy(chroma.positions())
names = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"]
assert names[round(12 * float(angles[shares.argmax()]) / (2 * torch.pi)) % 12] == "A"

# %%
# The distance of the note from tones of the harmonics 1 and 2, from an octave below it to an octave
# above. Positions lie on [0, 1), so a distance times 12 is in semitones.

loss = sot.Wasserstein1DLoss(preset="chroma", sample_rate=rate, reduction="batch")
semitones = torch.arange(-12, 12.5, 0.5)
tones = harmonic_tone(f0 * 2 ** (semitones / 12), target.shape[-1], rate, torch.tensor([1.0, 0.5]))
distances = 12 * loss(target.expand(len(tones), -1), tones)
at = dict(zip(semitones.tolist(), distances.tolist(), strict=True))
print({name: round(at[k], 2) for name, k in (("octave", 12.0), ("fifth", 7.0), ("tritone", 6.0))})
assert max(at[-12.0], at[0.0], at[12.0]) < 0.5
assert max(at, key=at.__getitem__) in (-6.5, -6.0, -5.5, 5.5, 6.0, 6.5)

figure = plt.figure(figsize=(9, 3.8), layout="constrained")
circle = figure.add_subplot(1, 2, 1, projection="polar")
circle.bar(angles.tolist(), shares.tolist(), width=2 * torch.pi / len(angles), align="center")
circle.set_theta_zero_location("N")
circle.set_theta_direction(-1)
circle.set_xticks([2 * torch.pi * k / 12 for k in range(12)], names)
circle.set_yticks([])
circle.set_title("share of the pitch classes, violin note")
line = figure.add_subplot(1, 2, 2)
line.plot(semitones, distances, marker=".")
line.set_xticks(range(-12, 13, 3))
line.set(
    title="distance around the circle",
    xlabel="tone above the note (semitones)",
    ylabel="distance (semitones)",
    ylim=(0, None),
)
line.grid(alpha=0.3)
plt.show()
