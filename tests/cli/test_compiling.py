"""Who waits for kernels to be compiled is told so, once."""

import numba
import pytest

from sot.cli import _compiling


@pytest.mark.parametrize("watched", [True, False])
def test_a_compilation_is_told_once_to_those_who_watch(watched, monkeypatch, capsys):
    monkeypatch.setattr(_compiling, "on_terminal", lambda: watched)
    twice = numba.njit(lambda number: 2 * number)
    with _compiling.told_of_compilation():
        assert twice(1) == 2
        assert twice(0.5) == 1.0  # another type, another compilation
    told = capsys.readouterr().err
    assert told == ("sot: compiling kernels, once; this takes some seconds\n" if watched else "")


def test_nothing_is_told_if_nothing_is_compiled(monkeypatch, capsys):
    monkeypatch.setattr(_compiling, "on_terminal", lambda: True)
    twice = numba.njit(lambda number: 2 * number)
    twice(1)
    with _compiling.told_of_compilation():
        twice(2)
    numba.njit(lambda number: number)(1)  # outside
    assert capsys.readouterr().err == ""
