"""Rows shared out to a few threads; the work in them runs without the interpreter lock."""

from __future__ import annotations

import itertools
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from sot._dispatch import can_be_read, may_come_back
from sot._memory import keep_freed_memory

Futures = list[Future[None]]

_LEAST_WORK = 32_768  # bins below which a second thread costs more than it saves
_LEAST_TURNS, _MOST_TURNS = 4, 16  # of a thread; with few, the last would keep the others waiting
_ROWS = 128  # of each of many parts at least, unless the caller says where they may begin


class _Pool:
    """A pool as large as torch's own, made anew when that changes and in a forked process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.executor: ThreadPoolExecutor | None = None
        self.size = 0

    def submit(self, size: int, work: Callable[[], None], times: int) -> Futures:
        """Start the same work so many times in a pool of `size` threads.

        Under the lock, since a caller of another size ends the pool that it finds.
        """
        with self.lock:
            executor = self._sized(size)
            return [executor.submit(work) for _ in range(times)]

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


def share_rows(
    work: Callable[[int, int], None],
    rows: int,
    bins: int,
    borders: Sequence[int] | None = None,
) -> None:
    """Call `work(start, stop)` on parts of the rows, in as many threads as torch may use.

    What is for one thread is done by the caller, in one part; other threads have one thread of
    torch. Where there is much to do there are more parts than threads, and a thread that is done
    with one takes the next: cores are not equally fast, nor equally free.

    Args:
        work: does the rows from start to stop.
        rows: number of rows.
        bins: work in a row.
        borders: rows with which one of many parts may begin, ascending from 0. One of few may
            begin with any multiple of four, since kernels do four rows at a time.
    """
    keep_freed_memory()
    threads = min(torch.get_num_threads(), max(1, rows * bins // _LEAST_WORK), max(1, rows // 4))
    if threads == 1:
        work(0, rows)
        return
    borders = range(0, rows, _ROWS) if borders is None else borders
    turns = min(_MOST_TURNS, len(borders) // threads)
    if turns < _LEAST_TURNS:
        borders, turns = range(0, rows, 4), 1
    parts = turns * threads
    firsts = [borders[len(borders) * part // parts] for part in range(parts)]
    waiting = deque([*itertools.pairwise([*firsts, rows]), *[None] * threads])

    def work_in_turns() -> None:
        for part in iter(waiting.popleft, None):
            work(*part)

    for thread in _pool.submit(torch.get_num_threads(), work_in_turns, threads):
        thread.result()


def scaled_rows(rows: Tensor, factors: Tensor) -> Tensor:
    """Each row of what a backward pass was left times a factor of its own.

    Where the pass is the last one they are scaled in place: memory that is touched for the first
    time costs more than the products. One thread does it, sooner than others would be awake; those
    of torch stay awake for a while after an operation, in the way of ours.
    """
    graded = torch.is_grad_enabled() and (rows.requires_grad or factors.requires_grad)
    if graded or not can_be_read(rows, factors):
        return factors[:, None] * rows
    left, right = rows.detach().numpy(), factors.detach().numpy()[:, None]
    if not may_come_back() and (right == 1).all():
        return rows.detach()
    with np.errstate(all="ignore"):
        scaled = np.multiply(left, right, out=None if may_come_back() else left)
    return torch.from_numpy(scaled)
