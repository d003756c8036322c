"""Rows shared out to a few threads; the work in them runs without the interpreter lock."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch

_LEAST_WORK = 32_768  # bins below which a second thread costs more than it saves


class _Pool:
    """A pool as large as torch's own, made anew when that changes and in a forked process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.executor: ThreadPoolExecutor | None = None
        self.size = 0

    def sized(self, size: int) -> ThreadPoolExecutor:
        with self.lock:
            if self.executor is None or self.size != size:
                if self.executor is not None:
                    self.executor.shutdown(wait=False)
                self.executor = ThreadPoolExecutor(size, thread_name_prefix="sot")
                self.size = size
            return self.executor


_pool = _Pool()


def _forget() -> None:
    """The threads of the parent do not exist in a forked child."""
    global _pool
    _pool = _Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def share_rows(work: Callable[[int, int], None], rows: int, bins: int) -> None:
    """Call `work(start, stop)` on parts of the rows, as many as torch may use threads.

    Args:
        work: does the rows from start to stop.
        rows: number of rows.
        bins: work in a row.
    """
    threads = min(torch.get_num_threads(), max(1, rows * bins // _LEAST_WORK), max(1, rows // 2))
    if threads == 1:
        work(0, rows)
        return
    # Even borders, since rows are done in pairs.
    borders = [2 * round(rows * part / threads / 2) for part in range(threads)] + [rows]
    executor = _pool.sized(torch.get_num_threads())
    others = [executor.submit(work, start, stop) for start, stop in itertools.pairwise(borders[1:])]
    work(borders[0], borders[1])
    for other in others:
        other.result()
