"""The rows of the table: what is compared with what, and the goal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal


@dataclass(frozen=True)
class Work:
    """Work of one side: a function of its module in `sides`, with settings.

    Args:
        side: a name in :data:`speedbench.processes.SIDES`.
        name: of the function.
        settings: its arguments.
        label: what the table calls it; the side by default.
        threads: if they differ from those of the run.
    """

    side: str
    name: str
    settings: dict[str, Any]
    label: str = ""
    threads: int = 0

    def smaller(self) -> Work:
        """The same with less to do, to try out that everything works."""
        less = {"clips": 4, "rows": 16, "megabytes": 4}
        settings = {
            key: max(1, value // less[key]) if key in less else value
            for key, value in self.settings.items()
        }
        return replace(self, settings=settings)


@dataclass(frozen=True)
class Goal:
    """A bound for the figure of a row, and how both are put into words."""

    bound: float
    words: str
    at_least: bool = True

    def __str__(self) -> str:
        return f"at {'least' if self.at_least else 'most'} {self.words.format(self.bound)}"

    def reached(self, figure: float) -> bool:
        """Whether a figure keeps to the bound."""
        return figure >= self.bound if self.at_least else figure <= self.bound


@dataclass(frozen=True)
class Row:
    """Works that take turns, and the figure that their medians give.

    Args:
        name: for the option `--rows`.
        what: the work in words.
        against: the other side in words.
        works: the first is the one that is to be fast.
        figure: from a list of amounts, one for each work.
        goal: what the figure should be.
        measure: what is measured: time, peak memory in bytes, or how many operators of torch are
            called.
    """

    name: str
    what: str
    against: str
    works: tuple[Work, ...]
    figure: Callable[[Sequence[float]], float]
    goal: Goal
    measure: Literal["seconds", "bytes", "operators"] = "seconds"

    def smaller(self) -> Row:
        """With smaller works."""
        return replace(self, works=tuple(work.smaller() for work in self.works))


FAST = "{:.3g} times as fast"
LARGE = {"clips": 16, "samples": 64000}
STFT = {"fft_size": 2048, "hop_length": 512}
POWER = {"square_magnitude": True, "p": 2}
WEIGHTS = {"rows": 2048, "bins": 1025}
#: The case that most rows are about.
CASE = {**LARGE, **STFT, **POWER}


def speedup(seconds: Sequence[float]) -> float:
    """How many times as fast the first is as the second."""
    return seconds[1] / seconds[0]


def share(amounts: Sequence[float]) -> float:
    """The part of the second that the first needs."""
    return amounts[0] / amounts[1]


def ours(name: str, settings: dict[str, Any], **details: Any) -> Work:
    """Work of this package."""
    return Work("sot", name, settings, **details)


def _versus(
    name: str, what: str, side: str, work: str, settings: dict[str, Any], bound: float
) -> Row:
    """The same function with the same settings on both sides."""
    works = (ours(work, settings), Work(side, work, settings))
    return Row(name, what, side, works, speedup, Goal(bound, FAST))


def _audio_rows() -> list[Row]:
    small = {**CASE, "clips": 4, "samples": 16000}
    large = "loss, 16 x 64,000 samples"
    both = tuple(Work(side, "stft", {**CASE, "wanted": "value"}) for side in ("sot", "sot-loss"))
    bound = tuple(
        ours("stft", {**CASE, "wanted": "y", "bind": bind}, label=label)
        for bind, label in ((True, "bound"), (False, "not bound"))
    )
    exact = {**CASE, "preset": "sot-loss"}
    repeated = (ours("stft", exact, label="preset"), Work("sot-loss", "stft", CASE))
    plain = (ours("stft", CASE), Work("torch", "magnitude", {**LARGE, **STFT}))
    magnitude = (ours("stft", CASE), Work("auraloss", "stft", {**LARGE, **STFT}))
    return [
        _versus("stft-large", large, "sot-loss", "stft", CASE, 14),
        _versus("stft-small", "loss, 4 x 16,000 samples", "sot-loss", "stft", small, 8),
        Row(
            "drop-in",
            large + ", with `preset='sot-loss'`",
            "sot-loss",
            repeated,
            speedup,
            Goal(1, FAST),
        ),
        Row("auraloss", large, "auraloss STFTLoss", magnitude, speedup, Goal(4, FAST)),
        Row("plain", large, "L1 of `torch.stft().abs()`", plain, speedup, Goal(1, FAST)),
        _versus(
            "multi-resolution",
            "MultiResolutionSOTLoss, 4 x 66,150 samples",
            "sot-loss",
            "multi_resolution",
            {"clips": 4, "samples": 66150},
            12,
        ),
        Row("value", large + ", value only", "sot-loss, no_grad", both, speedup, Goal(14, FAST)),
        Row(
            "bind",
            large + ", `bind(target)`",
            "not bound",
            bound,
            share,
            Goal(0.65, "{:.2f} of the time", at_least=False),
        ),
        _versus(
            "cqt",
            "loss of 250 constant-Q bins, 4 x 3 s",
            "sot-loss",
            "cqt",
            {"clips": 4, "samples": 66150},
            40,
        ),
        _versus("korvax", large, "korvax", "stft", CASE, 20),
        Row(
            "vqt",
            "transform to 250 constant-Q bins, 4 x 3 s",
            "a dense convolution with its kernels",
            (
                ours("vqt", {"clips": 4, "samples": 66150}),
                ours("dense_vqt", {"clips": 4, "samples": 66150}, label="dense"),
            ),
            speedup,
            Goal(20, FAST),
        ),
        _preset_row("pitch", Work("sot-loss", "stft", CASE), speedup, Goal(14, FAST)),
        _preset_row(
            "harmonic",
            ours("preset", {**LARGE, "name": "pitch"}, label="'pitch'"),
            share,
            Goal(3, "{:.2f} times the time", at_least=False),
        ),
    ]


def _preset_row(
    name: str, other: Work, figure: Callable[[Sequence[float]], float], goal: Goal
) -> Row:
    """A preset beside other work of the same frames."""
    work = ours("preset", {**LARGE, "name": name}, label=f"{name!r}")
    what = f"loss, 16 x 64,000 samples, preset {name!r}"
    return Row(name, what, other.label or other.side, (work, other), figure, goal)


def _transport_rows() -> list[Row]:
    what = "transport, 2048 x 1025 weights, "
    on_grid = what + "one grid, p = {}"
    apart = {**WEIGHTS, "p": 2, "unsorted": True}
    told = {**WEIGHTS, "p": 2, "promise_sorted": True}
    own = what + "supports of their own, unsorted, p = 2"
    return [
        _versus(
            "transport-p2", on_grid.format(2), "sot-loss", "transport", {**WEIGHTS, "p": 2}, 35
        ),
        _versus(
            "transport-p1", on_grid.format(1), "sot-loss", "transport", {**WEIGHTS, "p": 1}, 80
        ),
        _versus(
            "transport-told",
            on_grid.format(2) + ", `require_sort=False` on both sides",
            "sot-loss",
            "transport",
            told,
            35,
        ),
        _versus("unsorted-pot", own, "POT", "transport", apart, 8),
        _versus("unsorted", own, "sot-loss", "transport", apart, 8),
    ]


def _growth_rows() -> list[Row]:
    few, many = LARGE["clips"], 256
    clips = tuple(
        ours("stft", {**CASE, "clips": count}, label=f"{count} clips") for count in (many, few)
    )
    sizes = (16384, 512)
    spectra = tuple(
        ours("stft", {**CASE, "fft_size": size, "hop_length": size // 4}, label=f"{bins} bins")
        for size, bins in zip(sizes, (8193, 257), strict=True)
    )
    transforms = tuple(
        Work(
            "torch",
            "transforms",
            {**LARGE, "fft_size": size, "hop_length": size // 4},
            label=f"FFTs of {size}",
        )
        for size in sizes
    )
    # The number of frames times the number of bins.
    cells = [(1 + LARGE["samples"] // (size // 4)) * (size // 2 + 1) for size in sizes]

    def per_clip(seconds: Sequence[float]) -> float:
        return (seconds[0] / many) / (seconds[1] / few) - 1

    def per_bin(seconds: Sequence[float]) -> float:
        large, small, large_fft, small_fft = (
            time / count for time, count in zip(seconds, 2 * cells, strict=True)
        )
        return (large - (large_fft - small_fft)) / small - 1

    threads = tuple(
        ours("stft", CASE, label=f"{count} thread{'s' * (count > 1)}", threads=count)
        for count in (2, 1)
    )
    memory = tuple(Work(side, "stft", CASE) for side in ("sot", "sot-loss"))
    large = "loss, 16 x 64,000 samples"
    return [
        Row(
            "memory",
            large + ", peak extra memory",
            "sot-loss",
            memory,
            share,
            Goal(0.2, "{:.3f} of the memory", at_least=False),
            measure="bytes",
        ),
        Row(
            "batch",
            "loss, time for a frame of 256 clips of 64,000 samples",
            "16 clips",
            clips,
            per_clip,
            Goal(0.15, "{:+.0%}", at_least=False),
        ),
        Row(
            "bins",
            "loss, time for a bin of 8193, without what the FFT alone takes more",
            "257 bins",
            spectra + transforms,
            per_bin,
            Goal(0.25, "{:+.0%}", at_least=False),
        ),
        Row("threads", large + ", 2 threads", "1 thread", threads, speedup, Goal(1.7, FAST)),
    ]


def _vectorised_rows() -> list[Row]:
    works = (
        ours("stft", {**CASE, "kernels": False}, label="sot without kernels"),
        Work("sot-loss", "stft", CASE),
    )
    what = "loss, 16 x 64,000 samples, without the kernels"
    memory = Goal(1 / 3, "{:.2f} of the memory", at_least=False)
    operators = Goal(1 / 3, "{:.2f} of the operators", at_least=False)
    return [
        Row("vectorised", what, "sot-loss", works, speedup, Goal(3, FAST)),
        Row(
            "vectorised-memory",
            what + ", peak extra memory",
            "sot-loss",
            works,
            share,
            memory,
            measure="bytes",
        ),
        Row(
            "vectorised-operators",
            what + ", operators of torch",
            "sot-loss",
            works,
            share,
            operators,
            measure="operators",
        ),
    ]


def all_rows() -> list[Row]:
    """Every row, in the order of the table."""
    return _audio_rows() + _transport_rows() + _growth_rows() + _vectorised_rows()
