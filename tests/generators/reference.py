"""Transport done by hand: mass is carried from bin to bin, without cumulative distributions."""

import math

import numpy as np


def complete(values, weights, mass):
    """Sort a histogram and fill it up to a mass by one more bin at its last position."""
    values, weights = np.asarray(values, float), np.asarray(weights, float)
    order = np.argsort(values, kind="stable")
    missing = max(0.0, mass - weights.sum())
    return np.append(values[order], values.max()), np.append(weights[order], missing)


def carried_cost(u_values, v_values, u_weights, v_weights, p, limit=math.inf):
    """Carry mass from the lowest bin that has some to the lowest bin that lacks some.

    What is carried when the total would pass `limit` is not counted.
    """
    mass = max(float(sum(u_weights)), float(sum(v_weights)))
    x, have = complete(u_values, u_weights, mass)
    y, lack = complete(v_values, v_weights, mass)
    i = j = 0
    cost = level = 0.0
    while i < len(x) and j < len(y):
        part = min(have[i], lack[j])
        level += part
        if level <= limit:
            cost += part * abs(x[i] - y[j]) ** p
        have[i] -= part
        lack[j] -= part
        i, j = (i + 1, j) if have[i] <= lack[j] else (i, j + 1)
    return cost
