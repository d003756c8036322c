"""Where and how the losses run: compiled, exported, in workers, in processes, without Numba."""

import inspect
import os
import platform
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
import torch.utils.checkpoint
from torch._subclasses import FakeTensor, FakeTensorMode
from torch.library import opcheck
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import DataLoader, Dataset

import sot
from sot import Wasserstein1DLoss, _dispatch
from sot.losses._fused import _spectral_cost, spectral_cost
from sot.losses._streamed import _streamed, streamed
from sot.transport._ops import _transport


def run_python(script: str, *arguments: str, **environment: str) -> str:
    """Output of a script in a fresh interpreter, which must succeed."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "loss",
    [
        Wasserstein1DLoss(),
        Wasserstein1DLoss(preset="paper", fft_size=512),
        Wasserstein1DLoss(transform="mel", n_mels=40, p=1.5, reduction="batch"),
        Wasserstein1DLoss(preset="harmonic", fft_size=512, fmin=200.0),
        Wasserstein1DLoss(preset="chroma", fft_size=512, hop_length=256, fmin=200.0),
        Wasserstein1DLoss(preset="sot-loss"),
    ],
    ids=["stft", "paper", "mel", "harmonic", "chroma", "sot-loss"],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_compiled_loss_is_one_graph_for_every_batch_size(loss):
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    compiled = torch.compile(loss, fullgraph=True, dynamic=True, backend="aot_eager")
    for batch in (2, 5):
        x, y = torch.randn(batch, 3000, requires_grad=True), torch.randn(batch, 3000)
        (expected,) = torch.autograd.grad(loss(x, y).sum(), x)
        value = compiled(x, y)
        (found,) = torch.autograd.grad(value.sum(), x)
        torch.testing.assert_close(value, loss(x, y))
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * float(expected.std()))
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_constant_q_loss_compiles_too():
    torch._dynamo.reset()
    loss = Wasserstein1DLoss(transform="cqt", fmin=500.0, bins_per_octave=12)
    x, y = torch.randn(2, 2, 3000).unbind(0)
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x, y), loss(x, y))


@pytest.mark.parametrize("preset", [None, "pitch", "harmonic", "chroma", "sot-loss"])
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_a_checkpointed_loss_has_the_gradient_of_one_that_keeps_everything(preset, reduction):
    loss = Wasserstein1DLoss(preset=preset, fft_size=512, reduction=reduction)
    x, y = torch.randn(2, 2, 3000).unbind(0)
    y.requires_grad_()
    (expected,) = torch.autograd.grad(loss(x, y).sum(), y)
    again = torch.utils.checkpoint.checkpoint(loss, x, y, use_reentrant=False)
    (found,) = torch.autograd.grad(again.sum(), y)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_an_exported_loss_computes_the_same():
    loss = Wasserstein1DLoss(square_magnitude=True)
    x, y = torch.randn(2, 2, 3000).unbind(0)
    exported = torch.export.export(loss, (x, y)).module()
    torch.testing.assert_close(exported(x, y), loss(x, y))


@pytest.mark.parametrize(
    "settings",
    [
        {"preset": "pitch", "fft_size": 512},
        {"preset": "harmonic", "fft_size": 512},
        {"transform": "cqt", "fmin": 500.0, "bins_per_octave": 12},
    ],
    ids=["pitch", "harmonic", "cqt"],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_loss_is_exported_for_every_batch_size(settings):
    loss = Wasserstein1DLoss(**settings)
    x, y = torch.randn(2, 5, 3000).unbind(0)
    batch = torch.export.Dim("batch", min=2, max=64)
    exported = torch.export.export(
        loss, (x[:3], y[:3]), dynamic_shapes={"x": {0: batch}, "y": {0: batch}}
    ).module()
    torch.testing.assert_close(exported(x, y), loss(x, y))


def test_mapping_a_loss_over_a_batch_is_the_same_as_one_call_each():
    loss = Wasserstein1DLoss(fft_size=256, hop_length=64)
    x, y = torch.randn(2, 3, 2, 1000).unbind(0)
    each = torch.stack([loss(a, b) for a, b in zip(x, y, strict=True)])
    torch.testing.assert_close(torch.func.vmap(loss)(x, y), each, rtol=1e-4, atol=0)
    gradients = torch.func.vmap(torch.func.grad(loss))(x, y)
    x.requires_grad_()
    (expected,) = torch.autograd.grad(loss(x[0], y[0]), x)
    assert (gradients[0] - expected[0]).norm() < 1e-3 * expected[0].norm()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_forward_and_reverse_mode_agree_on_a_whole_loss():
    loss = Wasserstein1DLoss(fft_size=64, hop_length=16, square_magnitude=True)
    x, y, direction = torch.randn(3, 200, dtype=torch.float64).unbind(0)
    _, slope = torch.func.jvp(lambda audio: loss(audio, y), (x,), (direction,))
    x.requires_grad_()
    (gradient,) = torch.autograd.grad(loss(x, y), x)
    torch.testing.assert_close(slope, (gradient * direction).sum())


@pytest.mark.parametrize("function", [_spectral_cost, _streamed, _transport])
def test_the_functions_of_operators_are_annotated_by_types(function):
    # Older versions of torch do not look up the names of types for the schema of an operator.
    annotations = inspect.signature(function).parameters.values()
    assert not any(isinstance(parameter.annotation, str) for parameter in annotations)


class OldIndices(TorchDispatchMode):
    """Indices as older versions of torch want them: 64 bits wide where elements are gathered."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.overloadpacket in (torch.ops.aten.gather, torch.ops.aten.scatter_add_):
            assert args[2].dtype == torch.int64
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("settings", [{}, {"quantile_lowpass": True}, {"circular": True}])
@pytest.mark.parametrize("transform", [{"fft_size": 64}, {"transform": "cqt", "fmin": 200.0}])
def test_without_kernels_indices_are_such_as_older_versions_take(monkeypatch, transform, settings):
    monkeypatch.setattr(_dispatch, "NUMBA_IS_THERE", False)
    loss = Wasserstein1DLoss(**transform, **settings, framing="reflect")
    x, y = torch.randn(2, 3, 900, requires_grad=True).unbind(0)
    with OldIndices():
        value = loss(x, y, lengths=torch.tensor([900, 500, 20]))
        torch.autograd.grad(value, (x, y))


@pytest.mark.parametrize("wanted", [(True, True), (True, False), (False, True)])
def test_the_fused_operator_keeps_the_promises_of_one(wanted):
    x = torch.randn(3, 9, dtype=torch.complex64, requires_grad=wanted[0])
    y = torch.randn(3, 7, dtype=torch.complex64, requires_grad=wanted[1])
    positions = (torch.linspace(0, 1, 9), torch.linspace(0, 1, 7))
    opcheck(
        spectral_cost.custom, (x, y, *positions, True, True, True, False, 1e-8, 2.0, False, *wanted)
    )


@pytest.mark.parametrize("filtered", [False, True])
@pytest.mark.parametrize("wanted", [(True, True), (True, False), (False, True)])
def test_the_streamed_operator_keeps_the_promises_of_one(wanted, filtered):
    x, y = (torch.randn(2, 100, requires_grad=side) for side in wanted)
    lengths = torch.tensor([100, 70])
    none = torch.empty(0, 0, dtype=torch.float64)
    filters = torch.rand(9, 6) if filtered else torch.empty(0, 0)
    count = 6 if filtered else 9
    bins = (torch.linspace(0, 1, count), torch.ones(count), filters)
    analysis = ("whole", 8, 16, 0, True, 0.0, filtered)
    how = (True, True, False, 1e-8, 2.0, False, False)
    given = (x, y, lengths, lengths, none, none, torch.hann_window(16), *bins, *analysis, *how)
    opcheck(streamed.custom, (*given, *wanted))


class _Losses(Dataset):
    """The loss of each item, computed where the data is loaded."""

    def __init__(self, clips: torch.Tensor) -> None:
        self.clips = clips
        self.loss = Wasserstein1DLoss(fft_size=512, hop_length=64)

    def __len__(self) -> int:
        return len(self.clips) - 1

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.loss(self.clips[index], self.clips[index + 1])


def test_workers_of_a_data_loader_compute_the_same_after_a_fork():
    data = _Losses(torch.randn(5, 20000))
    expected = torch.stack([data[index] for index in range(len(data))])  # threads exist by now
    loader = DataLoader(data, num_workers=2, multiprocessing_context="fork", batch_size=None)
    torch.testing.assert_close(torch.stack(list(loader)), expected)


def test_two_processes_in_parallel_have_the_gradient_of_one(tmp_path):
    script = """
        import sys, torch, torch.distributed as dist
        from torch.nn.parallel import DistributedDataParallel
        from sot import Wasserstein1DLoss, _dispatch
        rank, store, out = int(sys.argv[1]), sys.argv[2], sys.argv[3]
        torch.manual_seed(0)
        torch.set_num_threads(1)
        x, y = torch.randn(2, 4, 3000).unbind(0)
        model = torch.nn.Conv1d(1, 1, 9, padding=4)
        loss = Wasserstein1DLoss(fft_size=512, hop_length=128)
        dist.init_process_group("gloo", init_method="file://" + store, rank=rank, world_size=2)
        parallel = DistributedDataParallel(model)
        half = slice(2 * rank, 2 * rank + 2)
        loss(x[half], parallel(y[half, None])[:, 0]).backward()
        together = model.weight.grad.clone()
        alone = torch.nn.Conv1d(1, 1, 9, padding=4)
        alone.load_state_dict(model.state_dict())
        loss(x, alone(y[:, None])[:, 0]).backward()
        error = (together - alone.weight.grad).norm() / alone.weight.grad.norm()
        print(float(error))
        dist.destroy_process_group()
    """
    arguments = [sys.executable, "-c", textwrap.dedent(script)]
    ranks = [
        subprocess.Popen(
            [*arguments, str(rank), str(tmp_path / "store"), str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    for process in ranks:
        output, errors = process.communicate(timeout=200)
        assert process.returncode == 0, errors
        assert float(output) < 1e-5


_VALUE_AND_GRADIENT = """
    torch.manual_seed(0)
    x, y = torch.randn(2, 2, 3000, dtype=torch.float64).unbind(0)
    x.requires_grad_()
    value = Wasserstein1DLoss(square_magnitude=True)(x, y)
    value.backward()
    print(value.item(), x.grad.abs().sum().item())
"""


def _numbers(output: str) -> torch.Tensor:
    return torch.tensor([float(word) for word in output.split()], dtype=torch.float64)


def test_without_numba_the_numbers_are_the_same():
    script = "import sys\nimport torch\nfrom sot import Wasserstein1DLoss\n"
    script += textwrap.dedent(_VALUE_AND_GRADIENT)
    hidden = "import sys\nsys.modules['numba'] = None\n" + script
    with_it = script + "assert 'numba' in sys.modules\n"
    torch.testing.assert_close(_numbers(run_python(hidden)), _numbers(run_python(with_it)))


LOSSES = {
    "default": {},
    "pitch": {"preset": "pitch"},
    "harmonic": {"preset": "harmonic"},
    "none": {"p": 1, "reduction": "none"},
    "energy": {"noise_floor": 2.0, "lowpass": 500.0, "frame_weighting": "energy"},
    "mel": {"transform": "mel"},
    "cqt": {"transform": "cqt", "n_bins": 60},
    "chroma": {"transform": "chroma", "circular": True},
}


@pytest.mark.parametrize("settings", LOSSES.values(), ids=LOSSES)
def test_without_kernels_nothing_waits_for_a_number(settings, monkeypatch):
    """As on a GPU, where reading one would make the processor wait for the device."""
    monkeypatch.setattr(_dispatch, "NUMBA_IS_THERE", False)
    loss = Wasserstein1DLoss(**settings, validate=False)
    loss(*torch.randn(2, 2, 9000))  # constants that are made at the first call
    with FakeTensorMode(allow_non_fake_inputs=True):
        x, y = torch.empty(2, 9000), torch.empty(2, 9000, requires_grad=True)
        loss(x, y).sum().backward()
        assert isinstance(y.grad, FakeTensor)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_without_kernels_a_loss_compiles_too(monkeypatch):
    monkeypatch.setattr(_dispatch, "NUMBA_IS_THERE", False)
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    loss = Wasserstein1DLoss(fft_size=256, hop_length=64)
    compiled = torch.compile(loss, fullgraph=True, dynamic=True, backend="aot_eager")
    for batch in (2, 5):
        x, y = torch.randn(batch, 2000, requires_grad=True), torch.randn(batch, 2000)
        (expected,) = torch.autograd.grad(loss(x, y), x)
        (found,) = torch.autograd.grad(compiled(x, y), x)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * float(expected.std()))
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1


def test_a_loss_loads_no_compiler_of_torch():
    run_python("""
        import sys
        import torch
        from sot import Wasserstein1DLoss
        x = torch.randn(2, 3000, requires_grad=True)
        Wasserstein1DLoss()(x, torch.randn(2, 3000)).backward()
        assert x.grad.any()
        assert "numba" in sys.modules
        assert "torch._dynamo" not in sys.modules
    """)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have other rules")
def test_memory_is_not_mapped_anew_in_every_call():
    faults = run_python("""
        import resource
        import torch
        from sot import Wasserstein1DLoss
        torch.set_num_threads(2)
        loss = Wasserstein1DLoss(fft_size=2048, hop_length=512)
        x, y = torch.randn(16, 64000, requires_grad=True), torch.randn(16, 64000)
        for call in range(8):
            if call == 4:
                before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            torch.autograd.grad(loss(x, y), x)
        print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 4)
    """)
    assert float(faults) < 500  # pages of 4 kB; the gradient alone has 1000


class _Watching(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.called = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.called.append(str(func))
        return func(*args, **(kwargs or {}))


def test_who_watches_the_operators_sees_those_of_the_kernels():
    with _Watching() as watching:
        Wasserstein1DLoss()(*torch.randn(2, 2, 3000))
    assert "sot.streamed_cost.default" in watching.called


def test_kernels_stay_in_memory_where_no_cache_can_be_written():
    script = """
        import numba.core.caching as caching
        def refuse(self):
            raise OSError("read-only file system")
        for kind in caching.CacheImpl._locator_classes:
            kind.ensure_cache_path = refuse
        import torch
        from sot import Wasserstein1DLoss, wasserstein_1d
        x = torch.randn(2, 3000, requires_grad=True)
        Wasserstein1DLoss()(x, torch.randn(2, 3000)).backward()
        assert x.grad.isfinite().all() and x.grad.any()
        from sot.losses._fused_kernels import fused_rows
        print(type(fused_rows._cache).__name__)
    """
    assert run_python(script).strip() == "NullCache"


def test_cached_kernels_are_renewed_with_every_file_that_they_are_made_of(tmp_path):
    """A kernel holds the functions that it calls, which may have files of their own."""
    package = tmp_path / "sot"
    shutil.copytree(
        Path(sot.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__")
    )
    script = f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        import numpy as np
        from sot.spectra._frame_kernels import double_ends
        double_ends(np.ones((4, 3)), 2)
        assert double_ends.py_func.__code__.co_filename.startswith({str(tmp_path)!r})
        print(sum(double_ends.stats.cache_hits.values()))
    """
    assert [run_python(script).strip() for _ in range(2)] == ["0", "1"]
    with (package / "transport" / "_slope_kernels.py").open("a") as file:
        file.write("# another version\n")
    assert [run_python(script).strip() for _ in range(2)] == ["0", "1"]


def test_kernels_can_be_followed_step_by_step():
    """Numba's switch for debuggers and coverage leaves them as functions of Python."""
    script = """
        import torch
        from sot import Wasserstein1DLoss, wasserstein_1d
        torch.manual_seed(0)
        x, y = torch.randn(2, 600, requires_grad=True), torch.randn(2, 600)
        loss = Wasserstein1DLoss(preset="pitch", fft_size=256, hop_length=64, sample_rate=8000)
        loss(x, y).backward()
        places, masses = torch.rand(2, 3, 7), torch.rand(2, 3, 7)
        cost = wasserstein_1d(*places, *masses, p=1.5).sum()
        print(float(loss(x, y)), float(x.grad.norm()), float(cost))
    """
    answers = run_python(script, NUMBA_DISABLE_JIT="1"), run_python(script)
    stepped, compiled = ([float(word) for word in answer.split()] for answer in answers)
    assert stepped == pytest.approx(compiled, rel=1e-5)
