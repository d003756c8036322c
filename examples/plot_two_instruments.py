"""
Transport between two instruments
=================================

Where has the spectrum of a piano note (C4, 262 Hz) to go to become that of a violin note (A4, 440
Hz)? Magnitudes are compared, so that weak harmonics count too. Above, one frame: the plan moves
each peak of the piano, drawn upwards, to peaks of the violin, drawn downwards. Below, the distance
of every frame in Hz.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import torch

import sot
from sot.audio import read_audio
from sot.plots import plot_transport
from sot.spectra import STFT

NOTES = Path(sot.__file__).parent / "data" / "notes"
piano, violin = (read_audio(NOTES / name) for name in ("piano_060.flac", "violin_069.flac"))
rate, settings = piano.sample_rate, {"fft_size": 2048, "hop_length": 256}

# %%
# A loss with positions in Hz and the exponent 1 is a mean distance in Hz: how far each unit of mass
# has to move. With ``reduction="none"`` there is one for each frame.

distance = sot.Wasserstein1DLoss(
    **settings,
    sample_rate=rate,
    bin_position_scaling="absolute",
    p=1,
    reduction="none",
)
hertz = distance(piano.samples, violin.samples)[0]
print(f"on average {hertz.mean():.0f} Hz")

# %%
# The plan of one frame has to cost what the loss says.

spectrum = STFT(**settings, sample_rate=rate)
frequencies = torch.from_numpy(spectrum.frequencies).float()
frame = 20
x, y = (spectrum(note.samples)[0, frame] for note in (piano, violin))
plan = sot.transport_plan_1d(frequencies, frequencies, x / x.sum(), y / y.sum())
moved = plan.mass * (frequencies[plan.columns] - frequencies[plan.rows]).abs()
torch.testing.assert_close(moved.sum(), hertz[frame], rtol=1e-3, atol=0)

figure, (above, below) = plt.subplots(
    2, 1, figsize=(8, 6), height_ratios=(2, 1), layout="constrained"
)
plot_transport(frequencies, x, y, above)
above.set_xlim(0, 5000)
above.set_title(f"one frame: piano (up) to violin (down), {hertz[frame]:.0f} Hz on average")
seconds = torch.arange(len(hertz)) * settings["hop_length"] / rate
below.plot(seconds, hertz)
below.axvline(float(seconds[frame]), color="0.4", linestyle=":", label="frame above")
below.set(xlabel="start of the frame (s)", ylabel="distance (Hz)", ylim=(0, None))
below.legend(frameon=False)
plt.show()
