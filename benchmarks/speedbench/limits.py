"""Where the time goes, beside what the transforms and the memory allow; and the first call."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import median

from speedbench import words
from speedbench.measure import Effort, alternating_times
from speedbench.processes import Processes
from speedbench.rows import CASE, LARGE, STFT, Work, ours

_COPIED = 256  # megabytes


def pieces_and_limit(processes: Processes, effort: Effort, quick: bool) -> tuple[str, str]:
    """The table of pieces, and what the limit is, both in Markdown."""
    works = [
        ours("stft", CASE),
        Work("torch", "transforms", {**LARGE, **STFT}),
        Work("torch", "copying", {"megabytes": _COPIED}),
    ]
    if quick:
        works = [work.smaller() for work in works]
    whole, transforms, copy = map(median, alternating_times(works, processes, effort))
    speed = 2e6 * works[2].settings["megabytes"] / copy  # bytes read or written in a second
    pieces = processes.of("sot", effort.threads).ask(
        "pieces", slot=0, warm=3, calls=2 if quick else 20
    )
    processes.forget()
    clips = works[0].settings["clips"]
    traffic = _traffic(clips)
    total = sum(pieces.values())
    rows = [
        (
            piece,
            words.time(seconds),
            f"{seconds / total:.0%}",
            words.memory(traffic[piece]),
            words.time(traffic[piece] / speed),
        )
        for piece, seconds in pieces.items()
    ]
    rows.append(
        (
            "all",
            words.time(total),
            "100%",
            words.memory(sum(traffic.values())),
            words.time(sum(traffic.values()) / speed),
        )
    )
    head = ("piece", "time", "share", "memory read and written", "copying as much")
    merge = traffic["power, masses, merge, cost and gradient"] / speed
    count = 3 * _frames(clips)
    size = STFT["fft_size"]
    limit = "\n".join(
        (
            f"- {count:,} real transforms of {size} points, "
            f"{count * 2.5 * size * math.log2(size) / 1e9:.2f} GFLOP (2.5 n log2 n each), take "
            f"{words.time(transforms)} alone, from memory to memory, on all threads.",
            f"- Reading two spectra and writing one gradient takes {words.time(merge)} at the "
            f"{speed / 1e9:.0f} GB/s of a copy on this machine.",
            f"- The loss as a whole takes {words.time(whole)} on all threads: "
            f"{whole / (transforms + merge):.1f} times the sum of these two.",
        )
    )
    return words.table(head, rows), limit


def _frames(clips: int) -> int:
    return clips * (1 + LARGE["samples"] // STFT["hop_length"])


def _traffic(clips: int) -> dict[str, float]:
    """Bytes that each piece has to read and write when it is done by itself."""
    signal = 4 * clips * LARGE["samples"]
    frames = 4 * _frames(clips) * STFT["fft_size"]
    spectrum = 8 * _frames(clips) * (STFT["fft_size"] // 2 + 1)
    return {
        "FFT, both sides": 2 * (frames + spectrum),
        "inverse FFT": spectrum + frames,
        "windowing and overlap-add of the gradient": frames + 2 * signal,
        "cutting into frames and windowing, both sides": 2 * (signal + frames),
        "scaling of the gradient": 2 * signal,
        "power, masses, merge, cost and gradient": 3 * spectrum,
        "checks, reduction, calls": 2 * signal,
    }


def first_use(processes: Processes, effort: Effort, folder: Path) -> str:
    """Seconds of the first call and of a later one, without and with a cache on disk."""
    settings = {**CASE, "clips": 1, "samples": 8192}
    cache = {"NUMBA_CACHE_DIR": str(folder / "kernels")}
    rows = []
    for what in ("nothing in the cache", "in the cache already"):
        process = processes.fresh("sot", effort.threads, cache)
        try:
            process.ask("load", slot=0, work="stft", settings=settings)
            (first,) = process.ask("run", slot=0, warm=0, calls=1)
            later = median(process.ask("run", slot=0, warm=1, calls=5))
        finally:
            process.close()
        rows.append((what, words.time(first), words.time(later)))
    return words.table(("kernels", "first call", "later calls"), rows)
