"""What all tests of figures share: axes to draw into, and no pyplot."""

import sys

import pytest

from sot.plots import new_figure


@pytest.fixture(autouse=True)
def _without_pyplot(monkeypatch):
    """Whoever imports pyplot, and so could show a window, gets an ImportError."""
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)


@pytest.fixture
def ax():
    return new_figure().subplots()
