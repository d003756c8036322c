"""
When one side has more energy
=============================

Transport moves mass, so something has to be said about masses that differ. Here the reference is a
recorded piano note. One estimate is the same note with energy of its own at 3 kHz, the other the
same note at a quarter of the energy. The area between the two curves, in Hz, is the loss of a
frame.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import torch

import sot
from sot.audio import read_audio
from sot.landscape import harmonic_tone

NOTES = Path(sot.__file__).parent / "data" / "notes"
note = read_audio(NOTES / "piano_060.flac")
rate, reference = note.sample_rate, note.samples[:, 2000:4048]
level = reference.square().mean().sqrt()
extra = harmonic_tone(torch.tensor([3000.0]), 2048, rate) * level
estimates = {"with a tone at 3 kHz": reference + extra, "6 dB lower": reference / 2}

# %%
# - Balanced, the default: both sides have mass 1. Energy at 3 kHz takes part of the energy of the
#   note with it, and level is not seen at all.
# - Unbalanced: the estimate keeps its ratio to the reference, and the lighter side is completed at
#   the highest bin.
# - Cut at the mass of the reference: of the estimate, energy beyond that is left out, from the top.
#   What it lacks is still missed.

rules = {
    "balanced": {},
    "unbalanced": {"balanced": False},
    "unbalanced and cut": {"balanced": False, "quantile_lowpass": True},
}
settings = {
    "fft_size": 2048,
    "sample_rate": rate,
    "square_magnitude": True,
    "bin_position_scaling": "absolute",
    "p": 1,
}
distances = {}
figure, rows = plt.subplots(2, 3, figsize=(9, 5.6), sharex=True, sharey=True, layout="constrained")
for row, (title, estimate) in zip(rows, estimates.items(), strict=True):
    for ax, (name, rule) in zip(row, rules.items(), strict=True):
        hertz = float(sot.Wasserstein1DLoss(**settings, **rule)(reference, estimate))
        curves = sot.Wasserstein1DLoss(**settings, **rule, return_quantiles=True)
        x, y, levels = (part[0, 0] for part in curves(reference, estimate)[:3])
        counts = levels <= 1 if "cut" in name else levels > -1
        x, y, levels = x[counts], y[counts], levels[counts]
        area = (levels.diff(prepend=levels.new_zeros(1)) * (x - y).abs()).sum()
        torch.testing.assert_close(float(area), hertz, rtol=1e-2, atol=0.5)
        distances[title, name] = hertz
        ax.fill_betweenx(levels, x, y, step="pre", color="0.85")
        ax.step(x, levels, where="post", label="note")
        ax.step(y, levels, "--", where="post", label="estimate")
        ax.set_title(f"{name}: {hertz:.0f} Hz", fontsize="medium")
    row[0].set_ylabel(f"{title}\ncumulative mass")
for ax in rows[1]:
    ax.set_xlabel("frequency (Hz)")
rows[0, 0].legend(loc="center right")
print({" ".join(key): round(value) for key, value in distances.items()})

# %%
# So in this order: the balanced loss hears the tone and not the level, the unbalanced one hears
# both, and the cut one hears the level and not the tone.

tone, quiet = estimates
assert distances[tone, "balanced"] > 500
assert distances[quiet, "balanced"] < 1
assert min(distances[title, "unbalanced"] for title in estimates) > 500
assert distances[tone, "unbalanced and cut"] < 50
assert distances[quiet, "unbalanced and cut"] > 500
plt.show()
