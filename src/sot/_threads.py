"""Rows shared out to a few threads; the work in them runs without the interpreter lock."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from sot._dispatch import can_be_read, may_come_back
from sot._memory import keep_freed_memory

Futures = list[Future[None]]

_LEAST_WORK = 32_768  # bins below which a second thread costs more than it saves


class _Pool:
    """A pool as large as torch's own, made anew when that changes and in a forked process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.executor: ThreadPoolExecutor | None = None
        self.size = 0

    def submit(self, size: int, work: Callable[[int, int], None], borders: list[int]) -> Futures:
        """Start `work` between each border and the next in a pool of `size` threads.

        Under the lock, since a caller of another size ends the pool that it finds.
        """
        with self.lock:
            executor = self._sized(size)
            return [executor.submit(work, *ends) for ends in itertools.pairwise(borders)]

    def _sized(self, size: int) -> ThreadPoolExecutor:
        if self.executor is None or self.size != size:
            if self.executor is not None:
                self.executor.shutdown(wait=False)
            # torch has one thread in each of ours. Its number holds for the thread that sets
            # it, and for those that are born later: so all are born here, and then the
            # number is set right again.
            self.executor = ThreadPoolExecutor(size, "sot", torch.set_num_threads, (1,))
            born = threading.Barrier(size)
            list(self.executor.map(lambda _: born.wait(), range(size)))
            torch.set_num_threads(size)
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

    A part that is the whole is done by the caller; others in threads in which torch has one thread.

    Args:
        work: does the rows from start to stop.
        rows: number of rows.
        bins: work in a row.
    """
    keep_freed_memory()
    threads = min(torch.get_num_threads(), max(1, rows * bins // _LEAST_WORK), max(1, rows // 4))
    if threads == 1:
        work(0, rows)
        return
    # Borders at multiples of four, since kernels do four rows at a time.
    borders = [4 * round(rows * part / threads / 4) for part in range(threads)] + [rows]
    for part in _pool.submit(torch.get_num_threads(), work, borders):
        part.result()


def scaled_rows(rows: Tensor, factors: Tensor) -> Tensor:
    """Each row of what a backward pass was left times a factor of its own.

    Where the pass is the last one they are scaled in place: memory that is touched for the first
    time costs more than the products. The threads of torch stay awake for a while after an
    operation, in the way of ours: so they are not woken where the kernels do the work.
    """
    graded = torch.is_grad_enabled() and (rows.requires_grad or factors.requires_grad)
    if graded or not can_be_read(rows, factors):
        return factors[:, None] * rows
    left, right = rows.detach().numpy(), factors.detach().numpy()[:, None]
    result = np.empty_like(left) if may_come_back() else left

    def work(start: int, stop: int) -> None:
        with np.errstate(all="ignore"):
            np.multiply(left[start:stop], right[start:stop], out=result[start:stop])

    if result is not left or not (right == 1).all():
        share_rows(work, len(left), left.shape[1] // 8)
    return torch.from_numpy(result)
