"""The metric of torchmetrics: one value per item, means over batches and processes."""

import pickle
import subprocess
import sys
import textwrap
import warnings

import lightning
import matplotlib
import pytest
import torch
from generators.tones import tone
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics import MeanSquaredError, MetricCollection

from sot import Wasserstein1DLoss
from sot.metrics import SpectralOptimalTransport, spectral_optimal_transport

SETTINGS = {"fft_size": 512, "hop_length": 128, "square_magnitude": True}


def batch(items, seed=0, samples=3000):
    noise = torch.Generator().manual_seed(seed)
    preds, target = torch.randn(2, items, samples, generator=noise).unbind(0)
    return preds.cumsum(-1) / 30, target


@pytest.mark.parametrize("settings", [SETTINGS, {"preset": "pitch"}, {"transform": "mel"}])
@pytest.mark.parametrize("shape", [(3, 9000), (3, 2, 9000)])
def test_the_value_of_each_item_is_the_loss_of_this_item_alone(settings, shape):
    preds, target = torch.randn(*shape), torch.randn(*shape)
    found = spectral_optimal_transport(preds, target, **settings)
    loss = Wasserstein1DLoss(**settings)
    alone = [loss(b[None], a[None]) for a, b in zip(preds, target, strict=True)]
    torch.testing.assert_close(found, torch.stack(alone))


def test_the_estimate_comes_first_and_the_reference_second():
    """Unbalanced masses tell them apart: the loss takes its unit of mass from the reference."""
    settings = {**SETTINGS, "balanced": False, "quantile_lowpass": True}
    preds, target = batch(2)
    expected = Wasserstein1DLoss(reduction="batch", **settings)(target, 3 * preds)
    swapped = Wasserstein1DLoss(reduction="batch", **settings)(3 * preds, target)
    found = spectral_optimal_transport(3 * preds, target, **settings)
    torch.testing.assert_close(found, expected)
    assert not torch.allclose(found, swapped)


def test_a_single_clip_is_one_item_and_two_tones_are_their_distance_apart():
    low, high = tone(1000.0, 4000, 16000), tone(1500.0, 4000, 16000)
    settings = {"bin_position_scaling": "absolute", "sample_rate": 16000, "p": 1}
    found = spectral_optimal_transport(high, low, **SETTINGS, **settings)
    assert found.shape == (1,)
    assert float(found) == pytest.approx(500, rel=0.01)


def test_padding_does_not_count():
    preds, target = batch(2)
    lengths = torch.tensor([3000, 2000])
    found = spectral_optimal_transport(preds, target, lengths=lengths, **SETTINGS)
    cut = spectral_optimal_transport(preds[1:, :2000], target[1:, :2000], **SETTINGS)
    torch.testing.assert_close(found[1:], cut)


def test_spectrograms_are_compared_on_their_positions():
    u, v = torch.eye(4)[:2, :, None], torch.eye(4)[2:, :, None]
    positions = torch.tensor([0.0, 1.0, 10.0, 100.0])
    settings = {"transform": "identity", "p": 1}
    found = spectral_optimal_transport(u, v, positions=positions, **settings)
    torch.testing.assert_close(found, torch.tensor([10.0, 99.0]))
    metric = SpectralOptimalTransport(**settings)
    metric.update(u, v, positions)
    assert float(metric.compute()) == pytest.approx(54.5)


def test_batches_of_unequal_size_add_up_to_the_mean_over_all_items():
    preds, target = batch(7)
    each = spectral_optimal_transport(preds, target, **SETTINGS)
    metric, values = (SpectralOptimalTransport(how, **SETTINGS) for how in ("mean", "none"))
    for part in (slice(0, 4), slice(4, 5), slice(5, 7)):
        metric.update(preds[part], target[part])
        values.update(preds[part], target[part])
    torch.testing.assert_close(metric.compute(), each.mean())
    torch.testing.assert_close(values.compute(), each)
    whole = SpectralOptimalTransport(**SETTINGS)
    whole.update(preds, target)
    torch.testing.assert_close(metric.compute(), whole.compute())


def test_forward_gives_the_value_of_the_batch_and_adds_it():
    metric = SpectralOptimalTransport(**SETTINGS)
    (one, other), means = (batch(2, 1), batch(3, 2)), []
    for preds, target in (one, other):
        value = metric(preds, target)
        means.append(spectral_optimal_transport(preds, target, **SETTINGS).mean())
        torch.testing.assert_close(value, means[-1])
    torch.testing.assert_close(metric.compute(), (2 * means[0] + 3 * means[1]) / 5)


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_reset_forgets_and_what_is_not_there_has_no_value(reduction):
    metric = SpectralOptimalTransport(reduction, **SETTINGS)
    metric.update(*batch(2, 1))
    metric.compute()
    metric.reset()
    with pytest.warns(UserWarning, match="before the ``update`` method"):
        empty = metric.compute()
    assert empty.isnan().all()
    assert empty.numel() == (1 if reduction == "mean" else 0)
    metric.update(*batch(3, 2))
    expected = spectral_optimal_transport(*batch(3, 2), **SETTINGS)
    expected = expected.mean() if reduction == "mean" else expected
    torch.testing.assert_close(metric.compute(), expected)


def test_an_item_without_a_frame_that_votes_does_not_count():
    preds, target = batch(4)
    preds[1], target[2] = 0, 0
    each = spectral_optimal_transport(preds, target, **SETTINGS)
    assert each.isnan().tolist() == [False, True, True, False]
    metric = SpectralOptimalTransport(**SETTINGS)
    metric.update(preds, target)
    torch.testing.assert_close(metric.compute(), each[[0, 3]].mean())
    silent = SpectralOptimalTransport(**SETTINGS)
    silent.update(preds[1:3], target[1:3])
    assert silent.compute().isnan()


def test_an_equal_item_counts_as_zero_and_not_as_silent():
    _, target = batch(3)
    each = spectral_optimal_transport(target, target, **SETTINGS)
    torch.testing.assert_close(each, torch.zeros(3))


def test_silence_at_the_top_bin_counts():
    preds, target = batch(2)
    preds[1] = 0
    each = spectral_optimal_transport(preds, target, silence="top_bin", **SETTINGS)
    assert each.isfinite().all()
    assert each[1] > each[0]


def test_an_item_that_is_not_finite_is_seen_and_not_left_out():
    preds, target = batch(2)
    preds[1, 100] = torch.nan
    metric = SpectralOptimalTransport(**SETTINGS, validate=False)
    metric.update(preds, target)
    assert metric.compute().isnan()


def test_the_values_have_the_gradient_of_the_loss_and_silence_has_none():
    preds, target = batch(3)
    preds[2] = 0
    preds.requires_grad_()
    metric = SpectralOptimalTransport(**SETTINGS)
    assert metric.is_differentiable
    (found,) = torch.autograd.grad(metric(preds, target), preds)
    loss = Wasserstein1DLoss(reduction="batch", **SETTINGS)
    (expected,) = torch.autograd.grad(loss(target, preds)[:2].mean(), preds)
    torch.testing.assert_close(found, expected)
    assert not found[2].any()


def test_a_copy_and_a_pickle_hold_the_same_and_live_their_own_lives():
    metric = SpectralOptimalTransport(**SETTINGS)
    metric.update(*batch(2, 1))
    before = metric.compute().clone()
    for other in (metric.clone(), pickle.loads(pickle.dumps(metric))):
        torch.testing.assert_close(other.compute(), before)
        other.update(*batch(2, 2))
        assert other.compute() != before
        assert metric.compute() == before


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_a_persistent_state_goes_on_from_a_state_dict(reduction):
    metric, other = (SpectralOptimalTransport(reduction, **SETTINGS) for _ in range(2))
    assert not metric.state_dict()  # as of all metrics, until it is asked for
    for each in (metric, other):
        each.persistent(True)
    metric.update(*batch(3, 1))
    other.load_state_dict(metric.state_dict())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has not been updated itself
        torch.testing.assert_close(other.compute(), metric.compute())


def test_it_is_one_of_a_collection():
    metrics = MetricCollection(
        {
            "level": MeanSquaredError(),
            "transport": SpectralOptimalTransport(**SETTINGS),
            "mel": SpectralOptimalTransport(transform="mel"),
        }
    )
    for seed, items in ((1, 2), (2, 3)):
        metrics.update(*batch(items, seed))
    found = metrics.compute()
    for name, settings in (("transport", SETTINGS), ("mel", {"transform": "mel"})):
        each = [spectral_optimal_transport(*batch(n, s), **settings) for s, n in ((1, 2), (2, 3))]
        torch.testing.assert_close(found[name], torch.cat(each).mean())


def test_less_is_better_and_settings_of_all_metrics_are_passed_on():
    metric = SpectralOptimalTransport(**SETTINGS, dist_sync_on_step=True, compute_on_cpu=True)
    assert metric.higher_is_better is False
    assert metric.full_state_update is False
    assert metric.dist_sync_on_step
    assert metric.compute_on_cpu


@pytest.mark.parametrize("make", [SpectralOptimalTransport, lambda **s: spectral_optimal_transport(
    torch.ones(1, 3000), torch.ones(1, 3000), **s)])  # fmt: skip
@pytest.mark.parametrize(
    ("setting", "kind", "said"),
    [
        ({"fftsize": 512}, TypeError, "unknown argument 'fftsize'; did you mean 'fft_size'"),
        ({"preset": "pich"}, ValueError, "preset: .*did you mean 'pitch'"),
        ({"reduce": False}, ValueError, "^reduce: expected no such setting"),
        ({"return_quantiles": True}, ValueError, "^return_quantiles: expected no such setting"),
        ({"reduction": "sum"}, ValueError, "^reduction: expected"),
    ],
)
def test_a_wrong_setting_is_named(make, setting, kind, said):
    with pytest.raises(kind, match=said):
        make(**setting)


@pytest.mark.parametrize(
    ("preds", "target", "kind", "said"),
    [
        (torch.ones(3, 3000), torch.ones(2, 3000), ValueError, "^preds: expected the batch of tar"),
        (torch.ones(2, 9000), torch.ones(2, 3000), ValueError, "^preds: expected the frames of ta"),
        (torch.ones(2, 1, 3000), torch.ones(2, 3000), ValueError, "^preds: expected as many axes"),
        (torch.ones(2, 0), torch.ones(2, 0), ValueError, "^target: expected audio with at least"),
        (torch.ones(2, 3000).int(), torch.ones(2, 3000), TypeError, "^preds: expected floating"),
        ([0.0], torch.ones(2, 3000), TypeError, "^preds: expected a torch.Tensor"),
        (torch.full((2, 3000), torch.nan), torch.ones(2, 3000), ValueError, "^preds: .*finite"),
        (torch.ones(2, 3000), torch.full((2, 3000), torch.inf), ValueError, "^target: .*finite"),
    ],
)
def test_wrong_input_is_named_and_adds_nothing(preds, target, kind, said):
    metric = SpectralOptimalTransport(**SETTINGS)
    with pytest.raises(kind, match=said):
        metric.update(preds, target)
    assert metric.items == 0
    with pytest.raises(kind, match=said):
        spectral_optimal_transport(preds, target, **SETTINGS)


def test_two_processes_have_the_mean_of_one(tmp_path):
    script = """
        import sys, torch, torch.distributed as dist
        from sot.metrics import SpectralOptimalTransport
        rank, store = int(sys.argv[1]), sys.argv[2]
        torch.manual_seed(0)
        torch.set_num_threads(1)
        x, y = torch.randn(2, 5, 3000).unbind(0)
        alone = [SpectralOptimalTransport(how, sync_on_compute=False) for how in ("mean", "none")]
        together = [SpectralOptimalTransport(how) for how in ("mean", "none")]
        for metric in alone:
            metric.update(x, y)
        dist.init_process_group("gloo", init_method="file://" + store, rank=rank, world_size=2)
        mine = slice(0, 3) if rank == 0 else slice(3, 5)  # shares of unequal size
        for metric in together:
            metric.update(x[mine], y[mine])
        for one, other in zip(alone, together):
            torch.testing.assert_close(other.compute(), one.compute())
        print(len(together[1].compute()))
        dist.destroy_process_group()
    """
    arguments = [sys.executable, "-c", textwrap.dedent(script)]
    ranks = [
        subprocess.Popen(
            [*arguments, str(rank), str(tmp_path / "store")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    for process in ranks:
        output, errors = process.communicate(timeout=200)
        assert process.returncode == 0, errors
        assert int(output) == 5


class Scaled(lightning.LightningModule):
    """A model of one weight that is validated by the metric."""

    def __init__(self):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.ones(()))
        self.metric = SpectralOptimalTransport(**SETTINGS)

    def training_step(self, pair, index):
        preds, target = pair
        return (self.gain * preds - target).square().mean()

    def validation_step(self, pair, index):
        preds, target = pair
        self.metric.update(self.gain * preds, target)
        self.log("val/transport", self.metric)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1e-3)


@pytest.mark.filterwarnings("ignore:.*does not have many workers", "ignore:.*LeafSpec")
def test_lightning_logs_the_mean_over_the_items_of_an_epoch(tmp_path):
    preds, target = batch(5)
    data = DataLoader(TensorDataset(preds, target), batch_size=2)
    trainer = lightning.Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, default_root_dir=tmp_path,
    )  # fmt: skip
    trainer.fit(Scaled(), data, data)
    expected = spectral_optimal_transport(preds, target, **SETTINGS).mean()
    torch.testing.assert_close(trainer.logged_metrics["val/transport"], expected)


@pytest.fixture
def _without_windows(monkeypatch):
    backend = matplotlib.get_backend()
    matplotlib.use("agg")
    yield
    import matplotlib.pyplot as plt

    plt.close("all")
    matplotlib.use(backend)


@pytest.mark.usefixtures("_without_windows")
def test_plot_draws_one_value_or_the_values_over_the_steps():
    metric = SpectralOptimalTransport(**SETTINGS)
    values = [metric(*batch(2, seed)) for seed in range(3)]
    figure, ax = metric.plot()
    assert ax in figure.axes
    assert float(ax.lines[0].get_ydata()[0]) == pytest.approx(float(metric.compute()))
    assert "SpectralOptimalTransport" in ax.get_ylabel()
    nothing, same = metric.plot(values, ax=figure.add_subplot())
    assert nothing is None
    assert [float(value) for value in same.lines[0].get_ydata()] == pytest.approx(
        [float(value) for value in values]
    )


@pytest.mark.parametrize(
    ("before", "module", "extra", "program"),
    [
        ("import sot", "torchmetrics", "metrics", "import sot.metrics"),
        (
            "from sot.metrics import SpectralOptimalTransport", "matplotlib", "plot",
            "SpectralOptimalTransport().plot(torch.ones(()))",
        ),
    ],
)  # fmt: skip
def test_a_missing_extra_is_told_with_the_command_that_installs_it(before, module, extra, program):
    script = f"""
import sys, torch
{before}
sys.modules[{module!r}] = None
try:
    {program}
except ImportError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=200
    )
    assert f'{module} is not installed; install it with: pip install "sot-loss[{extra}]"' in (
        done.stdout
    )
