"""The area of what a figure has shaded, from the corners of its polygons alone."""

from itertools import pairwise

import numpy as np


def shaded_area(collection):
    """Area inside polygons of upright and level edges, which may cross themselves.

    On each stretch between neighbouring corners, the level edges over it bound what is shaded,
    every second gap between them.
    """
    total = 0.0
    for path in collection.get_paths():
        starts, ends = path.vertices, np.roll(path.vertices, -1, axis=0)
        level = np.isclose(starts[:, 1], ends[:, 1]) & (starts[:, 0] != ends[:, 0])
        left = np.minimum(starts[level, 0], ends[level, 0])
        right = np.maximum(starts[level, 0], ends[level, 0])
        heights = starts[level, 1]
        corners = np.unique(path.vertices[:, 0])
        for low, high in pairwise(corners):
            middle = (low + high) / 2
            over = np.sort(heights[(left < middle) & (middle < right)])
            assert len(over) % 2 == 0
            total += (high - low) * (over[1::2] - over[::2]).sum()
    return total
