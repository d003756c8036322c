"""
Transport over time
===================

Where has the energy of a whole piano note to go to become a violin note? Each frame has its own
plan; the colour of a bin is how far its energy has to move, and the fainter it is, the less energy
there is to be moved.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import torch

import sot
from sot.audio import read_audio
from sot.plots import plot_transport_over_time
from sot.spectra import STFT

NOTES = Path(sot.__file__).parent / "data" / "notes"
piano, violin = (read_audio(NOTES / name) for name in ("piano_060.flac", "violin_069.flac"))
spectrum = STFT(fft_size=2048, hop_length=256, sample_rate=piano.sample_rate, square_magnitude=True)
frequencies = torch.from_numpy(spectrum.frequencies)
x, y = (spectrum(note.samples)[0] for note in (piano, violin))
times = (torch.arange(len(x)) * 256 + 1024) / piano.sample_rate  # of the middles of the frames

# %%
# In Hz, and in semitones along a logarithmic axis. The violin is the reference, and the piano the
# estimate, whose energy has to move. The piano's fundamental at 262 Hz holds most of
# the energy; it has to rise by 178 Hz, or 9 semitones, to the 440 Hz of the violin.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
mesh = plot_transport_over_time(times, frequencies, y, x, left)
plot_transport_over_time(times, frequencies, y, x, right, unit="semitones")
middle = mesh.get_array()[int(x.sum(0).argmax()), len(x) // 2]
print(f"the strongest bin has to rise by {middle:.0f} Hz")
assert abs(middle - 178) < 10
plt.show()
