"""Rows that are shared out to threads: none is left out, and none waits for a slow one."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from sot import Wasserstein1DLoss
from sot._threads import share_rows


@pytest.mark.parametrize("rows", [1, 5, 127, 4096, 5001])
@pytest.mark.parametrize("borders", [None, range(0, 5001, 37)])
def test_every_row_is_done_once(four_threads, rows, borders):
    within = borders if borders is None else [border for border in borders if border < rows]
    parts = []
    share_rows(lambda start, stop: parts.append((start, stop)), rows, 100_000, within)
    assert sorted(row for part in parts for row in range(*part)) == list(range(rows))
    if borders is not None and len(parts) > 4:
        assert {start for start, _ in parts} <= set(within)


def test_a_thread_that_is_done_takes_over_from_a_slow_one(four_threads):
    others_are_done, done = threading.Event(), []

    def work(start, stop):
        if start == 0:  # slow: until the other three have done more than their fourths
            assert others_are_done.wait(30)
        done.append(stop - start)
        if sum(done) > 7000:
            others_are_done.set()

    share_rows(work, 8192, 100_000)
    assert sum(done) == 8192


@pytest.mark.parametrize("error", [ValueError, IndexError])
def test_what_goes_wrong_in_a_thread_is_told(four_threads, error):
    def work(start, stop):
        if start > 0:
            raise error("in a thread")

    with pytest.raises(error, match="in a thread"):
        share_rows(work, 8192, 100_000)


def test_callers_with_different_numbers_of_threads_do_not_end_each_others_work(four_threads):
    # A number of threads that is set holds for the thread that sets it and for later ones alone.
    def call(threads):
        torch.set_num_threads(threads)
        done = []
        for _ in range(300):
            share_rows(lambda start, stop: done.append(stop - start), 400, 100_000)
        return sum(done)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(3) as pool:
            assert list(pool.map(call, (2, 3, 4))) == [300 * 400] * 3
    finally:
        sys.setswitchinterval(interval)


def test_the_gradient_does_not_depend_on_who_did_which_part(four_threads):
    loss = Wasserstein1DLoss(fft_size=512, hop_length=64, square_magnitude=True)
    x, y = torch.randn(2, 3, 40_000)
    y.requires_grad_()
    first, *others = (torch.autograd.grad(loss(x, y), y)[0] for _ in range(5))
    for other in others:
        torch.testing.assert_close(other, first, rtol=0, atol=0)


FORK = """
import os
import numpy as np
import torch
from sot._threads import share_rows

def all_rows_are_done():
    done = np.zeros(1001)
    share_rows(lambda start, stop: done.__setitem__(slice(start, stop), 1), 1001, 200)
    return bool(done.all())

torch.set_num_threads(4)
assert all_rows_are_done()
child = os.fork()
if child == 0:
    os._exit(0 if all_rows_are_done() else 1)
assert os.waitpid(child, 0)[1] == 0
"""


def test_a_forked_process_has_threads_of_its_own():
    # In a process of its own, as the failure to fear is that it never ends.
    subprocess.run([sys.executable, "-c", FORK], check=True, timeout=60)
