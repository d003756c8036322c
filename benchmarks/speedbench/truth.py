"""What the results should be, in float64: POT for transport, a float64 run of the rest."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from speedbench.processes import Processes
from speedbench.rows import Work

_MOST_FRAMES = 5000  # beyond that many, POT in float64 takes long and much memory
_MULTIPLE = ((1024, 256), (2048, 512), (512, 128))


def true_work(work: Work) -> Work | None:
    """The work whose result is the truth about another's; None if that is not known or too much."""
    settings = dict(work.settings)
    if work.name in ("transforms", "copying"):
        return None
    if work.name == "preset":
        return Work("sot", "preset", {**settings, "dtype": "float64"})
    if work.name in ("vqt", "dense_vqt"):
        return Work("sot", "dense_vqt", {**settings, "dtype": "float64"})
    if work.name == "cqt":
        preset = {"preset": "sot-loss"} if work.side == "sot-loss" else {}
        return Work("sot", "cqt", {**settings, **preset, "dtype": "float64"})
    if work.name == "transport":
        settings.pop("promise_sorted", None)
        return Work("POT", "transport", {**settings, "dtype": "float64"})
    if work.name == "magnitude" or work.side == "auraloss":
        return Work(work.side, work.name, {**settings, "dtype": "float64"})
    if work.name == "multi_resolution":
        settings.update(resolutions=_MULTIPLE, square_magnitude=False, p=2)
    else:
        size, hop = settings.pop("fft_size"), settings.pop("hop_length")
        settings.update(resolutions=[[size, hop]])
        for key in ("bind", "kernels", "preset"):
            settings.pop(key, None)
        if settings["clips"] * settings["samples"] // hop > _MOST_FRAMES:
            return None
    return Work("POT", "stft", settings)


class Truths:
    """Results of works and how far they are from the truth, which is computed once."""

    def __init__(self, processes: Processes, folder: Path, threads: int) -> None:
        self._processes = processes
        self._folder = folder
        self._threads = threads
        self._known: dict[str, dict[str, NDArray]] = {}

    def errors(self, work: Work) -> dict[str, float] | None:
        """Relative L2 errors of the values and of the gradient; None if the truth is unknown."""
        true = true_work(work)
        if true is None:
            return None
        key = json.dumps([true.side, true.name, true.settings])
        if key not in self._known:
            self._known[key] = self._result(true)
        return {
            name: _relative_error(array, self._known[key][name])
            for name, array in self._result(work).items()
        }

    def _result(self, work: Work) -> dict[str, NDArray]:
        process = self._processes.of(work.side, work.threads or self._threads)
        path = self._folder / "result.npz"
        process.ask("load", slot=-1, work=work.name, settings=work.settings)
        process.ask("save", slot=-1, path=str(path))
        with np.load(path) as arrays:
            return {name: arrays[name].astype(np.float64) for name in arrays}


def _relative_error(array: NDArray, truth: NDArray) -> float:
    return float(np.linalg.norm(array - truth) / np.linalg.norm(truth))
