"""Ticks of an axis of pitch; imported only when one is drawn."""

from __future__ import annotations

from typing import Any

from matplotlib.ticker import LogLocator, MaxNLocator

_LEAST = 3  # ticks that an axis needs to be read


class PitchLocator(LogLocator):
    """Ticks whole octaves apart where three or more are to be seen, else at round numbers."""

    def __init__(self) -> None:
        super().__init__(base=2, subs=(1.0,), numticks=7)
        self._round = MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10], min_n_ticks=_LEAST)

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """The ticks for a range in Hz; some may lie beyond it."""
        octaves = super().tick_values(vmin, vmax)
        low, high = sorted((vmin, vmax))
        if sum(low <= tick <= high for tick in octaves) >= _LEAST:
            return octaves
        return self._round.tick_values(low, high)
