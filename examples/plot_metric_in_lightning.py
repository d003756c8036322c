"""
The metric in a Lightning loop
==============================

A model that is trained with one loss may be watched with another. Here a filter learns to undo
another filter by the squared error of its samples.
:class:`sot.metrics.SpectralOptimalTransport` says after each epoch how far energy still lies from
where it belongs: in Hz, as a mean over all clips of the validation, whatever the size of their
batches and the number of processes.
"""

import logging
import warnings

import lightning
import matplotlib.pyplot as plt
import torch
from torch.utils.data import DataLoader, TensorDataset

from sot.metrics import SpectralOptimalTransport, spectral_optimal_transport
from sot.plots import plot_training

RATE = 16000
SETTINGS = {"p": 1, "bin_position_scaling": "absolute", "sample_rate": RATE}

# %%
# Noise is what the filter should give back, and a resonance near 2 kHz is what it hears.

torch.manual_seed(0)
clean = torch.randn(24, 1, 4096)
taps = torch.arange(33)
resonance = torch.cos(2 * torch.pi * 2000 / RATE * taps) * 0.8**taps
heard = torch.nn.functional.conv1d(clean, resonance.flip(0)[None, None], padding=32)[..., :4096]


# %%
# ``log`` gets the metric itself. Lightning then computes and resets it at the end of each epoch.


class Equaliser(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.filter = torch.nn.Conv1d(1, 1, 65, padding=32, bias=False)
        self.transport = SpectralOptimalTransport(**SETTINGS)
        self.hertz = []

    def training_step(self, batch, index):
        heard, clean = batch
        return torch.nn.functional.mse_loss(self.filter(heard), clean)

    def validation_step(self, batch, index):
        heard, clean = batch
        self.transport.update(self.filter(heard), clean)  # the estimate first, as all metrics
        self.log("val/transport", self.transport)

    def on_validation_epoch_end(self):
        self.hertz.append(self.transport.compute())

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=2e-2)


logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)  # no notices of devices
model = Equaliser()
trainer = lightning.Trainer(
    max_epochs=15,
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
    num_sanity_val_steps=0,
)
training = DataLoader(TensorDataset(heard[:16], clean[:16]), batch_size=4)
validation = DataLoader(TensorDataset(heard[16:], clean[16:]), batch_size=3)  # 3, 3 and 2 clips

# %%
# Once before the training and after each epoch. What Lightning warns of is about itself.

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    trainer.validate(model, validation, verbose=False)
    before = spectral_optimal_transport(model.filter(heard[16:]), clean[16:], **SETTINGS)
    trainer.fit(model, training, validation)

# %%
# The function gives the value of each clip. Their mean is what was logged last.

after = spectral_optimal_transport(model.filter(heard[16:]), clean[16:], **SETTINGS)
torch.testing.assert_close(after.mean(), trainer.logged_metrics["val/transport"])
assert after.max() < before.min() / 2

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
hertz = torch.stack(model.hertz).detach()
plot_training({"mean over clips": (torch.arange(len(hertz)), hertz)}, "transport (Hz)", left)
left.set(xlabel="epoch", ylim=(0, None), title="logged by the metric")
right.plot(before.detach(), "o", label="before training")
right.plot(after.detach(), "s", label="after training")
right.set(xlabel="clip", ylabel="transport (Hz)", ylim=(0, None), title="each clip")
right.legend(frameon=False, loc="center right")
plt.show()
